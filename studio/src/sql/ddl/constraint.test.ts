import { expect, test } from 'vitest';
import { addConstraintSql, type ConstraintDraft, constraintProblem, newConstraint } from './constraint.ts';

const add = (part: Partial<ConstraintDraft>, current?: string) =>
  addConstraintSql('public', 'books', { ...newConstraint, ...part }, current);
const target = { schema: 's', table: 'authors', columns: ['id', 'year'] };

test('constraints are added', () => {
  expect(add({ name: 'dear', expression: ' price > 0 ' })).toBe(
    'alter table "public"."books" add constraint "dear" check (price > 0);',
  );
  expect(add({ kind: 'unique', columns: ['a', 'b'], deferrable: 'deferred', validate: false })).toBe(
    'alter table "public"."books" add unique ("a", "b") deferrable initially deferred;',
  );
  expect(
    add({
      kind: 'foreign key',
      columns: ['a', 'b'],
      target,
      onDelete: 'cascade',
      onUpdate: 'set null',
      validate: false,
    }),
  ).toBe(
    'alter table "public"."books" add foreign key ("a", "b") references "s"."authors" ("id", "year") on update set null on delete cascade not valid;',
  );
});

test('another primary key takes the place of the one there is', () => {
  expect(add({ kind: 'primary key', columns: ['id'] }, 'books_pkey')).toBe(
    'alter table "public"."books" drop constraint "books_pkey";\nalter table "public"."books" add primary key ("id");',
  );
  expect(add({ kind: 'primary key', columns: ['id'] })).not.toContain('drop');
});

test('what is missing is told', () => {
  expect(constraintProblem(newConstraint)).toBeDefined();
  expect(constraintProblem({ ...newConstraint, kind: 'unique' })).toBeDefined();
  expect(constraintProblem({ ...newConstraint, kind: 'foreign key', columns: ['a'] })).toBe('Choose what it leads to');
  expect(constraintProblem({ ...newConstraint, kind: 'foreign key', columns: ['a'], target })).toContain('2 columns');
  expect(constraintProblem({ ...newConstraint, kind: 'foreign key', columns: ['a', 'b'], target })).toBeUndefined();
});
