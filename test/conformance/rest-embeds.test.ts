import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Library, startLibrary } from '../support/library.ts';

let library: Library;
beforeAll(async () => {
  library = await startLibrary();
});
afterAll(() => library?.stack.stop());

const rows = (path: string) => library.rows(path);

describe('relationships', () => {
  test.each<[string, string, unknown]>([
    [
      'to one',
      'books?select=id,authors(name)&id=gte.4&order=id',
      [
        { id: 4, authors: { name: 'Bertha Suttner' } },
        { id: 5, authors: null },
      ],
    ],
    [
      'to many',
      'authors?select=name,books(title)&id=lt.3&order=id&books.order=title',
      [
        { name: 'Ada Byron', books: [{ title: 'Notes' }] },
        { name: 'Émile Zola', books: [{ title: 'Germinal' }, { title: 'Nana' }] },
      ],
    ],
    [
      'one to one, by a primary key',
      'authors?select=id,portraits(caption)&order=id',
      [
        { id: 1, portraits: { caption: 'in blue' } },
        { id: 2, portraits: { caption: 'by Manet' } },
        { id: 3, portraits: null },
        { id: 4, portraits: null },
      ],
    ],
    [
      'one to one, by a unique key',
      'authors?select=id,passports(number)&id=in.(1,2)&order=id',
      [
        { id: 1, passports: { number: 'P-1' } },
        { id: 2, passports: null },
      ],
    ],
    [
      'one to one, back',
      'passports?select=number,authors(name)&order=number',
      [
        { number: 'P-0', authors: null },
        { number: 'P-1', authors: { name: 'Ada Byron' } },
        { number: 'P-3', authors: { name: 'Bertha Suttner' } },
      ],
    ],
    [
      'many to many',
      'books?select=id,genres!books_genres(label)&id=in.(1,2)&order=id&genres.order=label',
      [
        { id: 1, genres: [{ label: 'Science' }] },
        { id: 2, genres: [{ label: 'Novel' }, { label: 'Peace' }] },
      ],
    ],
    [
      'many to many and the junction',
      'books?select=books_genres(since,genres(label))&id=eq.3',
      [{ books_genres: [{ since: 1880, genres: { label: 'Novel' } }] }],
    ],
    [
      'many to many there and back',
      'genres?select=label,books!books_genres(title,genres!books_genres(id))&id=eq.3&books.genres.order=id',
      [
        {
          label: 'Peace',
          books: [
            { title: 'Germinal', genres: [{ id: 2 }, { id: 3 }] },
            { title: 'Lay Down Your Arms', genres: [{ id: 2 }, { id: 3 }] },
          ],
        },
      ],
    ],
    [
      'by a key of several columns',
      'copies?select=state,editions(year,books(title))&order=id&limit=2',
      [
        { state: 'worn', editions: { year: 1843, books: { title: 'Notes' } } },
        { state: 'new', editions: { year: 1885, books: { title: 'Germinal' } } },
      ],
    ],
    [
      'back by a key of several columns',
      'editions?select=number,copies(state)&book_id=eq.2&order=number',
      [
        { number: 1, copies: [{ state: 'new' }] },
        { number: 2, copies: [{ state: null }] },
      ],
    ],
    [
      'itself',
      'authors?select=id,mentor_id(name),authors(id)&order=id&authors.order=id',
      [
        { id: 1, mentor_id: null, authors: [{ id: 2 }, { id: 3 }] },
        { id: 2, mentor_id: { name: 'Ada Byron' }, authors: [] },
        { id: 3, mentor_id: { name: 'Ada Byron' }, authors: [{ id: 4 }] },
        { id: 4, mentor_id: { name: 'Bertha Suttner' }, authors: [] },
      ],
    ],
    [
      'itself, several levels',
      'authors?select=id,a:authors(id,authors(id))&id=eq.1&a.id=eq.3',
      [{ id: 1, a: [{ id: 3, authors: [{ id: 4 }] }] }],
    ],
    [
      'a circle',
      'teams?select=name,members!team_id(name,led:teams!teams_lead(name)),lead:members!teams_lead(name,teams!team_id(name))&id=eq.2',
      [{ name: 'Stacks', members: [{ name: 'Kim', led: [] }], lead: { name: 'Jo', teams: { name: 'Desk' } } }],
    ],
    [
      'by column',
      'letters?select=body,sender_id(name),receiver_id(name)&id=eq.1',
      [{ body: 'Dear Émile', sender_id: { name: 'Ada Byron' }, receiver_id: { name: 'Émile Zola' } }],
    ],
    [
      'by constraint',
      'letters?select=letters_sender(name),to:letters_receiver(name)&id=eq.3',
      [{ letters_sender: { name: 'Bertha Suttner' }, to: null }],
    ],
    [
      'by hint: constraint, near column, far column',
      'letters?select=a:authors!letters_sender(id),b:authors!receiver_id(id)&id=eq.2',
      [{ a: { id: 2 }, b: { id: 3 } }],
    ],
    [
      'back by hint',
      'authors?select=sent:letters!letters_sender(id),got:letters!receiver_id(id)&id=eq.2',
      [{ sent: [{ id: 2 }], got: [{ id: 1 }] }],
    ],
    [
      'from partitions',
      'loans?select=id,members(name),books(title),fines(amount)&order=id',
      [
        { id: 1, members: { name: 'Ines' }, books: { title: 'Notes' }, fines: [] },
        { id: 2, members: { name: 'Ines' }, books: { title: 'Germinal' }, fines: [{ amount: '$3.50' }] },
        { id: 3, members: { name: 'Kim' }, books: { title: 'Germinal' }, fines: [] },
      ],
    ],
    ['to partitions', 'fines?select=loans(day,returned)', [{ loans: { day: '2024-02-01', returned: false } }]],
    [
      'from a view',
      'book_list?select=name,authors(name),editions(year)&id=lt.3&order=id&editions.order=year',
      [
        { name: 'Notes', authors: { name: 'Ada Byron' }, editions: [{ year: 1843 }] },
        { name: 'Germinal', authors: { name: 'Émile Zola' }, editions: [{ year: 1885 }, { year: 1889 }] },
      ],
    ],
    [
      'to a view of a view',
      'authors?select=name,book_list_again(name)&id=eq.1',
      [{ name: 'Ada Byron', book_list_again: [{ name: 'Notes' }] }],
    ],
    [
      'of a view that shows a key twice',
      'author_pairs?select=name,authors!second(name)&first=eq.4',
      [{ name: 'No Book', authors: [{ name: 'No Book' }] }],
    ],
    [
      'of a view with a CTE',
      'books_by_cte?select=title,authors(name)&id=eq.1',
      [{ title: 'Notes', authors: { name: 'Ada Byron' } }],
    ],
    [
      'of a materialized view',
      'page_totals?select=pages,authors(name)&order=pages.nullsfirst&limit=2',
      [
        { pages: null, authors: { name: 'Bertha Suttner' } },
        { pages: 120, authors: { name: 'Ada Byron' } },
      ],
    ],
    [
      'through a view in the search path',
      'books_from_tools?select=title,authors(name)&id=eq.1',
      [{ title: 'Notes', authors: { name: 'Ada Byron' } }],
    ],
    [
      'a view as the junction',
      'books?select=title,genres!genre_links(label)&id=eq.1',
      [{ title: 'Notes', genres: [{ label: 'Science' }] }],
    ],
    [
      'by a function to one',
      'authors?select=id,longest_book(title,genres!books_genres(label))&id=eq.2&longest_book.genres.order=label',
      [{ id: 2, longest_book: { title: 'Germinal', genres: [{ label: 'Novel' }, { label: 'Peace' }] } }],
    ],
    [
      'by a function to many',
      'authors?select=id,cheap_books(title)&id=eq.2',
      [{ id: 2, cheap_books: [{ title: 'Nana' }] }],
    ],
    [
      'by a function to the same table',
      'authors?select=id,pupils(id,pupils(name))&id=eq.1&pupils.order=id',
      [
        {
          id: 1,
          pupils: [
            { id: 2, pupils: [] },
            { id: 3, pupils: [{ name: 'No Book' }] },
          ],
        },
      ],
    ],
    [
      'by a function in the place of a key',
      'books?select=id,portraits(caption)&id=eq.2',
      [{ id: 2, portraits: { caption: 'by Manet' } }],
    ],
    [
      'names nobody should give',
      'from, where%3B --?select=id,"select"("quo\\"te")&order=id',
      [
        { id: 1, select: { 'quo"te': 'q' } },
        { id: 2, select: null },
      ],
    ],
  ])('%s', async (_, path, expected) => {
    expect(await rows(`/${path}`)).toEqual(expected);
  });

  test.each<[string, string, string]>([
    ['through a schema nobody may see', 'books_from_backstage?select=authors(name)', 'PGRST200'],
    ['of a union', 'all_titles?select=authors(name)', 'PGRST200'],
    ['between schemas', 'authors?select=boxes(id)', 'PGRST200'],
    ['to a partition', 'members?select=loans_2024(id)', 'PGRST200'],
  ])('none %s', async (_, path, code) => {
    expect(await rows(`/${path}`)).toMatchObject({ code });
  });
});

describe('what is asked of embeds', () => {
  test.each<[string, string, unknown]>([
    [
      'filters',
      'authors?select=id,books(id)&books.price=gt.9&order=id',
      [
        { id: 1, books: [{ id: 1 }] },
        { id: 2, books: [{ id: 2 }] },
        { id: 3, books: [] },
        { id: 4, books: [] },
      ],
    ],
    [
      'filters by JSON paths',
      'authors?select=id,books(id)&books.info->>lang=eq.en&id=eq.1',
      [{ id: 1, books: [{ id: 1 }] }],
    ],
    [
      'logic',
      'authors?select=id,books(id)&books.not.or=(id.eq.2,title.like.N*,id.is.null)&id=lt.3&order=id',
      [
        { id: 1, books: [] },
        { id: 2, books: [] },
      ],
    ],
    [
      'pages',
      'authors?select=id,books(id)&books.order=pages.desc&books.limit=1&books.offset=1&id=eq.2',
      [{ id: 2, books: [{ id: 3 }] }],
    ],
    ['an offset of one row', 'books?select=id,authors(name)&authors.offset=1&id=eq.1', [{ id: 1, authors: null }]],
    ['by alias', 'books?select=id,by:authors(name)&by.name=eq.Nobody&id=eq.1', [{ id: 1, by: null }]],
    [
      'by name in spite of an alias',
      'books?select=id,by:authors(name)&authors.name=eq.Nobody&id=eq.1',
      [{ id: 1, by: null }],
    ],
    [
      'the first of two by name',
      'authors?select=id,a:books(id),b:books(id)&books.id=eq.3&b.limit=1&b.order=id&id=eq.2',
      [{ id: 2, a: [{ id: 3 }], b: [{ id: 2 }] }],
    ],
    [
      '!inner',
      'authors?select=id,books!inner(id)&books.cover=eq.cloth&order=id',
      [
        { id: 2, books: [{ id: 2 }] },
        { id: 3, books: [{ id: 4 }] },
      ],
    ],
    [
      '!inner to one',
      'books?select=id,authors!inner(name)&authors.country=eq.FR&order=id',
      [
        { id: 2, authors: { name: 'Émile Zola' } },
        { id: 3, authors: { name: 'Émile Zola' } },
      ],
    ],
    [
      '!inner below',
      'authors?select=id,books!inner(id,genres!books_genres!inner(label))&books.genres.label=eq.Peace&order=id',
      [
        { id: 2, books: [{ id: 2, genres: [{ label: 'Peace' }] }] },
        { id: 3, books: [{ id: 4, genres: [{ label: 'Peace' }] }] },
      ],
    ],
    [
      '!inner without columns',
      'genres?select=label,books!books_genres!inner()&books.id=eq.4&order=label',
      [{ label: 'Novel' }, { label: 'Peace' }],
    ],
    ['!left', 'books?select=id,authors!left(name)&authors.id=eq.99&id=eq.1', [{ id: 1, authors: null }]],
    [
      'a hint and a join, in either order',
      'letters?select=id,authors!inner!letters_receiver(id)&order=id',
      [
        { id: 1, authors: { id: 2 } },
        { id: 2, authors: { id: 3 } },
      ],
    ],
    ['is null', 'genres?select=label,books_genres()&books_genres=is.null', [{ label: 'Unused' }]],
    ['not is null, with a filter', 'authors?select=id,books()&books=not.is.null&books.price=eq.0', []],
    [
      'is null in logic',
      'authors?select=id,books(),passports()&or=(books.is.null,passports.not.is.null)&order=id',
      [{ id: 1 }, { id: 3 }, { id: 4 }],
    ],
    [
      'is null below',
      'authors?select=id,books(id,copies:editions())&books.editions=is.null&books.order=id&id=in.(2,3)&order=id',
      [
        { id: 2, books: [] },
        { id: 3, books: [{ id: 4 }] },
      ],
    ],
    ['nothing but empty ones', 'books?select=id,authors(passports())&id=eq.1', [{ id: 1 }]],
    [
      'related order',
      'books?select=id,authors(name)&order=authors(born).desc.nullslast,id.desc&limit=3',
      [
        { id: 4, authors: { name: 'Bertha Suttner' } },
        { id: 3, authors: { name: 'Émile Zola' } },
        { id: 2, authors: { name: 'Émile Zola' } },
      ],
    ],
    [
      'related order below',
      'genres?select=books_genres(books(title))&id=eq.2&books_genres.order=books(title).desc',
      [
        {
          books_genres: [
            { books: { title: 'Nana' } },
            { books: { title: 'Lay Down Your Arms' } },
            { books: { title: 'Germinal' } },
          ],
        },
      ],
    ],
  ])('%s', async (_, path, expected) => {
    expect(await rows(`/${path}`)).toEqual(expected);
  });

  test('counts know of !inner and of null filters', async () => {
    const total = async (path: string) =>
      (await library.ask('GET', path, { headers: { prefer: 'count=exact' } })).headers['content-range'];
    expect(await total('/authors?select=id,books!inner(id)&books.cover=eq.cloth&limit=1')).toBe('0-0/2');
    expect(await total('/authors?select=id,books!inner(genres!books_genres!inner(id))&books.genres.id=eq.3')).toBe(
      '0-1/2',
    );
    expect(await total('/genres?select=id,books_genres()&books_genres=is.null')).toBe('0-0/1');
    expect(await total('/authors?select=id,cheap_books!inner(id)')).toBe('0-1/2');
  });

  test('the official client', async () => {
    const { data, error } = await library.client
      .from('authors')
      .select('name, books!inner(title, genres!books_genres(label))')
      .gt('books.pages', 400)
      .order('title', { referencedTable: 'books' })
      .order('label', { referencedTable: 'books.genres' })
      .limit(1, { referencedTable: 'books' })
      .or('title.like.G%,title.like.N%', { referencedTable: 'books' });
    expect(error).toBeNull();
    expect(data).toEqual([
      { name: 'Émile Zola', books: [{ title: 'Germinal', genres: [{ label: 'Novel' }, { label: 'Peace' }] }] },
    ]);
  });
});

describe('spreads', () => {
  test.each<[string, string, unknown]>([
    [
      'of one',
      'books?select=title,...authors(author:name,country)&id=in.(1,5)&order=id',
      [
        { title: 'Notes', author: 'Ada Byron', country: 'GB' },
        { title: 'Anonymous', author: null, country: null },
      ],
    ],
    [
      'of everything',
      'passports?select=number,...authors(*)&number=eq.P-3',
      [
        {
          number: 'P-3',
          id: 3,
          name: 'Bertha Suttner',
          born: '1843-06-09',
          country: 'AT',
          mentor_id: 1,
          ink: null,
          home: null,
          aliases: ['B. Oulot', 'Jemand, "Niemand"'],
        },
      ],
    ],
    [
      'of one in one',
      'copies?select=state,...editions(year,...books(title,...authors(name)))&state=eq.new',
      [{ state: 'new', year: 1885, title: 'Germinal', name: 'Émile Zola' }],
    ],
    [
      'of many',
      'authors?select=name,...books(titles:title,pages)&books.order=pages&id=in.(2,4)&order=id',
      [
        { name: 'Émile Zola', titles: ['Nana', 'Germinal'], pages: [470, 591] },
        { name: 'No Book', titles: [], pages: [] },
      ],
    ],
    [
      'of many through a junction',
      'genres?select=label,...books!books_genres(titles:title)&books.order=title&id=eq.2',
      [{ label: 'Novel', titles: ['Germinal', 'Lay Down Your Arms', 'Nana'] }],
    ],
    [
      'of many in many',
      'authors?select=name,...books(title,...editions(years:year))&books.order=id&books.editions.order=year&id=eq.2',
      [{ name: 'Émile Zola', title: ['Germinal', 'Nana'], years: [[1885, 1889], [1880]] }],
    ],
    [
      'of one in many',
      'authors?select=id,...letters!letters_sender(bodies:body,...authors!letters_receiver(to:name))&id=eq.1',
      [{ id: 1, bodies: ['Dear Émile'], to: ['Émile Zola'] }],
    ],
    [
      'with an embed inside',
      'authors?select=id,...books(genres!books_genres(label))&id=eq.1',
      [{ id: 1, genres: [[{ label: 'Science' }]] }],
    ],
    ['!inner', 'authors?select=id,...books!inner(title)&books.title=eq.Nana', [{ id: 2, title: ['Nana'] }]],
    [
      'ordered by',
      'books?select=id,...authors(name)&order=authors(name).desc.nullslast,id&limit=1',
      [{ id: 2, name: 'Émile Zola' }],
    ],
  ])('%s', async (_, path, expected) => {
    expect(await rows(`/${path}`)).toEqual(expected);
  });
});
