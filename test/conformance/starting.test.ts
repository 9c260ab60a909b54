import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../support/client.ts';
import { freePorts, occupyPort } from '../support/ports.ts';
import { runProgram, spawnProgram } from '../support/program.ts';
import { runSql } from '../support/sql.ts';
import { readEnv, type Stack, startStack } from '../support/stack.ts';
import { makeWorkspace, removeWorkspace } from '../support/workspace.ts';

// What a start decides, says and leaves behind; and the commands that ask a running stack.
const cleanups: (() => Promise<void> | void)[] = [];

function workspace(files: Record<string, string> = {}): string {
  const cwd = makeWorkspace(files);
  cleanups.push(() => removeWorkspace(cwd));
  return cwd;
}

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Holds a port, or leaves it to whoever holds it already. */
async function taken(port: number): Promise<void> {
  const held = await occupyPort(port).catch(() => undefined);
  if (held) cleanups.push(held.release);
}

describe('ports', () => {
  test('default ports that are taken move on the first start, are written down, announced and kept', async () => {
    await taken(8000);
    await taken(5432);
    const cwd = workspace();
    const first = spawnProgram(['start'], { cwd });
    cleanups.push(() => void first.kill('SIGKILL'));
    let output = '';
    for (const stream of [first.stdout, first.stderr]) stream?.on('data', (text) => (output += text));
    await until('the stack serving', async () => output.includes('is serving') || first.exitCode !== null, 60_000);
    expect(output).toContain('is serving');
    const env = readEnv(cwd);
    const [http, postgres] = [Number(env.KONG_HTTP_PORT), Number(env.POSTGRES_PORT)];
    expect(http).toBeGreaterThan(8000);
    expect(postgres).toBeGreaterThan(5432);
    expect(output).toContain(`8000 was taken: KONG_HTTP_PORT=${http}`);
    expect(output).toContain(`5432 was taken: POSTGRES_PORT=${postgres}`);
    expect((await fetch(`http://127.0.0.1:${http}/health`)).status).toBe(200);
    const before = readFileSync(join(cwd, '.env'), 'utf8');
    first.kill('SIGTERM');
    await once(first, 'exit');
    expect(first.exitCode).toBe(0);

    const again = await startStack({ cwd });
    cleanups.push(again.stop);
    expect(again.url).toBe(`http://127.0.0.1:${http}`);
    expect(readFileSync(join(cwd, '.env'), 'utf8')).toBe(before);
  });

  test.each(['KONG_HTTP_PORT', 'POSTGRES_PORT'])('a %s that somebody set never moves', async (name) => {
    const [busy = 0, free = 0] = await freePorts(2);
    await taken(busy);
    const other = name === 'KONG_HTTP_PORT' ? 'POSTGRES_PORT' : 'KONG_HTTP_PORT';
    const cwd = workspace({ '.env': `${name}=${busy}\n${other}=${free}\n` });
    const { code, stderr } = await runProgram(['start'], { cwd, timeout: 30_000 });
    expect(code).toBe(1);
    const complaint = stderr.trim().split('\n');
    expect(complaint).toHaveLength(1);
    expect(complaint[0]).toContain(name);
    expect(complaint[0]).toContain(String(busy));
    expect(readEnv(cwd)[name]).toBe(String(busy));
  });
});

describe('a start with settings by their aliases', () => {
  let stack: Stack;

  test('says what it made, once; warns of aliases and of files without meaning; logs no secret', async () => {
    const cwd = workspace({
      '.env': 'SUPABASE_SITE_URL=http://site.example\n',
      'volumes/api/kong.yml': '',
      'volumes/logs/vector.yml': '',
    });
    stack = await startStack({ cwd });
    cleanups.push(stack.stop);
    await until('the banner', async () => stack.log().includes('is serving'));
    const warnings = stack
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{') && JSON.parse(line).level === 'warn')
      .map((line) => JSON.parse(line).msg as string);
    expect(warnings.filter((text) => text.includes('SUPABASE_SITE_URL'))).toHaveLength(1);
    expect(warnings.filter((text) => text.includes('kong.yml') && text.includes('vector.yml'))).toHaveLength(1);
    expect(stack.log()).toContain(stack.env.anonKey);
    expect(statSync(join(cwd, '.env')).mode & 0o777).toBe(0o600);

    await fetch(`${stack.url}/rest/v1/?apikey=${stack.env.serviceKey}`);
    await fetch(`${stack.url}/rest/v1/x`, {
      headers: { apikey: stack.env.secret, authorization: 'Bearer aaa.bbb.ccc' },
    });
    await until('the requests being logged', async () => stack.log().includes('/rest/v1/x'));
    const requests = stack
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    for (const [name, secret] of Object.entries(readEnv(cwd)))
      if (secret.length > 12 && !/PUBLISHABLE|^ANON|SITE_URL/.test(name))
        expect(
          requests.filter((line) => line.includes(secret)),
          name,
        ).toEqual([]);

    await stack.stop();
    const second = await startStack({ cwd });
    cleanups.push(second.stop);
    await until('the banner', async () => second.log().includes('is serving'));
    for (const secret of [stack.env.anonKey, stack.env.serviceKey, stack.env.postgresPassword])
      expect(second.log()).not.toContain(secret);
  });
});

describe('SERVICES', () => {
  test('names the rooms of this process; the gateway answers 503 for the others', async () => {
    const stack = await startStack({ env: { SERVICES: 'db,auth,gateway' } });
    cleanups.push(stack.stop);
    const get = async (path: string) => {
      const answer = await fetch(`${stack.url}${path}`, { headers: { apikey: stack.env.serviceKey } });
      return { status: answer.status, body: (await answer.json()) as { services?: object; message?: string } };
    };
    const health = await get('/health');
    expect(health.status).toBe(200);
    expect(Object.keys(health.body.services ?? {}).sort()).toEqual(['auth', 'db', 'gateway']);
    expect(await get('/auth/v1/settings')).toMatchObject({ status: 200 });
    expect(await get('/rest/v1/x')).toMatchObject({
      status: 503,
      body: { message: 'The upstream server is currently unavailable' },
    });
  });
});

describe('secrets', () => {
  test('that were changed in .env are in force after the next start, and the old ones are not', async () => {
    const cwd = workspace();
    const first = await startStack({ cwd });
    cleanups.push(first.stop);
    const asService = (stack: Stack, apikey: string) =>
      fetch(`${stack.url}/auth/v1/admin/users`, { headers: { apikey } });
    expect((await asService(first, first.env.serviceKey)).status).toBe(200);
    await first.stop();

    const file = join(cwd, '.env');
    const kept = readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => !/^(JWT_SECRET|ANON_KEY|SERVICE_ROLE_KEY)=/.test(line))
      .map((line) => (line.startsWith('POSTGRES_PASSWORD=') ? "POSTGRES_PASSWORD='new p@ss:w/ord %20'" : line));
    writeFileSync(file, kept.join('\n'));
    const second = await startStack({ cwd });
    cleanups.push(second.stop);
    expect(second.env.jwtSecret).not.toBe(first.env.jwtSecret);
    expect((await asService(second, second.env.serviceKey)).status).toBe(200);
    expect((await asService(second, first.env.serviceKey)).status).toBe(401);
    expect((await asService(second, second.env.secret)).status).toBe(200);
    expect(await runSql(second, 'select 1 as one')).toEqual([{ one: 1 }]);
    const old = { ...second, env: { ...second.env, postgresPassword: first.env.postgresPassword } };
    await expect(runSql(old, 'select 1')).rejects.toMatchObject({ code: '28P01' });
  });
});

describe('commands that ask the running stack', () => {
  test('status, health and doctor tell the truth while it runs and after', async () => {
    const cwd = workspace();
    const stack = await startStack({ cwd });
    cleanups.push(stack.stop);
    await until('the run being written down', async () => existsSync(join(cwd, 'volumes/stack.json')));

    const status = await stack.status();
    expect(status).toMatchObject({
      url: stack.url,
      status: 'ok',
      pid: stack.pid,
      services: {
        db: { status: 'healthy', required: true },
        auth: { status: 'healthy' },
        rest: { status: 'healthy' },
        gateway: { status: 'healthy' },
        studio: { status: 'healthy', required: false },
      },
      database: { embedded: true, port: stack.dbPort, name: 'postgres', socketDir: expect.any(String) },
    });
    expect(statSync(status.database.socketDir).mode & 0o077).toBe(0);
    expect(JSON.stringify(status)).not.toContain(stack.env.postgresPassword);

    expect(await stack.run('health')).toMatchObject({ code: 0 });
    expect(await stack.run('health', 'rest')).toMatchObject({ code: 0, stdout: expect.stringContaining('healthy') });
    expect(await stack.run('health', 'kitchen')).toMatchObject({ code: 1 });
    const doctor = await stack.run('doctor', '--json');
    expect(doctor.code, doctor.stdout).toBe(0);
    const findings = (JSON.parse(doctor.stdout) as { findings: { check: string; detail: string }[] }).findings;
    expect(findings.map(({ check }) => check)).toEqual(expect.arrayContaining(['services', 'postgres']));
    expect(findings.find(({ check }) => check === 'postgres')?.detail).toMatch(/version 1[5-9]/);

    await stack.stop();
    expect(await stack.run('status', '--json')).toMatchObject({ code: 1, stdout: expect.stringContaining('false') });
    expect(await stack.run('health')).toMatchObject({ code: 1 });
    expect(await stack.run('health', 'rest', '--json')).toMatchObject({ code: 1 });
  });
});
