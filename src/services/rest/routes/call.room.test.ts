import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RestFixture, restFixture } from '../testing/rest-database.ts';
import type { Reply, SendOptions } from '../testing/rest-server.ts';

let fixture: RestFixture;
beforeAll(async () => {
  fixture = await restFixture();
});
afterAll(() => fixture?.stop());

const get = (path: string, options: SendOptions = {}): Promise<Reply> =>
  fixture.rest.send('GET', `/rpc/${path}`, { role: 'authenticated', ...options });
const post = (path: string, body: string | Buffer | object = {}, options: SendOptions = {}): Promise<Reply> =>
  fixture.rest.send('POST', `/rpc/${path}`, { role: 'authenticated', body, ...options });

describe('arguments', () => {
  test.each<[string, unknown]>([
    ['add_them?a=1', 11],
    ['add_them?a=1&b=2', 3],
    ['add_them?a=1&b=2&a=5', 7],
    ['greet?name=a+b%26c', 'Hello a b&c'],
    ['no_args', 'nothing'],
    ['sum_all?v=1&v=2&v=3', 6],
    ['json_arg?j={"x":[1]}', { x: [1] }],
    ['char_arg?c=abc', 'abc|'],
    ['over?a=1&b=2', 'two ints'],
    ['over?a=x&c=y', 'two texts'],
  ])('GET %s', async (path, expected) => {
    const reply = await get(path);
    expect([reply.status, reply.json()]).toEqual([200, expected]);
  });

  test.each<[string, string | object, unknown]>([
    ['add_them', { a: 1 }, 11],
    [
      'add_them',
      [
        { a: 1, b: 1 },
        { a: 5, b: 5 },
      ],
      2,
    ],
    ['add_them?columns=a', { a: 4, other: true }, 14],
    ['no_args', '', 'nothing'],
    ['sum_all', { v: [4, 5] }, 9],
    ['json_arg', { j: { b: 1, a: 2 } }, { b: 1, a: 2 }],
    ['char_arg', { c: 'abcdef' }, 'abcdef|'],
    ['over', { a: 1 }, 'one int'],
    ['whole_json', '{"b":1, "a":2}', { b: 1, a: 2 }],
    ['whole_json', '5', []],
  ])('POST %s with %j', async (path, body, expected) => {
    const reply = await post(path, body, { headers: { 'content-type': 'application/json' } });
    expect([reply.status, reply.json()]).toEqual([200, expected]);
  });

  test('whole bodies of other kinds', async () => {
    const text = await post('whole_text', 'é\n"', { headers: { 'content-type': 'text/plain' } });
    expect(text.json()).toBe('é\n"');
    const bytes = await post('whole_bytes', Buffer.from([0, 255, 7]), {
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(bytes.json()).toBe(3);
    const form = await post('add_them', 'a=1&b=2', {
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(form.json()).toBe(3);
  });

  test.each<[string, object, number, string]>([
    ['add_them', { b: 1 }, 404, 'PGRST202'],
    ['nothing_like_it', {}, 404, 'PGRST202'],
    ['ambiguous', { a: 1 }, 300, 'PGRST203'],
    ['add_them', { a: 'x' }, 400, '22P02'],
    ['add_them?nope=1', { a: 1 }, 400, 'PGRST100'],
  ])('%s with %j is refused', async (path, body, status, code) => {
    const reply = await post(path, body);
    expect([reply.status, reply.json()]).toEqual([status, expect.objectContaining({ code })]);
  });
});

describe('results', () => {
  test.each<[string, object, string, string]>([
    ['greet', { name: 'Bob' }, '"Hello Bob"', '0-0/*'],
    ['many_numbers', { n: 3 }, '[1, 2, 3]', '0-2/*'],
    ['many_numbers', { n: 0 }, '[]', '*/*'],
    ['one_project?select=id,name', { id: 1 }, '{"id":1,"name":"Windows 7"}', '0-0/*'],
    ['out_result', { a: 1 }, '{"b":2,"c":"c1"}', '0-0/*'],
    ['single_out', { a: 1 }, '{"b":2}', '0-0/*'],
    ['table_result?x=gt.1&order=x.desc', { n: 3 }, '[{"x":3,"y":"y3"}, \n {"x":2,"y":"y2"}]', '0-1/*'],
    ['table_result?select=y&x=eq.2', { n: 3 }, '[{"y":"y2"}]', '0-0/*'],
    ['get_projects?select=name,clients(name)&id=eq.3', {}, '[{"name":"IOS","clients":{"name": "Apple"}}]', '0-0/*'],
    ['get_projects?select=id,latest_task(id)&id=eq.3', {}, '[{"id":3,"latest_task":{"id": 6}}]', '0-0/*'],
    ['get_projects?select=id&order=id&limit=2&offset=1', { above: 1 }, '[{"id":3}, \n {"id":4}]', '1-2/*'],
  ])('of %s', async (path, body, expected, range) => {
    const reply = await post(path, body);
    expect([reply.status, reply.body, reply.headers['content-range']]).toEqual([200, expected, range]);
  });

  test('nothing at all', async () => {
    const reply = await post('nothing_back');
    expect([reply.status, reply.body, reply.headers['content-range']]).toEqual([204, '', '0-0/*']);
    for (const name of ['content-type', 'content-length']) expect(reply.headers).not.toHaveProperty(name);
  });

  test('are counted with their filters', async () => {
    const headers = { prefer: 'count=exact' };
    const reply = await get('get_projects?id=gt.1&limit=2', { headers });
    expect([reply.status, reply.headers['content-range']]).toEqual([206, '0-1/4']);
    expect((await get('greet?name=x', { headers })).headers['content-range']).toBe('0-0/1');
  });

  test('as an object, CSV, without a body', async () => {
    const object = { headers: { accept: 'application/vnd.pgrst.object+json' } };
    expect((await get('get_projects?id=eq.1&select=id', object)).body).toBe('{"id":1}');
    expect((await get('get_projects', object)).status).toBe(406);
    expect((await get('greet?name=x', object)).body).toBe('"Hello x"');
    const csv = await get('get_projects?select=id,label:name&id=lt.3&order=id', { headers: { accept: 'text/csv' } });
    expect(csv.body).toBe('id,label\n1,"Windows 7"\n2,"Windows 10"');
    const head = await fixture.rest.send('HEAD', '/rpc/get_projects', { role: 'authenticated' });
    expect([head.status, head.headers['content-range'], head.body]).toEqual([200, '0-4/*', '']);
  });

  test('of too many rows are taken back', async () => {
    const headers = { prefer: 'handling=strict, max-affected=2' };
    expect((await post('get_projects', {}, { headers })).json()).toMatchObject({
      code: 'PGRST124',
      details: 'The query affects 5 rows',
    });
    expect((await post('greet', { name: 'x' }, { headers })).json()).toMatchObject({ code: 'PGRST128' });
  });
});

describe('what functions may do', () => {
  test('GET never writes', async () => {
    const reply = await get('write_client?id=70&name=x');
    expect([reply.status, reply.json()]).toEqual([405, expect.objectContaining({ code: '25006' })]);
    expect((await post('write_client', { id: 70, name: 'x' })).status).toBe(204);
  });

  test('a change of everything inside a function is its own business', async () => {
    expect((await post('delete_all_tasks')).json()).toBe(7);
  });

  test('they set headers and status', async () => {
    const reply = await post('answer_headers', {
      h: '[{"Set-Cookie":"a=1"},{"Set-Cookie":"b=2"},{"Content-Type":"text/x"}]',
      s: '202',
    });
    expect([reply.status, reply.headers['content-type'], reply.headers['set-cookie'], reply.body]).toEqual([
      202,
      'text/x',
      ['a=1', 'b=2'],
      '"done"',
    ]);
    const next = await post('greet', { name: 'x' });
    expect([next.status, next.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect((await post('answer_headers', { h: '{}', s: null })).json()).toMatchObject({ code: 'PGRST111' });
    expect((await post('answer_headers', { h: null, s: 'x' })).json()).toMatchObject({ code: 'PGRST112' });
  });

  test('they raise what they like', async () => {
    const plain = await post('fail', { state: 'P0001', text: 'boom', more: 'd', help: 'h' });
    expect([plain.status, plain.body]).toEqual([400, '{"code":"P0001","details":"d","hint":"h","message":"boom"}']);
    const teapot = await post('teapot');
    expect([teapot.status, teapot.statusText, teapot.body]).toEqual([
      418,
      'I am a teapot',
      '{"code":"PT418","details":"d","hint":"h","message":"I am a teapot"}',
    ]);
    const whole = await post('raise_pgrst', {
      body: '{"code":"X1","message":"m","details":null,"hint":"h"}',
      how: '{"status":410,"headers":{"X-Why":"because"},"status_text":"Long gone"}',
    });
    expect([whole.status, whole.statusText, whole.headers['x-why'], whole.headers['proxy-status'], whole.body]).toEqual(
      [410, 'Long gone', 'because', 'PostgREST; error=X1', '{"code":"X1","details":null,"hint":"h","message":"m"}'],
    );
    expect((await post('raise_pgrst', { body: 'x', how: '{}' })).json()).toMatchObject({
      code: 'PGRST121',
      details: "Invalid JSON value for MESSAGE: 'x'",
    });
  });
});

test('OPTIONS tells what may be done', async () => {
  const options = (path: string) => fixture.rest.send('OPTIONS', path);
  const table = await options('/clients');
  expect([
    table.status,
    table.headers.allow,
    table.headers['access-control-allow-origin'],
    table.headers['content-length'],
  ]).toEqual([200, 'OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE', '*', '0']);
  expect((await options('/clients_count')).headers.allow).toBe('OPTIONS,GET,HEAD');
  expect((await options('/no_key')).headers.allow).toBe('OPTIONS,GET,HEAD,POST,PATCH,DELETE');
  expect((await options('/rpc/no_args')).headers.allow).toBe('OPTIONS,GET,HEAD,POST');
  expect((await options('/rpc/delete_all_tasks')).headers.allow).toBe('OPTIONS,POST');
  expect((await options('/rpc/greet')).status).toBe(404);
  expect((await options('/nope')).status).toBe(404);
  const preflight = await fixture.rest.send('OPTIONS', '/nope', {
    headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' },
  });
  expect([preflight.status, preflight.headers['access-control-max-age']]).toEqual([200, '86400']);
});
