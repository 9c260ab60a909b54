import { expect, test } from 'vitest';
import { microseconds, readRows, wrapped } from './result.ts';

test('maps become arrays of one at every depth, arrays of maps do not become deeper', () => {
  expect(wrapped({ request: { headers: { a: 1 } }, list: [1, { b: { c: 2 } }], none: null })).toEqual([
    { request: [{ headers: [{ a: 1 }] }], list: [1, { b: [{ c: 2 }] }], none: null },
  ]);
  expect(wrapped('text')).toBe('text');
});

test.each([
  ['2026-11-26 08:00:00+00', Date.UTC(2026, 10, 26, 8) * 1_000],
  ['2026-11-26 08:00:00.123456+00', Date.UTC(2026, 10, 26, 8) * 1_000 + 123_456],
  ['2026-11-26 08:00:00.5', Date.UTC(2026, 10, 26, 8) * 1_000 + 500_000],
  ['2026-11-26 10:00:00+02', Date.UTC(2026, 10, 26, 8) * 1_000],
  ['2026-11-26 13:30:00+05:30', Date.UTC(2026, 10, 26, 8) * 1_000],
  ['2026-11-26', Date.UTC(2026, 10, 26) * 1_000],
  ['infinity', 'infinity'],
  [null, null],
])('the moment %s is %s', (text, expected) => expect(microseconds(text)).toBe(expected));

test('rows have moments and numbers by the types of their columns', () => {
  const rows = [{ t: '2026-11-26 08:00:00+00', n: '1.5', s: '2026-11-26 08:00:00+00', m: { a: 1 } }];
  expect(readRows({ rows, columns: ['t', 'n', 's', 'm'], types: [1184, 1700, 25, 3802] })).toEqual([
    { t: Date.UTC(2026, 10, 26, 8) * 1_000, n: 1.5, s: '2026-11-26 08:00:00+00', m: [{ a: 1 }] },
  ]);
});
