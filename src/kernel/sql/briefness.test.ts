import { expect, test } from 'vitest';
import { Briefness } from './briefness.ts';

function after(...runs: number[]): boolean {
  const briefness = new Briefness(10);
  for (const took of runs) briefness.ran('a', took);
  return briefness.isBrief('a');
}
const times = (count: number, took: number): number[] => new Array(count).fill(took);

test('what is unknown or hardly known is not brief', () => {
  expect(after()).toBe(false);
  expect(after(...times(3, 0.1))).toBe(false);
  expect(after(...times(4, 0.1))).toBe(true);
});

test('runs that a busy process made seem long do not count against the others', () => {
  expect(after(...times(4, 0.2), 8, 12, 9, 0.3, 11)).toBe(true);
});

test('what has not been brief for long is not brief any more', () => {
  expect(after(...times(10, 0.5), ...times(20, 9))).toBe(false);
});

test('one slow run bars a statement until many others were brief', () => {
  expect(after(...times(20, 0.2), 60)).toBe(false);
  expect(after(...times(20, 0.2), 60, ...times(63, 0.2))).toBe(false);
  expect(after(...times(20, 0.2), 60, ...times(64, 0.2))).toBe(true);
});

test('the longest known statements are forgotten beyond the limit', () => {
  const briefness = new Briefness(2);
  for (const text of ['a', 'b', 'c']) for (const took of times(4, 0.1)) briefness.ran(text, took);
  expect(['a', 'b', 'c'].map((text) => briefness.isBrief(text))).toEqual([false, true, true]);
});
