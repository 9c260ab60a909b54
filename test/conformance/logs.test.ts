import { join } from 'node:path';
import pg from 'pg';
import { afterAll, describe, expect, test } from 'vitest';
import { sharedStack } from '../support/shared-stack.ts';
import { readEnv, type Stack, type StackAddress, startStack } from '../support/stack.ts';
import { addFiles, makeWorkspace, removeWorkspace } from '../support/workspace.ts';

// What happens in a stack can be looked up, and what is acknowledged survives a kill.
const stack = sharedStack();

interface Row {
  readonly [column: string]: unknown;
}

async function ask({ url, cwd }: Pick<StackAddress, 'url' | 'cwd'>, sql: string): Promise<readonly Row[]> {
  const key = readEnv(cwd).LOGFLARE_PRIVATE_ACCESS_TOKEN ?? '';
  const response = await fetch(`${url}/analytics/v1/api/endpoints/query/logs.all?${new URLSearchParams({ sql })}`, {
    headers: { 'x-api-key': key },
  });
  const { result, error } = (await response.json()) as { result?: Row[]; error?: string };
  if (!result) throw new Error(`${response.status} ${error}`);
  return result;
}

const until = (sql: string) => expect.poll(() => ask(stack, sql), { timeout: 20_000, interval: 100 });

describe('events of the stack', () => {
  test('a request is in the edge log and in that of its service, under the id of its answer', async () => {
    const mark = `/auth/v1/user?mark=${crypto.randomUUID()}`;
    const { headers, status } = await fetch(stack.url + mark, {
      headers: { apikey: stack.env.anonKey, 'user-agent': 'log-test' },
    });
    const id = headers.get('x-request-id');
    await until(
      `select request.method, request.path, response.status_code, request.headers.user_agent from edge_logs
       cross join unnest(metadata) as m cross join unnest(m.request) as request cross join unnest(m.response) as response
       where m.request_id = '${id}'`,
    ).toEqual([{ method: 'GET', path: '/auth/v1/user', status_code: status, user_agent: 'log-test' }]);
    await until(
      `select m.status, m.path from auth_logs cross join unnest(metadata) as m where m.request_id = '${id}'`,
    ).toEqual([{ status, path: '/user' }]);
  });

  test('a key is in no event, wherever it was sent', async () => {
    const mark = crypto.randomUUID();
    const { anonKey, serviceKey } = stack.env;
    await fetch(`${stack.url}/rest/v1/${mark}?apikey=${serviceKey}&other=${serviceKey}`, {
      headers: { apikey: anonKey, referer: `http://x/?token=${anonKey}`, 'user-agent': `agent ${stack.env.secret}` },
    });
    const like = `event_message like '%${mark}%'`;
    await until(`select count(*) as count from edge_logs where ${like}`).toEqual([{ count: 1 }]);
    const [row] = await ask(stack, `select event_message, metadata from edge_logs where ${like}`);
    const text = JSON.stringify(row);
    for (const secret of [anonKey, serviceKey, stack.env.secret]) expect(text).not.toContain(secret);
    expect(text).toContain('[redacted]');
  });

  test('what the database server says has its fields', async () => {
    await until(
      `select p.error_severity, p.backend_type from postgres_logs cross join unnest(metadata) as m
       cross join unnest(m.parsed) as p where event_message like 'database system is ready%' limit 1`,
    ).toEqual([{ error_severity: 'LOG', backend_type: 'postmaster' }]);
  });

  test('the log store is healthy, and tells nothing of itself', async () => {
    const { services } = (await (await fetch(`${stack.url}/health`)).json()) as {
      services: Record<string, { status: string; detail: Record<string, unknown> }>;
    };
    expect(services.analytics?.status).toBe('healthy');
    expect(services.vector).toMatchObject({
      status: 'healthy',
      detail: { dropped: 0, sinks: { analytics: { dropped: 0 } } },
    });
    // What strangers were refused below /analytics is no request of the store, and is in the log.
    const own = await ask(
      stack,
      `select event_message from edge_logs
       where event_message like '%/analytics/v1/api/endpoints%' or event_message like '%/analytics/v1/api/logs%'`,
    );
    expect(own).toEqual([]);
  });
});

describe('following the logs live', () => {
  interface Told {
    readonly source: string;
    readonly event_message: string;
    readonly metadata: Readonly<Record<string, unknown>>;
  }

  test('shows what happens in the gateway, auth, a function and the database, and which request it belongs to', async () => {
    const mark = `m${crypto.randomUUID()}`;
    const tail = `${stack.url}/analytics/v1/api/logs/tail?contains=${mark}`;
    expect((await fetch(tail)).status).toBe(401);
    expect((await fetch(tail, { headers: { 'x-api-key': stack.env.anonKey } })).status).toBe(401);
    addFiles(join(stack.cwd, 'volumes/functions'), {
      [`${mark}/index.ts`]: `Deno.serve(async () => {
        await fetch('data:text/plain,x').then((answer) => answer.text());
        console.log('printed ${mark}');
        return new Response('ok');
      });`,
    });

    const left = new AbortController();
    const key = readEnv(stack.cwd).LOGFLARE_PUBLIC_ACCESS_TOKEN ?? '';
    const following = await fetch(tail, { headers: { 'x-api-key': key }, signal: left.signal });
    expect(following.status).toBe(200);
    const told: Told[] = [];
    const reading = (async () => {
      let pending = '';
      for await (const chunk of following.body as unknown as AsyncIterable<Uint8Array>) {
        const events = (pending + Buffer.from(chunk).toString('utf8')).split('\n\n');
        pending = events.pop() ?? '';
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1];
          if (data !== undefined) told.push(JSON.parse(data) as Told);
        }
      }
    })().catch(() => {});

    const { anonKey } = stack.env;
    const headers = { apikey: anonKey, authorization: `Bearer ${anonKey}` };
    await fetch(`${stack.url}/rest/v1/${mark}`, { headers });
    await fetch(`${stack.url}/auth/v1/${mark}`, { headers });
    const called = await fetch(`${stack.url}/functions/v1/${mark}`, { headers });
    expect(await called.text()).toBe('ok');
    const client = new pg.Client({
      host: '127.0.0.1',
      port: stack.dbPort,
      user: 'postgres',
      password: stack.env.postgresPassword,
      database: 'postgres',
    });
    await client.connect();
    // Errors are the client's affair, unless somebody wants them in the log.
    await client.query("set log_min_messages = 'error'");
    await expect(client.query(`select '${mark}'::int`)).rejects.toThrow('invalid input syntax');
    await client.end();

    const from = (source: string) => told.filter((event) => event.source === source);
    const sources = [
      ['cloudflare.logs.prod', `/rest/v1/${mark}`],
      ['gotrue.logs.prod', mark],
      ['deno-relay-logs', mark],
      ['deno-subhosting-events', `printed ${mark}`],
      ['postgres.logs', `invalid input syntax for type integer: "${mark}"`],
    ] as const;
    for (const [source, text] of sources)
      await expect
        .poll(() => from(source).map(({ event_message }) => event_message), { timeout: 20_000, message: source })
        .toContainEqual(expect.stringContaining(text));
    const printed = from('deno-subhosting-events').filter(({ event_message }) => event_message.startsWith('printed'));
    expect(printed.map(({ metadata }) => metadata.request_id)).toEqual([called.headers.get('x-request-id')]);
    // What a function prints is one event.
    expect(from('stack.logs')).toEqual([]);
    left.abort();
    await reading;
  });
});

describe('a kill in the middle of a day of traffic', () => {
  const total = Number(process.env.LOG_EVENTS ?? 20_000);
  const size = 500;
  const batches = Math.ceil(total / size);
  const folder = makeWorkspace();
  const running: Stack[] = [];
  afterAll(async () => {
    await Promise.all(running.map((one) => one.stop()));
    removeWorkspace(folder);
  });

  const start = async (): Promise<Stack> => {
    const started = await startStack({
      cwd: folder,
      env: {
        SERVICES: 'db,analytics,vector,gateway',
        ANALYTICS_MAX_SIZE: '20GB',
        ANALYTICS_QUERY_TIMEOUT: '60s',
        STACK_LOG_LEVEL: 'warn',
      },
    });
    running.push(started);
    return started;
  };

  const day = 24 * 3_600_000_000;
  const end = Date.now() * 1_000;
  const bodyOf = (batch: number): string =>
    JSON.stringify(
      Array.from({ length: size }, (_, index) => {
        const number = batch * size + index;
        return {
          id: `00000000-0000-7000-8000-${String(number).padStart(12, '0')}`,
          timestamp: end - day + Math.floor((number * day) / (batches * size)),
          event_message: `event ${number}`,
          metadata: {
            batch,
            request: { path: `/rest/v1/table_${number % 40}`, method: 'GET' },
            response: { status_code: 200 },
          },
        };
      }),
    );

  /** Sends batches, several at once. @throws with the first that is not acknowledged */
  async function send(
    address: StackAddress,
    list: readonly number[],
    onAcknowledged: (batch: number) => void,
  ): Promise<void> {
    const key = readEnv(folder).LOGFLARE_PUBLIC_ACCESS_TOKEN ?? '';
    const rest = [...list];
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        for (let batch = rest.shift(); batch !== undefined; batch = rest.shift()) {
          const answer = await fetch(`${address.url}/analytics/v1/api/logs?source_name=day.of.traffic`, {
            method: 'POST',
            headers: { 'x-api-key': key, 'content-type': 'application/json' },
            body: bodyOf(batch),
          });
          const text = await answer.text();
          if (answer.status !== 200) throw new Error(`${answer.status} ${text}`);
          onAcknowledged(batch);
        }
      }),
    );
  }

  const counts = async (address: StackAddress): Promise<Map<number, number>> => {
    const found = new Map<number, number>();
    // An answer has a bound on its rows.
    for (let from = 0; from < batches; from += 1_000) {
      const sql = `select (metadata #>> '{batch}')::int as batch, count(*) as count, count(distinct id) as ids from "day.of.traffic"
        where (metadata #>> '{batch}')::int between ${from} and ${from + 999} group by 1`;
      for (const { batch, count, ids } of await ask(address, sql)) {
        expect(ids).toBe(count);
        found.set(batch as number, count as number);
      }
    }
    return found;
  };

  test('loses none of what was acknowledged, and has nothing twice', async () => {
    const all = Array.from({ length: batches }, (_, batch) => batch);
    const first = await start();
    await expect
      .poll(async () => (await first.status()).services.analytics?.status, { timeout: 20_000 })
      .toBe('healthy');
    const acknowledged = new Set<number>();
    let killed: Promise<void> | undefined;
    await send(first, all, (batch) => {
      acknowledged.add(batch);
      if (acknowledged.size >= batches / 2) killed ??= first.kill('SIGKILL');
    }).then(
      () => undefined,
      () => undefined,
    );
    await killed;
    expect(killed).toBeDefined();
    running.splice(0);

    const second = await start();
    await expect
      .poll(async () => (await second.status()).services.analytics?.status, { timeout: 20_000 })
      .toBe('healthy');
    const survived = await counts(second);
    for (const batch of acknowledged) expect(survived.get(batch)).toBe(size);
    for (const [, count] of survived) expect(count).toBe(size);

    // Who got no answer sends again; who did may do so as well.
    await send(
      second,
      [...all.filter((batch) => !acknowledged.has(batch)), ...[...acknowledged].slice(0, 5)],
      () => {},
    );
    const complete = await counts(second);
    expect(complete.size).toBe(batches);
    for (const [, count] of complete) expect(count).toBe(size);
  }, 1_200_000);
});
