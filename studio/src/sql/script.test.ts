import { expect, test } from 'vitest';
import { scriptOf } from './script.ts';

test('several statements are one transaction, each plain query with a bound of its own', () => {
  const script = scriptOf('select 1;\n\ninsert into t values (1);', 10, undefined);
  expect(script).toMatchObject({
    statements: ['select 1\nlimit 10', 'insert into t values (1)'],
    together: true,
    before: '',
  });
  expect(script.places.map(({ from }) => from)).toEqual([0, 11]);
  expect(scriptOf('select 1', 0, undefined)).toMatchObject({ statements: ['select 1'], together: false });
  expect(scriptOf(' -- nothing', 0, undefined).statements).toEqual([]);
});

test.each([
  'begin; select 1; commit',
  'select 1; vacuum t',
  'create index concurrently i on t (a); select 1',
  'create database d; select 1',
  'alter system set a = 1; select 1',
])('%s runs statement by statement, and not as somebody else', (sql) => {
  expect(scriptOf(sql, 0, undefined).together).toBe(false);
  expect(() => scriptOf(sql, 0, { kind: 'anon' })).toThrow('one transaction');
});

test('as somebody else even one statement is a transaction', () => {
  const script = scriptOf('select 1', 0, { kind: 'anon' });
  expect(script.together).toBe(true);
  expect(script.before).toContain('set local role anon');
  expect(scriptOf('create table t (); alter table t add a int; drop table t', 0, { kind: 'service' }).together).toBe(
    true,
  );
});
