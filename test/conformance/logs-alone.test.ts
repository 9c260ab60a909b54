import type { ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PlainPostgres, startPlainPostgres } from '../support/plain-postgres.ts';
import { freePorts } from '../support/ports.ts';
import { runProgram, spawnProgram } from '../support/program.ts';
import { makeWorkspace, removeWorkspace } from '../support/workspace.ts';

// The rooms of the log path in processes of their own, with a database that nobody prepared.
const tokens = { public: 'p'.repeat(40), private: 'q'.repeat(40) };
let database: PlainPostgres;
const running: ChildProcess[] = [];
const folders: string[] = [];

beforeAll(async () => {
  database = startPlainPostgres();
  await database.query(`create role web_anon nologin; create table todos (id int primary key);
    grant select on todos to web_anon`);
});

afterAll(async () => {
  await Promise.all(running.map(end));
  database?.remove();
  for (const folder of folders) removeWorkspace(folder);
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exited;
}

/** Starts the program with some rooms, and waits until an address of it answers 200. */
async function start(services: string, ready: string, env: Record<string, string>): Promise<string> {
  const cwd = makeWorkspace();
  folders.push(cwd);
  const settings = {
    SERVICES: services,
    LOGFLARE_PUBLIC_ACCESS_TOKEN: tokens.public,
    LOGFLARE_PRIVATE_ACCESS_TOKEN: tokens.private,
    ...env,
  };
  const child = spawnProgram(['start'], { cwd, env: settings });
  running.push(child);
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text) => {
      printed += text;
    });
  for (const late = performance.now() + 30_000; ; await sleep(50)) {
    if (child.exitCode !== null || performance.now() > late) throw new Error(`it does not serve:\n${printed}`);
    if ((await fetch(ready).catch(() => undefined))?.status === 200) break;
  }
  return cwd;
}

const post = async (url: string, events: unknown, key = tokens.public) => {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json' },
    body: JSON.stringify(events),
  });
  return [answer.status, await answer.json()];
};

const query = async (analytics: string, sql: string) => {
  const answer = await fetch(`${analytics}/api/endpoints/query/logs.all?${new URLSearchParams({ sql })}`, {
    headers: { 'x-api-key': tokens.private },
  });
  return [answer.status, await answer.json()];
};

describe('analytics in the place of Logflare, and vector in that of Vector', () => {
  let analytics: string;
  let vector: string;
  let ports: Record<string, string>;

  beforeAll(async () => {
    const [own, spare, vectorPort] = await freePorts(3);
    analytics = `http://127.0.0.1:${own}`;
    vector = `http://127.0.0.1:${vectorPort}`;
    ports = { GATEWAY_DIRECT_VECTOR_PORT: String(vectorPort) };
    await start('analytics', `${analytics}/health`, {
      PHX_HTTP_PORT: String(own),
      GATEWAY_DIRECT_ANALYTICS_PORT: String(spare),
      POSTGRES_BACKEND_URL: database.url('postgres'),
      POSTGRES_BACKEND_SCHEMA: '_analytics',
    });
    await start('vector', `${vector}/health`, { ...ports, ANALYTICS_URL: analytics });
  }, 90_000);

  test('events that are acknowledged can be queried', async () => {
    const events = [{ event_message: 'one', metadata: { n: 1 } }, { event_message: 'two' }];
    expect(await post(`${analytics}/api/logs?source_name=my.app`, events)).toEqual([200, { message: 'Logged!' }]);
    expect(await query(analytics, 'select event_message from `my.app` order by event_message')).toEqual([
      200,
      { result: [{ event_message: 'one' }, { event_message: 'two' }] },
    ]);
    expect(await post(`${analytics}/api/logs?source_name=my.app`, events, 'wrong')).toEqual([
      401,
      { error: 'Unauthorized' },
    ]);
    expect(await (await fetch(`${analytics}/health`)).json()).toMatchObject({ status: 'ok' });
  });

  test('vector brings what it is given to where analytics is', async () => {
    const [status, body] = await post(`${vector}/events`, [{ event_message: 'by way of vector', source: 'my.other' }]);
    expect([status, body]).toEqual([200, { message: 'Logged!', events: 1 }]);
    await expect
      .poll(() => query(analytics, "select source from all_logs where event_message = 'by way of vector'"), {
        timeout: 20_000,
      })
      .toEqual([200, { result: [{ source: expect.any(String) }] }]);
    expect(await (await fetch(`${vector}/health`)).json()).toEqual({ ok: true });
  });

  test('`health` asks the room', async () => {
    const cwd = makeWorkspace();
    folders.push(cwd);
    const ask = (env: Record<string, string>) => runProgram(['health'], { cwd, env });
    expect(await ask({ SERVICES: 'vector', ...ports })).toMatchObject({ code: 0, stdout: 'vector: healthy\n' });
    const port = new URL(analytics).port;
    const alone = await ask({ SERVICES: 'analytics', PHX_HTTP_PORT: port });
    expect(alone).toMatchObject({ code: 0, stdout: 'analytics: healthy\n' });
    const nobody = await ask({ SERVICES: 'analytics', PHX_HTTP_PORT: '1' });
    expect(nobody.code).toBe(1);
  });
});

describe('with rest beside', () => {
  const restOn = (port: number): Record<string, string> => ({
    PGRST_DB_URI: database.url('postgres'),
    PGRST_DB_ANON_ROLE: 'web_anon',
    PGRST_DB_SCHEMAS: 'public',
    PGRST_SERVER_PORT: String(port),
    STACK_LOG_LEVEL: 'info',
  });

  test('vector hands on what rest tells, under its stream', async () => {
    const [rest = 0, port] = await freePorts(2);
    const cwd = await start('vector,rest', `http://127.0.0.1:${rest}/todos`, {
      ...restOn(rest),
      GATEWAY_DIRECT_VECTOR_PORT: String(port),
      VECTOR_FILE: 'all.ndjson',
    });
    const file = join(cwd, 'all.ndjson');
    await expect
      .poll(() => (existsSync(file) ? readFileSync(file, 'utf8') : ''), { timeout: 20_000 })
      .toMatch(/"source":"postgREST\.logs\.prod".*schema read|schema read.*"source":"postgREST\.logs\.prod"/);
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
  });

  test('with LOGS_ENABLED=false they serve, and hear of nothing but what is sent to them', async () => {
    const [rest = 0, own, spare, port] = await freePorts(4);
    const analytics = `http://127.0.0.1:${own}`;
    await start('analytics,vector,rest', `http://127.0.0.1:${rest}/todos`, {
      ...restOn(rest),
      LOGS_ENABLED: 'false',
      GATEWAY_DIRECT_REALTIME_PORT: String(own),
      GATEWAY_DIRECT_ANALYTICS_PORT: String(spare),
      GATEWAY_DIRECT_VECTOR_PORT: String(port),
      ANALYTICS_DATABASE_URL: database.url('postgres'),
      ANALYTICS_DB_SCHEMA: 'quiet_logs',
    });
    await expect.poll(async () => (await fetch(`${analytics}/health`)).status, { timeout: 20_000 }).toBe(200);
    expect((await fetch(`http://127.0.0.1:${rest}/todos`)).status).toBe(200);
    expect(await post(`http://127.0.0.1:${port}/events`, { event_message: 'sent' })).toMatchObject([
      200,
      { events: 1 },
    ]);
    await expect
      .poll(() => query(analytics, 'select event_message from all_logs'), { timeout: 20_000 })
      .toEqual([200, { result: [{ event_message: 'sent' }] }]);
  });
});
