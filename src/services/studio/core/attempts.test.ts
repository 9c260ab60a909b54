import { expect, test } from 'vitest';
import { createAttempts } from './attempts.ts';

test('lets so many through a minute, and says how long the rest has to wait', () => {
  const attempts = createAttempts(10);
  expect([0, 1_000, 2_000].map((at) => attempts.count('a', 2, at))).toEqual([0, 0, 58]);
  expect(attempts.count('b', 2, 2_000)).toBe(0);
  expect(attempts.count('a', 2, 59_999)).toBe(1);
  expect(attempts.count('a', 2, 60_000)).toBe(0);
});

test('remembers a bounded number of keys', () => {
  const attempts = createAttempts(2);
  attempts.count('a', 1, 0);
  attempts.count('b', 1, 0);
  attempts.count('c', 1, 0);
  expect(attempts.count('c', 1, 0)).toBeGreaterThan(0);
  expect(attempts.count('a', 1, 0)).toBe(0);
});
