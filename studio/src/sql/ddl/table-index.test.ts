import { expect, test } from 'vitest';
import { dropIndexSql, indexProblem, indexSql, newIndex } from './table-index.ts';

const draft = {
  ...newIndex('public', 'books'),
  parts: [
    { text: 'a"b', expression: false, descending: true },
    { text: ' lower(title) ', expression: true, descending: false },
  ],
};

test('an index is made in one statement', () => {
  expect(indexSql(draft)).toBe(
    'create index concurrently on "public"."books" using "btree" ("a""b" desc, (lower(title)));',
  );
  expect(
    indexSql({
      ...draft,
      name: 'n',
      unique: true,
      concurrently: false,
      include: ['c'],
      where: 'id > 0',
      parts: draft.parts.slice(0, 1),
    }),
  ).toBe('create unique index "n" on "public"."books" using "btree" ("a""b" desc) include ("c") where id > 0;');
  expect(indexSql({ ...draft, method: 'gin' })).not.toContain('desc');
  expect(dropIndexSql('s', 'i')).toBe('drop index concurrently "s"."i";');
});

test('what cannot be is told', () => {
  expect(indexProblem(newIndex('', ''))).toBeDefined();
  expect(indexProblem(newIndex('public', 'books'))).toBeDefined();
  expect(indexProblem({ ...draft, unique: true, method: 'hash' })).toBeDefined();
  expect(indexProblem(draft)).toBeUndefined();
});
