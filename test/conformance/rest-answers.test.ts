import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Library, startLibrary } from '../support/library.ts';

let library: Library;
beforeAll(async () => {
  library = await startLibrary();
});
afterAll(() => library?.stack.stop());

const ask = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  library.ask(method, path, { headers });
const as = (accept: string) => ({ accept });

describe('media types', () => {
  test.each<[string, string, string, string]>([
    [
      'genres?order=id&limit=2',
      '*/*',
      'application/json; charset=utf-8',
      '[{"id":1,"label":"Science"}, \n {"id":2,"label":"Novel"}]',
    ],
    [
      'genres?id=eq.1',
      'application/vnd.pgrst.array+json',
      'application/json; charset=utf-8',
      '[{"id":1,"label":"Science"}]',
    ],
    [
      'genres?id=eq.1',
      'application/vnd.pgrst.object',
      'application/vnd.pgrst.object+json; charset=utf-8',
      '{"id":1,"label":"Science"}',
    ],
    [
      'authors?id=eq.4&select=id,born,pen:ink,country,aliases',
      'application/vnd.pgrst.object+json;nulls=stripped',
      'application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8',
      '{"id":4,"pen":"#000000","aliases":[]}',
    ],
    [
      'books?select=id,authors(name,ink)&id=gte.4&order=id',
      'application/vnd.pgrst.array+json;nulls=stripped',
      'application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8',
      '[{"id":4,"authors":{"name":"Bertha Suttner"}},{"id":5}]',
    ],
    [
      'books?select=id,title,shelf_marks,price,in_print&id=in.(1,4)&order=id',
      'text/csv',
      'text/csv; charset=utf-8',
      'id,title,shelf_marks,price,in_print\n1,Notes,"{1,2,3}",9.50,"[1843-01-01,1900-01-01)"\n4,"Lay Down Your Arms",,,',
    ],
    [
      'books?select=id,authors(name)&id=eq.1',
      'text/csv',
      'text/csv; charset=utf-8',
      'id,authors\n1,"{""name"": ""Ada Byron""}"',
    ],
    ['books?id=eq.99', 'text/csv', 'text/csv; charset=utf-8', '\n'],
    ['samples?select=flag,bytes&id=eq.1', 'text/csv', 'text/csv; charset=utf-8', 'flag,bytes\nt,"\\\\xdeadbeef"'],
    [
      'books?order=id.desc',
      'text/html',
      'text/html',
      '<ul><li>Anonymous</li><li>Lay Down Your Arms</li><li>Nana</li><li>Germinal</li><li>Notes</li></ul>',
    ],
    ['books?select=*&id=eq.1', 'text/html;q=0.9, image/png', 'text/html', '<ul><li>Notes</li></ul>'],
    ['rpc/books_of?author=1', 'text/html', 'text/html', '<ul><li>Notes</li></ul>'],
    ['rpc/one_book?wanted=2', 'text/html', 'text/html', '<ul><li>Germinal</li></ul>'],
    ['books?select=title&id=lt.3&order=id', 'text/x-lines', 'text/x-lines', '(Notes)\n(Germinal)\n'],
    ['genres?id=lt.3&order=id', 'text/csv', 'text/csv; charset=utf-8', '1;Science\n2;Novel\n'],
    ['genres?select=id&id=lt.3&order=id', 'text/csv', 'text/csv; charset=utf-8', 'id\n1\n2'],
    ['rpc/as_markup', 'text/xml', 'text/xml; charset=utf-8', '<a>é</a>'],
    ['rpc/as_many_plain', '*/*', 'application/json; charset=utf-8', '["x"]'],
    ['letters?order=id&limit=2', 'application/json', 'application/octet-stream', 'Dear Émile.Dear Bertha.'],
    ['letters?id=eq.1', 'image/png', 'application/octet-stream', 'Dear Émile.'],
    ['letters?select=id&id=eq.1', 'application/json', 'application/json; charset=utf-8', '[{"id":1}]'],
    ['rpc/as_plain', 'text/plain', 'text/plain; charset=utf-8', 'plain'],
    ['rpc/as_html', 'text/html', 'text/html', '<p>é</p>'],
    ['rpc/as_html', '*/*', 'application/json; charset=utf-8', '"<p>é</p>"'],
    ['rpc/as_upper', 'text/x-upper', 'text/x-upper', 'U'],
    ['rpc/as_book', 'application/x-book+json', 'application/x-book+json', '\u0001{"a": 1}'],
    ['rpc/as_anything', 'application/zip', 'application/zip', 'as application/zip'],
    [
      'books?id=eq.1&select=id',
      'application/unknown, application/json;q=0.5',
      'application/json; charset=utf-8',
      '[{"id":1}]',
    ],
    [
      'books?id=eq.1&select=id',
      'text/csv;q=0.1, application/vnd.pgrst.object+json',
      'application/vnd.pgrst.object+json; charset=utf-8',
      '{"id":1}',
    ],
  ])('%s as %s', async (path, accept, type, body) => {
    const answer = await ask(`/${path}`, as(accept));
    expect([answer.status, answer.headers['content-type'], answer.body]).toEqual([200, type, body]);
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.body)));
  });

  test('bytes are bytes', async () => {
    for (const [path, type, length] of [
      ['/rpc/as_pixel', 'image/x-pixel', '2'],
      ['/rpc/as_octets', 'application/octet-stream', '2'],
    ] as const) {
      const answer = await ask(path, as(type));
      expect([answer.headers['content-type'], answer.headers['content-length']]).toEqual([type, length]);
    }
  });

  test.each<[string, string, string]>([
    ['genres', 'text/html', 'text/html'],
    ['rpc/as_many_plain', 'text/plain', 'text/plain'],
    ['letters?select=id', 'image/png', 'image/png'],
    ['books?select=title', 'text/html', 'text/html'],
    ['rpc/as_html', 'image/png', 'image/png'],
    ['genres', 'image/png, text/html;q=0.5', 'image/png, text/html'],
    ['genres', 'application/x;version=1', 'application/x;version=1'],
    [
      'genres',
      'application/vnd.pgrst.plan; for="application/pdf"',
      'application/vnd.pgrst.plan+text; for="application/pdf"',
    ],
  ])('%s not as %s', async (path, accept, shown) => {
    const answer = await ask(`/${path}`, as(accept));
    expect([answer.status, answer.body]).toEqual([
      406,
      JSON.stringify({
        code: 'PGRST107',
        details: null,
        hint: null,
        message: `None of these media types are available: ${shown}`,
      }),
    ]);
  });

  test('plans', async () => {
    const text = await ask('/books?id=eq.1', as('application/vnd.pgrst.plan'));
    expect([text.status, text.headers['content-type'], text.headers['content-range']]).toEqual([
      200,
      'application/vnd.pgrst.plan+text; for="application/json"; charset=utf-8',
      undefined,
    ]);
    expect(text.body).toMatch(/^Aggregate {2}\(cost=/);
    const json = await ask(
      '/books?select=id',
      as('application/vnd.pgrst.plan+json; for="application/vnd.pgrst.object"; options=buffers|analyze|nonsense;'),
    );
    expect(json.headers['content-type']).toBe(
      'application/vnd.pgrst.plan+json; for="application/vnd.pgrst.object+json"; options=analyze|buffers; charset=utf-8',
    );
    expect(JSON.parse(json.body)).toMatchObject([{ Plan: { 'Actual Rows': expect.anything() } }]);
    const { data, error } = await library.client.from('books').select('id').explain({ analyze: true, format: 'json' });
    expect([error, (data as unknown as { Plan: object }[])[0]?.Plan]).toEqual([
      null,
      expect.objectContaining({ 'Node Type': 'Aggregate' }),
    ]);
    const change = await library.ask('DELETE', '/no_key?a=eq.2', {
      headers: as('application/vnd.pgrst.plan; options=verbose'),
    });
    expect(change.body).toMatch(/Delete on library\.no_key/);
    expect(await library.rows('/no_key?a=eq.2')).toHaveLength(1);
  });
});

describe('headers', () => {
  test('of reads, with and without a body', async () => {
    const answer = await ask('/genres?select=id,label&order=id&id=lt.3;x', {
      prefer: 'count=exact, return=minimal, handling=lenient',
    });
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-range': '0-1/2',
      'content-location': '/genres?id=lt.3&order=id&select=id%2Clabel&x=',
      'content-profile': 'library',
      'preference-applied': 'count=exact, handling=lenient',
    });
    const head = await ask('/genres?select=id', {}, 'HEAD');
    expect([
      head.status,
      head.body,
      head.headers['content-type'],
      head.headers['content-length'],
      head.headers['content-range'],
    ]).toEqual([200, '', 'application/json; charset=utf-8', undefined, '0-3/*']);
    expect((await ask('/genres?id=eq.1&id=lt.3&label=like.S*')).headers['content-location']).toBe(
      '/genres?id=eq.1,lt.3&label=like.S%2A',
    );
  });

  test('none of success on a failure', async () => {
    const answer = await ask('/genres?id=x', { prefer: 'count=exact' });
    expect([answer.status, answer.headers['proxy-status']]).toEqual([400, 'PostgREST; error=PGRST100']);
    for (const name of ['preference-applied', 'content-range', 'content-location', 'content-profile'])
      expect(answer.headers[name]).toBeUndefined();
  });
});

describe('errors, byte for byte', () => {
  const failedTo = (what: string, column: number, details: string) => ({
    code: 'PGRST100',
    details,
    hint: null,
    message: `"failed to parse ${what}" (line 1, column ${column})`,
  });
  test.each<[string, number, object]>([
    ['genres?id=0', 400, failedTo('filter (0)', 1, 'unexpected "0" expecting "not" or operator (eq, gt, ...)')],
    [
      'genres?id=noop.0',
      400,
      failedTo('filter (noop.0)', 1, 'unexpected "o" expecting "not" or operator (eq, gt, ...)'),
    ],
    [
      'genres?order=id.asc.nullslasttt',
      400,
      failedTo('order (id.asc.nullslasttt)', 17, `unexpected 't' expecting "," or end of input`),
    ],
    [
      'genres?order=id.ac',
      400,
      failedTo('order (id.ac)', 4, 'unexpected "c" expecting "asc", "desc", "nullsfirst" or "nullslast"'),
    ],
    [
      'genres?order=id.descc',
      400,
      failedTo('order (id.descc)', 8, `unexpected 'c' expecting delimiter (.), "," or end of input`),
    ],
    [
      'genres?order=id.asc.nlsfst',
      400,
      failedTo('order (id.asc.nlsfst)', 8, 'unexpected "l" expecting "nullsfirst" or "nullslast"'),
    ],
    [
      'genres?columns=',
      400,
      failedTo('columns parameter ()', 1, 'unexpected end of input expecting field name (* or [a..z0..9_$])'),
    ],
    [
      'genres?or=()',
      400,
      failedTo(
        'logic tree (())',
        4,
        'unexpected ")" expecting field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)',
      ),
    ],
    ['genres?or=)(', 400, failedTo('logic tree ()()', 3, 'unexpected ")" expecting "("')],
    [
      'genres?and=(ord(id.eq.1,id.eq.1),id.eq.2)',
      400,
      failedTo('logic tree ((ord(id.eq.1,id.eq.1),id.eq.2))', 7, 'unexpected "d" expecting "("'),
    ],
    [
      'genres?or=(id.eq.1,not.xor(id.eq.2,id.eq.3))',
      400,
      failedTo(
        'logic tree ((id.eq.1,not.xor(id.eq.2,id.eq.3)))',
        16,
        'unexpected "x" expecting logic operator (and, or)',
      ),
    ],
    ['genres?select=data->>--34', 400, failedTo('select parameter (data->>--34)', 9, 'unexpected "-" expecting digit')],
    [
      'genres?select=id,books(name[])',
      400,
      failedTo(
        'select parameter (id,books(name[]))',
        14,
        `unexpected '[' expecting letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input`,
      ),
    ],
    [
      'genre',
      404,
      {
        code: 'PGRST205',
        details: null,
        hint: "Perhaps you meant the table 'library.genres'",
        message: "Could not find the table 'library.genre' in the schema cache",
      },
    ],
    [
      'zzzzzz',
      404,
      {
        code: 'PGRST205',
        details: null,
        hint: null,
        message: "Could not find the table 'library.zzzzzz' in the schema cache",
      },
    ],
    ['loans_2024', 404, expect.objectContaining({ code: 'PGRST205' })],
    ['genres/', 404, { code: 'PGRST125', details: null, hint: null, message: 'Invalid path specified in request URL' }],
    ['rpc/add/', 404, expect.objectContaining({ code: 'PGRST125' })],
    ['a/b', 404, expect.objectContaining({ code: 'PGRST125' })],
    [
      'books?select=id,nope(id)',
      400,
      {
        code: 'PGRST200',
        details:
          "Searched for a foreign key relationship between 'books' and 'nope' in the schema 'library', but no matches were found.",
        hint: null,
        message: "Could not find a relationship between 'books' and 'nope' in the schema cache",
      },
    ],
    [
      'books?select=id,author(id)',
      400,
      expect.objectContaining({ code: 'PGRST200', hint: "Perhaps you meant 'authors' instead of 'author'." }),
    ],
    [
      'books?select=id,authors!wrong(id)',
      400,
      {
        code: 'PGRST200',
        details:
          "Searched for a foreign key relationship between 'books' and 'authors' using the hint 'wrong' in the schema 'library', but no matches were found.",
        hint: null,
        message: "Could not find a relationship between 'books' and 'authors' in the schema cache",
      },
    ],
    ['secrets?select=id,authors(id)', 400, expect.objectContaining({ code: 'PGRST200' })],
    [
      'letters?select=id,authors(name)',
      300,
      {
        code: 'PGRST201',
        details: [
          {
            cardinality: 'many-to-one',
            embedding: 'letters with authors',
            relationship: 'letters_receiver using letters(receiver_id) and authors(id)',
          },
          {
            cardinality: 'many-to-one',
            embedding: 'letters with authors',
            relationship: 'letters_sender using letters(sender_id) and authors(id)',
          },
        ],
        hint: "Try changing 'authors' to one of the following: 'authors!letters_receiver', 'authors!letters_sender'. Find the desired relationship in the 'details' key.",
        message: "Could not embed because more than one relationship was found for 'letters' and 'authors'",
      },
    ],
    [
      'books?select=genres(id)',
      300,
      expect.objectContaining({
        code: 'PGRST201',
        details: [
          {
            cardinality: 'many-to-many',
            embedding: 'books with genres',
            relationship:
              'books_genres using books_genres_book_id_fkey(book_id) and books_genres_genre_id_fkey(genre_id)',
          },
          {
            cardinality: 'many-to-many',
            embedding: 'books with genres',
            relationship:
              'genre_links using books_genres_book_id_fkey(book_id) and books_genres_genre_id_fkey(genre_id)',
          },
        ],
        hint: "Try changing 'genres' to one of the following: 'genres!books_genres', 'genres!genre_links'. Find the desired relationship in the 'details' key.",
      }),
    ],
    [
      'books?select=id&authors.id=eq.1',
      400,
      {
        code: 'PGRST108',
        details: null,
        hint: "Verify that 'authors' is included in the 'select' query parameter.",
        message: "'authors' is not an embedded resource in this request",
      },
    ],
    ['books?select=id&order=authors(id)', 400, expect.objectContaining({ code: 'PGRST108' })],
    [
      'authors?select=id,books(id)&order=books(id)',
      400,
      {
        code: 'PGRST118',
        details: "'authors' and 'books' do not form a many-to-one or one-to-one relationship",
        hint: null,
        message: "A related order on 'books' is not possible",
      },
    ],
    [
      'genres?nope=eq.1',
      400,
      { code: '42703', details: null, hint: null, message: 'column genres.nope does not exist' },
    ],
    [
      'genres?id=eq.x',
      400,
      { code: '22P02', details: null, hint: null, message: 'invalid input syntax for type integer: "x"' },
    ],
    ['genres?id=ilike.1', 404, expect.objectContaining({ code: '42883' })],
    ['secrets', 401, { code: '42501', details: null, hint: null, message: 'permission denied for table secrets' }],
  ])('%s', async (path, status, expected) => {
    const answer = await ask(`/${path}`);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([status, expected]);
    expect(Object.keys(JSON.parse(answer.body) as object)).toEqual(['code', 'details', 'hint', 'message']);
    expect(answer.body).toBe(JSON.stringify(JSON.parse(answer.body)));
    expect([answer.headers['content-type'], answer.headers['content-length']]).toEqual([
      'application/json; charset=utf-8',
      String(Buffer.byteLength(answer.body)),
    ]);
  });

  test('profiles and methods', async () => {
    const profile = await ask('/genres', { 'accept-profile': 'backstage' });
    expect([profile.status, profile.body]).toEqual([
      406,
      '{"code":"PGRST106","details":null,"hint":"Only the following schemas are exposed: library, archive","message":"Invalid schema: backstage"}',
    ]);
    const written = await library.ask('POST', '/genres', {
      body: {},
      headers: { 'content-profile': 'x', 'accept-profile': 'archive' },
    });
    expect(JSON.parse(written.body)).toMatchObject({ code: 'PGRST106', message: 'Invalid schema: x' });
    expect((await library.ask('GET', '/genres?limit=1', { headers: { 'content-profile': 'x' } })).status).toBe(200);
    const method = await ask('/genres', {}, 'PURGE');
    expect([method.status, method.body]).toEqual([
      405,
      '{"code":"PGRST117","details":null,"hint":null,"message":"Unsupported HTTP method: PURGE"}',
    ]);
    expect(JSON.parse((await library.ask('POST', '/', { body: {} })).body)).toMatchObject({ code: 'PGRST117' });
  });
});

test('aggregates and plans are off unless switched on', async () => {
  const plain = await startLibrary({
    PGRST_DB_AGGREGATES_ENABLED: 'false',
    PGRST_DB_PLAN_ENABLED: 'false',
    PGRST_DB_TX_END: 'commit',
  });
  try {
    for (const path of [
      '/books?select=count()',
      '/authors?select=id,books(pages.sum())',
      '/books?select=...authors(born.max())',
    ])
      expect(await plain.rows(path)).toEqual({
        code: 'PGRST123',
        details: null,
        hint: null,
        message: 'Use of aggregate functions is not allowed',
      });
    const plan = await plain.ask('GET', '/books', { headers: { accept: 'application/vnd.pgrst.plan+json' } });
    expect([plan.status, plan.body]).toEqual([
      406,
      '{"code":"PGRST107","details":null,"hint":null,"message":"None of these media types are available: application/vnd.pgrst.plan+json; for=\\"application/json\\""}',
    ]);
    const kept = await plain.ask('POST', '/genres', {
      body: { id: 9, label: 'kept' },
      headers: { prefer: 'tx=rollback' },
    });
    expect([kept.status, kept.headers['preference-applied'], await plain.rows('/genres?id=eq.9&select=label')]).toEqual(
      [201, undefined, [{ label: 'kept' }]],
    );
  } finally {
    await plain.stack.stop();
  }
});
