import type { ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type PlainPostgres, startPlainPostgres } from '../support/plain-postgres.ts';
import { freePorts } from '../support/ports.ts';
import { spawnProgram } from '../support/program.ts';
import { makeWorkspace, removeWorkspace } from '../support/workspace.ts';

// Realtime in the place of the original: nothing but its own variables, a database without any of Supabase's roles.
const secret = 'a secret of at least thirty-two characters';
let database: PlainPostgres;
let cwd: string;
let child: ChildProcess;
let url: string;
let log = '';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
function sign(claims: object, key = secret): string {
  const body = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ exp: Math.floor(Date.now() / 1_000) + 600, ...claims })}`;
  return `${body}.${createHmac('sha256', key).update(body).digest('base64url')}`;
}

beforeAll(async () => {
  cwd = makeWorkspace();
  database = startPlainPostgres();
  await database.query('create role rt login superuser; create role anon; create role authenticated');
  const [port] = await freePorts(1);
  url = `http://127.0.0.1:${port}`;
  child = spawnProgram(['start'], {
    cwd,
    env: {
      SERVICES: 'realtime',
      PORT: String(port),
      DB_HOST: database.socketDir,
      DB_PORT: '5432',
      DB_USER: 'rt',
      DB_PASSWORD: 'none',
      DB_NAME: 'postgres',
      DB_ENC_KEY: 'supabaserealtime',
      DB_AFTER_CONNECT_QUERY: 'SET search_path TO _realtime',
      API_JWT_SECRET: secret,
      METRICS_JWT_SECRET: 'another secret of more than thirty-two characters',
      SECRET_KEY_BASE: 'x'.repeat(64),
      APP_NAME: 'realtime',
      SEED_SELF_HOST: 'true',
      RUN_JANITOR: 'true',
      ERL_AFLAGS: '-proto_dist inet_tcp',
      DNS_NODES: '',
    },
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text) => {
      log += text;
    });
  const deadline = performance.now() + 60_000;
  while (
    !(await fetch(`${url}/healthcheck`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (performance.now() > deadline || child.exitCode !== null) throw new Error(`it did not start:\n${log}`);
    await sleep(50);
  }
});
afterAll(async () => {
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await exited;
  database.remove();
  removeWorkspace(cwd);
});

test('serves sockets, private channels and its own tables on the original port', async () => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket/websocket?vsn=2.0.0`, {
    headers: { 'x-api-key': sign({ role: 'anon' }) },
  });
  const messages: unknown[][] = [];
  socket.on('message', (data: Buffer) => messages.push(JSON.parse(data.toString()) as unknown[]));
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.send('["1","1","realtime:a","phx_join",{"config":{}}]');
  socket.send('["2","2","realtime:b","phx_join",{"config":{"private":true}}]');
  while (messages.length < 2) await sleep(10);
  expect(messages).toEqual([
    ['1', '1', 'realtime:a', 'phx_reply', { status: 'ok', response: { postgres_changes: [] } }],
    [
      '2',
      '2',
      'realtime:b',
      'phx_reply',
      {
        status: 'error',
        response: { reason: 'Unauthorized: You do not have permissions to read from this Channel topic: b' },
      },
    ],
  ]);
  socket.close();
  const { rows } = await database.query("select count(*)::int as n from pg_class where relname = 'messages'");
  expect(rows).toEqual([{ n: 1 }]);
});

test('answers its health, and keeps the secret of clients out of its administration', async () => {
  const ask = async (path: string, token?: string) => {
    const answer = await fetch(`${url}${path}`, { headers: token ? { authorization: `Bearer ${token}` } : {} });
    return { status: answer.status, text: await answer.text() };
  };
  const key = sign({ role: 'anon' });
  expect(await ask('/api/ping')).toEqual({ status: 200, text: '{"message":"Success"}' });
  const health = await ask('/api/tenants/realtime-dev/health', key);
  expect(health.status).toBe(200);
  expect(JSON.parse(health.text)).toMatchObject({ data: { healthy: true, db_connected: true, connected_cluster: 0 } });
  expect(await ask('/api/tenants/realtime-dev/health', 'x')).toEqual({ status: 403, text: '' });
  expect(await ask('/api/tenants/other/health', key)).toEqual({ status: 404, text: '{"error":"not found"}' });
  expect(await ask('/api/tenants', key)).toEqual({ status: 403, text: '' });
  expect((await ask('/metrics', key)).status).toBe(403);
  const metrics = await ask('/metrics', sign({}, 'another secret of more than thirty-two characters'));
  expect(metrics.text).toContain('realtime_connections_connected{tenant="realtime-dev"} 0');
});
