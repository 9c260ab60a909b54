import { describe, expect, test } from 'vitest';
import { createStatementRegistry } from './prepared-statements.ts';
import { changeStatements, createParameterSets } from './session-parameters.ts';
import { statementCommand } from './statement-command.ts';

describe('settings that follow a client', () => {
  const sets = createParameterSets(10);
  const base = sets.of([
    ['TimeZone', 'UTC'],
    ['search_path', '"$user", public'],
    ['application_name', ''],
    ['server_version', '18.4'],
  ]);

  test('equal sets are one object, and what is not tracked is left out', () => {
    expect(sets.of(base.values)).toBe(base);
    expect(base.values.has('server_version')).toBe(false);
    expect(sets.with(base, 'server_version', '19')).toBe(base);
    expect(sets.with(base, 'TimeZone', 'UTC')).toBe(base);
  });

  test('only differences are set, quoted', () => {
    expect(changeStatements(base, base)).toBeUndefined();
    const other = sets.with(sets.with(base, 'TimeZone', `O'Higgins\\x`), 'search_path', 'a, "b c"');
    expect(changeStatements(other, base)).toBe(`SET "timezone" TO E'O''Higgins\\\\x';SET "search_path" TO a, "b c"`);
    expect(changeStatements(sets.with(base, 'search_path', ''), base)).toBe(`SET "search_path" TO ''`);
    expect(changeStatements(sets.with(base, 'search_path', `x; drop table y`), base)).toBe(
      `SET "search_path" TO 'x; drop table y'`,
    );
    // A setting that this server does not report cannot be told to be different.
    expect(changeStatements(sets.of([...base.values, ['IntervalStyle', 'iso_8601']]), base)).toBeUndefined();
  });
});

test.each([
  ['prepare p as select 1', { kind: 'session' }],
  [' -- c\n/* d */ EXECUTE p(1)', { kind: 'session' }],
  [`prepare transaction 'x'`, undefined],
  ['deallocate x', { kind: 'deallocate', name: 'x' }],
  ['DEALLOCATE PREPARE "A""b" ;', { kind: 'deallocate', name: 'A"b' }],
  ['deallocate all', undefined],
  ['explain execute p', undefined],
  ['select 1', undefined],
  ['delete from t', undefined],
  [`/*${'*/ /*'.repeat(300)}`, undefined],
])('%j', (sql, expected) => {
  const bytes = Buffer.from(`${sql}\0`);
  expect(statementCommand(bytes, 0, bytes.length)).toEqual(expected);
});

test('statements of one text are one; those nobody has are kept for a while', () => {
  const registry = createStatementRegistry(2);
  const [a, b] = [registry.acquire(Buffer.from('a')), registry.acquire(Buffer.from('b'))];
  expect(registry.acquire(Buffer.from('a'))).toBe(a);
  expect(a.serverName).not.toBe(b.serverName);
  registry.release(a);
  registry.release(a);
  expect(registry.acquire(Buffer.from('a'))).toBe(a);
  registry.release(a);
  for (const text of ['c', 'd']) registry.release(registry.acquire(Buffer.from(text)));
  expect(registry.size).toBe(3);
  expect(registry.acquire(Buffer.from('a'))).not.toBe(a);
});
