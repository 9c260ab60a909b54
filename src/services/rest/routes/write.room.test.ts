import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RestFixture, restFixture } from '../testing/rest-database.ts';
import type { Reply, SendOptions } from '../testing/rest-server.ts';

let fixture: RestFixture;
beforeAll(async () => {
  fixture = await restFixture({ PGRST_DB_TX_END: 'commit-allow-override' });
});
afterAll(() => fixture?.stop());

const send = (method: string, path: string, options: SendOptions = {}): Promise<Reply> =>
  fixture.rest.send(method, path, { role: 'authenticated', ...options });
const prefer = (value: string) => ({ headers: { prefer: value } });
const representation = prefer('return=representation');
const ids = async (query: string) =>
  ((await send('GET', `/clients?select=id&order=id&${query}`)).json() as { id: number }[]).map(({ id }) => id);

/** The parts of an answer that differ by operation. */
function summary({ status, headers, body }: Reply) {
  const named = [
    'content-type',
    'content-length',
    'content-range',
    'location',
    'preference-applied',
    'content-profile',
  ];
  return {
    status,
    body,
    ...Object.fromEntries(named.flatMap((name) => (headers[name] ? [[name, headers[name]]] : []))),
  };
}

describe('insert', () => {
  test('says nothing unless asked to', async () => {
    expect(summary(await send('POST', '/clients', { body: { id: 100, name: 'A' } }))).toEqual({
      status: 201,
      body: '',
      'content-length': '0',
      'content-range': '*/*',
    });
  });

  test('shows rows, with embeds and in order', async () => {
    const body = [
      { id: 101, name: 'B' },
      { id: 102, name: 'C' },
    ];
    const reply = await send('POST', '/clients?select=id,full_name,projects(id)&order=id.desc', {
      body,
      ...representation,
    });
    expect(summary(reply)).toMatchObject({
      status: 201,
      'content-type': 'application/json; charset=utf-8',
      'content-range': '*/*',
      'preference-applied': 'return=representation',
      'content-profile': 'test',
    });
    expect(reply.json()).toEqual([
      { id: 102, full_name: 'C!', projects: [] },
      { id: 101, full_name: 'B!', projects: [] },
    ]);
  });

  test('names its row', async () => {
    const one = await send('POST', '/clients', { body: { id: 103, name: 'é' }, ...prefer('return=headers-only') });
    expect(summary(one)).toMatchObject({ status: 201, body: '', location: '/clients?id=eq.103' });
    const composite = { a: 9, b: 'x y&é', value: 'v' };
    const two = await send('POST', '/composite_keys', { body: composite, ...prefer('return=headers-only') });
    expect(two.headers.location).toBe('/composite_keys?a=eq.9&b=eq.x%20y%26%C3%A9');
    const many = await send('POST', '/clients', {
      body: [
        { id: 104, name: 'x' },
        { id: 105, name: 'y' },
      ],
      ...prefer('return=headers-only'),
    });
    expect(many.headers).not.toHaveProperty('location');
  });

  test('keeps JSON as it was sent', async () => {
    const body = '[{"doc":{"b":1.50,  "a":[1,2],"a":3},"data":{"b":1,"a":2}}]';
    const reply = await send('POST', '/items?select=doc,data', { body, headers: { prefer: 'return=representation' } });
    expect(reply.body).toBe('[{"doc":{"b":1.50,  "a":[1,2],"a":3},"data":{"a": 2, "b": 1}}]');
  });

  test('of nothing, of scalars, of all defaults', async () => {
    for (const body of ['[]', '5', '"x"', 'null'])
      expect(summary(await send('POST', '/kinds', { body, ...representation }))).toMatchObject({
        status: 201,
        body: '[]',
      });
    expect((await send('POST', '/kinds?select=amount,brief,feeling', { body: {}, ...representation })).json()).toEqual([
      { amount: 5, brief: 'abc', feeling: 'ok' },
    ]);
    expect((await send('POST', '/kinds?select=flag', { body: [{}, {}], ...representation })).json()).toHaveLength(2);
  });

  test('with columns named, and defaults for what is missing', async () => {
    const path = '/kinds?columns=amount,brief,id&select=amount,brief';
    const body = [{ amount: 1, ignored: true }, { brief: 'x' }, { amount: null }];
    const plain = await send('POST', '/kinds?columns=amount,brief&select=amount,brief', { body, ...representation });
    expect(plain.json()).toEqual([
      { amount: 1, brief: null },
      { amount: null, brief: 'x' },
      { amount: null, brief: null },
    ]);
    const filled = await send('POST', path, { body, ...prefer('missing=default, return=representation') });
    expect(filled.json()).toEqual([
      { amount: 1, brief: 'abc' },
      { amount: 5, brief: 'x' },
      { amount: null, brief: 'abc' },
    ]);
    expect(filled.headers['preference-applied']).toBe('missing=default, return=representation');
  });

  test('with the default of a domain that is shown in its own way', async () => {
    const reply = await send('POST', '/paints?columns=id,label_color&select=label_color', {
      body: [{ id: 50 }, { id: 51, label_color: '#0A0B0C' }, { id: 52, label_color: null }],
      ...prefer('missing=default, return=representation'),
    });
    expect(reply.json()).toEqual([{ label_color: '#00FF00' }, { label_color: '#0A0B0C' }, { label_color: null }]);
  });

  test('with the lengths of the declared types', async () => {
    const body = { fixed: 'ab', bits: '00101' };
    expect((await send('POST', '/kinds?select=fixed,bits', { body, ...representation })).json()).toEqual([
      { fixed: 'ab   ', bits: '00101' },
    ]);
    expect((await send('POST', '/kinds', { body: { fixed: 'too long' } })).json()).toMatchObject({ code: '22001' });
    expect((await send('POST', '/kinds', { body: { always_id: 5 } })).json()).toMatchObject({ code: '428C9' });
  });

  test('of CSV and of forms', async () => {
    const csv = await send('POST', '/clients?select=id,name,address', {
      body: 'id,name,address\n110,"Com, ma",NULL\n111,x,y\n',
      headers: { 'content-type': 'text/csv', prefer: 'return=representation', accept: 'text/csv' },
    });
    expect(csv.body).toBe('id,name,address\n110,"Com, ma",\n111,x,y');
    const form = await send('POST', '/clients?select=id,name', {
      body: 'id=112&name=a+b%C3%A9',
      headers: { 'content-type': 'application/x-www-form-urlencoded', prefer: 'return=representation' },
    });
    expect(form.json()).toEqual([{ id: 112, name: 'a bé' }]);
  });

  test('through a view', async () => {
    const reply = await send('POST', '/tasks_view?select=title,projects(name)', {
      body: { title: 'from a view', project_id: 1 },
      ...representation,
    });
    expect(reply.json()).toEqual([{ title: 'from a view', projects: { name: 'Windows 7' } }]);
  });

  test('tells what is wrong with the representation even when none is wanted', async () => {
    const reply = await send('POST', '/clients?select=id,nope(id)', { body: { id: 190, name: 'x' } });
    expect([reply.status, reply.json()]).toMatchObject([400, { code: 'PGRST200' }]);
    expect(await ids('id=eq.190')).toEqual([]);
  });

  test.each<[string, string | object, number, object]>([
    ['/clients', '', 400, { code: 'PGRST102', message: 'Empty or invalid json' }],
    ['/clients', '[{"id":1},{"name":"x"}]', 400, { code: 'PGRST102', message: 'All object keys must match' }],
    ['/clients', { id: 1, name: 'x' }, 409, { code: '23505', details: 'Key (id)=(1) already exists.' }],
    ['/projects', { id: 99, name: 'x', client_id: 999 }, 409, { code: '23503' }],
    ['/clients', { id: 1 }, 400, { code: '23502' }],
    ['/clients', { id: 'x', name: 'y' }, 400, { code: '22P02' }],
    ['/clients', { nope: 1 }, 400, { code: 'PGRST204' }],
    ['/clients?columns=id,name', 'not json', 400, { code: '22P02' }],
  ])('%s of %j is refused', async (path, body, status, expected) => {
    const reply = await send('POST', path, { body });
    expect([reply.status, reply.json()]).toEqual([status, expect.objectContaining(expected)]);
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
  });
});

describe('upsert', () => {
  test('merges, and says whether anything is new', async () => {
    const upsert = (body: object) =>
      send('POST', '/clients?select=id,name', { body, ...prefer('resolution=merge-duplicates,return=representation') });
    const first = await upsert([
      { id: 200, name: 'new' },
      { id: 1, name: 'Microsoft' },
    ]);
    expect([first.status, first.headers['preference-applied']]).toEqual([
      201,
      'resolution=merge-duplicates, return=representation',
    ]);
    const second = await upsert([{ id: 200, name: 'changed' }]);
    expect([second.status, second.json()]).toEqual([200, [{ id: 200, name: 'changed' }]]);
    // What the last transaction counted must not show in the next one on the same connection.
    expect((await send('POST', '/clients', { body: { id: 201, name: 'x' } })).status).toBe(201);
  });

  test('ignores, and takes other columns for the conflict', async () => {
    const ignored = await send('POST', '/clients', {
      body: [
        { id: 1, name: 'other' },
        { id: 202, name: 'n' },
      ],
      ...prefer('resolution=ignore-duplicates,return=representation'),
    });
    expect([ignored.status, ignored.json()]).toEqual([201, [{ id: 202, name: 'n', address: null }]]);
    await fixture.database.query(`
      create table test.slugs (id int, slug text unique, title text);
      insert into test.slugs values (1, 'a', 'old');
      grant all on test.slugs to authenticated`);
    await fixture.rest.reload();
    const byName = await send('POST', '/slugs?on_conflict=slug&select=id,title', {
      body: { id: 2, slug: 'a', title: 'new' },
      ...prefer('resolution=merge-duplicates,return=representation'),
    });
    expect([byName.status, byName.json()]).toEqual([200, [{ id: 2, title: 'new' }]]);
    const unknown = await send('POST', '/slugs?on_conflict=title', {
      body: { id: 3, slug: 'b' },
      ...prefer('resolution=merge-duplicates'),
    });
    expect([unknown.status, unknown.json()]).toEqual([400, expect.objectContaining({ code: '42P10' })]);
  });

  test('of one row by its key', async () => {
    const put = (query: string, body: object) => send('PUT', `/composite_keys?${query}`, { body, ...representation });
    const created = await put('a=eq.5&b=eq.z', { a: 5, b: 'z', value: 'one' });
    expect([created.status, created.json()]).toEqual([201, [{ a: 5, b: 'z', value: 'one' }]]);
    expect(created.headers).not.toHaveProperty('content-range');
    const updated = await put('a=eq.5&b=eq.z', { a: 5, b: 'z', value: 'two' });
    expect([updated.status, updated.json()]).toEqual([200, [{ a: 5, b: 'z', value: 'two' }]]);
    expect(summary(await send('PUT', '/clients?id=eq.210', { body: { id: 210, name: 'p' } }))).toEqual({
      status: 204,
      body: '',
    });
    const different = await send('PUT', '/clients?id=eq.210', { body: { id: 211, name: 'p' } });
    expect([different.status, different.json()]).toEqual([400, expect.objectContaining({ code: 'PGRST115' })]);
    expect(await ids('id=gte.210')).toEqual([210]);
  });
});

describe('update', () => {
  beforeAll(async () => {
    await fixture.database.query(`insert into test.clients values (300, 'u1'), (301, 'u2'), (302, 'u3')`);
  });

  test('says how many rows it changed', async () => {
    const plain = await send('PATCH', '/clients?id=in.(300,301)', { body: { address: 'x' } });
    expect(summary(plain)).toEqual({ status: 204, body: '', 'content-range': '0-1/*' });
    const counted = await send('PATCH', '/clients?id=eq.300', { body: { address: 'y' }, ...prefer('count=exact') });
    expect(counted.headers['content-range']).toBe('0-0/1');
    const none = await send('PATCH', '/clients?id=eq.999', { body: { address: 'y' } });
    expect(summary(none)).toEqual({ status: 204, body: '', 'content-range': '*/*' });
  });

  test('shows what it changed; pages and order do not say what that is', async () => {
    const reply = await send('PATCH', '/clients?id=gte.300&id=lt.303&order=id.desc&limit=1&select=id,address', {
      body: { address: 'z' },
      ...representation,
    });
    expect(reply.json()).toEqual([
      { id: 302, address: 'z' },
      { id: 301, address: 'z' },
      { id: 300, address: 'z' },
    ]);
    const logic = await send('PATCH', '/clients?or=(id.eq.300,id.eq.302)&select=id&order=id', {
      body: { address: 'w' },
      ...representation,
    });
    expect(logic.json()).toEqual([{ id: 300 }, { id: 302 }]);
  });

  test('filters of embeds shape what is shown', async () => {
    const reply = await send('PATCH', '/projects?id=eq.1&select=id,tasks(id)&tasks.done=is.true', {
      body: { budget: 100.5 },
      ...representation,
    });
    expect(reply.json()).toEqual([{ id: 1, tasks: [{ id: 1 }] }]);
  });

  test('of nothing changes nothing', async () => {
    for (const body of ['{}', '[]', '[{}]'])
      expect(
        summary(await send('PATCH', '/clients?id=eq.300', { body, headers: { 'content-type': 'application/json' } })),
      ).toEqual({
        status: 204,
        body: '',
        'content-range': '*/*',
      });
    expect((await send('PATCH', '/clients?id=eq.300', { body: {}, ...representation })).json()).toEqual([]);
  });

  test('of everything is refused', async () => {
    const reply = await send('PATCH', '/clients', { body: { address: 'all' } });
    expect([reply.status, reply.body]).toEqual([
      400,
      '{"code":"21000","details":null,"hint":null,"message":"UPDATE requires a WHERE clause"}',
    ]);
    expect((await send('DELETE', '/clients')).json()).toMatchObject({ message: 'DELETE requires a WHERE clause' });
    expect(await ids('address=eq.all')).toEqual([]);
  });

  test('of more than allowed is taken back', async () => {
    const headers = { prefer: 'handling=strict, max-affected=2' };
    const reply = await send('PATCH', '/clients?id=in.(300,301,302)', { body: { address: 'many' }, headers });
    expect([reply.status, reply.json()]).toEqual([
      400,
      expect.objectContaining({ code: 'PGRST124', details: 'The query affects 3 rows' }),
    ]);
    expect(await ids('address=eq.many')).toEqual([]);
    const few = await send('PATCH', '/clients?id=in.(300,301)', { body: { address: 'few' }, headers });
    expect([few.status, few.headers['preference-applied']]).toEqual([204, 'handling=strict, max-affected=2']);
  });

  test('of other than one row is taken back when an object was asked for', async () => {
    const headers = { accept: 'application/vnd.pgrst.object+json' };
    const reply = await send('PATCH', '/clients?id=in.(300,301)', { body: { address: 'single' }, headers });
    expect([reply.status, (reply.json() as { code: string }).code]).toEqual([406, 'PGRST116']);
    expect(await ids('address=eq.single')).toEqual([]);
    const one = await send('PATCH', '/clients?id=eq.300&select=id', {
      body: { address: 'single' },
      headers: { ...headers, prefer: 'return=representation' },
    });
    expect([one.status, one.body]).toEqual([200, '{"id":300}']);
  });
});

describe('delete', () => {
  test('takes what its filters choose', async () => {
    await fixture.database.query(`insert into test.clients select n, 'd' from generate_series(400, 405) n`);
    expect(summary(await send('DELETE', '/clients?id=eq.400'))).toEqual({
      status: 204,
      body: '',
      'content-range': '*/*',
    });
    const shown = await send(
      'DELETE',
      '/clients?id=in.(401,402)&select=id&order=id',
      prefer('return=representation,count=exact'),
    );
    expect(summary(shown)).toMatchObject({ status: 200, body: '[{"id":401}, \n {"id":402}]', 'content-range': '*/2' });
    expect(
      (
        await send('DELETE', '/clients?id=eq.403', {
          body: 'ignored',
          headers: { prefer: 'count=exact', 'content-length': '7' },
        })
      ).headers['content-range'],
    ).toBe('*/1');
    expect(await ids('id=gte.400')).toEqual([404, 405]);
  });
});

test('rows of a table without columns are written, counted and shown', async () => {
  await fixture.database.query(`
    create table test.bare (); grant all on test.bare to authenticated;
    create function test.shade(test.bare) returns text stable language sql as $$ select 'grey' $$`);
  await fixture.rest.reload();
  const made = await send('POST', '/bare', { body: [{}, {}], ...prefer('return=representation,count=exact') });
  expect(summary(made)).toMatchObject({ status: 201, body: '[{}, \n {}]', 'content-range': '*/2' });
  const shown = await send('POST', '/bare?select=*', { body: {}, ...prefer('return=representation') });
  expect([shown.status, shown.body]).toEqual([201, '[{}]']);
  expect((await send('GET', '/bare')).json()).toEqual([{}, {}, {}]);
  expect((await send('GET', '/bare?select=shade')).json()).toEqual([1, 2, 3].map(() => ({ shade: 'grey' })));
  const gone = await send('DELETE', '/bare?shade=eq.grey', prefer('return=representation'));
  expect([gone.status, gone.json()]).toEqual([200, [{}, {}, {}]]);
});

describe('transactions', () => {
  test('may be taken back on request, and constraints are looked at all the same', async () => {
    const reply = await send('POST', '/clients', {
      body: { id: 500, name: 'gone' },
      ...prefer('tx=rollback, return=representation'),
    });
    expect([reply.status, reply.headers['preference-applied']]).toEqual([201, 'return=representation, tx=rollback']);
    expect(await ids('id=eq.500')).toEqual([]);
    const twice = await send('POST', '/deferred', {
      body: [
        { id: 1, other: 1 },
        { id: 2, other: 1 },
      ],
      ...prefer('tx=rollback'),
    });
    expect([twice.status, (twice.json() as { code: string }).code]).toEqual([409, '23505']);
  });

  test('a deferred constraint surfaces at the commit', async () => {
    const body = [
      { id: 1, other: 1 },
      { id: 2, other: 1 },
    ];
    expect((await send('POST', '/deferred', { body })).status).toBe(409);
    expect((await send('GET', '/deferred')).json()).toEqual([]);
  });

  test('serialization failures are tried again', async () => {
    await fixture.database.query(`
      create table test.counter (id int primary key, n int);
      insert into test.counter values (1, 0);
      grant all on test.counter to authenticated;
      create function test.raise_count() returns int language plpgsql set default_transaction_isolation = 'serializable' as $$
        declare r int; begin
          select n into r from test.counter where id = 1; perform pg_sleep(0.02);
          update test.counter set n = r + 1 where id = 1 returning n into r; return r;
        end $$`);
    await fixture.rest.reload();
    const replies = await Promise.all(Array.from({ length: 6 }, () => send('POST', '/rpc/raise_count', { body: {} })));
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    expect((await send('GET', '/counter')).json()).toEqual([{ id: 1, n: 6 }]);
  });
});
