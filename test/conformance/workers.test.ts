import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { newClient, until } from '../support/client.ts';
import { runProgram } from '../support/program.ts';
import { runSql } from '../support/sql.ts';
import { choosePorts, type Stack, startStack } from '../support/stack.ts';
import { makeWorkspace, removeWorkspace } from '../support/workspace.ts';

// One stack, three processes: one with the database, two that serve.
let stack: Stack;
beforeAll(async () => {
  stack = await startStack({
    env: {
      WORKERS: '2',
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
      STACK_AUTH_CONFIG_DIR: 'auth.d',
      GOTRUE_RELOADING_GRACE_PERIOD_INTERVAL: '50ms',
      GOTRUE_RELOADING_POLLER_INTERVAL: '200ms',
    },
    files: {
      'auth.d/10-start.env': 'DISABLE_SIGNUP=false',
      'supabase/migrations/1_notes.sql': `
        create table notes (id int primary key, owner uuid default auth.uid(), body text);
        alter table notes enable row level security;
        create policy own on notes using (owner = auth.uid()) with check (owner = auth.uid());`,
    },
  });
});
afterAll(() => stack.stop());

/** Processes of the program that another of them started (Linux). */
function workersOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((child) => {
      try {
        const stat = readFileSync(`/proc/${child}/stat`, 'utf8');
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return parent === pid && /(main|program)\.[jt]s\0start/.test(readFileSync(`/proc/${child}/cmdline`, 'utf8'));
      } catch {
        return false;
      }
    });
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const read = () =>
  fetch(`${stack.url}/rest/v1/notes?select=id`, {
    headers: { apikey: stack.env.serviceKey, connection: 'close' },
    signal: AbortSignal.timeout(10_000),
  }).then(
    (answer) => answer.status,
    () => 0,
  );

describe('two workers', () => {
  test('serve an application as one: what one did the other knows', async () => {
    expect(workersOf(stack.pid)).toHaveLength(2);
    const client = newClient(stack, stack.env.anonKey);
    const { data } = await client.auth.signUp({ email: 'w@example.org', password: 'a-long-password' });
    expect(data.user?.email).toBe('w@example.org');
    for (let id = 1; id <= 10; id++)
      expect((await client.from('notes').insert({ id, body: `note ${id}` })).error).toBeNull();
    expect((await client.from('notes').select('*', { count: 'exact', head: true })).count).toBe(10);
    expect((await newClient(stack, stack.env.anonKey).from('notes').select()).data).toEqual([]);
    expect((await client.auth.refreshSession()).error).toBeNull();
  });

  test('read their configuration again when the primary gets the signal', async () => {
    const sum = () =>
      fetch(`${stack.url}/rest/v1/notes?select=id.sum()`, {
        headers: { apikey: stack.env.serviceKey, connection: 'close' },
      }).then(({ status }) => status);
    const sums = async () => new Set(await Promise.all(Array.from({ length: 8 }, sum)));
    expect(await sums()).toEqual(new Set([400]));
    await runSql(stack, `alter role authenticator set pgrst.db_aggregates_enabled = 'true'`);
    process.kill(stack.pid, 'SIGUSR2');
    await until('aggregates of every worker', async () => {
      const found = await sums();
      return found.size === 1 && found.has(200);
    });
  });

  test('serve with changed settings of auth without losing a request, and keep those before when they are unusable', async () => {
    const settings = () =>
      fetch(`${stack.url}/auth/v1/settings`, { headers: { apikey: stack.env.anonKey, connection: 'close' } });
    const signUpsAreOff = async (): Promise<ReadonlySet<unknown>> => {
      const answers = await Promise.all(Array.from({ length: 8 }, settings));
      const bodies = await Promise.all(answers.map((answer) => answer.json() as Promise<{ disable_signup: boolean }>));
      return new Set(bodies.map(({ disable_signup }) => disable_signup));
    };
    const everywhere = (expected: boolean) =>
      until(`sign-ups are ${expected ? 'off' : 'on'} in every worker`, async () => {
        const found = await signUpsAreOff();
        return found.size === 1 && found.has(expected);
      });
    const change = (text: string) => writeFileSync(join(stack.cwd, 'auth.d', '20-change.env'), text);

    const statuses = new Set<number>();
    let going = true;
    const load = Array.from({ length: 2 }, async () => {
      while (going) statuses.add((await settings()).status);
    });
    expect(await signUpsAreOff()).toEqual(new Set([false]));
    for (const off of [true, false, true]) {
      change(`GOTRUE_DISABLE_SIGNUP=${off}`);
      await everywhere(off);
    }
    change('JWT_EXPIRY=soon');
    await until('the refusal', async () => stack.log().includes('20-change.env:1 JWT_EXPIRY must be a whole number'));
    // What the broken file no longer says holds on.
    expect(await signUpsAreOff()).toEqual(new Set([true]));
    change('');
    await everywhere(false);
    going = false;
    await Promise.all(load);
    expect(statuses).toEqual(new Set([200]));
  });

  test('both take connections', async () => {
    // Connections are handed round, and each worker has a pool of its own.
    await Promise.all(Array.from({ length: 12 }, read));
    const sessions = await runSql(
      stack,
      "select count(distinct pid)::int as n from pg_stat_activity where usename = 'authenticator' and query not ilike 'listen%'",
    );
    expect(sessions[0]?.n).toBeGreaterThanOrEqual(2);
    const statuses = await Promise.all(Array.from({ length: 20 }, read));
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  test('are one for realtime: a broadcast reaches the sockets of both', async () => {
    const url = `${stack.url.replace('http', 'ws')}/realtime/v1/websocket?apikey=${stack.env.anonKey}&vsn=2.0.0`;
    const joined = () =>
      new Promise<WebSocket>((resolve, reject) => {
        const socket = new WebSocket(url);
        socket.once('error', reject);
        socket.once('open', () => socket.send('["1","1","realtime:workers","phx_join",{"config":{}}]'));
        socket.once('message', () => resolve(socket));
      });
    const sockets = [];
    for (let count = 0; count < 8; count++) sockets.push(await joined());
    const heard = sockets
      .slice(1)
      .map((socket) => new Promise((resolve) => socket.once('message', (data: Buffer) => resolve(data.toString()))));
    sockets[0]?.send('["1","2","realtime:workers","broadcast",{"n":1}]');
    expect(new Set(await Promise.all(heard))).toEqual(new Set(['[null,null,"realtime:workers","broadcast",{"n":1}]']));
    for (const socket of sockets) socket.terminate();
  });

  test('are one for long polling: any of them answers for the session of one', async () => {
    const url = `${stack.url}/realtime/v1/longpoll?apikey=${stack.env.anonKey}&vsn=2.0.0`;
    let token = '';
    const ask = async (body?: string) => {
      const headers = { connection: 'close', 'content-type': 'application/x-ndjson' };
      const answer = await fetch(`${url}&token=${token}`, { headers, ...(body && { method: 'POST', body }) });
      return (await answer.json()) as { status: number; token: string; messages: string[] };
    };
    token = (await ask()).token;
    for (let ref = 1; ref <= 6; ref++) {
      expect(await ask(`[null,"${ref}","phoenix","heartbeat",{}]`)).toEqual({ status: 200 });
      const reply = `[null,"${ref}","phoenix","phx_reply",{"status":"ok","response":{}}]`;
      expect(await ask()).toEqual({ messages: [reply], status: 200, token });
    }
  });

  test('share one health and one inbox, and reach the page of the primary', async () => {
    const health = (await (await fetch(`${stack.url}/health`)).json()) as { status: string; services: object };
    expect(health.status).toBe('ok');
    expect(Object.keys(health.services).sort()).toEqual([
      'analytics',
      'auth',
      'db',
      'functions',
      'gateway',
      'imgproxy',
      'meta',
      'pooler',
      'realtime',
      'rest',
      'storage',
      'studio',
      'vector',
      'workers',
    ]);
    const { username, password } = stack.env.dashboard;
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    expect((await fetch(`${stack.url}/`, { headers: { authorization } })).status).toBe(200);
    for (const address of ['a', 'b', 'c', 'd'])
      await fetch(`${stack.url}/auth/v1/invite`, {
        method: 'POST',
        headers: {
          apikey: stack.env.serviceKey,
          authorization: `Bearer ${stack.env.serviceKey}`,
          'content-type': 'application/json',
          connection: 'close',
        },
        body: JSON.stringify({ email: `${address}@example.org` }),
      });
    const kept = async () => {
      const answer = await fetch(`${stack.url}/inbox/messages.json`, { headers: { authorization } });
      return JSON.stringify(await answer.json());
    };
    await until('every mail in one inbox', async () =>
      ['a', 'b', 'c', 'd'].every(async (name) => (await kept()).includes(`${name}@example.org`)),
    );
    const mails = await kept();
    for (const name of ['a', 'b', 'c', 'd']) expect(mails).toContain(`${name}@example.org`);
  });

  test('answer the dashboard of the primary: the REST API as anybody, and Realtime', async () => {
    const { username, password } = stack.env.dashboard;
    const own = { 'x-studio-request': '1', origin: stack.url };
    const signedIn = await fetch(`${stack.url}/api/studio/session`, {
      method: 'POST',
      headers: { ...own, 'content-type': 'application/json' },
      body: JSON.stringify({ name: username, password }),
    });
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const { data } = await newClient(stack, stack.env.anonKey).auth.signUp({
      email: 'asked@example.org',
      password: 'a-long-password',
    });
    const user = data.user?.id as string;
    const ask = async (as: string, body?: object) => {
      const answer = await fetch(`${stack.url}/api/rooms/rest/notes?select=body&id=gte.100`, {
        headers: { ...own, cookie, 'x-studio-as': as, 'content-type': 'application/json' },
        ...(body && { method: 'POST', body: JSON.stringify(body) }),
      });
      expect(answer.headers.get('content-security-policy')).toMatch(/^sandbox;/);
      return { status: answer.status, text: await answer.text() };
    };
    expect((await ask(`user:${user}`, { id: 100, body: 'of the user' })).status).toBe(201);
    expect((await ask('anon', { id: 101, body: 'of a visitor' })).status).toBe(401);
    expect((await ask('none', { id: 101, body: 'of nobody' })).status).toBe(401);
    const mine = JSON.stringify([{ body: 'of the user' }]);
    expect(await ask('service')).toEqual({ status: 200, text: mine });
    expect(await ask(`user:${user}`)).toEqual({ status: 200, text: mine });
    for (const as of ['anon', 'none']) expect(await ask(as)).toEqual({ status: 200, text: '[]' });

    const socket = new WebSocket(`${stack.url.replace('http', 'ws')}/api/rooms/realtime/websocket?vsn=2.0.0`, {
      headers: { cookie, origin: stack.url },
    });
    const reply = await new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('open', () => socket.send('[null,"1","phoenix","heartbeat",{}]'));
      socket.once('message', (message: Buffer) => resolve(message.toString()));
    });
    expect(reply).toBe('[null,"1","phoenix","phx_reply",{"status":"ok","response":{}}]');
    socket.terminate();
  });

  test('have one text of metrics, in which each says what it counts', async () => {
    const answer = await fetch(`${stack.url}/metrics`, { headers: { apikey: stack.env.serviceKey } });
    const lines = (await answer.text()).split('\n');
    for (const line of [
      'gotrue_running{worker="1",room="auth"} 1',
      'gotrue_running{worker="2",room="auth"} 1',
      'pg_up{room="db"} 1',
    ])
      expect(lines).toContain(line);
    expect(lines.filter((line) => line === '# TYPE pgrst_db_pool_max gauge')).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('process_start_time_seconds'))).toHaveLength(3);
  });

  test('learn of changes of the schema, each of them', async () => {
    await runSql(stack, "alter table notes add column tag text default 'new'; notify pgrst, 'reload schema'");
    const tagged = () =>
      fetch(`${stack.url}/rest/v1/notes?select=tag&limit=1`, {
        headers: { apikey: stack.env.serviceKey, connection: 'close' },
      }).then((answer) => answer.status);
    await until("both workers' schema caches", async () =>
      (await Promise.all(Array.from({ length: 8 }, tagged))).every((status) => status === 200),
    );
  });

  test('are replaced when they end, while the other serves', async () => {
    const before = workersOf(stack.pid);
    process.kill(before[0] as number, 'SIGKILL');
    await until("a new worker in the other's place", async () => {
      const now = workersOf(stack.pid);
      return now.length === 2 && !now.includes(before[0] as number);
    });
    await until(
      'health after it',
      async () => (await fetch(`${stack.url}/health`).catch(() => undefined))?.status === 200,
    );
    expect(new Set(await Promise.all(Array.from({ length: 8 }, read)))).toEqual(new Set([200]));
  });
});

describe('the primary', () => {
  test('takes its workers with it, even by kill -9', async () => {
    const cwd = makeWorkspace();
    const other = await startStack({ cwd, env: { WORKERS: '2' } });
    const workers = workersOf(other.pid);
    expect(workers).toHaveLength(2);
    await other.kill('SIGKILL');
    await until('the end of the workers', async () => !workers.some(isAlive));
    const again = await startStack({ cwd, env: { WORKERS: '2' } });
    const next = workersOf(again.pid);
    await again.stop();
    expect(next.some(isAlive)).toBe(false);
    removeWorkspace(cwd);
  });

  test('says in one line what keeps its workers from serving', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => blocker.once('listening', resolve));
    const { port } = blocker.address() as AddressInfo;
    const cwd = makeWorkspace();
    await choosePorts(cwd);
    const { code, stderr } = await runProgram(['start'], { cwd, env: { WORKERS: '2', KONG_HTTP_PORT: String(port) } });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toEqual([`port ${port} on 127.0.0.1 is taken (change KONG_HTTP_PORT)`]);
    blocker.close();
    removeWorkspace(cwd);
  });
});
