import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Library, type LibraryRequest, startLibrary } from '../support/library.ts';
import type { RawAnswer } from '../support/raw-http.ts';

let library: Library;
beforeAll(async () => {
  library = await startLibrary();
});
afterAll(() => library?.stack.stop());

const send = (method: string, path: string, body?: LibraryRequest['body'], headers: Record<string, string> = {}) =>
  library.ask(method, path, { ...(body === undefined ? {} : { body }), headers });
/** With `Prefer: return=representation` and whatever else is preferred. */
const shown = (method: string, path: string, body?: LibraryRequest['body'], more = '') =>
  send(method, path, body, { prefer: `return=representation${more === '' ? '' : `, ${more}`}` });
const outcome = ({ status, body }: RawAnswer): [number, unknown] => [status, body === '' ? '' : JSON.parse(body)];
const refusal = ({ status, body }: RawAnswer) => ({ status, ...(JSON.parse(body) as object) });

describe('insert', () => {
  test('the official client', async () => {
    const genres = () => library.client.from('genres');
    expect(await genres().insert({ id: 10, label: 'Ten' })).toMatchObject({ status: 201, data: null, error: null });
    const many = await genres()
      .insert(
        [
          { id: 11, label: 'Eleven' },
          { id: 12, label: 'Twelve' },
        ],
        { count: 'exact' },
      )
      .select('label');
    expect([many.status, many.count, many.data]).toEqual([201, 2, [{ label: 'Eleven' }, { label: 'Twelve' }]]);
    const upserted = await genres()
      .upsert([
        { id: 12, label: 'Dozen' },
        { id: 13, label: 'New' },
      ])
      .select();
    expect(upserted.data).toEqual([
      { id: 12, label: 'Dozen' },
      { id: 13, label: 'New' },
    ]);
    const ignored = await genres()
      .upsert({ id: 99, label: 'Dozen' }, { onConflict: 'label', ignoreDuplicates: true })
      .select();
    expect(ignored.data).toEqual([]);
    const twice = await genres().insert({ id: 10, label: 'Again' });
    expect([twice.status, twice.error?.code]).toEqual([409, '23505']);
    expect(await genres().delete({ count: 'exact' }).gte('id', 10)).toMatchObject({ status: 204, count: 4 });
    const rolled = await genres().insert({ id: 20, label: 'x' }).rollback().select();
    expect([rolled.status, rolled.data]).toEqual([201, [{ id: 20, label: 'x' }]]);
    expect((await genres().select().eq('id', 20)).data).toEqual([]);
    // The client's types offer it to known versions only.
    const update = library.client.from('books').update({ cover: 'paper' }).gt('id', 0) as unknown as {
      maxAffected(rows: number): PromiseLike<{ error: unknown }>;
    };
    expect((await update.maxAffected(1)).error).toMatchObject({ code: 'PGRST124' });
  });

  test('headers of every kind of return', async () => {
    const minimal = await send('POST', '/genres', { id: 30, label: 'a' });
    expect([
      minimal.status,
      minimal.body,
      minimal.headers['content-length'],
      minimal.headers['content-range'],
      minimal.headers['content-type'],
    ]).toEqual([201, '', '0', '*/*', undefined]);
    const named = await send('POST', '/genres', { id: 31, label: 'b' }, { prefer: 'return=headers-only, count=exact' });
    expect([named.headers.location, named.headers['content-range'], named.headers['preference-applied']]).toEqual([
      '/genres?id=eq.31',
      '*/1',
      'return=headers-only, count=exact',
    ]);
    const full = await shown('POST', '/genres?select=label', { id: 32, label: 'c' }, 'missing=default');
    expect([
      full.body,
      full.headers['content-type'],
      full.headers['content-profile'],
      full.headers['preference-applied'],
      full.headers.location,
    ]).toEqual([
      '[{"label":"c"}]',
      'application/json; charset=utf-8',
      'library',
      'missing=default, return=representation',
      undefined,
    ]);
    expect(
      (await send('POST', '/books_genres', { book_id: 5, genre_id: 1 }, { prefer: 'return=headers-only' })).headers
        .location,
    ).toBe('/books_genres?book_id=eq.5&genre_id=eq.1');
    expect(
      (await send('POST', '/no_key', { a: 5 }, { prefer: 'return=headers-only' })).headers.location,
    ).toBeUndefined();
  });

  test('defaults, generated columns, identities', async () => {
    expect(outcome(await shown('POST', '/generated?select=given,doubled,required,stamp', {}))).toEqual([
      201,
      [{ given: 7, doubled: 14, required: 'always', stamp: 'made anon' }],
    ]);
    expect(JSON.parse((await shown('POST', '/generated?select=id', [{}, {}])).body)).toHaveLength(2);
    const columns = '/generated?columns=given,required&select=given,required';
    expect(
      outcome(
        await shown('POST', columns, [{ given: 1 }, { required: 'r' }, { given: null, other: 1 }], 'missing=default'),
      ),
    ).toEqual([
      201,
      [
        { given: 1, required: 'always' },
        { given: 7, required: 'r' },
        { given: null, required: 'always' },
      ],
    ]);
    expect(refusal(await shown('POST', columns, [{ given: 1 }]))).toMatchObject({ status: 400, code: '23502' });
    for (const body of [{ id: 5 }, { doubled: 5 }])
      expect(refusal(await send('POST', '/generated', body))).toMatchObject({ status: 400, code: '428C9' });
    expect(
      outcome(
        await shown('POST', '/authors?select=id,aliases&columns=name,aliases,id', { name: 'A' }, 'missing=default'),
      ),
    ).toEqual([201, [{ id: 100, aliases: [] }]]);
    // Keys in JSON may stand twice: without defaults to be put in, the document goes to the server as it is.
    expect(
      outcome(
        await send('POST', '/genres?select=id', '[{"id":40,"id":41,"label":"twice"}]', {
          'content-type': 'application/json',
          prefer: 'return=representation',
        }),
      ),
    ).toEqual([201, [{ id: 41 }]]);
  });

  test('every type, in and out', async () => {
    const row = {
      id: 77,
      small: 1,
      real4: 0.5,
      real8: 'NaN',
      exact: '1e30',
      flag: 'yes',
      at: '2024-01-01T00:00:00Z',
      span: '1 mon',
      bits: '1010',
      bytes: '\\x00ff',
      ip: '::1',
      spans: '{[1,2)}',
      numbers: '[1,3)',
      doc: '<q/>',
      place: '(1,2)',
      homes: [{ street: 'x' }, null],
      code: 'ab',
    };
    expect(
      outcome(await shown('POST', '/samples?select=real8,exact,flag,at,span,bits,bytes,spans,homes,code', row)),
    ).toEqual([
      201,
      [
        {
          real8: 'NaN',
          exact: 1e30,
          flag: true,
          at: '2024-01-01T00:00:00+00:00',
          span: '1 mon',
          bits: '1010',
          bytes: '\\x00ff',
          spans: '{[1,2)}',
          homes: [{ street: 'x', town: null, zip: null }, null],
          code: 'ab ',
        },
      ],
    ]);
    expect(refusal(await send('POST', '/samples', { id: 78, code: 'abcd' }))).toMatchObject({
      status: 400,
      code: '22001',
    });
    expect(refusal(await send('POST', '/samples', { id: 78, bits: '1' }))).toMatchObject({
      status: 400,
      code: '22026',
    });
    const author = { id: 90, name: 'Hue', ink: '#00ff00', home: { street: 's', town: 'T' }, aliases: ['x', 'y "z"'] };
    expect(outcome(await shown('POST', '/authors?select=ink,home,aliases,initials', author))).toEqual([
      201,
      [{ ink: '#00ff00', home: { street: 's', town: 'T', zip: null }, aliases: ['x', 'y "z"'], initials: 'H' }],
    ]);
    expect(
      outcome(await shown('PATCH', `/authors?ink=eq.${encodeURIComponent('#00ff00')}&select=ink`, { ink: '#0000fe' })),
    ).toEqual([200, [{ ink: '#0000fe' }]]);
  });

  test('names nobody should give', async () => {
    const row = { order: 7, 'quo"te': 'x', 'do.t': 'y', 'semi;colon': 'z', 'a->b': 'w', '(paren)': 'v' };
    expect(
      outcome(
        await shown(
          'POST',
          '/select?select="quo\\"te","a->b","(paren)"&columns=order,"quo\\"te","a->b","(paren)"',
          row,
        ),
      ),
    ).toEqual([201, [{ 'quo"te': 'x', 'a->b': 'w', '(paren)': 'v' }]]);
    expect(outcome(await shown('PATCH', '/select?"quo\\"te"=eq.x&select="do.t"', { 'do.t': 'changed' }))).toEqual([
      200,
      [{ 'do.t': 'changed' }],
    ]);
    expect(outcome(await shown('DELETE', '/select?"do.t"=eq.changed&select=order'))).toEqual([200, [{ order: 7 }]]);
    expect(outcome(await shown('POST', '/Ünïcode tàble', { id: 9, größe: 1, 日本語: '人', '🙂': '🎉' }))).toEqual([
      201,
      [{ id: 9, größe: 1, 日本語: '人', '🙂': '🎉' }],
    ]);
  });

  test.each<[string, string, string, number, unknown]>([
    [
      'CSV',
      'text/csv',
      'id,label\n50,"a ""q"", b"\n51,x\n',
      201,
      [
        { id: 50, label: 'a "q", b' },
        { id: 51, label: 'x' },
      ],
    ],
    [
      'CSV with CRLF and a line break in a cell',
      'text/csv; charset=utf-8',
      'label,id\r\n"y\nz",52\r\n',
      201,
      [{ id: 52, label: 'y\nz' }],
    ],
    ['a form', 'application/x-www-form-urlencoded', 'id=53&label=a+%C3%A9', 201, [{ id: 53, label: 'a é' }]],
    ['nothing at all', 'application/json', '[]', 201, []],
    ['a scalar', 'application/json', '5', 201, []],
  ])('of %s', async (_, type, body, status, expected) => {
    const answer = await send('POST', '/genres?order=id', body, {
      'content-type': type,
      prefer: 'return=representation',
    });
    expect(outcome(answer)).toEqual([status, expected]);
  });

  test.each<[string, string, string, string]>([
    ['CSV with a short line', 'text/csv', 'id,label\n50\n', 'All lines must have same number of fields'],
    ['broken JSON', 'application/json', '{"id":', 'Empty or invalid json'],
    ['no JSON', 'application/json', '', 'Empty or invalid json'],
    ['uneven objects', 'application/json', '[{"id":1},{"label":"x"}]', 'All object keys must match'],
    ['no objects', 'application/json', '[1]', 'All object keys must match'],
    ['text', 'text/plain', 'x', 'Content-Type not acceptable: text/plain'],
    ['XML', 'text/xml', '<x/>', 'Content-Type not acceptable: text/xml'],
    ['bytes', 'application/octet-stream', 'x', 'Content-Type not acceptable: application/octet-stream'],
    ['something else', 'image/png', 'x', 'Content-Type not acceptable: image/png'],
  ])('not of %s', async (_, type, body, message) => {
    const answer = await send('POST', '/genres', body, { 'content-type': type });
    expect([answer.status, answer.body]).toEqual([
      400,
      JSON.stringify({ code: 'PGRST102', details: null, hint: null, message }),
    ]);
  });

  test.each<[string, string, object, number, object]>([
    [
      'an unknown column',
      '/genres',
      { id: 1, nope: 1 },
      400,
      { code: 'PGRST204', message: "Could not find the 'nope' column of 'genres' in the schema cache" },
    ],
    [
      'an unknown table',
      '/genre',
      { nope: 1 },
      404,
      { code: 'PGRST205', hint: "Perhaps you meant the table 'library.genres'" },
    ],
    [
      'a key that is taken',
      '/genres',
      { id: 1, label: 'x' },
      409,
      { code: '23505', details: 'Key (id)=(1) already exists.' },
    ],
    ['a key that leads nowhere', '/books', { id: 99, title: 'x', author_id: 999 }, 409, { code: '23503' }],
    ['a value that fails a check', '/books', { id: 99, title: 'x', code: 'abc' }, 400, { code: '23514' }],
    ['a value of another type', '/genres', { id: 'x', label: 'y' }, 400, { code: '22P02' }],
    ['a missing value', '/genres', { id: 99 }, 400, { code: '23502' }],
    [
      'a table that is forbidden',
      '/secrets',
      { id: 9 },
      401,
      { code: '42501', message: 'permission denied for table secrets' },
    ],
    ['a row that is forbidden', '/diaries', { id: 9, owner: 'ann' }, 401, { code: '42501' }],
    ['a partition that is not there', '/loans', { id: 9, day: '1999-01-01' }, 400, { code: '23514' }],
    ['a view that cannot be written', '/page_totals', { author_id: 1 }, 400, { code: '42809' }],
    ['an embed that is not there', '/genres?select=nope(id)', { id: 99, label: 'x' }, 400, { code: 'PGRST200' }],
  ])('not %s', async (_, path, body, status, expected) => {
    expect(refusal(await send('POST', path, body))).toMatchObject({ status, ...expected });
  });
});

describe('what is shown of changed rows', () => {
  test('embeds, aliases, casts, computed columns, order', async () => {
    const body = [
      { id: 60, title: 'Second', author_id: 1 },
      { id: 61, title: 'Third', author_id: 2 },
    ];
    expect(
      outcome(
        await shown(
          'POST',
          '/books?select=no:id::text,authors(name,books(id)),title_words&order=id.desc&authors.books.id=lt.4&authors.books.order=id',
          body,
        ),
      ),
    ).toEqual([
      201,
      [
        { no: '61', authors: { name: 'Émile Zola', books: [{ id: 2 }, { id: 3 }] }, title_words: "'third':1" },
        { no: '60', authors: { name: 'Ada Byron', books: [{ id: 1 }] }, title_words: "'second':1" },
      ],
    ]);
    expect(
      outcome(
        await shown(
          'PATCH',
          '/books?id=gte.60&select=id,...authors(author:name),longest:authors(longest_book(title))&order=id',
          { pages: 1 },
        ),
      ),
    ).toEqual([
      200,
      [
        { id: 60, author: 'Ada Byron', longest: { longest_book: { title: 'Notes' } } },
        { id: 61, author: 'Émile Zola', longest: { longest_book: { title: 'Germinal' } } },
      ],
    ]);
    expect(
      outcome(await shown('PATCH', '/books?id=gte.60&select=id,authors!inner(name)&authors.id=eq.2', { pages: 2 })),
    ).toEqual([200, [{ id: 61, authors: { name: 'Émile Zola' } }]]);
    expect(
      outcome(
        await shown(
          'DELETE',
          '/books?id=gte.60&select=id,genres!books_genres(label)&order=id&limit=1',
          undefined,
          'count=exact',
        ),
      ),
    ).toEqual([
      200,
      [
        { id: 60, genres: [] },
        { id: 61, genres: [] },
      ],
    ]);
  });

  test('as CSV, as one object, counted', async () => {
    const csv = await send(
      'POST',
      '/genres?select=label,id',
      { id: 65, label: 'a,b' },
      { prefer: 'return=representation', accept: 'text/csv' },
    );
    expect([csv.headers['content-type'], csv.body]).toEqual(['text/csv; charset=utf-8', 'label,id\n"a,b",65']);
    const html = { accept: 'text/html', prefer: 'return=representation, tx=rollback' };
    const listed = await send(
      'POST',
      '/books',
      [
        { id: 95, title: 'A' },
        { id: 96, title: 'B' },
      ],
      html,
    );
    expect([listed.status, listed.headers['content-type'], listed.body]).toEqual([
      201,
      'text/html',
      '<ul><li>A</li><li>B</li></ul>',
    ]);
    expect((await send('POST', '/books?select=id', { id: 95, title: 'A' }, html)).status).toBe(406);
    const one = { accept: 'application/vnd.pgrst.object+json' };
    const object = await send(
      'PATCH',
      '/genres?id=eq.65&select=id',
      { label: 'cc' },
      { ...one, prefer: 'return=representation' },
    );
    expect([object.status, object.body]).toEqual([200, '{"id":65}']);
    const none = await send('PATCH', '/genres?id=eq.9999', { label: 'd' }, one);
    expect(refusal(none)).toMatchObject({ status: 406, code: 'PGRST116', details: 'The result contains 0 rows' });
    const several = await send('PATCH', '/genres?id=lt.4', { label: 'same' }, one);
    expect([several.status, (await library.rows('/genres?label=eq.same')) as unknown]).toEqual([409, []]);
    expect(
      (await send('DELETE', '/genres?id=eq.65', undefined, { prefer: 'count=exact' })).headers['content-range'],
    ).toBe('*/1');
  });
});

describe('upsert and PUT', () => {
  test('new, changed, both', async () => {
    const merge = (rows: object[]) =>
      shown('POST', '/editions?select=number,year&order=number', rows, 'resolution=merge-duplicates');
    expect(outcome(await merge([{ book_id: 4, number: 1, year: 1 }]))[0]).toBe(201);
    expect(outcome(await merge([{ book_id: 4, number: 1, year: 2 }]))).toEqual([200, [{ number: 1, year: 2 }]]);
    const both = await merge([
      { book_id: 4, number: 1, year: 3 },
      { book_id: 4, number: 2, year: 3 },
    ]);
    expect([outcome(both), both.headers['preference-applied']]).toEqual([
      [
        201,
        [
          { number: 1, year: 3 },
          { number: 2, year: 3 },
        ],
      ],
      'resolution=merge-duplicates, return=representation',
    ]);
    const ignored = await shown(
      'POST',
      '/editions?select=number',
      [
        { book_id: 4, number: 1, year: 9 },
        { book_id: 4, number: 3, year: 9 },
      ],
      'resolution=ignore-duplicates',
    );
    expect(outcome(ignored)).toEqual([201, [{ number: 3 }]]);
    // A view goes by the key of its table; without any key there is nothing to resolve.
    expect(
      outcome(await shown('POST', '/book_list?select=name', [{ id: 5, name: 'Anon' }], 'resolution=merge-duplicates')),
    ).toEqual([200, [{ name: 'Anon' }]]);
    const keyless = await shown('POST', '/no_key', { a: 1, b: 'x' }, 'resolution=merge-duplicates');
    expect([keyless.status, keyless.headers['preference-applied']]).toEqual([201, 'return=representation']);
    const other = await shown(
      'POST',
      '/books?on_conflict=code&select=id,title',
      { id: 900, title: 'T', code: '978-1' },
      'resolution=merge-duplicates,tx=rollback',
    );
    expect([other.status, refusal(other)]).toEqual([409, expect.objectContaining({ code: '23503' })]);
  });

  test('one row by its whole key', async () => {
    const path = '/editions?book_id=eq.5&number=eq.1';
    expect(outcome(await shown('PUT', path, { book_id: 5, number: 1, year: 10 }))).toEqual([
      201,
      [{ book_id: 5, number: 1, year: 10 }],
    ]);
    const changed = await shown('PUT', path, [{ book_id: 5, number: 1 }]);
    expect([outcome(changed), changed.headers['content-range']]).toEqual([
      [200, [{ book_id: 5, number: 1, year: 10 }]],
      undefined,
    ]);
    const silent = await send('PUT', path, { book_id: 5, number: 1, year: 11 });
    expect([silent.status, silent.body, silent.headers['content-type'], silent.headers['content-length']]).toEqual([
      204,
      '',
      undefined,
      undefined,
    ]);
  });

  test.each<[string, object, number, string]>([
    ['/editions?book_id=eq.5', { book_id: 5, number: 1 }, 405, 'PGRST105'],
    ['/editions?book_id=eq.5&number=gt.1', { book_id: 5, number: 1 }, 405, 'PGRST105'],
    ['/editions?book_id=eq.5&number=not.eq.1', { book_id: 5, number: 1 }, 405, 'PGRST105'],
    ['/editions?book_id=eq.5&number=eq(any).{1}', { book_id: 5, number: 1 }, 405, 'PGRST105'],
    ['/editions?book_id=eq.5&number=eq.1&year=eq.1', { book_id: 5, number: 1 }, 405, 'PGRST105'],
    ['/editions?book_id=eq.5&number=eq.1&or=(year.eq.1)', { book_id: 5, number: 1 }, 405, 'PGRST105'],
    ['/editions', { book_id: 5, number: 1 }, 405, 'PGRST105'],
    ['/no_key?a=eq.1', { a: 1 }, 405, 'PGRST105'],
    ['/editions?book_id=eq.5&number=eq.1&limit=1', { book_id: 5, number: 1 }, 400, 'PGRST114'],
    ['/editions?book_id=eq.5&number=eq.1', { book_id: 5, number: 2 }, 400, 'PGRST115'],
    ['/editions?book_id=eq.5&number=eq.1', { book_id: 5, year: 2 }, 400, 'PGRST115'],
    ['/editions?book_id=eq.5&number=eq.1', [], 400, 'PGRST115'],
  ])('PUT %s of %j is refused', async (path, body, status, code) => {
    expect(refusal(await send('PUT', path, body))).toMatchObject({ status, code });
  });
});

describe('update and delete', () => {
  test('through views, triggers and partitions', async () => {
    expect(outcome(await shown('PATCH', '/book_list_again?id=eq.1&select=name,authors(name)', { price: 9 }))).toEqual([
      200,
      [{ name: 'Notes', authors: { name: 'Ada Byron' } }],
    ]);
    expect(outcome(await shown('POST', '/shouting', { id: 80, title: 'Loud' }))).toEqual([
      201,
      [{ id: 80, title: 'LOUD' }],
    ]);
    expect(outcome(await shown('PATCH', '/shouting?id=eq.80', { title: 'Louder' }))).toEqual([
      200,
      [{ id: 80, title: 'LOUDER' }],
    ]);
    expect(outcome(await shown('DELETE', '/shouting?id=eq.80'))).toEqual([200, [{ id: 80, title: 'LOUDER' }]]);
    expect(outcome(await shown('PATCH', '/loans?id=eq.1&select=day', { day: '2024-12-01' }))).toEqual([
      200,
      [{ day: '2024-12-01' }],
    ]);
  });

  test.each<[string, string, string | object | undefined, number, string | undefined]>([
    ['PATCH', '/genres?id=eq.1', { label: 'Science' }, 204, '0-0/*'],
    ['PATCH', '/genres?id=eq.999', { label: 'x' }, 204, '*/*'],
    ['PATCH', '/genres?id=eq.1', {}, 204, '*/*'],
    ['PATCH', '/genres?id=eq.1', [], 204, '*/*'],
    ['PATCH', '/generated?or=(given.eq.-1,given.eq.-2)', [{ given: 3 }], 204, '*/*'],
    ['DELETE', '/genres?id=eq.999', undefined, 204, '*/*'],
  ])('%s %s of %j', async (method, path, body, status, range) => {
    const answer = await send(method, path, body);
    expect([answer.status, answer.body, answer.headers['content-range'], answer.headers['content-type']]).toEqual([
      status,
      '',
      range,
      undefined,
    ]);
  });

  test('not without a filter', async () => {
    expect(refusal(await send('DELETE', '/genres'))).toMatchObject({
      status: 400,
      code: '21000',
      message: 'DELETE requires a WHERE clause',
    });
    expect(refusal(await send('PATCH', '/genres?limit=1', { label: 'x' }))).toMatchObject({
      status: 400,
      code: '21000',
    });
  });

  test('not more rows than allowed, nor with preferences nobody knows', async () => {
    const bound = { prefer: 'handling=strict, max-affected=1' };
    expect(refusal(await send('PATCH', '/generated?id=gt.0', { given: 9 }, bound))).toMatchObject({
      status: 400,
      code: 'PGRST124',
    });
    expect(await library.rows('/generated?given=eq.9')).toEqual([]);
    const lenient = await send('DELETE', '/no_key?a=eq.1', undefined, {
      prefer: 'handling=lenient, max-affected=1, tx=rollback',
    });
    expect([lenient.status, lenient.headers['preference-applied']]).toEqual([204, 'tx=rollback, handling=lenient']);
    const unknown = await send('DELETE', '/no_key?a=eq.1', undefined, {
      prefer: 'handling=strict, anything, count=none',
    });
    expect([unknown.status, unknown.body]).toEqual([
      400,
      '{"code":"PGRST122","details":"Invalid preferences: anything, count=none","hint":null,"message":"Invalid preferences given with handling=strict"}',
    ]);
  });

  test('a rollback looks at constraints that were put off', async () => {
    const answer = await send(
      'POST',
      '/queue_entries',
      [
        { id: 1, position: 1 },
        { id: 2, position: 1 },
      ],
      { prefer: 'tx=rollback' },
    );
    expect(refusal(answer)).toMatchObject({ status: 409, code: '23505' });
  });
});
