import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Library, startLibrary } from '../support/library.ts';

let library: Library;
beforeAll(async () => {
  library = await startLibrary();
});
afterAll(() => library?.stack.stop());

const get = (path: string, headers: Record<string, string> = {}) => library.ask('GET', `/rpc/${path}`, { headers });
const post = (path: string, body: string | Buffer | object = {}, headers: Record<string, string> = {}) =>
  library.ask('POST', `/rpc/${path}`, { body, headers });

test('the official client', async () => {
  const { client } = library;
  expect((await client.rpc('add', { a: 1, b: 2 })).data).toBe(3);
  expect((await client.rpc('add', { a: 1 }, { get: true })).data).toBe(11);
  expect((await client.rpc('of_text_array', { items: ['a', 'b'] }, { get: true })).data).toBe(2);
  const books = await client
    .rpc('books_of', { author: 2 }, { count: 'exact' })
    .select('title, authors(name)')
    .order('title')
    .limit(1);
  expect([books.status, books.count, books.data]).toEqual([
    206,
    2,
    [{ title: 'Germinal', authors: { name: 'Émile Zola' } }],
  ]);
  expect((await client.rpc('one_book', { wanted: 1 }).select('title').single()).data).toEqual({ title: 'Notes' });
  expect((await client.rpc('books_of', { author: 2 }, { head: true, count: 'exact' })).count).toBe(2);
  expect(await client.rpc('nothing_back')).toMatchObject({ status: 204, data: null, error: null });
  expect((await client.rpc('one_bok', { a: 1 })).error).toMatchObject({
    code: 'PGRST202',
    hint: 'Perhaps you meant to call the function library.one_book',
  });
});

describe('arguments', () => {
  test.each<[string, unknown]>([
    ['add?a=1', 11],
    ['add?a=1&b=2', 3],
    ['add?a=1&a=4&b=2', 6],
    ['nothing_given', 'nothing'],
    ['all_optional', '1x'],
    ['all_optional?b=y', '1y'],
    ['total?numbers=1&numbers=2&numbers=3', 6],
    ['labelled_total?label=x&numbers=4', 'x4'],
    ['of_text_array?items={a,"b,c"}', 2],
    ['of_composite?home=(s,Town,1)', 'Town'],
    ['of_enum?kind=cloth', 'cloth'],
    ['of_json?doc={"a":[1,"é"]}', { a: [1, 'é'] }],
    ['of_fixed?c=abcdef&b=0101', 'abcdef|0101'],
    ['Odd näme?with space=1&"quo\\"te"=b', '1bs'],
    ['pick?a=1', 'a'],
    ['pick?a=1&b=2', 'a, b'],
    ['pick?a=1&c=2', 'a, c'],
  ])('GET %s', async (path, expected) => {
    const { status, body } = await get(path);
    expect([status, JSON.parse(body)]).toEqual([200, expected]);
  });

  test.each<[string, string | object, unknown]>([
    ['add', { a: 1 }, 11],
    ['add', { a: 1, b: null }, null],
    [
      'add',
      [
        { a: 1, b: 1 },
        { a: 5, b: 5 },
      ],
      2,
    ],
    ['add?columns=a', { a: 4, other: true }, 14],
    ['nothing_given', '', 'nothing'],
    ['total', { numbers: [4, 5] }, 9],
    ['labelled_total', { label: 'x', numbers: [] }, 'x0'],
    ['of_composite', { home: { street: 's', town: 'Town' } }, 'Town'],
    ['of_json', { doc: { b: 1, a: [2] } }, { b: 1, a: [2] }],
    ['of_fixed', { c: 'abcdef', b: '0101' }, 'abcdef|0101'],
    ['Odd näme', { 'with space': 1, 'quo"te': 'b', select: 'c' }, '1bc'],
    ['whole_json', '{"b":1, "a":2}', { b: 1, a: 2 }],
    ['whole_json', '[{"a":1},{"a":2}]', [{ a: 1 }, { a: 2 }]],
    ['whole_json', '5', []],
    ['whole_jsonb', { b: 1, a: 2 }, { a: 2, b: 1 }],
    ['mixed', { a: 1 }, 'named'],
    ['mixed', { b: 1 }, 'unnamed'],
  ])('POST %s with %j', async (path, body, expected) => {
    const { status, body: text } = await post(path, body, { 'content-type': 'application/json' });
    expect([status, JSON.parse(text)]).toEqual([200, expected]);
  });

  test.each<[string, string, string | Buffer, unknown]>([
    ['whole_text', 'text/plain', 'é\n"', 'é\n"'],
    ['whole_xml', 'text/xml', '<a>ü</a>', '<a>ü</a>'],
    ['whole_bytes', 'application/octet-stream', Buffer.from([0, 255, 7]), '00ff07'],
    ['add', 'application/x-www-form-urlencoded', 'a=1&b=2', 3],
    ['total', 'application/x-www-form-urlencoded', 'numbers=1&numbers=5', 6],
    ['add', 'text/csv', 'a,b\n1,2\n3,4', 3],
  ])('%s with %s', async (path, type, body, expected) => {
    const { status, body: text } = await post(path, body, { 'content-type': type });
    expect([status, JSON.parse(text)]).toEqual([200, expected]);
  });
});

describe('results', () => {
  test.each<[string, string, string]>([
    ['add?a=1', '11', '0-0/*'],
    ['a_null', 'null', '0-0/*'],
    ['an_array', '[1,2]', '0-0/*'],
    ['a_domain', '"978-0"', '0-0/*'],
    ['as_xml', '"<x>1</x>"', '0-0/*'],
    ['numbers_up_to?n=3', '[1, 2, 3]', '0-2/*'],
    ['numbers_up_to?n=0', '[]', '*/*'],
    ['numbers_up_to?n=5&limit=2&offset=1', '[2, 3]', '1-2/*'],
    ['one_book?wanted=1&select=id,title', '{"id":1,"title":"Notes"}', '0-0/*'],
    ['one_out?a=1', '{"b":2}', '0-0/*'],
    ['two_out?a=1', '{"b":2,"c":"c"}', '0-0/*'],
    ['two_out?a=1&select=c', '{"c":"c"}', '0-0/*'],
    ['many_out?n=2&x=eq.2', '[{"x":2,"y":"y2"}]', '0-0/*'],
    ['in_and_out?n=2&by=3', '{"n":6}', '0-0/*'],
    ['archived_authors', '[{"id":1,"name":"Archived","library_id":2}]', '0-0/*'],
    ['archived_authors?id=eq.1&order=id', '[{"id":1,"name":"Archived","library_id":2}]', '0-0/*'],
    ['loose_record', '{"id":1,"title":"Notes"}', '0-0/*'],
    ['loose_records', '[{"id":1,"title":"Notes"}, \n {"id":2,"title":"Germinal"}]', '0-1/*'],
    ['plain_composite', '{"street":"s","town":"t","zip":"1    "}', '0-0/*'],
    ['domain_of_composite?select=town', '{"town":"t"}', '0-0/*'],
    ['found_books?at_least=400&order=length.desc&select=name', '[{"name":"Germinal"}, \n {"name":"Nana"}]', '0-1/*'],
    ['found_books?name=eq.Nana&select=length', '[{"length":470}]', '0-0/*'],
    ['books_of?author=2&select=id,authors(name)&id=gt.2', '[{"id":3,"authors":{"name": "Émile Zola"}}]', '0-0/*'],
    ['books_of?author=2&select=id,title_words&order=id&limit=1', `[{"id":2,"title_words":"'germin':1"}]`, '0-0/*'],
    ['books_of?author=2&blurb=plfts(english).dogs&select=id', '[{"id":2}]', '0-0/*'],
    ['books_of?author=2&select=...authors(name),pages.sum()', '[{"sum":1061,"name":"Émile Zola"}]', '0-0/*'],
    [
      'listed_books?select=name,authors!inner(name)&authors.country=eq.GB',
      '[{"name":"Notes","authors":{"name": "Ada Byron"}}]',
      '0-0/*',
    ],
  ])('%s', async (path, expected, range) => {
    const { status, body, headers } = await get(path);
    expect([status, body, headers['content-range']]).toEqual([200, expected, range]);
  });

  test('nothing, counts, one object, CSV, headers only', async () => {
    const none = await post('nothing_back');
    expect([
      none.status,
      none.body,
      none.headers['content-type'],
      none.headers['content-length'],
      none.headers['content-range'],
    ]).toEqual([204, '', undefined, undefined, '0-0/*']);
    const exact = await get('books_of?author=2&limit=1', { prefer: 'count=exact' });
    expect([exact.status, exact.headers['content-range'], exact.headers['preference-applied']]).toEqual([
      206,
      '0-0/2',
      'count=exact',
    ]);
    expect((await get('books_of?author=2', { prefer: 'count=planned' })).headers['content-range']).toBe('0-1/*');
    expect((await get('add?a=1', { prefer: 'count=exact' })).headers['content-range']).toBe('0-0/1');
    const object = { accept: 'application/vnd.pgrst.object+json' };
    expect((await get('books_of?author=1&select=id', object)).body).toBe('{"id":1}');
    expect((await get('books_of?author=2&select=id', object)).status).toBe(406);
    expect((await get('add?a=1', object)).body).toBe('11');
    expect((await get('books_of?author=2&select=id,title&order=id', { accept: 'text/csv' })).body).toBe(
      'id,title\n2,Germinal\n3,Nana',
    );
    const head = await library.ask('HEAD', '/rpc/books_of?author=2');
    expect([head.status, head.body, head.headers['content-range'], head.headers['content-length']]).toEqual([
      200,
      '',
      '0-1/*',
      undefined,
    ]);
    const bound = { prefer: 'handling=strict, max-affected=1' };
    expect(JSON.parse((await get('books_of?author=2', bound)).body)).toMatchObject({
      code: 'PGRST124',
      details: 'The query affects 2 rows',
    });
    expect((await get('books_of?author=1', bound)).headers['preference-applied']).toBe(
      'handling=strict, max-affected=1',
    );
    expect(JSON.parse((await get('add?a=1', bound)).body)).toMatchObject({ code: 'PGRST128' });
  });
});

describe('what functions may do', () => {
  test('write by POST, unless they promise not to', async () => {
    expect(JSON.parse((await get('add_genre?id=70&label=x')).body)).toMatchObject({ code: '25006' });
    expect((await get('add_genre?id=70&label=x')).status).toBe(405);
    expect((await post('add_genre?select=label', { id: 70, label: 'x' })).body).toBe('[{"label":"x"}]');
    expect((await post('pretends_stable', { id: 71 })).status).toBeGreaterThanOrEqual(400);
    expect(await library.rows('/genres?id=eq.71')).toEqual([]);
    const bound = { prefer: 'handling=strict, max-affected=0' };
    expect(JSON.parse((await post('add_genre', { id: 72, label: 'y' }, bound)).body)).toMatchObject({
      code: 'PGRST124',
    });
    expect(await library.rows('/genres?id=eq.72')).toEqual([]);
    expect([(await post('reads_only')).body, (await post('may_write')).body, (await get('may_write')).body]).toEqual([
      '"on"',
      '"off"',
      '"on"',
    ]);
    expect((await post('isolation')).body).toBe('"serializable"');
  });

  test('know who asks, and how', async () => {
    const headers = { 'x-fact': 'é', cookie: 'b=1; c=2', prefer: 'timezone=Asia/Tokyo' };
    expect(JSON.parse((await get('facts', headers)).body)).toMatchObject({
      role: 'anon',
      claims: { role: 'anon' },
      method: 'GET',
      path: '/rpc/facts',
      cookie: '2',
      zone: 'Asia/Tokyo',
    });
  });

  test('set status and headers', async () => {
    const said = await post('say', {
      headers: '[{"X-One":"1"},{"Content-Type":"text/x"},{"Location":"/there"}]',
      status: '207',
    });
    expect([
      said.status,
      said.headers['x-one'],
      said.headers['content-type'],
      said.headers.location,
      said.body,
    ]).toEqual([207, '1', 'text/x', '/there', '"said"']);
    expect(JSON.parse((await post('say', { headers: '{}', status: null })).body)).toEqual({
      code: 'PGRST111',
      details: null,
      hint: null,
      message: 'response.headers guc must be a JSON array composed of objects with a single key and a string value',
    });
    expect(JSON.parse((await post('say', { headers: null, status: 'x' })).body)).toEqual({
      code: 'PGRST112',
      details: null,
      hint: null,
      message: 'response.status guc must be a valid status code',
    });
    expect((await post('reads_only')).status).toBe(200);
  });

  test.each<[string, string, number]>([
    ['P0001', 'raise_exception', 400],
    ['23503', 'a key', 409],
    ['28000', 'not you', 403],
    ['42501', 'not allowed', 401],
    ['42883', 'no such function', 404],
    ['42883', 'function xmlagg(x) does not exist', 406],
    ['42P01', 'no such table', 404],
    ['22023', 'role "x" does not exist', 401],
    ['22023', 'something', 400],
    ['21000', 'UPDATE requires a WHERE clause', 400],
    ['21000', 'too many rows', 500],
    ['25006', 'read only', 405],
    ['53400', 'limit', 500],
    ['53000', 'resources', 503],
    ['54000', 'limit', 500],
    ['57000', 'operator', 500],
    ['0L000', 'grantor', 403],
    ['0P000', 'role', 403],
    ['3B000', 'savepoint', 500],
    ['P0002', 'no data', 500],
    ['XX000', 'internal', 500],
    ['ZZ999', 'whatever', 400],
    ['PT402', 'pay', 402],
    ['PT418', 'teapot', 418],
  ])('raise %s: %s → %d', async (state, words, status) => {
    const answer = await post('fail', { state, words, more: 'd', help: 'h' });
    expect([answer.status, answer.body]).toEqual([
      status,
      JSON.stringify({ code: state, details: 'd', hint: 'h', message: words }),
    ]);
    expect(answer.headers['proxy-status']).toBe(`PostgREST; error=${state}`);
  });

  test('raise whole answers', async () => {
    const whole = await post('fail_whole', {
      body: '{"code":"X1","message":"m","details":"d"}',
      how: '{"status":410,"headers":{"X-Why":"because"},"status_text":"Long gone"}',
    });
    expect([whole.status, whole.headers['x-why'], whole.body, whole.headers['proxy-status']]).toEqual([
      410,
      'because',
      '{"code":"X1","details":"d","hint":null,"message":"m"}',
      'PostgREST; error=X1',
    ]);
    const message = 'Could not parse JSON in the "RAISE SQLSTATE \'PGRST\'" error';
    expect(JSON.parse((await post('fail_whole', { body: '{"code":"X1"}', how: '{}' })).body)).toEqual({
      code: 'PGRST121',
      details: `Invalid JSON value for MESSAGE: '{"code":"X1"}'`,
      hint: "MESSAGE must be a JSON object with obligatory keys: 'code', 'message' and optional keys: 'details', 'hint'.",
      message,
    });
    expect(JSON.parse((await post('fail_whole', { body: '{"code":"X1","message":"m"}' })).body)).toMatchObject({
      details: 'DETAIL is missing in the RAISE statement',
    });
    expect(
      JSON.parse((await post('fail_whole', { body: '{"code":"X1","message":"m"}', how: '{"status":"a"}' })).body),
    ).toMatchObject({
      details: `Invalid JSON value for DETAIL: '{"status":"a"}'`,
      hint: "DETAIL must be a JSON object with obligatory keys: 'status', 'headers' and optional key: 'status_text'.",
    });
  });
});

describe('not found', () => {
  const json = ' or with a single unnamed json/jsonb parameter';
  test.each<[string, string, string | object | undefined, number, object]>([
    [
      'GET',
      'one_bok?a=1',
      undefined,
      404,
      {
        code: 'PGRST202',
        details:
          'Searched for the function library.one_bok with parameter a, but no matches were found in the schema cache.',
        hint: 'Perhaps you meant to call the function library.one_book',
        message: 'Could not find the function library.one_bok(a) in the schema cache',
      },
    ],
    [
      'GET',
      'add?x=1&b=2',
      undefined,
      404,
      {
        code: 'PGRST202',
        details:
          'Searched for the function library.add with parameters b, x, but no matches were found in the schema cache.',
        hint: 'Perhaps you meant to call the function library.add(a, b)',
        message: 'Could not find the function library.add(b, x) in the schema cache',
      },
    ],
    [
      'GET',
      'zzzzzz',
      undefined,
      404,
      {
        code: 'PGRST202',
        details:
          'Searched for the function library.zzzzzz without parameters, but no matches were found in the schema cache.',
        hint: null,
        message: 'Could not find the function library.zzzzzz without parameters in the schema cache',
      },
    ],
    [
      'POST',
      'add',
      { b: 1 },
      404,
      {
        code: 'PGRST202',
        details: `Searched for the function library.add with parameter b${json}, but no matches were found in the schema cache.`,
        hint: 'Perhaps you meant to call the function library.add(a, b)',
        message: 'Could not find the function library.add(b) in the schema cache',
      },
    ],
    [
      'GET',
      'torn?a=1',
      undefined,
      300,
      {
        code: 'PGRST203',
        details: null,
        hint: 'Try renaming the parameters or the function itself in the database so function overloading can be resolved',
        message:
          'Could not choose the best candidate function between: library.torn(a => integer), library.torn(a => text)',
      },
    ],
    ['GET', 'two_unnamed', undefined, 404, { code: 'PGRST202' }],
    ['GET', 'shout', undefined, 404, { code: 'PGRST202' }],
    ['GET', 'html_list', undefined, 404, { code: 'PGRST202' }],
    ['POST', 'add?z=1', { a: 1 }, 400, { code: 'PGRST100' }],
    ['GET', 'add?a=eq.1', undefined, 404, { code: 'PGRST202' }],
    ['PATCH', 'add', {}, 405, { code: 'PGRST101', message: 'Cannot use the PATCH method on RPC' }],
    ['DELETE', 'add', undefined, 405, { code: 'PGRST101', message: 'Cannot use the DELETE method on RPC' }],
  ])('%s %s with %j', async (method, path, body, status, expected) => {
    const answer = await library.ask(method, `/rpc/${path}`, body === undefined ? {} : { body });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, expect.objectContaining(expected)]);
  });

  test('a whole body that nothing takes', async () => {
    const answer = await post('whole_text', 'x', { 'content-type': 'text/xml' });
    expect([answer.status, answer.body]).toEqual([
      404,
      '{"code":"PGRST202","details":"Searched for the function library.whole_text with a single unnamed xml parameter, but no matches were found in the schema cache.",' +
        '"hint":null,"message":"Could not find the function library.whole_text in the schema cache"}',
    ]);
  });
});

test('OPTIONS', async () => {
  const allow = async (path: string) => {
    const { status, headers } = await library.ask('OPTIONS', path);
    return [status, headers.allow];
  };
  expect(await allow('/rpc/nothing_given')).toEqual([200, 'OPTIONS,GET,HEAD,POST']);
  expect(await allow('/rpc/may_write')).toEqual([200, 'OPTIONS,POST']);
  expect((await allow('/rpc/numbers_up_to'))[0]).toBe(404);
  expect(await allow('/books')).toEqual([200, 'OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE']);
  expect(await allow('/no_key')).toEqual([200, 'OPTIONS,GET,HEAD,POST,PATCH,DELETE']);
  expect(await allow('/all_titles')).toEqual([200, 'OPTIONS,GET,HEAD']);
  expect(await allow('/shouting')).toEqual([200, 'OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE']);
  expect((await allow('/nothing'))[0]).toBe(404);
});
