import { describe, expect, test } from 'vitest';
import { countRows, nextCursor, type PageOf, readRow, selectPage, wholeCells } from './page.ts';
import type { Column } from './table.ts';

const column = (name: string, type: string, more: Partial<Column> = {}): Column => ({
  name,
  type,
  category: 'S',
  nullable: false,
  generated: false,
  default: null,
  labels: null,
  key: null,
  ...more,
});
const id = column('id', 'bigint', { key: 1 });
const title = column('title', 'text', { nullable: true });
const page = (sorts: PageOf['view']['sorts'] = [], columns = [id, title]): PageOf => ({
  schema: 'public',
  name: 'todos',
  columns,
  view: { filters: [], sorts },
});
const where = (sql: string) => /where (.*)/.exec(sql)?.[1];

test('whole values are asked for by the keys of their rows, quoted as values', () => {
  expect(wholeCells(page(), [['7'], ["8' or true"]], [title])).toBe(
    `select "title"::text as "c0", "id"::text as "k0" from "public"."todos"
where ("id") in (('7'::bigint), ('8'' or true'::bigint))`,
  );
});

describe('a page', () => {
  test('by the primary key goes on by one comparison of rows, which its index answers', () => {
    expect(selectPage(page(), { after: ['7'] }, 50)).toBe(
      [
        `select left("id"::text, 401) as "c0", left("title"::text, 401) as "c1", "id"::text as "k0", "id"::text as "o0" from "public"."todos"`,
        `where ("id") > ('7'::bigint)`,
        'order by "id"',
        'limit 50',
      ].join('\n'),
    );
  });

  test('by a column that may be NULL puts NULLs last and goes on after them', () => {
    const byTitle = page([{ column: 'title', descending: true }]);
    expect(selectPage(byTitle, undefined, 10)).toContain('order by "title" desc nulls last, "id"');
    expect(where(selectPage(byTitle, { after: ['b', '7'] }, 10))).toBe(
      `((("title" < 'b'::text or "title" is null)) or ("title" is not distinct from 'b'::text and "id" > '7'::bigint))`,
    );
    expect(where(selectPage(byTitle, { after: [null, '7'] }, 10))).toBe(
      `(("title" is not distinct from null and "id" > '7'::bigint))`,
    );
  });

  test('of a view counts rows, and has nothing to tell them by', () => {
    const view = page([], [title]);
    expect(nextCursor(view, [{ key: [], cells: ['a'], order: [] }], 50)).toEqual({ skip: 50 });
    expect(selectPage(view, { skip: 50 }, 50)).toMatch(/limit 50\noffset 50$/);
    expect(nextCursor(page(), [{ key: ['1'], cells: ['1', 'a'], order: ['1'] }], 50)).toEqual({ after: ['1'] });
  });

  test('keeps sorts and filters on columns that are gone out', () => {
    const gone = {
      ...page([{ column: 'gone', descending: true }]),
      view: {
        filters: [{ column: 'gone', operator: 'eq', value: '1' }],
        sorts: [{ column: 'gone', descending: true }],
      },
    } as const;
    expect(selectPage(gone, undefined, 10)).not.toContain('gone');
  });
});

test('rows are read by the place of their columns, whatever these are called', () => {
  const odd = page([], [column('k0', 'text', { key: 1 }), column('c0', 'text')]);
  expect(readRow({ c0: 'x', c1: null, k0: 'x', o0: 'x' }, odd)).toEqual({
    key: ['x'],
    cells: ['x', null],
    order: ['x'],
  });
});

test('counting stops at a bound', () =>
  expect(countRows(page(), 1_000)).toContain('from "public"."todos" limit 1001) s'));
