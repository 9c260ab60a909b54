import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asCsv, asMarkdown, describeResult, isNumeric, tableOf, ticksOf, titleOfStatement } from './result.ts';

const table = tableOf({
  columns: ['id', 'title', 'about', 'big'],
  rows: [
    { id: 1, title: 'a|b', about: { x: 1 }, big: '12345678901234567890' },
    { id: 2, title: null, about: null, big: null },
  ],
});

test('what came of a statement is said', () => {
  const result = { command: 'SELECT', count: 2, columns: ['a'], rows: [{ a: 1 }, { a: 2 }], took: 1_234.4 };
  expect(describeResult(result, 10)).toBe('2 rows in 1,234 ms');
  expect(describeResult(result, 2)).toBe('2 rows in 1,234 ms, the first 2 only');
  expect(describeResult({ ...result, rows: [] }, 10)).toBe('Done; no rows in 1,234 ms');
  const changed = { ...result, columns: [], rows: [] };
  expect(describeResult({ ...changed, command: 'INSERT', count: 1 }, 0)).toBe('INSERT: 1 row in 1,234 ms');
  expect(describeResult({ ...changed, command: 'CREATE', count: null }, 0)).toBe('CREATE, done in 1,234 ms');
  expect(titleOfStatement('select  a,\n b from t')).toBe('select a, b from t');
  expect(titleOfStatement('x'.repeat(60))).toHaveLength(28);
  expect(tableOf({ columns: ['a', 'a'], rows: [] }).columns).toEqual(['a']);
});

test('tables are written for others to read', () => {
  expect(asCsv(table)).toBe('id,title,about,big\r\n1,a|b,"{""x"":1}",12345678901234567890\r\n2,,,\r\n');
  expect(asMarkdown(table).split('\n')[2]).toBe('| 1 | a\\|b | {"x":1} | 12345678901234567890 |');
  expect(asMarkdown(table).split('\n')[3]).toBe('| 2 | NULL | NULL | NULL |');
});

test('numbers are told from texts', () => {
  expect(['id', 'title', 'about', 'big', 'none'].map((column) => isNumeric(table, column))).toEqual([
    true,
    false,
    false,
    true,
    false,
  ]);
});

test('an axis holds all values, in few round steps', () => {
  expect(ticksOf(0, 10)).toEqual([0, 2.5, 5, 7.5, 10]);
  expect(ticksOf(0, 0)).toEqual([0, 1]);
  expect(ticksOf(-3, 7)).toEqual([-5, -2.5, 0, 2.5, 5, 7.5]);
  const value = fc.double({ min: -1e12, max: 1e12, noNaN: true });
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      if (Math.max(0, high) - Math.min(0, low) < 1e-9) return;
      const ticks = ticksOf(low, high);
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks.length).toBeLessThan(9);
      const slack = (Math.abs(low) + Math.abs(high)) * 1e-9;
      expect(ticks[0] as number).toBeLessThanOrEqual(Math.min(0, low) + slack);
      expect(ticks.at(-1) as number).toBeGreaterThanOrEqual(Math.max(0, high) - slack);
    }),
  );
});
