import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RestFixture, restFixture } from '../testing/rest-database.ts';
import type { SendOptions } from '../testing/rest-server.ts';

let fixture: RestFixture;
beforeAll(async () => {
  fixture = await restFixture({ PGRST_DB_AGGREGATES_ENABLED: 'true', PGRST_DB_PLAN_ENABLED: 'true' });
});
afterAll(() => fixture?.stop());

const get = (path: string, options: SendOptions = {}) =>
  fixture.rest.send('GET', path, { role: 'authenticated', ...options });
const rows = async (path: string, options: SendOptions = {}): Promise<unknown> => (await get(path, options)).json();

describe('rows', () => {
  test('come as the server writes them, byte for byte', async () => {
    const reply = await get('/clients?select=id,name,address&order=id');
    expect(reply.body).toBe(
      '[{"id":1,"name":"Microsoft","address":"Redmond"}, \n {"id":2,"name":"Apple","address":null}]',
    );
    expect(reply.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': '91',
      'content-range': '0-1/*',
      'content-location': '/clients?order=id&select=id%2Cname%2Caddress',
      'content-profile': 'test',
      server: expect.stringMatching(/^postgrest\/14\./),
    });
    expect((await get('/clients?select=id,projects(id,name)&id=eq.1&projects.order=id')).body).toBe(
      '[{"id":1,"projects":[{"id": 1, "name": "Windows 7"}, {"id": 2, "name": "Windows 10"}]}]',
    );
  });

  test('HEAD has the headers and no length', async () => {
    const reply = await fixture.rest.send('HEAD', '/clients', { role: 'anon', headers: { prefer: 'count=exact' } });
    expect(reply.status).toBe(200);
    expect(reply.headers).toMatchObject({
      'content-range': '0-1/2',
      'content-type': 'application/json; charset=utf-8',
    });
    expect(reply.headers).not.toHaveProperty('content-length');
    expect(reply.body).toBe('');
  });

  test.each([
    [
      '/items?select=x:data->>a::int,data->b->>c,data->list->-1,n:data->>%22k%20e%20y%22&id=eq.1',
      [{ x: 1, c: 'x', list: 30, n: 'blank' }],
    ],
    ['/items?select=tags->1,point,doc->>z&id=eq.1', [{ tags: 'green,blue', point: '[1,5)', z: '1' }]],
    ['/items?select=id,always_true&limit=1', [{ id: 1, always_true: true }]],
    ['/clients?select=full_name&full_name=eq.Apple!', [{ full_name: 'Apple!' }]],
    ['/clients?select=name::text,upper:name&id=eq.2', [{ name: 'Apple', upper: 'Apple' }]],
    [
      '/Odd%20names?select=%22with%20%5C%22quote%5C%22%22,s%C3%A9lect,a-b&%22do.t%22=eq.d&a-b=gt.1',
      [{ 'with "quote"': 'q', sélect: 'é', 'a-b': 3 }],
    ],
    [
      '/measures?select=id,value&order=id',
      [
        { id: 1, value: 10 },
        { id: 2, value: 20 },
      ],
    ],
    [
      '/projects?select=client_id,budget.sum(),n:count()&client_id=not.is.null&order=client_id',
      [
        { client_id: 1, sum: 100.5, n: 2 },
        { client_id: 2, sum: 7, n: 2 },
      ],
    ],
    ['/paints?select=label_color&label_color=eq.%230000FF', [{ label_color: '#0000FF' }]],
    [
      '/paints?select=label_color,count()&order=label_color.desc',
      [
        { label_color: '#0000FF', count: 1 },
        { label_color: '#000000', count: 1 },
      ],
    ],
    ['/paints?label_color=in.(%23000000)', [{ id: 1, label_color: '#000000', name: 'black' }]],
  ])('%s', async (path, expected) => {
    expect(await rows(path)).toEqual(expected);
  });
});

describe('filters', () => {
  const ids = async (query: string) =>
    ((await rows(`/${query}&select=id&order=id`)) as { id: number }[]).map(({ id }) => id);
  test.each([
    ['projects?id=eq.3', [3]],
    ['projects?id=neq.3&id=lt.5', [1, 2, 4]],
    ['projects?id=not.gte.3', [1, 2]],
    ['projects?name=like.Windows*', [1, 2]],
    ['projects?name=ilike.*O*', [1, 2, 3, 4, 5]],
    ['projects?name=like(any).{IOS,OS*}', [3, 4]],
    ['projects?name=ilike(all).{*windows*,*7}', [1]],
    ['projects?name=match.^O', [4, 5]],
    ['projects?name=imatch.^ios$', [3]],
    ['projects?id=in.(1,3,99)', [1, 3]],
    ['projects?name=in.("Windows 7",IOS)', [1, 3]],
    ['projects?id=in.()', []],
    ['projects?name=in.("")', []],
    ['projects?id=not.in.()', [1, 2, 3, 4, 5]],
    ['projects?client_id=is.null', [5]],
    ['projects?client_id=not.is.null&id=lt.3', [1, 2]],
    ['projects?budget=is.not_null', [1, 3, 4, 5]],
    ['projects?client_id=isdistinct.1', [3, 4, 5]],
    ['projects?id=eq(any).{1,2}', [1, 2]],
    ['tasks?done=is.true', [1, 3]],
    ['tasks?done=is.unknown', [7]],
    ['items?tags=cs.{green}', [2]],
    ['items?tags=cs.{"green,blue"}', [1]],
    ['items?tags=cd.{red,green}', [2, 3]],
    ['items?tags=ov.{red,green}', [1, 2]],
    ['items?data=cs.{"a":1}', [1]],
    ['items?point=sl.[10,11)', [1]],
    ['items?point=sr.[0,6)', [2]],
    ['items?point=nxr.[1,12)', [1]],
    ['items?point=nxl.[5,6)', [2]],
    ['items?point=adj.[5,10)', [1, 2]],
    ['items?search=fts(english).foxes', [1]],
    ['items?body=plfts(english).lazy dog', [2]],
    ['items?body=phfts(english).quick brown', [1]],
    ['items?body=wfts(english).fox or dogs', [1, 2]],
    ['items?data->>a=gt.1', [2]],
    ['items?data->a=eq.1', [1]],
    ['items?data->list->>0=eq.10', [1]],
    ['items?tags->>0=eq.red', [1]],
    ['projects?or=(id.eq.1,and(name.like.O*,client_id.is.null))', [1, 5]],
    ['projects?not.or=(id.lt.4,client_id.is.null)', [4]],
    ['projects?and=(id.gt.1,not.and(id.gt.2,id.lt.5))', [2, 5]],
    ['projects?or=(name.in.("Windows 7",IOS),name.eq."OSX")', [1, 3, 4]],
    ['projects?id=gt.1;id=lt.4', [2, 3]],
  ])('%s', async (query, expected) => {
    expect(await ids(query.replaceAll(' ', '%20'))).toEqual(expected);
  });

  test('values are compared by the type of the column, whatever is in them', async () => {
    for (const value of ["'; drop table clients; --", '\\', '"', '$1', '%', 'a\nb', '🙂'])
      expect(await rows(`/clients?name=eq.${encodeURIComponent(value)}`)).toEqual([]);
    expect((await get('/clients?id=eq.x')).json()).toMatchObject({ code: '22P02' });
    expect((await get('/clients?id=ilike.1')).status).toBe(404);
    expect((await get('/clients?name=eq.%00')).status).toBe(400);
  });
});

describe('order and pages', () => {
  test.each([
    ['projects?select=id&order=client_id.desc.nullslast,id.desc', [4, 3, 2, 1, 5]],
    ['projects?select=id&order=budget.nullsfirst&limit=1', [2]],
    ['items?select=id&order=data->a.desc.nullslast', [2, 1, 3]],
    ['clients?select=id&order=full_name', [2, 1]],
    ['projects?select=id&order=id&limit=2&offset=2', [3, 4]],
  ])('%s', async (query, expected) => {
    const result = (await rows(`/${query}`)) as { id: number }[];
    expect(result.map(({ id }) => id)).toEqual(expected);
  });

  test.each<[string, Record<string, string>, number, string]>([
    ['/projects?select=id', { range: '0-1' }, 200, '0-1/*'],
    ['/projects?select=id', { range: '3-' }, 200, '3-4/*'],
    ['/projects?select=id&limit=2', { prefer: 'count=exact' }, 206, '0-1/5'],
    ['/projects?select=id', { prefer: 'count=exact' }, 200, '0-4/5'],
    ['/projects?select=id&limit=0', {}, 200, '*/*'],
    ['/projects?select=id&id=gt.99', { prefer: 'count=exact' }, 200, '*/0'],
    ['/projects?select=id&offset=9', { prefer: 'count=exact' }, 416, '*/5'],
    ['/projects?select=id&offset=9', {}, 200, '*/*'],
    ['/projects?select=id,clients!inner(id)&clients.id=eq.1', { prefer: 'count=exact' }, 200, '0-1/2'],
    ['/clients?select=id,projects!inner(id)&projects.name=eq.IOS', { prefer: 'count=exact' }, 200, '0-0/1'],
    ['/projects?select=id&id=eq.1', { prefer: 'count=planned' }, 200, '0-0/1'],
  ])('%s %j', async (path, headers, status, range) => {
    const reply = await get(path, { headers });
    expect([reply.status, reply.headers['content-range']]).toEqual([status, range]);
  });

  test('an estimate counts as far as answers go, and asks the planner beyond', async () => {
    const small = await get('/projects?select=id', { headers: { prefer: 'count=estimated' } });
    expect(small.headers['content-range']).toBe('0-4/5');
    const bounded = await restFixture({ PGRST_DB_MAX_ROWS: '2' });
    try {
      const reply = await bounded.rest.send('GET', '/projects?select=id', { headers: { prefer: 'count=estimated' } });
      const [, range, total] = /^(.*)\/(\d+)$/.exec(reply.headers['content-range'] ?? '') ?? [];
      expect(range).toBe('0-1');
      expect(Number(total)).toBeGreaterThanOrEqual(3);
      const embedded = await bounded.rest.send('GET', '/projects?select=id,tasks(id)&limit=5&order=id');
      expect(embedded.json()).toHaveLength(2);
    } finally {
      await bounded.stop();
    }
  });
});

describe('one object', () => {
  const headers = { accept: 'application/vnd.pgrst.object+json' };
  test('when there is one', async () => {
    const reply = await get('/clients?id=eq.1&select=id', { headers });
    expect([reply.status, reply.body, reply.headers['content-type']]).toEqual([
      200,
      '{"id":1}',
      'application/vnd.pgrst.object+json; charset=utf-8',
    ]);
  });
  test.each([
    ['/clients', 2],
    ['/clients?id=eq.99', 0],
  ])('%s', async (path, count) => {
    const reply = await get(path, { headers });
    expect(reply.status).toBe(406);
    expect(reply.body).toBe(
      `{"code":"PGRST116","details":"The result contains ${count} rows","hint":null,"message":"Cannot coerce the result to a single JSON object"}`,
    );
    expect(reply.headers['proxy-status']).toBe('PostgREST; error=PGRST116');
  });
});

describe('media types', () => {
  test.each([
    ['/clients?order=id', 'text/csv', 'text/csv; charset=utf-8', 'id,name,address\n1,Microsoft,Redmond\n2,Apple,'],
    ['/clients?id=eq.99', 'text/csv', 'text/csv; charset=utf-8', '\n'],
    [
      '/clients?select=id,address&order=id',
      'application/vnd.pgrst.array+json;nulls=stripped',
      'application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8',
      '[{"id":1,"address":"Redmond"},{"id":2}]',
    ],
    ['/clients', 'text/html', 'text/html', '<li>Microsoft</li><li>Apple</li>'],
    ['/rpc/page', 'text/html', 'text/html', '<html></html>'],
    ['/rpc/page', '*/*', 'application/json; charset=utf-8', '"<html></html>"'],
    ['/rpc/jsonish', 'application/vnd.jsonish', 'application/vnd.jsonish', '\u0001{"a": 1}'],
  ])('%s as %s', async (path, accept, type, body) => {
    const reply = await get(path, { headers: { accept } });
    expect([reply.status, reply.headers['content-type'], reply.body]).toEqual([200, type, body]);
  });

  test('bytes are bytes', async () => {
    const { bytes } = await get('/rpc/bytes', { headers: { accept: 'application/vnd.twkb' } });
    expect([...bytes]).toEqual([0x00, 0xff, 0x41]);
  });

  test('features of a collection, by the function PostGIS has for it', async () => {
    await fixture.database.query(`create function extensions.st_asgeojson(feature record) returns text language plpgsql as $$
      begin return json_build_object('type', 'Feature', 'properties', to_json(feature)); end $$`);
    const reply = await get('/clients?select=id&order=id&limit=1', { headers: { accept: 'application/geo+json' } });
    expect([reply.status, reply.headers['content-type'], reply.json()]).toEqual([
      200,
      'application/geo+json; charset=utf-8',
      { type: 'FeatureCollection', features: [{ type: 'Feature', properties: { id: 1 } }] },
    ]);
    const none = await get('/clients?id=eq.99', { headers: { accept: 'application/geo+json' } });
    expect(none.json()).toEqual({ type: 'FeatureCollection', features: [] });
  });

  test('a handler of one table needs the default select', async () => {
    expect((await get('/clients?select=name', { headers: { accept: 'text/html' } })).status).toBe(406);
  });

  test('a plan in place of rows', async () => {
    const reply = await get('/clients?id=eq.1', {
      headers: { accept: 'application/vnd.pgrst.plan+json; options=verbose;' },
    });
    expect(reply.headers['content-type']).toBe(
      'application/vnd.pgrst.plan+json; for="application/json"; options=verbose; charset=utf-8',
    );
    expect(reply.json()).toMatchObject([{ Plan: { 'Node Type': 'Aggregate' } }]);
    expect(reply.headers).not.toHaveProperty('content-range');
  });
});

test('names beyond ASCII, in paths, columns, bodies and headers', async () => {
  const path = `/${encodeURIComponent('naïve "table"')}`;
  const column = encodeURIComponent('日本');
  const reply = await get(`${path}?select=${column}&${column}=eq.${encodeURIComponent('語')}`);
  expect(reply.body).toBe('[{"日本":"語"}]');
  const sent = (header: string | undefined) => Buffer.from(header ?? '', 'latin1').toString('utf8');
  expect(sent(reply.headers['content-location'])).toMatch(/^\/naïve "table"\?select=%C3%A6/);
  const inserted = await fixture.rest.send('POST', path, {
    role: 'authenticated',
    body: { id: 2, 日本: '人' },
    headers: { prefer: 'return=headers-only' },
  });
  expect(sent(inserted.headers.location)).toBe('/naïve "table"?id=eq.2');
});

test('other schemas by profile', async () => {
  expect(await rows('/clients', { headers: { 'accept-profile': 'other' } })).toEqual([{ id: 7, label: 'elsewhere' }]);
  expect((await get('/clients', { headers: { 'accept-profile': 'hidden' } })).json()).toEqual({
    code: 'PGRST106',
    details: null,
    hint: 'Only the following schemas are exposed: test, other',
    message: 'Invalid schema: hidden',
  });
});

test('the bare listener takes the public prefix too', async () => {
  for (const path of ['/rest/v1/clients?select=id&order=id', '/clients?select=id&order=id'])
    expect(await rows(path)).toEqual([{ id: 1 }, { id: 2 }]);
  expect((await get('/rest/v1')).status).toBe(200);
  expect((await get('/rest/v1/')).headers['content-type']).toBe('application/openapi+json; charset=utf-8');
  expect((await get('/rest/v1x')).status).toBe(404);
});

test('the description shows what the role may use', async () => {
  const document = (await get('/')).json() as { paths: object; definitions: { clients: object } };
  expect(Object.keys(document.paths)).toContain('/clients');
  expect(Object.keys(document.paths)).not.toContain('/forbidden');
  expect(Object.keys(document.paths)).not.toContain('/measures_2023');
  expect(document.definitions.clients).toMatchObject({ description: 'Clients\nWho pays', required: ['id', 'name'] });
  const all = (await fixture.rest.send('GET', '/', { role: 'service_role' })).json() as { paths: object };
  expect(Object.keys(all.paths)).toContain('/forbidden');
});

test('Server-Timing when asked for', async () => {
  const timed = await restFixture({ PGRST_SERVER_TIMING_ENABLED: 'true', PGRST_SERVER_TRACE_HEADER: 'X-Trace' });
  try {
    const { headers } = await timed.rest.send('GET', '/clients', { headers: { 'x-trace': 'abc' } });
    expect(headers['server-timing']).toMatch(
      /^jwt;dur=[\d.]+, parse;dur=[\d.]+, plan;dur=[\d.]+, transaction;dur=[\d.]+, response;dur=[\d.]+$/,
    );
    expect(headers['x-trace']).toBe('abc');
  } finally {
    await timed.stop();
  }
});
