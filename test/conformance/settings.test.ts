import { createHmac, createPublicKey, verify } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { freePorts } from '../support/ports.ts';
import { runProgram } from '../support/program.ts';
import { readEnv } from '../support/stack.ts';
import { makeWorkspace, removeWorkspace } from '../support/workspace.ts';

// The command line without a running stack: how settings are found, judged, made and shown.
const folders: string[] = [];

function workspace(files: Record<string, string> = {}): string {
  const cwd = makeWorkspace(files);
  folders.push(cwd);
  return cwd;
}

afterEach(() => {
  for (const cwd of folders.splice(0)) removeWorkspace(cwd);
});

const demoSecret = 'your-super-secret-jwt-token-with-at-least-32-characters-long';
const part = (text: string | undefined) => JSON.parse(Buffer.from(text ?? '', 'base64url').toString('utf8')) as object;

/** What is in force, by name. */
async function current(cwd: string, env: Record<string, string> = {}, args: string[] = []) {
  const { code, stdout, stderr } = await runProgram(['config', '--current', '--json', ...args], { cwd, env });
  expect(code, stderr).toBe(0);
  const entries = JSON.parse(stdout) as { name: string; value: string; origin: string }[];
  return new Map(entries.map((entry) => [entry.name, entry]));
}

describe('where values come from', () => {
  test('an original name beats the standard one, the environment beats the file, an alias comes last', async () => {
    const cwd = workspace({
      '.env': `
        # Compose's own syntax
        SITE_URL="https://file.example/#a"   # a comment
        JWT_EXPIRY=100
        DASHBOARD_USERNAME='\${NOT_EXPANDED}'
        STUDIO_NAME=fallback
        ADDITIONAL_REDIRECT_URLS=\${MISSING:-https://one.example,https://two.example}
        SUPABASE_DB_NAME=from_alias
        SMTP_PORT=
        export POSTGRES_PORT=5499
      `.replaceAll(/^ +/gm, ''),
    });
    const settings = await current(cwd, { JWT_EXPIRY: '200', SMTP_HOST: '' });
    const value = (name: string) => settings.get(name)?.value;
    expect(value('SITE_URL')).toBe('https://file.example/#a');
    expect(value('JWT_EXPIRY')).toBe('200');
    expect(value('DASHBOARD_USERNAME')).toBe('${NOT_EXPANDED}');
    expect(value('ADDITIONAL_REDIRECT_URLS')).toBe('https://one.example,https://two.example');
    expect(value('POSTGRES_DB')).toBe('from_alias');
    expect(value('SMTP_PORT')).toBe('587');
    expect(value('POSTGRES_PORT')).toBe('5499');
    expect(settings.get('JWT_EXPIRY')?.origin).toBe('environment JWT_EXPIRY');
    expect(settings.get('SMTP_PORT')?.origin).toBe('default');
    const original = await current(cwd, { JWT_EXPIRY: '200', GOTRUE_JWT_EXP: '300' });
    expect(original.get('JWT_EXPIRY')?.value).toBe('300');
  });

  test('NAME_FILE names a file with the value', async () => {
    const cwd = workspace({ 'secrets/user': 'from-a-file\n', '.env': 'DASHBOARD_USERNAME_FILE=secrets/user\n' });
    const relative = await current(cwd);
    expect(relative.get('DASHBOARD_USERNAME')?.value).toBe('from-a-file');
    const missing = await runProgram(['config', '--current'], { cwd, env: { SITE_URL_FILE: join(cwd, 'nothing') } });
    expect(missing.code).toBe(1);
    expect(missing.stderr).toMatch(/^environment SITE_URL_FILE .*cannot read/m);
  });

  test('--env-file replaces .env, and of several the last one wins', async () => {
    const cwd = workspace({
      '.env': 'JWT_EXPIRY=1\nSITE_URL=http://dot.example\n',
      'env.one': 'JWT_EXPIRY=2\nPOSTGRES_DB=one\n',
      'env.two': 'JWT_EXPIRY=3\n',
    });
    const settings = await current(cwd, {}, ['--env-file', 'env.one', '--env-file=env.two']);
    expect(settings.get('JWT_EXPIRY')?.value).toBe('3');
    expect(settings.get('POSTGRES_DB')?.value).toBe('one');
    expect(settings.get('SITE_URL')?.origin).toBe('default');
    const missing = await runProgram(['config', '--current', '--env-file', 'nope'], { cwd });
    // Node 20 looks at an `--env-file` itself, wherever it stands, and ends with 9 when it is not there.
    expect(missing.code).not.toBe(0);
    expect(missing).toMatchObject({ stdout: '', stderr: expect.stringContaining('nope') });
  });
});

describe('what cannot be used', () => {
  test('everything wrong is told at once, each with its line, and nothing is started or written', async () => {
    const file = 'KONG_HTTP_PORT=eighty\nSTACK_TYPO=1\nJWT_EXPIRY=-5\nSITE_URL=http://fine.example\n';
    const cwd = workspace({ '.env': file });
    const env = { GATEWAY_TYPO: 'x', STACK_LOG_LEVEL: 'loud', SERVICES: 'rest,kitchen' };
    const { code, stdout, stderr } = await runProgram(['start'], { cwd, env });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    const lines = stderr.trim().split('\n');
    for (const expected of [
      /\.env:1 KONG_HTTP_PORT /,
      /\.env:2 STACK_TYPO /,
      /\.env:3 JWT_EXPIRY /,
      /^environment GATEWAY_TYPO /,
      /^environment STACK_LOG_LEVEL /,
      /SERVICES names kitchen/,
    ])
      expect(
        lines.filter((line) => expected.test(line)),
        String(expected),
      ).toHaveLength(1);
    expect(lines).toHaveLength(6);
    expect(readFileSync(join(cwd, '.env'), 'utf8')).toBe(file);
    expect(existsSync(join(cwd, 'volumes'))).toBe(false);
  });

  test('an unknown command and an unfinished flag are not understood', async () => {
    const cwd = workspace();
    expect(await runProgram(['fly'], { cwd })).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no command fly'),
    });
    expect(await runProgram(['start', '--env-file'], { cwd })).toMatchObject({ code: 2 });
    const help = await runProgram([], { cwd });
    expect(help).toMatchObject({ code: 0, stderr: '' });
    const names = [...help.stdout.matchAll(/^ {2}([a-z]+) {2,}/gm)].map((match) => match[1] as string);
    expect(names).toEqual(
      expect.arrayContaining(['start', 'init', 'status', 'health', 'keys', 'config', 'doctor', 'psql']),
    );
    const helps = await Promise.all(names.map((name) => runProgram([name, '--help'], { cwd })));
    for (const [at, name] of names.entries())
      expect(helps[at], name).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(new RegExp(`^usage: pmoves-supabase ${name}`)),
      });
  });

  const weak: readonly [string, Record<string, string>, RegExp][] = [
    ['a published secret', { JWT_SECRET: demoSecret }, /JWT_SECRET is a published demo value/],
    ['a short one', { JWT_SECRET: 'short' }, /JWT_SECRET/],
    [
      'a published password',
      { DASHBOARD_PASSWORD: 'this_password_is_insecure_and_should_be_updated' },
      /DASHBOARD_PASSWORD/,
    ],
    ['a short database password', { POSTGRES_PASSWORD: 'postgres' }, /POSTGRES_PASSWORD/],
  ];

  test.each(weak)('%s is refused off loopback, before anything listens', async (_name, secret, complaint) => {
    const cwd = workspace();
    const [http = 0, postgres = 0] = await freePorts(2);
    const ports = { KONG_HTTP_PORT: String(http), POSTGRES_PORT: String(postgres) };
    for (const address of ['0.0.0.0', '::']) {
      const run = runProgram(['start'], { cwd, env: { BIND_ADDRESS: address, ...ports, ...secret } });
      const watch = watchPort(http);
      const { code, stderr } = await run;
      expect(await watch.stop(), 'something listened').toBe(false);
      expect(code).toBe(1);
      expect(stderr).toMatch(complaint);
      expect(stderr).toContain('BIND_ADDRESS');
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).not.toContain(Object.values(secret)[0]);
    }
    expect(existsSync(join(cwd, 'volumes/db'))).toBe(false);
  });
});

describe('init, keys and config', () => {
  test('init writes what is missing, once, and for the owner alone', async () => {
    const before = "# mine\nDASHBOARD_PASSWORD='kept as it is'\nJWT_SECRET=\n";
    const cwd = workspace({ '.env': before });
    const first = await runProgram(['init', '--json'], { cwd });
    expect(first.code, first.stderr).toBe(0);
    const { written } = JSON.parse(first.stdout) as { written: string[] };
    expect(written).toEqual(
      expect.arrayContaining(['JWT_SECRET', 'ANON_KEY', 'SERVICE_ROLE_KEY', 'POSTGRES_PASSWORD']),
    );
    expect(written).not.toContain('DASHBOARD_PASSWORD');
    const text = readFileSync(join(cwd, '.env'), 'utf8');
    expect(text.startsWith(before)).toBe(true);
    expect(statSync(join(cwd, '.env')).mode & 0o777).toBe(0o600);
    const second = await runProgram(['init', '--json'], { cwd });
    expect(JSON.parse(second.stdout)).toMatchObject({ written: [] });
    expect(readFileSync(join(cwd, '.env'), 'utf8')).toBe(text);
  });

  test('secrets have the forms other tools expect', async () => {
    const cwd = workspace();
    await runProgram(['init'], { cwd });
    const env = readEnv(cwd);
    const forms: Record<string, RegExp> = {
      POSTGRES_PASSWORD: /^[0-9a-f]{32}$/,
      JWT_SECRET: /^[A-Za-z0-9+/]{40}$/,
      DASHBOARD_PASSWORD: /^(?=.*[a-f])[0-9a-f]{32}$/,
      SECRET_KEY_BASE: /^[A-Za-z0-9+/]{64}$/,
      VAULT_ENC_KEY: /^[0-9a-f]{32}$/,
      PG_META_CRYPTO_KEY: /^[A-Za-z0-9+/]{32}$/,
      LOGFLARE_PUBLIC_ACCESS_TOKEN: /^[A-Za-z0-9+/]{32}$/,
      LOGFLARE_PRIVATE_ACCESS_TOKEN: /^[A-Za-z0-9+/]{32}$/,
      S3_PROTOCOL_ACCESS_KEY_ID: /^[0-9a-f]{32}$/,
      S3_PROTOCOL_ACCESS_KEY_SECRET: /^[0-9a-f]{64}$/,
      SUPABASE_PUBLISHABLE_KEY: /^sb_publishable_[\w-]{22}_[\w-]{8}$/,
      SUPABASE_SECRET_KEY: /^sb_secret_[\w-]{22}_[\w-]{8}$/,
    };
    for (const [name, form] of Object.entries(forms)) expect(env[name], name).toMatch(form);
    expect(new Set(Object.keys(forms).map((name) => env[name])).size).toBe(Object.keys(forms).length);
    for (const [name, role] of [
      ['ANON_KEY', 'anon'],
      ['SERVICE_ROLE_KEY', 'service_role'],
    ] as const) {
      const [head, claims, signature] = (env[name] ?? '').split('.');
      expect(part(head)).toEqual({ alg: 'HS256', typ: 'JWT' });
      const { iat, exp, ...rest } = part(claims) as { iat: number; exp: number };
      expect(rest).toEqual({ role, iss: 'supabase' });
      expect(Object.keys(part(claims))).toEqual(['role', 'iss', 'iat', 'exp']);
      expect(exp - iat).toBe(5 * 365 * 24 * 60 * 60);
      expect(Math.abs(iat - Date.now() / 1_000)).toBeLessThan(60);
      const expected = createHmac('sha256', env.JWT_SECRET ?? '')
        .update(`${head}.${claims}`)
        .digest('base64url');
      expect(signature).toBe(expected);
    }
    const shown = await runProgram(['keys', '--json'], { cwd });
    expect(JSON.parse(shown.stdout)).toEqual({
      ANON_KEY: env.ANON_KEY,
      SERVICE_ROLE_KEY: env.SERVICE_ROLE_KEY,
      SUPABASE_PUBLISHABLE_KEY: env.SUPABASE_PUBLISHABLE_KEY,
      SUPABASE_SECRET_KEY: env.SUPABASE_SECRET_KEY,
    });
  });

  test('keys are rotated only when told to write, and the old file is kept', async () => {
    const cwd = workspace();
    await runProgram(['init'], { cwd });
    const before = readFileSync(join(cwd, '.env'), 'utf8');
    const printed = await runProgram(['keys', '--rotate', '--json'], { cwd });
    expect(Object.keys(JSON.parse(printed.stdout))).toEqual(['SUPABASE_PUBLISHABLE_KEY', 'SUPABASE_SECRET_KEY']);
    expect(readFileSync(join(cwd, '.env'), 'utf8')).toBe(before);
    const { ANON_KEY, SUPABASE_SECRET_KEY } = readEnv(cwd);
    expect((await runProgram(['keys', '--rotate', '--write'], { cwd })).code).toBe(0);
    const after = readEnv(cwd);
    expect(after.ANON_KEY).toBe(ANON_KEY);
    expect(after.SUPABASE_SECRET_KEY).not.toBe(SUPABASE_SECRET_KEY);
    expect(readFileSync(join(cwd, '.env.old'), 'utf8')).toBe(before);
    expect(statSync(join(cwd, '.env.old')).mode & 0o777).toBe(0o600);
  });

  test('asymmetric keys: ES256, the shared secret beside them, role keys that verify', async () => {
    const cwd = workspace();
    await runProgram(['init'], { cwd });
    const secret = readEnv(cwd).JWT_SECRET ?? '';
    expect((await runProgram(['keys', '--asymmetric', '--write'], { cwd })).code).toBe(0);
    const env = readEnv(cwd);
    const signing = JSON.parse(env.JWT_KEYS ?? '') as Record<string, string>[];
    const { keys } = JSON.parse(env.JWT_JWKS ?? '') as { keys: Record<string, string>[] };
    const [ours] = signing;
    expect(ours).toMatchObject({
      kty: 'EC',
      crv: 'P-256',
      alg: 'ES256',
      key_ops: ['sign', 'verify'],
      d: expect.any(String),
    });
    expect(keys[0]).toMatchObject({ kid: ours?.kid, kty: 'EC', x: ours?.x, y: ours?.y });
    expect(keys.some((key) => 'd' in key)).toBe(false);
    for (const list of [signing, keys])
      expect(list).toContainEqual(
        expect.objectContaining({ kty: 'oct', k: Buffer.from(secret).toString('base64url') }),
      );
    const [head, claims, signature] = (env.SERVICE_ROLE_KEY_ASYMMETRIC ?? '').split('.');
    expect(part(head)).toMatchObject({ alg: 'ES256', kid: ours?.kid });
    expect(part(claims)).toMatchObject({ role: 'service_role', iss: 'supabase' });
    const key = createPublicKey({ key: keys[0] as never, format: 'jwk' });
    const valid = verify(
      'sha256',
      Buffer.from(`${head}.${claims}`),
      { key, dsaEncoding: 'ieee-p1363' },
      Buffer.from(signature ?? '', 'base64url'),
    );
    expect(valid).toBe(true);
  });

  test('config prints the reference, and what is in force without its secrets', async () => {
    const cwd = workspace();
    await runProgram(['init'], { cwd });
    const env = readEnv(cwd);
    const reference = await runProgram(['config'], { cwd });
    for (const name of ['KONG_HTTP_PORT', 'JWT_SECRET', 'PGRST_DB_SCHEMAS', 'SITE_URL', 'VOLUMES_DIR'])
      expect(reference.stdout).toContain(`| \`${name}\` |`);
    for (const flags of [['--current'], ['--current', '--json']]) {
      const { code, stdout } = await runProgram(['config', ...flags], { cwd });
      expect(code).toBe(0);
      expect(stdout).toContain('KONG_HTTP_PORT');
      for (const [name, value] of Object.entries(env))
        if (!['ANON_KEY', 'SUPABASE_PUBLISHABLE_KEY'].includes(name)) expect(stdout, name).not.toContain(value);
    }
  });

  test('the doctor finds a key that does not fit, a demo secret, and a taken port', async () => {
    const cwd = workspace();
    await runProgram(['init'], { cwd });
    const [http = 0, postgres = 0] = await freePorts(2);
    const ports = { KONG_HTTP_PORT: String(http), POSTGRES_PORT: String(postgres) };
    const doctor = async (env: Record<string, string>) => {
      const { code, stdout } = await runProgram(['doctor', '--json'], { cwd, env });
      const { ok, findings } = JSON.parse(stdout) as { ok: boolean; findings: { check: string; ok: boolean }[] };
      expect(code).toBe(ok ? 0 : 1);
      return findings.filter((finding) => !finding.ok).map(({ check }) => check);
    };
    expect(await doctor(ports)).toEqual([]);
    expect(await doctor({ ...ports, JWT_SECRET: demoSecret })).toEqual(['secrets', 'keys']);
    const { occupyPort } = await import('../support/ports.ts');
    const taken = await occupyPort(http);
    expect(await doctor(ports)).toEqual(['ports']);
    await taken.release();
  });
});

/** Looks again and again whether anything accepts connections on a port. */
function watchPort(port: number): { stop(): Promise<boolean> } {
  let stopped = false;
  let listened = false;
  const done = (async () => {
    while (!stopped) {
      listened ||= await accepts(port);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await done;
      return listened;
    },
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

describe('settings on their way from one installation to another', () => {
  test('what differs from the standard values is exported, shown, checked and imported', async () => {
    const cwd = workspace({
      '.env': 'FILE_SIZE_LIMIT=1MB\nSMTP_PASS=hunter2\nJWT_SECRET=a-secret-of-thirty-two-characters-\n',
    });
    const plain = await runProgram(['config', 'export'], { cwd, env: { SITE_URL: 'https://x.example' } });
    const lines = plain.stdout.trim().split('\n').slice(1);
    expect(lines.sort()).toEqual(['FILE_SIZE_LIMIT="1048576"', 'SITE_URL="https://x.example"']);
    const whole = await runProgram(['config', 'export', '--secrets'], { cwd, env: {} });
    expect(whole.stdout).toContain('SMTP_PASS="hunter2"');
    expect(whole.stdout).not.toContain('JWT_SECRET');

    const other = workspace({
      'in.env': `${whole.stdout}STORAGE_DB_POOL=4\n`,
      'bad.env': 'STORAGE_DB_POOL=many\n',
      'odd.env': 'NOTHING=1\nJWT_SECRET=x\n',
    });
    const bring = (...args: string[]) => runProgram(['config', 'import', ...args], { cwd: other, env: {} });
    const look = await bring('in.env');
    expect(look.stdout).toMatch(/^FILE_SIZE_LIMIT: \d+ → 1048576$/m);
    expect(look.stdout).toMatch(/^SMTP_PASS: \(not set\) → \(a secret\)$/m);
    expect(look.stdout).toContain('nothing was changed yet');
    expect((await current(other)).get('STORAGE_DB_POOL')?.origin).toBe('default');
    expect(await bring('bad.env', '--yes')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('STORAGE_DB_POOL must be a whole number'),
    });
    expect((await bring('odd.env')).stderr).toMatch(/NOTHING is no setting[^\n]*\n[^\n]*JWT_SECRET belongs in \.env/);
    expect((await bring('in.env', '--yes')).code).toBe(0);
    const brought = (await current(other)).get('STORAGE_DB_POOL');
    expect(brought).toMatchObject({ value: '4', origin: expect.stringContaining('volumes/settings/dashboard.env') });
    expect((await bring('in.env')).stdout).not.toContain('STORAGE_DB_POOL');
  }, 60_000);
});
