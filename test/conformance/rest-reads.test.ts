import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Library, startLibrary } from '../support/library.ts';

let library: Library;
beforeAll(async () => {
  library = await startLibrary();
});
afterAll(() => library?.stack.stop());

const rows = (path: string) => library.rows(path);
const ids = async (path: string) => ((await rows(path)) as { id: number }[]).map(({ id }) => id);

describe('filters of the official client', () => {
  type Books = ReturnType<ReturnType<Library['client']['from']>['select']>;
  test.each<[string, (books: Books) => Books, number[]]>([
    ['eq', (books) => books.eq('title', 'Nana'), [3]],
    ['neq', (books) => books.neq('id', 2).lte('id', 3), [1, 3]],
    ['gt, lte', (books) => books.gt('pages', 100).lte('pages', 500), [1, 3]],
    ['gte, lt', (books) => books.gte('price', 8.25).lt('price', 12), [1, 3]],
    ['like', (books) => books.like('title', 'N%'), [1, 3]],
    ['ilike', (books) => books.ilike('title', '%n%'), [1, 2, 3, 4, 5]],
    ['likeAllOf', (books) => books.likeAllOf('title', ['%o%', '%y%']), [4, 5]],
    ['likeAnyOf', (books) => books.likeAnyOf('title', ['Nan%', 'Not%']), [1, 3]],
    ['ilikeAllOf', (books) => books.ilikeAllOf('title', ['n%', '%A']), [3]],
    ['ilikeAnyOf', (books) => books.ilikeAnyOf('title', ['GERM%', 'lay%']), [2, 4]],
    ['is null', (books) => books.is('author_id', null), [5]],
    ['in', (books) => books.in('title', ['Nana', 'Lay Down Your Arms', 'with, comma']), [3, 4]],
    ['contains, an array', (books) => books.contains('shelf_marks', [2]), [1, 2]],
    ['contains, an object', (books) => books.contains('info', { lang: 'fr' }), [2, 3]],
    ['containedBy', (books) => books.containedBy('shelf_marks', [1, 2, 3, 5]), [1, 2, 3]],
    ['rangeGt', (books) => books.rangeGt('in_print', '[1840-01-01,1850-01-01)'), [2, 3]],
    ['rangeGte', (books) => books.rangeGte('in_print', '[1880-01-01,1881-01-01)'), [2, 3]],
    ['rangeLt', (books) => books.rangeLt('in_print', '[1900-01-01,1999-01-01)'), [1]],
    ['rangeLte', (books) => books.rangeLte('in_print', '[1800-01-01,1950-01-01)'), [1, 3]],
    ['rangeAdjacent', (books) => books.rangeAdjacent('in_print', '[1950-01-01,1960-01-01)'), [3]],
    ['overlaps', (books) => books.overlaps('shelf_marks', [7, 3]), [1, 5]],
    ['textSearch', (books) => books.textSearch('words', 'engine & pattern', { config: 'english' }), [1]],
    [
      'textSearch, plain',
      (books) => books.textSearch('blurb', 'barking dog', { config: 'english', type: 'plain' }),
      [2],
    ],
    [
      'textSearch, phrase',
      (books) => books.textSearch('blurb', 'brown fox', { config: 'english', type: 'phrase' }),
      [5],
    ],
    [
      'textSearch, web',
      (books) => books.textSearch('blurb', 'peace or miners', { config: 'english', type: 'websearch' }),
      [2, 4],
    ],
    ['match', (books) => books.match({ author_id: 2, cover: 'cloth' }), [2]],
    ['not', (books) => books.not('cover', 'in', '(paper,leather)'), [2, 4]],
    ['or', (books) => books.or('pages.gt.500,title.eq."Notes",and(price.eq.0,pages.lt.20)'), [1, 2, 5]],
    ['filter', (books) => books.filter('title', 'imatch', '^n.+a$'), [3]],
  ])('%s', async (_, narrow, expected) => {
    const { data, error } = await narrow(library.client.from('books').select('id')).order('id');
    expect(error).toBeNull();
    expect(data).toEqual(expected.map((id) => ({ id })));
  });

  test('pages, counts, one row, no row', async () => {
    const books = () => library.client.from('books');
    const page = await books()
      .select('id', { count: 'exact' })
      .order('pages', { ascending: false, nullsFirst: false })
      .range(1, 2);
    expect([page.status, page.count, page.data]).toEqual([206, 5, [{ id: 3 }, { id: 1 }]]);
    expect((await books().select('*', { count: 'exact', head: true }).gt('id', 2)).count).toBe(3);
    expect((await books().select('id', { count: 'planned', head: true })).count).toBeGreaterThan(0);
    expect((await books().select('id', { count: 'estimated', head: true })).count).toBe(5);
    expect((await books().select('title').eq('id', 1).single()).data).toEqual({ title: 'Notes' });
    expect((await books().select('title').single()).error).toMatchObject({
      code: 'PGRST116',
      details: 'The result contains 5 rows',
    });
    expect(await books().select('title').eq('id', 99).maybeSingle()).toMatchObject({ data: null, error: null });
    expect((await books().select('id').range(9, 10)).data).toEqual([]);
  });
});

describe('operators', () => {
  test.each<[string, number[]]>([
    ['books?id=eq(any).{1,3}', [1, 3]],
    ['books?pages=gt(all).{100,200}', [2, 3]],
    ['books?pages=not.lt(any).{20,200}', [2, 3]],
    ['books?title=match(any).{^N,ous$}', [1, 3, 5]],
    ['books?title=imatch(all).{n,^g}', [2]],
    ['books?cover=is.null', [5]],
    ['books?cover=is.NOT_NULL&id=lt.3', [1, 2]],
    ['books?author_id=isdistinct.2', [1, 4, 5]],
    ['books?author_id=not.isdistinct.2', [2, 3]],
    ['books?title=in.(Nana,"Notes",Germinal x)', [1, 3]],
    ['books?title=in.()', []],
    ['books?title=not.in.()', [1, 2, 3, 4, 5]],
    ['books?title=in.("")', []],
    ['books?id=in. (1,2) ', [1, 2]],
    ['books?title=eq."Nana"', []],
    ['books?code=not.is.null&price=neq.12', [1]],
    ['books?shelf_marks=cs.{2}&shelf_marks=cd.{1,2,3}', [1]],
    ['books?in_print=ov.[1940-01-01,1941-01-01)', [2, 3]],
    ['books?in_print=sl.[1950-01-01,)', [1, 3]],
    ['books?in_print=sr.(,1860-01-01)', [2, 3]],
    ['books?shelf_marks->0=eq.2', [2]],
    ['books?info->>lang=eq.fr&info->n=eq.20', [2]],
    ['books?info->n=is.null', [4, 5]],
    ['books?info->>n=is.null', [3, 4, 5]],
    ['books?info->prizes->0->>year=eq.1843', [1]],
    ['books?info->"a b"->>"c-d"=eq.x', [5]],
    ['books?info->a b->>c-d=eq.x', [5]],
    ['books?info->prizes->-1->year=eq.1843', [1]],
    ['books?meta->>b=eq.1', [1]],
    ['books?meta->>1=eq.2', [2]],
    ['authors?home->>town=like.P*', [2]],
    ['authors?aliases->>0=eq.B. Oulot', [3]],
    ['authors?aliases=cs.{"Jemand, \\"Niemand\\""}', [3]],
    ['authors?initials=eq.ÉZ', [2]],
    ['authors?age_in_2000=gt.157', [1, 2]],
    ['samples?numbers=cs.[3,4]', [1]],
    ['samples?exact=eq.12345678901234567890.123', [1]],
    ['samples?ip=eq.10.0.0.1/8', [1]],
    ['samples?bytes=eq.\\xdeadbeef', [1]],
    ['samples?real8=eq.Infinity', [1]],
    ['samples?flag=is.true', [1]],
    ['samples?flag=is.unknown', [Number('9007199254740993')]],
    ['samples?span=gt.1 day', [1]],
  ])('%s', async (path, expected) => {
    expect(await ids(`/${path.replace('?', '?select=id&order=id&')}`)).toEqual(expected);
  });

  test.each<[string, number[]]>([
    ['words=fts(english).engines', [1]],
    ['words=fts.engines', [1]],
    ['blurb=plfts.barking dog', [2]],
    ['words=not.fts(english).engine&words=not.is.null&id=lt.3', [2]],
    ['title=wfts(english).notes', [1]],
    ['title_words=fts(english).note', [1]],
    ['info=fts(simple).fr', [2, 3]],
    ['info->>lang=plfts(simple).en', [1]],
    ['blurb=phfts(english).algebraic patterns', [1]],
    ['or=(blurb.wfts(english)."quick fox",words.fts(english).strike)', [2, 5]],
  ])('full text: %s', async (query, expected) => {
    expect(await ids(`/books?select=id&order=id&${query}`)).toEqual(expected);
  });

  test.each<[string, number[]]>([
    ['or=(id.eq.1,id.eq.2)', [1, 2]],
    ['or=( id.eq.1 , and( id.gt.2 , id.lt.5 ) )', [1, 3, 4]],
    ['not.or=(id.eq.1,id.eq.2)', [3, 4, 5]],
    ['and=(id.gt.1,not.or(id.eq.2,title.like.L*),not.and(id.gt.3,id.lt.9))', [3]],
    ['or=(title.in.(Nana,"Lay Down Your Arms"),shelf_marks.cs.{7},shelf_marks.cs.{1,2})', [1, 3, 4, 5]],
    ['or=(title.eq."Nana",title.eq."No, (really)")', [3]],
    ['or=(info->>lang.eq.en,info->prizes.is.null)', [1, 3, 4, 5]],
    ['or=(id.eq.1)&or=(id.eq.1,id.eq.2)', [1]],
    ['or=(pages.not.gt.100,pages.is.null)', [4, 5]],
    ['or=(in_print.ov."[1940-01-01,1941-01-01)",id.eq.5)', [2, 3, 5]],
    ['or=(title.like(any).{Na*,Not*},id.eq(any)."{5}")', [1, 3, 5]],
    ['id=gt.1;id=lt.4', [2, 3]],
  ])('logic: %s', async (query, expected) => {
    expect(await ids(`/books?select=id&order=id&${query}`)).toEqual(expected);
  });
});

describe('select', () => {
  test.each<[string, unknown]>([
    ['books?select=*&id=eq.5&columns=ignored', [expect.objectContaining({ id: 5, title: 'Anonymous', price: 0 })]],
    ['books?select=&id=eq.3', [expect.objectContaining({ id: 3, cover: 'paper' })]],
    ['books?select=n:title,pages::text,id&id=eq.1', [{ n: 'Notes', pages: '120', id: 1 }]],
    [
      'books?select=info->lang,info->>n,year:info->prizes->0->year,info->prizes->0&id=eq.1',
      [{ lang: 'en', n: '1', year: 1843, prizes: { year: 1843 } }],
    ],
    ['books?select=info->>n::int,shelf_marks->-1&id=eq.2', [{ n: 20, shelf_marks: 5 }]],
    [
      'authors?select=home,home->>town,home->zip,ink,initials&id=eq.1',
      [
        {
          home: { street: 'Piccadilly 12', town: 'London', zip: 'W1J  ' },
          town: 'London',
          zip: 'W1J  ',
          ink: '#0000ff',
          initials: 'AB',
        },
      ],
    ],
    ['Ünïcode tàble?select=id,größe,日本語,"🙂"&größe=eq.42', [{ id: 1, größe: 42, 日本語: '語', '🙂': '🙃' }]],
    [
      'from, where%3B --?select=id,select(user)&order=id',
      [
        { id: 1, select: { user: 'u' } },
        { id: 2, select: null },
      ],
    ],
  ])('%s', async (path, expected) => {
    expect(await rows(`/${path}`)).toEqual(expected);
  });

  test('columns with any name', async () => {
    const select =
      'order,limit,and,user,"with space","do.t","com,ma","quo\\"te","(paren)","back\\\\slash",1st,"a->b","semi%3Bcolon",UPPER,"percent%2541",dash-ed,$dollar';
    expect(
      await rows(
        `/select?select=${select}&user=eq.u&"do.t"=eq.d&"quo\\"te"=in.(q)&or=("com,ma".eq.c,"(paren)".eq.x)&order="a->b".desc,dash-ed`,
      ),
    ).toEqual([
      {
        order: 1,
        limit: 'l',
        and: 'a',
        user: 'u',
        'with space': 'w s',
        'do.t': 'd',
        'com,ma': 'c',
        'quo"te': 'q',
        '(paren)': 'p',
        'back\\slash': 'b',
        '1st': '1',
        'a->b': 'ab',
        'semi;colon': 's',
        UPPER: 'U',
        'percent%41': '%',
        'dash-ed': '-',
        $dollar: '$',
      },
    ]);
  });

  test('a column called order can be shown and ordered by, not filtered', async () => {
    expect(await rows('/select?select=order&order=order.desc')).toEqual([{ order: 2 }, { order: 1 }]);
    expect(await rows('/select?select=order&order=eq.1')).toMatchObject({ code: 'PGRST100' });
  });

  test('every type as the server writes it', async () => {
    const { body } = await library.ask(
      'GET',
      '/samples?id=eq.1&select=small,real4,real8,exact,flag,at,local,only_time,span,bits,bytes,ip,spans,numbers,doc,place,homes,code',
    );
    expect(body).toBe(
      '[{"small":2,"real4":1.5,"real8":"Infinity","exact":12345678901234567890.123,"flag":true,"at":"2024-05-06T05:08:09.5+00:00",' +
        '"local":"2024-05-06T07:08:09","only_time":"23:59:59","span":"1 day 02:00:00","bits":"0101","bytes":"\\\\xdeadbeef","ip":"10.0.0.1/8",' +
        '"spans":"{[1,2),[5,6.5)}","numbers":"[3,9)","doc":"<a>b</a>","place":"(1,2)","homes":[{"street":"s","town":"t","zip":"12345"}],"code":"ab "}]',
    );
    expect((await library.ask('GET', '/samples?select=id&order=id.desc&limit=1')).body).toBe(
      '[{"id":9007199254740993}]',
    );
    expect((await library.ask('GET', '/books?select=meta&id=eq.1')).body).toBe('[{"meta":{"b": 1,  "a": 2}}]');
  });

  test('domains are shown and read in their own way', async () => {
    const red = encodeURIComponent('#ff0000');
    expect(await rows('/authors?select=id,pen:ink&ink=not.is.null&order=ink.desc')).toEqual([
      { id: 2, pen: '#ff0000' },
      { id: 1, pen: '#0000ff' },
      { id: 4, pen: '#000000' },
    ]);
    expect(await ids(`/authors?select=id&ink=eq.${red}`)).toEqual([2]);
    expect(await ids(`/authors?select=id&ink=in.(${red},"${encodeURIComponent('#0000ff')}")&order=id`)).toEqual([1, 2]);
    expect(await ids(`/authors?select=id&or=(ink.neq.${red},ink.is.null)&order=id`)).toEqual([1, 3, 4]);
    expect(await rows('/books?select=authors(*)&id=eq.2')).toEqual([
      { authors: expect.objectContaining({ name: 'Émile Zola', ink: '#ff0000' }) },
    ]);
  });
});

describe('order and pages', () => {
  test.each<[string, number[]]>([
    ['order=pages.desc.nullslast', [2, 3, 1, 5, 4]],
    ['order=pages', [5, 1, 3, 2, 4]],
    ['order=pages.nullsfirst&limit=2', [4, 5]],
    ['order=info->n.desc.nullslast,id', [2, 1, 3, 4, 5]],
    ['order=cover,title.desc', [3, 4, 2, 1, 5]],
    ['order=authors(name).desc.nullslast,id&select=id,authors(id)', [2, 3, 4, 1, 5]],
    ['order=a(born),id&select=id,a:authors()', [1, 2, 3, 4, 5]],
    ['order=id&order=id.desc', [1, 2, 3, 4, 5]],
    ['order=id&limit=1&limit=2&offset=x', [1, 2]],
    ['order=id&offset=-3&limit=1', [1]],
    ['order=id&limit=abc', [1, 2, 3, 4, 5]],
  ])('%s', async (query, expected) => {
    const path = query.includes('select=') ? `/books?${query}` : `/books?select=id&${query}`;
    expect(await ids(path)).toEqual(expected);
  });

  test.each<[string, Record<string, string>, number, string]>([
    ['limit=2', {}, 200, '0-1/*'],
    ['limit=2', { prefer: 'count=exact' }, 206, '0-1/5'],
    ['limit=5', { prefer: 'count=exact' }, 200, '0-4/5'],
    ['limit=0', { prefer: 'count=exact' }, 206, '*/5'],
    ['offset=5', { prefer: 'count=exact' }, 206, '*/5'],
    ['id=gt.99', { prefer: 'count=exact' }, 200, '*/0'],
    ['', { range: '1-2' }, 200, '1-2/*'],
    ['limit=2&offset=1', { range: '2-9' }, 200, '2-2/*'],
    ['', { range: '1-2', 'range-unit': 'items', prefer: 'count=exact' }, 206, '1-2/5'],
    ['', { range: 'items=1-2' }, 200, '0-4/*'],
    ['id=lt.3', { prefer: 'count=exact, return=minimal' }, 200, '0-1/2'],
  ])('%s %j', async (query, headers, status, range) => {
    const answer = await library.ask('GET', `/books?select=id&order=id&${query}`, { headers });
    expect([answer.status, answer.headers['content-range']]).toEqual([status, range]);
  });

  test.each<[string, Record<string, string>, string]>([
    ['limit=-1', {}, 'Limit should be greater than or equal to zero.'],
    ['limit=0&offset=1', {}, 'Limit should be greater than or equal to zero.'],
    ['', { range: '4-2' }, 'The lower boundary must be lower than or equal to the upper boundary in the Range header.'],
    ['offset=9', { prefer: 'count=exact' }, 'An offset of 9 was requested, but there are only 5 rows.'],
  ])('416: %s %j', async (query, headers, details) => {
    const answer = await library.ask('GET', `/books?select=id&${query}`, { headers });
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      416,
      { code: 'PGRST103', details, hint: null, message: 'Requested range not satisfiable' },
    ]);
  });

  test('an offset too far is told under the headers of the answer it is not', async () => {
    const headers = { prefer: 'count=exact', accept: 'text/csv' };
    const answer = await library.ask('GET', '/books?offset=9', { headers });
    expect([
      answer.status,
      answer.headers['content-type'],
      answer.headers['content-range'],
      answer.headers['proxy-status'],
    ]).toEqual([416, 'text/csv; charset=utf-8', '*/5', undefined]);
  });
});

describe('aggregates', () => {
  test.each<[string, unknown]>([
    ['books?select=count()', [{ count: 5 }]],
    [
      'books?select=n:count(),pages.sum(),pages.avg()::int,title.max(),price.min()::text',
      [{ n: 5, sum: 1191, avg: 298, max: 'Notes', min: '0.00' }],
    ],
    [
      'books?select=author_id,pages.sum()&order=author_id',
      [
        { author_id: 1, sum: 120 },
        { author_id: 2, sum: 1061 },
        { author_id: 3, sum: null },
        { author_id: null, sum: 10 },
      ],
    ],
    [
      'books?select=info->>lang,count()&order=info->>lang',
      [
        { lang: 'en', count: 1 },
        { lang: 'fr', count: 2 },
        { lang: null, count: 2 },
      ],
    ],
    ['books?select=info->>n::int.sum()', [{ sum: 21 }]],
    [
      'authors?select=name,books(pages.sum(),count())&order=id',
      [
        { name: 'Ada Byron', books: [{ sum: 120, count: 1 }] },
        { name: 'Émile Zola', books: [{ sum: 1061, count: 2 }] },
        { name: 'Bertha Suttner', books: [{ sum: null, count: 1 }] },
        { name: 'No Book', books: [{ sum: null, count: 0 }] },
      ],
    ],
    [
      'books?select=...authors(country),pages.sum()&order=authors(country)',
      [
        { country: 'AT', sum: null },
        { country: 'FR', sum: 1061 },
        { country: 'GB', sum: 120 },
        { country: null, sum: 10 },
      ],
    ],
    [
      'books?select=cover,...authors(born.max(),count())&order=cover',
      [
        { cover: 'paper', max: '1840-04-02', count: 1 },
        { cover: 'cloth', max: '1843-06-09', count: 2 },
        { cover: 'leather', max: '1815-12-10', count: 1 },
        { cover: null, max: null, count: 0 },
      ],
    ],
    [
      'editions?select=...books(...authors(name),pages.max()),year.min()&book_id=eq.2',
      [{ name: 'Émile Zola', max: 591, min: 1885 }],
    ],
    [
      'books?select=lang:info->>lang,n:count()&order=info->>lang.desc.nullslast',
      [
        { lang: 'fr', n: 2 },
        { lang: 'en', n: 1 },
        { lang: null, n: 2 },
      ],
    ],
    ['books?select=authors(name),count()&author_id=eq.2', [{ authors: { name: 'Émile Zola' }, count: 2 }]],
  ])('%s', async (path, expected) => {
    expect(await rows(`/${path}`)).toEqual(expected);
  });

  test('not in lists that are spread', async () => {
    expect(await rows('/authors?select=name,...books(pages.sum())')).toEqual({
      code: 'PGRST127',
      details: 'Aggregates are not implemented for one-to-many or many-to-many spreads.',
      hint: null,
      message: 'Feature not implemented',
    });
  });
});

test('another schema is another world', async () => {
  const archive = { headers: { 'accept-profile': 'archive' } };
  expect(await library.rows('/authors', archive)).toEqual([{ id: 1, name: 'Archived', library_id: 2 }]);
  expect(await library.rows('/boxes?select=id,authors(name)&order=id', archive)).toEqual([
    { id: 1, authors: { name: 'Archived' } },
    { id: 2, authors: null },
  ]);
  expect(await library.rows('/rpc/where_am_i', archive)).toBe('archive');
  expect(await library.rows('/books', archive)).toMatchObject({ code: 'PGRST205' });
});
