import fc from 'fast-check';
import { expect, test } from 'vitest';
import { microsecondsOf, parseEvents } from './event-body.ts';

test('events are the items of an array or a batch, one value, or one a line', () => {
  expect(parseEvents('[1,{"a":2}]')).toEqual([1, { a: 2 }]);
  expect(parseEvents('{"batch":[{"a":1}],"source":"x"}')).toEqual([{ a: 1 }]);
  expect(parseEvents('{"a":1}')).toEqual([{ a: 1 }]);
  expect(parseEvents('{"a":1}\n\n{"a":2}\n')).toEqual([{ a: 1 }, { a: 2 }]);
  for (const text of ['', 'x', '{"a":1}\nx', '{']) expect(parseEvents(text)).toBeUndefined();
});

test.each([
  ['2023-11-14T22:13:20Z', 1_700_000_000_000_000],
  ['2023-11-14T22:13:20.123456Z', 1_700_000_000_123_456],
  ['2023-11-14T22:13:20.1234567+00:00', 1_700_000_000_123_456],
  [1_700_000_000, 1_700_000_000_000_000],
  [1_700_000_000.5, 1_700_000_000_500_000],
  [1_700_000_000_123, 1_700_000_000_123_000],
  [1_700_000_000_123_456, 1_700_000_000_123_456],
  ['1700000000123456', 1_700_000_000_123_456],
  [1.700000000123457e18, 1_700_000_000_123_457],
  ['yesterday', undefined],
  [12, undefined],
  [Number.NaN, undefined],
  [null, undefined],
  ['1999-01-01T00:00:00Z', undefined],
])('%j is the moment %j', (value, expected) => {
  const found = microsecondsOf(value);
  // Nanoseconds have more digits than a number holds.
  if (expected !== undefined && typeof value === 'number' && value > 1e17)
    expect(Math.abs((found ?? 0) - expected)).toBeLessThan(2);
  else expect(found).toBe(expected);
});

test('no value is a moment that is no whole number', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      const found = microsecondsOf(value);
      expect(found === undefined || Number.isSafeInteger(found)).toBe(true);
    }),
  );
});
