import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Room } from '#kernel/lifecycle';
import { type Client, connectClient } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../../../../test/support/database.ts';
import { expireResponses, takeRequests } from '../../../sql/background/requests.ts';
import { workConnection } from '../../../sql/background/work-connection.ts';
import { startBackground } from '../../../testing/background-under-test.ts';
import { eventually } from '../../../testing/own-room.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

let db: TestDatabase;
let postgres: Client;
let background: Room<undefined>;
let base: string;
const seen: Seen[] = [];
let answer: (request: Seen, response: ServerResponse) => void;

const server = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    const { method = '', url = '', headers } = request;
    const one = { method, url, headers, body };
    seen.push(one);
    answer(one, response);
  });
});

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  db = await testDatabase();
  postgres = await connectClient(db.connection('postgres'));
  background = await startBackground(() => db.connection('supabase_admin'));
});
afterAll(async () => {
  await background.stop();
  await postgres.pg.end();
  await db.drop();
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  seen.length = 0;
  answer = (_request, response) => response.setHeader('content-type', 'application/json').end('{"ok":true}');
});

const query = async (sql: string, values: unknown[] = []) => (await postgres.pg.query(sql, values)).rows;
const queue = async (call: string, values: unknown[] = []): Promise<string> =>
  (await query(`select ${call} as id`, values))[0].id;
const response = (id: string) =>
  eventually(async () => (await query('select * from net._http_response where id = $1', [id]))[0]);

describe('requests', () => {
  it('GET with params and headers', async () => {
    const id = await queue(`net.http_get($1, '{"q": "a b&ü", "n": 1}', '{"X-One": "1"}')`, [`${base}/path`]);
    expect(await response(id)).toMatchObject({
      status_code: 200,
      content_type: 'application/json',
      headers: { 'content-type': 'application/json' },
      content: '{"ok":true}',
      timed_out: false,
      error_msg: null,
    });
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: 'GET', body: '' });
    const url = new URL(seen[0]?.url ?? '', base);
    expect(Object.fromEntries(url.searchParams)).toEqual({ q: 'a b&ü', n: '1' });
    expect(seen[0]?.url).toContain('q=a%20b%26%C3%BC');
    expect(seen[0]?.headers).toMatchObject({ 'x-one': '1', 'user-agent': 'pg_net/0.14.0' });
  });

  it('POST with a body', async () => {
    const id = await queue(`net.http_post($1, '{"a": [1, "é"]}', '{"x": "y"}')`, [`${base}/hook?given=1`]);
    await response(id);
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/hook?given=1&x=y' });
    expect(JSON.parse(seen[0]?.body ?? '')).toEqual({ a: [1, 'é'] });
    expect(seen[0]?.headers['content-type']).toBe('application/json');
  });

  it('DELETE, with and without a body', async () => {
    await response(await queue('net.http_delete($1)', [base]));
    await response(await queue(`net.http_delete($1, body => '{"gone": 1}')`, [`${base}/b`]));
    expect(seen.map(({ method, url, body }) => [method, url, body.replaceAll(' ', '')])).toEqual([
      ['DELETE', '/', ''],
      ['DELETE', '/b', '{"gone":1}'],
    ]);
  });

  it('follows redirects, and takes every status for an answer', async () => {
    answer = ({ url }, reply) =>
      url === '/from' ? reply.writeHead(302, { location: '/to' }).end() : reply.writeHead(503).end('down');
    expect(await response(await queue('net.http_get($1)', [`${base}/from`]))).toMatchObject({
      status_code: 503,
      content: 'down',
      content_type: null,
    });
    expect(seen.map(({ url }) => url)).toEqual(['/from', '/to']);
  });

  it('refuses a POST of another content type at once', async () => {
    await expect(
      query(`select net.http_post('http://x.example/', '{}', headers => '{"content-type": "text/plain"}')`),
    ).rejects.toMatchObject({ message: 'Content-Type header must be "application/json"' });
  });

  it('sends nothing of a transaction that is rolled back, and nothing before the commit', async () => {
    await query('begin');
    await queue('net.http_get($1)', [`${base}/rolled-back`]);
    await query('rollback');
    await query('begin');
    const id = await queue('net.http_get($1)', [`${base}/committed`]);
    expect(seen).toEqual([]);
    await query('commit');
    await response(id);
    expect(seen.map(({ url }) => url)).toEqual(['/committed']);
  });

  it('takes rows that were put into the queue by hand', async () => {
    const [{ id }] = await query(
      `insert into net.http_request_queue (method, url, timeout_milliseconds) values ('get', $1, 1000) returning id`,
      [`${base}/by-hand`],
    );
    expect(await response(id)).toMatchObject({ status_code: 200 });
  });
});

describe('what goes wrong', () => {
  it('a timeout', async () => {
    answer = () => {};
    const row = await response(await queue('net.http_get($1, timeout_milliseconds => 50)', [base]));
    expect(row).toMatchObject({ status_code: null, timed_out: true, content: null });
    expect(row.error_msg).toMatch(/^Timeout of 50 ms reached\. Total time: \d+\.\d+ ms$/);
  });

  it.each([
    ['nobody listens', 'http://127.0.0.1:1/', "Couldn't connect to server"],
    ['an address of the own network', 'http://10.0.0.1/', /not a public address/],
    ['the address of cloud credentials', 'http://169.254.169.254/latest', /not a public address/],
    ['another protocol', 'ftp://127.0.0.1/', 'not an http(s) URL'],
    ['a password in the URL', 'http://user:pass@127.0.0.1/', 'a URL with a user or password in it'],
  ])('%s', async (_what, url, message) => {
    expect(await response(await queue('net.http_get($1)', [url]))).toMatchObject({
      status_code: null,
      timed_out: false,
      error_msg: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  });

  it('a redirect into the own network', async () => {
    answer = (_request, reply) => reply.writeHead(302, { location: 'http://10.0.0.1/' }).end();
    expect((await response(await queue('net.http_get($1)', [base]))).error_msg).toMatch(/not a public address/);
  });

  it('a header that cannot be sent', async () => {
    const id = await queue(`net.http_get($1, headers => jsonb_build_object('X-A', E'se\\ncret'))`, [base]);
    const { error_msg } = await response(id);
    expect(error_msg).toMatch(/^URL or header refused/);
    expect(error_msg).not.toContain('cret');
  });

  it('an answer that text cannot hold as it is', async () => {
    answer = (_request, reply) => reply.end(Buffer.from([97, 0, 0xff, 98]));
    expect((await response(await queue('net.http_get($1)', [base]))).content).toBe('a��b');
  });
});

describe('collecting', () => {
  const collect = async (id: string, async = true) =>
    (await query('select status, message, (response).* from net._http_collect_response($1, $2)', [id, async]))[0];

  it('tells success, failure, and what is unknown', async () => {
    const good = await queue('net.http_get($1)', [base]);
    expect(await collect(good, false)).toMatchObject({ status: 'SUCCESS', message: 'ok', status_code: 200 });
    const bad = await queue('net.http_get($1)', ['http://10.0.0.1/']);
    expect(await collect(bad, false)).toMatchObject({ status: 'ERROR', status_code: null });
    expect(await collect('999999')).toMatchObject({
      status: 'ERROR',
      message: 'request matching request_id not found',
    });
    await query('begin');
    expect(await collect(await queue('net.http_get($1)', [base]))).toMatchObject({ status: 'PENDING' });
    await query('rollback');
  });

  it('says whether anybody takes requests, and begins anew on demand', async () => {
    await query('select net.wait_until_running()');
    await query('select net.check_worker_is_up()');
    // The server may keep a former one a little longer.
    const sessions = async () => {
      const rows = await db.query<{ pid: number }>(
        `select pid from pg_stat_activity where application_name = 'pmoves-supabase background' and datname = $1`,
        [db.name],
      );
      return rows.map(({ pid }) => pid);
    };
    const before = await sessions();
    expect(await query('select net.worker_restart() as done')).toEqual([{ done: true }]);
    await eventually(async () => (await sessions()).some((pid) => !before.includes(pid)), 25_000);
    expect(await response(await queue('net.http_get($1)', [base]))).toMatchObject({ status_code: 200 });
  });
});

it('loses no request and no answer by beginning anew', async () => {
  const ids: string[] = [];
  // However busy the machine is, none of them is given up.
  const ten = `select net.http_get($1 || '/' || n, timeout_milliseconds => 120000) as id from generate_series(1, 10) as n`;
  for (let round = 0; round < 5; round++) {
    for (const { id } of await query(ten, [`${base}/${round}/before`])) ids.push(id);
    await query('select net.worker_restart()');
    for (const { id } of await query(ten, [`${base}/${round}/after`])) ids.push(id);
  }
  const answered = () => query('select from net._http_response where id = any ($1) and status_code = 200', [ids]);
  await eventually(async () => (await answered()).length >= ids.length, 100_000);
  expect(seen).toHaveLength(ids.length);
  expect(new Set(seen.map(({ url }) => url)).size).toBe(ids.length);
}, 120_000);

it('removes answers after pg_net.ttl', async () => {
  const id = await queue('net.http_get($1)', [base]);
  await response(id);
  await query(`update net._http_response set created = now() - interval '7 hours' where id = $1`, [id]);
  const fresh = await queue('net.http_get($1)', [base]);
  await response(fresh);
  await query('select net.worker_restart()');
  await eventually(async () => (await query('select from net._http_response where id = $1', [id])).length === 0);
  expect(await query('select id from net._http_response where id = $1', [fresh])).toHaveLength(1);
});

it('two nodes share the queue: every request is sent once', async () => {
  const other = await startBackground(() => db.connection('supabase_admin'), { STACK_DB_NET_CONCURRENCY: '7' });
  try {
    await query(
      `select net.http_get($1 || '/' || n, timeout_milliseconds => 120000) from generate_series(1, 300) as n`,
      [base],
    );
    await eventually(async () => seen.length >= 300, 100_000);
    await eventually(
      async () =>
        (await query(`select count(*)::int as n from net._http_response where status_code = 200`))[0].n >= 300,
      100_000,
    );
    expect(new Set(seen.map(({ url }) => url)).size).toBe(300);
    expect(seen).toHaveLength(300);
  } finally {
    await other.stop();
  }
}, 240_000);

it('anonymous users may ask for requests, as far as they get to the schema', async () => {
  const before = seen.length;
  await query('begin; set local role anon');
  const id = await queue('net.http_get($1)', [`${base}/anon`]);
  await query('commit');
  expect(await response(id)).toMatchObject({ status_code: 200 });
  expect(seen).toHaveLength(before + 1);
});

describe('what the original promises of its objects', () => {
  const headers = `'{"Content-Type": "application/json"}'::jsonb`;
  it.each([
    [
      'http_get',
      `url text, params jsonb DEFAULT '{}'::jsonb, headers jsonb DEFAULT '{}'::jsonb, timeout_milliseconds integer DEFAULT 5000`,
      'bigint',
    ],
    [
      'http_post',
      `url text, body jsonb DEFAULT '{}'::jsonb, params jsonb DEFAULT '{}'::jsonb, headers jsonb DEFAULT ${headers}, timeout_milliseconds integer DEFAULT 5000`,
      'bigint',
    ],
    [
      'http_delete',
      `url text, params jsonb DEFAULT '{}'::jsonb, headers jsonb DEFAULT '{}'::jsonb, timeout_milliseconds integer DEFAULT 5000, body jsonb DEFAULT NULL::jsonb`,
      'bigint',
    ],
    ['_http_collect_response', 'request_id bigint, async boolean DEFAULT true', 'net.http_response_result'],
    ['http_collect_response', 'request_id bigint, async boolean DEFAULT true', 'net.http_response_result'],
    ['worker_restart', '', 'boolean'],
    ['check_worker_is_up', '', 'void'],
    ['wait_until_running', '', 'void'],
  ])('net.%s', async (name, args, result) => {
    expect(
      await query(
        `select pg_get_function_arguments(oid) as args, pg_get_function_result(oid) as result
         from pg_proc where pronamespace = 'net'::regnamespace and proname = $1`,
        [name],
      ),
    ).toEqual([{ args, result }]);
  });

  it.each([
    [
      'http_request_queue',
      'id bigint, method net.http_method, url text, headers jsonb, body bytea, timeout_milliseconds integer',
    ],
    [
      '_http_response',
      'id bigint, status_code integer, content_type text, headers jsonb, content text, timed_out boolean, error_msg text, created timestamp with time zone',
    ],
  ])('net.%s, which no crash keeps', async (name, columns) => {
    expect(
      await query(
        `select relpersistence as persistence,
           (select string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' order by attnum)
            from pg_attribute where attrelid = pg_class.oid and attnum > 0) as columns
         from pg_class where oid = to_regclass('net.' || $1)`,
        [name],
      ),
    ).toEqual([{ persistence: 'u', columns }]);
  });

  it('pg_net.batch_size and pg_net.ttl', async () => {
    const client = await connectClient(db.connection('supabase_admin'));
    const connection = workConnection(client);
    await connection.query('begin');
    await connection.query(`select net.http_get('http://x.example/') from generate_series(1, 5)`);
    await connection.query(`insert into net._http_response (id, created) values (-1, now() - interval '2 minutes')`);
    await connection.query(`set local pg_net.batch_size = '2'`);
    expect(await takeRequests(connection, 10)).toHaveLength(2);
    const kept = () => connection.query('select from net._http_response where id = -1');
    await expireResponses(connection);
    expect(await kept()).toHaveLength(1);
    await connection.query(`set local pg_net.ttl = '1 minute'`);
    await expireResponses(connection);
    expect(await kept()).toHaveLength(0);
    await connection.query('rollback');
    await client.pg.end();
  });

  it('the older name of collecting says that it is', async () => {
    const id = await queue('net.http_get($1)', [base]);
    await response(id);
    const notices: unknown[] = [];
    postgres.pg.once('notice', ({ message }) => notices.push(message));
    expect(await query('select status from net.http_collect_response($1)', [id])).toEqual([{ status: 'SUCCESS' }]);
    expect(notices).toEqual([expect.stringContaining('deprecated')]);
  });
});

describe('webhooks', () => {
  beforeAll(() => query('create table public.orders (id int primary key, note text)'));
  afterAll(() => query('drop table public.orders'));

  const hook = (name: string, ...args: string[]) =>
    query(`create trigger ${name} after insert or update or delete on public.orders for each row
      execute function supabase_functions.http_request(${args.map((arg) => `'${arg}'`).join(', ')})`);
  const bodies = () => seen.map(({ body }) => JSON.parse(body));

  it('POST the row as it was and as it is, and are logged', async () => {
    await hook(
      'all_changes',
      `${base}/hook`,
      'POST',
      '{"Content-Type":"application/json","X-Key":"k"}',
      '{"a":"b"}',
      '1000',
    );
    await query(`insert into public.orders values (1, 'new')`);
    await query(`update public.orders set note = null`);
    await query('delete from public.orders');
    await eventually(() => seen.length >= 3);
    const about = { schema: 'public', table: 'orders' };
    expect(bodies()).toEqual(
      expect.arrayContaining([
        { ...about, type: 'INSERT', record: { id: 1, note: 'new' }, old_record: null },
        { ...about, type: 'UPDATE', record: { id: 1, note: null }, old_record: { id: 1, note: 'new' } },
        { ...about, type: 'DELETE', record: null, old_record: { id: 1, note: null } },
      ]),
    );
    expect(seen[0]).toMatchObject({ method: 'POST', url: '/hook?a=b' });
    expect(seen[0]?.headers).toMatchObject({ 'x-key': 'k', 'content-type': 'application/json' });
    const logged = await query(
      `select hook_name, request_id from supabase_functions.hooks where hook_table_id = 'public.orders'::regclass`,
    );
    expect(logged).toHaveLength(3);
    for (const row of logged) {
      expect(row.hook_name).toBe('all_changes');
      expect(await response(row.request_id)).toMatchObject({ status_code: 200 });
    }
    await query('drop trigger all_changes on public.orders');
  });

  it('fire for rows of users who may not see the queue, with GET, and with defaults for what is "null"', async () => {
    await query('alter table public.orders enable row level security');
    await query('create policy everybody on public.orders for all using (true) with check (true)');
    await hook('with_get', `${base}/get`, 'GET', 'null', '{"via":"hook"}', 'null');
    await query('begin; set local role anon');
    await query('insert into public.orders values (2)');
    await query('commit');
    await eventually(() => seen.length >= 1);
    expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /get?via=hook']);
    await query('drop trigger with_get on public.orders');
  });

  it.each([
    ['no URL', ['null', 'POST'], 'url argument is missing'],
    ['no method', ['http://x.example/', 'null'], 'method argument is missing'],
    ['another method', ['http://x.example/', 'PATCH'], 'method argument PATCH is invalid'],
  ])('%s fails the statement', async (_what, args, message) => {
    await hook('wrong', ...args);
    await expect(query('insert into public.orders values (3)')).rejects.toMatchObject({ message });
    await query('drop trigger wrong on public.orders');
  });
});

it('leaves the original’s queue to the original', async () => {
  const other = await testDatabase();
  try {
    // Its tables have the same names; its functions are others.
    await other.query(`drop extension pg_net cascade; create schema if not exists net;
      create table net.http_request_queue (id bigserial, method text, url text, headers jsonb, body bytea, timeout_milliseconds int);
      create table net._http_response (id bigint, created timestamptz);
      insert into net.http_request_queue (method, url) values ('GET', 'http://x.example/');
      insert into net._http_response values (1, now() - interval '1 year')`);
    const client = await connectClient(other.connection('supabase_admin'));
    const connection = workConnection(client);
    expect(await takeRequests(connection, 10)).toEqual([]);
    expect(await expireResponses(connection)).toBeUndefined();
    const [left] = await connection.query(
      'select (select count(*)::int from net.http_request_queue) as requests, (select count(*)::int from net._http_response) as responses',
    );
    expect(left).toEqual({ requests: 1, responses: 1 });
    await client.pg.end();
  } finally {
    await other.drop();
  }
});
