import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { countsQuery } from './core/query/counts.ts';
import { statementFor } from './core/query/run-query.ts';
import { type AnalyticsUnderTest, startAnalytics, tokens } from './testing/analytics-under-test.ts';

let own: TestDatabase;
let analytics: AnalyticsUnderTest;
beforeAll(async () => {
  own = await testDatabase();
  analytics = await startAnalytics(own.connection('supabase_admin'), {
    ANALYTICS_QUERY_TIMEOUT: '2s',
    ANALYTICS_TAILS: '1',
  });
});
afterAll(async () => {
  await analytics.stop();
  await own.drop();
});
beforeEach(() => own.query('truncate _analytics.log_events'));

const edge = 'cloudflare.logs.prod';
const now = Date.now() * 1_000;
let number = 0;
const idOf = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

function request(status: number | string, path = '/rest/v1/todos', at = now): Record<string, unknown> {
  return {
    id: idOf(++number),
    timestamp: at,
    event_message: `GET ${path} ${status}`,
    metadata: { request: { method: 'GET', path, headers: { user_agent: 'test' } }, response: { status_code: status } },
  };
}

const from =
  'from edge_logs cross join unnest(metadata) as m cross join unnest(m.request) as request cross join unnest(m.response) as response';

describe('events', () => {
  it('are there when they are acknowledged, in the shape that the explorer expects', async () => {
    const event = request(200);
    expect(await analytics.ingest(edge, [event])).toEqual({ status: 200, body: { message: 'Logged!' } });
    const { result } = await analytics.query(
      `select id, timestamp, event_message, metadata from edge_logs where id = '${event.id}' limit 1`,
    );
    expect(result).toEqual([
      {
        id: event.id,
        timestamp: now,
        event_message: 'GET /rest/v1/todos 200',
        metadata: [
          {
            request: [{ method: 'GET', path: '/rest/v1/todos', headers: [{ user_agent: 'test' }] }],
            response: [{ status_code: 200 }],
          },
        ],
      },
    ]);
  });

  it('sent again are still one, whatever they are sent with', async () => {
    const [a, b, c] = [request(200), request(200), request(200)];
    await analytics.ingest(edge, [a, b]);
    await analytics.ingest(edge, [b, c]);
    await analytics.ingest(edge, [a, a, a]);
    // Without a moment of its own, each time is another.
    const untimed = { id: 'order-1', event_message: 'untimed' };
    await analytics.ingest(edge, untimed);
    await analytics.ingest(edge, untimed);
    const { result } = await analytics.query('select count(*) as count from edge_logs');
    expect(result).toEqual([{ count: 4 }]);
  });

  it('of any content are kept, and one that cannot be does not take others with it', async () => {
    const odd = [
      { event_message: 'null \0 character', metadata: { a: 'x\0y', 'k\0': '\ud800' } },
      { event_message: 'back\\slash \\N \t', metadata: { quote: `'"`, big: 1e300, deep: { a: [{ b: null }] } } },
      { message: '' },
      { timestamp: '2100-01-01T00:00:00Z', event_message: 'future' },
      { timestamp: '2005-01-01T00:00:00Z', event_message: 'long ago' },
    ];
    expect(await analytics.ingest('odd.stream', odd)).toMatchObject({ status: 200 });
    const { result } = await analytics.query('select event_message as m from `odd.stream` order by 1');
    expect(result.map(({ m }) => m)).toEqual(['', 'back\\slash \\N \t', 'future', 'null  character']);
    // A number that jsonb cannot hold, past the checks of the way in.
    const record = (metadata: string) => ({ id: idOf(++number), source: edge, at: now, message: 'm', metadata });
    const stored = [record('{"ok":1}'), record('{"n":1e999999}'), record('{"ok":2}')];
    await expect(analytics.room.api.store(stored)).rejects.toMatchObject({ code: 'refused' });
    const count = await analytics.query(`select count(*) as count from edge_logs where event_message = 'm'`);
    expect(count.result).toEqual([{ count: 2 }]);
  });

  it('come from many at once and to several nodes', async () => {
    const second = await startAnalytics(own.connection('supabase_admin'), { ANALYTICS_QUERY_TIMEOUT: '2s' });
    try {
      const span = 24 * 3_600_000_000;
      const batches = Array.from({ length: 20 }, (_, index) => [
        request(200, '/many', now - (index % 5) * span),
        request(201, '/many', now - 1),
      ]);
      const answers = await Promise.all(
        batches.map((batch, index) => (index % 2 ? second : analytics).ingest(edge, batch)),
      );
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      await Promise.all(batches.map((batch) => second.ingest(edge, batch)));
    } finally {
      await second.stop();
    }
    const { result } = await analytics.query(
      `select count(*) as count, count(distinct id) as ids ${from} where request.path = '/many'`,
    );
    expect(result).toEqual([{ count: 40, ids: 40 }]);
  });

  it('are taken packed, as lines and in batches', async () => {
    const post = (body: string | Buffer, headers: Record<string, string> = {}, path = '/logs') =>
      fetch(`${analytics.url}${path}?source_name=${edge}&api_key=${tokens.public}`, {
        method: 'POST',
        headers,
        body: new Uint8Array(Buffer.from(body)),
      });
    expect(
      (await post(gzipSync(JSON.stringify({ batch: [request(1), request(2)] })), { 'content-encoding': 'gzip' }))
        .status,
    ).toBe(200);
    expect((await post(`${JSON.stringify(request(3))}\n${JSON.stringify(request(4))}`, {}, '/api/events')).status).toBe(
      200,
    );
    expect((await analytics.query('select count(*) as c from edge_logs')).result).toEqual([{ c: 4 }]);
    const rejected = await post(JSON.stringify([{}, 7]));
    expect(rejected.status).toBe(406);
    expect(await rejected.json()).toEqual({ message: ['event 1: must be an object'] });
    expect((await post('no json')).status).toBe(400);
    expect((await post('{}', { 'content-encoding': 'br' })).status).toBe(415);
  });
});

describe('queries', () => {
  it('of the explorer and its charts', async () => {
    await analytics.ingest(edge, [
      request(200),
      request(404, '/auth/v1/user'),
      request(500, '/storage/v1/x'),
      request('odd'),
    ]);
    const rows = await analytics.query(
      `select id, edge_logs.timestamp, event_message, request.method, request.path, response.status_code ${from} where response.status_code >= 400 and regexp_contains(request.path, r'^/auth') order by timestamp desc limit 100`,
    );
    expect(rows).toMatchObject({
      status: 200,
      result: [{ method: 'GET', path: '/auth/v1/user', status_code: 404, timestamp: now }],
    });
    const chart = await analytics.query(
      `-- chart
select timestamp_trunc(t.timestamp, hour) as timestamp,
  count(CASE WHEN response.status_code < 400 THEN 1 END) as ok_count,
  countif(response.status_code >= 500) as error_count,
FROM edge_logs t cross join unnest(metadata) as m cross join unnest(m.response) as response
WHERE t.timestamp > timestamp_sub(current_timestamp(), interval 2 day)
GROUP BY timestamp ORDER BY timestamp ASC`,
    );
    expect(chart).toMatchObject({ status: 200, result: [{ ok_count: 1, error_count: 1 }] });
    expect((chart.result[0]?.timestamp as number) % 3_600_000_000).toBe(0);
    const groups = await analytics.query(
      `select request.path as path, count(*) as c ${from} group by request.path order by c desc, path limit 2`,
    );
    expect(groups.result).toHaveLength(2);
    const plain = await analytics.query(
      `select metadata #>> '{request,path}' as p from edge_logs where event_message like '%404%'`,
    );
    expect(plain.result).toEqual([{ p: '/auth/v1/user' }]);
    const union = await analytics.query(
      `with a as (select id from edge_logs), b as (select id from auth_logs) select count(*) as c from (select * from a union all select * from b) as t`,
    );
    expect(union.result).toEqual([{ c: 4 }]);
  });

  it.each([
    ['approx_quantiles(response.status_code, 100)[offset(50)]', 300],
    ['avg(response.status_code)', 300],
    ['safe_cast(max(response.status_code) as int64)', 400],
    ['timestamp_diff(max(edge_logs.timestamp), min(edge_logs.timestamp), minute)', 1],
    ['ifnull(max(request.nothing_there), 7)', 7],
  ])('have the functions of reports: %s', async (expression, expected) => {
    await analytics.ingest(edge, [request(200), request(400, '/x', now - 60_000_000)]);
    expect(await analytics.query(`select ${expression} as value ${from}`)).toEqual({
      status: 200,
      result: [{ value: expected }],
      error: undefined,
    });
  });

  it('keep to the span of time that is given, and to the partitions of it', async () => {
    const day = 24 * 3_600_000_000;
    await analytics.ingest(edge, [request(200, '/new'), request(200, '/old', now - 3 * day)]);
    const span = {
      iso_timestamp_start: new Date((now - day) / 1_000).toISOString(),
      iso_timestamp_end: new Date(now / 1_000 + 1_000).toISOString(),
    };
    const { result } = await analytics.query(`select request.path ${from}`, span);
    expect(result).toEqual([{ path: '/new' }]);
    const { text, values } = statementFor(
      { sql: `select id ${from}`, from: span.iso_timestamp_start, to: span.iso_timestamp_end },
      { schema: '_analytics', maxRows: 10 },
      false,
    );
    const plan = (await own.query<{ 'QUERY PLAN': string }>(`explain ${text}`, values))
      .map((row) => row['QUERY PLAN'])
      .join('\n');
    const [{ count } = { count: '' }] = await own.query<{ count: string }>(
      `select count(*) from pg_inherits where inhparent = '_analytics.log_events'::regclass`,
    );
    expect(new Set(plan.match(/log_events_\d+_\d+(?= )/g)).size).toBeLessThan(Number(count));
  });

  it('have as many rows as are allowed, and no more time', async () => {
    await analytics.ingest(
      edge,
      Array.from({ length: 1_100 }, () => request(200)),
    );
    expect((await analytics.query('select id from edge_logs')).result).toHaveLength(1_000);
    const slow = await analytics.query('select pg_sleep(30)');
    expect(slow).toMatchObject({ status: 400, error: expect.stringContaining('statement timeout') });
    const raised = await analytics.query(`select set_config('statement_timeout', '0', false), pg_sleep(30)`);
    expect(raised.status).toBe(400);
  });

  it('see nothing but the views, and change nothing', async () => {
    await own.query('create table if not exists public.secrets (v text)');
    for (const sql of [
      'select * from public.secrets',
      'select * from _analytics.log_events',
      'select * from _analytics.sources',
      'select * from pg_authid',
      `select pg_read_file('/etc/passwd')`,
      `select set_config('role', 'supabase_admin', true), query_to_xml('select * from pg_authid', true, true, '')`,
      `select set_config('session_authorization', 'supabase_admin', true)`,
      'with x as (insert into edge_logs (id) values (null) returning 1) select * from x',
      'select lo_create(0)',
    ])
      expect(await analytics.query(sql), sql).toMatchObject({ status: 400, result: [] });
    for (const sql of ['delete from edge_logs', 'select 1; select 2', 'drop view _analytics.edge_logs'])
      expect((await analytics.query(sql)).status, sql).toBe(400);
    expect((await analytics.query('select 1 as still')).result).toEqual([{ still: 1 }]);
  });

  it('find the tables of pages that have no logs here empty', async () => {
    for (const table of [
      'pg_upgrade_logs',
      'etl_replication_logs',
      'multigres_logs',
      'supavisor_logs',
      'function_logs',
    ])
      expect((await analytics.query(`select id, timestamp, event_message from ${table}`)).result).toEqual([]);
  });

  it('count requests to each service over time', async () => {
    await analytics.ingest(edge, [
      request(200, '/rest/v1/a'),
      request(200, '/rest/v1/b'),
      request(200, '/auth/v1/token'),
    ]);
    const response = await fetch(
      `${analytics.url}/api/endpoints/query/usage.api-counts?project=default&interval=daily`,
      { headers: { authorization: `Bearer ${tokens.private}` } },
    );
    const { result } = (await response.json()) as { result: object[] };
    expect(result).toMatchObject([
      { total_rest_requests: 2, total_auth_requests: 1, total_storage_requests: 0, total_realtime_requests: 0 },
    ]);
    expect(countsQuery('minutely')).toContain("date_trunc('minute'");
    expect(
      (
        await fetch(`${analytics.url}/api/endpoints/query/usage.api-counts?interval=yearly`, {
          headers: { 'x-api-key': tokens.private },
        })
      ).status,
    ).toBe(400);
  });
});

describe('access', () => {
  it.each([
    ['GET', '/api/endpoints/query/logs.all', '', 401],
    ['GET', '/api/endpoints/query/logs.all', 'wrong', 401],
    ['GET', '/api/endpoints/query/logs.all', tokens.public, 200],
    ['GET', '/api/endpoints/query/nothing', tokens.public, 404],
    ['POST', '/api/logs?source_name=x', '', 401],
    ['GET', '/api/sources', tokens.public, 401],
    ['GET', '/api/sources', tokens.private, 200],
    ['GET', '/api/query?sql=select%201', tokens.public, 401],
    ['GET', '/api/query?sql=select%201', tokens.private, 200],
    ['DELETE', '/api/sources', tokens.private, 405],
    ['GET', '/nowhere', tokens.private, 404],
    ['GET', '/health', '', 200],
    ['HEAD', '/health', '', 200],
    ['HEAD', '/api/sources', tokens.private, 200],
    ['HEAD', '/api/logs/tail', tokens.public, 405],
    ['POST', '/api/logs/elixir/logger?source_name=x', '', 401],
    ['POST', '/api/logs/syslogs?source_name=x', tokens.public, 404],
  ])('%s %s with key %j is %i', async (method, path, key, status) => {
    const response = await fetch(analytics.url + path, { method, headers: key === '' ? {} : { 'x-api-key': key } });
    expect(response.status).toBe(status);
    if (status === 401 && method !== 'HEAD') expect(await response.json()).toEqual({ error: 'Unauthorized' });
    else await response.arrayBuffer();
  });
});

it('events can be followed live', async () => {
  const abort = new AbortController();
  const response = await fetch(
    `${analytics.url}/api/logs/tail?source_name=${edge}&contains=wanted&api_key=${tokens.public}`,
    { signal: abort.signal },
  );
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const read = async () => Buffer.from((await reader.read()).value ?? []).toString('utf8');
  expect(await read()).toBe(': following\n\n');
  const second = await fetch(`${analytics.url}/api/logs/tail`, { headers: { 'x-api-key': tokens.public } });
  expect(second.status).toBe(429);
  await analytics.ingest(edge, [request(200, '/other'), request(200, '/wanted')]);
  await analytics.ingest('gotrue.logs.prod', [request(200, '/wanted')]);
  expect(JSON.parse(/data: (.*)/.exec(await read())?.[1] ?? '')).toMatchObject({
    source: edge,
    metadata: { request: { path: '/wanted' } },
  });
  const tails = async () => (await analytics.room.health()).detail?.tails;
  expect(await tails()).toBe(1);
  abort.abort();
  await reader.closed.catch(() => {});
  await expect.poll(tails).toBe(0);
});

it('who follows too slowly is told how much was left out, and holds nothing up', async () => {
  const asked = httpRequest(`${analytics.url}/api/logs/tail?contains=bulky&api_key=${tokens.public}`).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.pause();
  const bulky = (text: string) => ({ event_message: `bulky ${text}`, metadata: { filling: 'x'.repeat(900_000) } });
  // More than the buffers of the system take.
  for (let round = 0; round < 3; round++) {
    const { status } = await analytics.ingest(
      'my.app',
      Array.from({ length: 10 }, (_, at) => bulky(`${round}.${at}`)),
    );
    expect(status).toBe(200);
  }
  let received = 0;
  let end = '';
  let skipped = 0;
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    received += chunk.length;
    end = (end + chunk).slice(-100_000);
    skipped ||= Number(/event: skipped\ndata: \{"events":(\d+)\}/.exec(end)?.[1] ?? 0);
  });
  answer.resume();
  // What waited comes first; the next event tells how many did not.
  const next = async (): Promise<number> => {
    await analytics.ingest('my.app', { event_message: 'bulky last' });
    return skipped;
  };
  await expect.poll(next, { timeout: 20_000, interval: 100 }).toBeGreaterThan(0);
  expect(skipped).toBeLessThanOrEqual(30);
  expect(received).toBeLessThan(27_000_000);
  asked.destroy();
});

it('sources are made by name and found by token', async () => {
  const headers = { 'x-api-key': tokens.private };
  const made = await fetch(`${analytics.url}/api/sources`, { method: 'POST', headers, body: '{"name":"my.app"}' });
  const { token } = (await made.json()) as { token: string };
  for (const [body, problem] of [
    ['{}', "can't be blank"],
    [JSON.stringify({ name: 'x'.repeat(201) }), 'must have 1 to 200 characters'],
  ] as const) {
    const refused = await fetch(`${analytics.url}/api/sources`, { method: 'POST', headers, body });
    expect([refused.status, await refused.json()]).toEqual([422, { errors: { name: [problem] } }]);
  }
  const posted = await fetch(`${analytics.url}/api/logs?source=${token}`, {
    method: 'POST',
    headers,
    body: '{"event_message":"hello","metadata":{"a":{"b":1}}}',
  });
  expect(posted.status).toBe(200);
  const { result } = await analytics.query('select event_message, metadata from `my.app`');
  expect(result).toEqual([{ event_message: 'hello', metadata: [{ a: [{ b: 1 }] }] }]);
  expect(
    (await fetch(`${analytics.url}/api/logs?source=${idOf(1)}`, { method: 'POST', headers, body: '{}' })).status,
  ).toBe(404);
});

it('what is too old or too much goes, a partition at a time', async () => {
  const sweeping = await startAnalytics(own.connection('supabase_admin'), {
    ANALYTICS_QUERY_TIMEOUT: '2s',
    ANALYTICS_SWEEP_INTERVAL: '100ms',
    ANALYTICS_MAX_SIZE: '1MB',
    ANALYTICS_PARTITION: '60m',
  });
  try {
    const big = (hours: number) => ({
      ...request(200, '/big', now - hours * 3_600_000_000),
      event_message: Array.from({ length: 300 }, Math.random).join(),
    });
    for (const hours of [5, 3, 1])
      await sweeping.ingest(
        edge,
        Array.from({ length: 70 }, () => big(hours)),
      );
    await expect
      .poll(
        async () =>
          (await sweeping.query(`select distinct date_trunc('hour', timestamp) as t from edge_logs`)).result.length,
        { timeout: 10_000 },
      )
      .toBeLessThan(3);
    const { result } = await sweeping.query('select max(timestamp) as t from edge_logs');
    expect(result[0]?.t).toBe(now - 3_600_000_000);
  } finally {
    await sweeping.stop();
  }
});
