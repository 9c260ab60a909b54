import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asCsv, asMarkdown, isNumeric, tableOf, ticksOf } from './result.ts';

const table = tableOf([
  { id: 1, title: 'a|b', about: { x: 1 }, big: '12345678901234567890' },
  { id: 2, title: null, about: null, big: null },
]);

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
