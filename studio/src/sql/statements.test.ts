import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lex } from './lex.ts';
import { isExplainable, statementAt, statementsOf, warningsOf, withLimit } from './statements.ts';

const texts = (sql: string) => statementsOf(sql).map(({ text }) => text);

test('pieces put together are the text again', () => {
  const piece = fc.constantFrom(
    "'",
    '"',
    '$$',
    '$a$',
    '/*',
    '*/',
    '--',
    '\n',
    ';',
    'e',
    "\\'",
    'select',
    ' ',
    '1.5e3',
    '::',
    'ü',
    '😀',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((pieces) => pieces.join('')),
      ),
      (sql) => {
        expect(
          lex(sql)
            .map(({ text }) => text)
            .join(''),
        ).toBe(sql);
        for (const { text, from, to } of statementsOf(sql)) expect(sql.slice(from, to)).toBe(text);
      },
    ),
  );
});

describe('statements', () => {
  test.each([
    ['select 1; select 2', ['select 1', 'select 2']],
    [' select \';\' ; ;\n-- a;b\nselect "x;y"', ["select ';'", 'select "x;y"']],
    ["select e'\\';'; select 2", ["select e'\\';'", 'select 2']],
    ["select '\\'; select 2", ["select '\\'", 'select 2']],
    ['do $$ begin; end $$; select $1', ['do $$ begin; end $$', 'select $1']],
    ['do $a$ $$;$$ $a$; x', ['do $a$ $$;$$ $a$', 'x']],
    ['/* a /* ; */ ; */ select 1', ['select 1']],
    [
      'create function f() returns int begin atomic select 1; select case when true then 1 end; end; select 2',
      ['create function f() returns int begin atomic select 1; select case when true then 1 end; end', 'select 2'],
    ],
    ['begin; select 1; end; select 2', ['begin', 'select 1', 'end', 'select 2']],
    ['', []],
  ])('%j', (sql, expected) => expect(texts(sql)).toEqual(expected));

  test('the one at a place', () => {
    const sql = 'select 1;\n\nselect 2;\n';
    expect(statementAt(sql, 0)?.text).toBe('select 1');
    expect(statementAt(sql, 10)?.text).toBe('select 1');
    expect(statementAt(sql, 11)?.text).toBe('select 2');
    expect(statementAt(sql, sql.length)?.text).toBe('select 2');
    expect(statementAt('  ', 1)).toBeUndefined();
  });
});

describe('what cannot be taken back', () => {
  test.each([
    ['drop table a', 1],
    ['DROP SCHEMA a CASCADE', 1],
    ['truncate a', 1],
    ['delete from a', 1],
    ['delete from a where id = 1', 0],
    ['delete from a using (select 1 where true) s', 1],
    ['update a set b = 1', 1],
    ['update a set b = (select 1 where true)', 1],
    ['update a set b = 1 where id = 2', 0],
    ['with x as (delete from a returning *) select * from x', 1],
    ['with x as (delete from a where true returning *) select * from x', 0],
    ['alter table a drop column b', 1],
    ['alter table a drop b', 1],
    ['alter table a alter b drop not null', 0],
    ['alter table a drop constraint c', 0],
    ['alter table a disable row level security', 1],
    ['alter table a enable row level security', 0],
    ['select * from a for update', 0],
    ['insert into a values (1) on conflict (id) do update set b = 1', 0],
    ['create policy p on a for delete using (true)', 0],
    ['create trigger t before update on a for each row execute function f()', 0],
    ["select 'drop table a'", 0],
    ['-- drop table a\nselect 1', 0],
  ])('%s: %i', (sql, count) => expect(warningsOf(sql)).toHaveLength(count));
});

test('a bound is put to plain queries alone', () => {
  expect(withLimit('select * from a;', 10)).toBe('select * from a\nlimit 10;');
  expect(withLimit('select 1 -- one', 10)).toBe('select 1\nlimit 10 -- one');
  expect(withLimit('with x as (select 1 limit 2) select * from x', 10)).toMatch(/limit 10$/);
  for (const sql of [
    'select * from a limit 5',
    'select * from a fetch first row only',
    'select * from a for update',
    'select 1 into b',
    'with x as (delete from a returning *) select * from x',
    'select 1; select 2',
    'show all',
    'explain select 1',
  ])
    expect(withLimit(sql, 10)).toBe(sql);
});

test('what can be explained', () => {
  for (const sql of ['select 1;', '(select 1)'.slice(1, -1), 'with a as (select 1) table a', 'delete from a'])
    expect(isExplainable(sql)).toBe(true);
  for (const sql of ['', 'create table a ()', 'select 1; select 2', 'explain select 1'])
    expect(isExplainable(sql)).toBe(false);
});
