import { expect, test } from 'vitest';
import { Failures } from './failures.ts';

test('after too many failures in 30 s, one attempt a second is left until one succeeds', () => {
  let now = 1_000_000;
  const failures = new Failures(3, () => now);
  for (let each = 0; each < 3; each++) {
    expect(failures.mayAttempt()).toBe(true);
    failures.failed();
  }
  expect([failures.mayAttempt(), failures.mayAttempt()]).toEqual([true, false]);
  failures.failed();
  now += 999;
  expect(failures.mayAttempt()).toBe(false);
  now += 1;
  expect([failures.mayAttempt(), failures.mayAttempt()]).toEqual([true, false]);
  failures.succeeded();
  expect([failures.mayAttempt(), failures.mayAttempt()]).toEqual([true, true]);
});

test('old failures count no more, and 0 means no bound', () => {
  let now = 1_000_000;
  const failures = new Failures(1, () => now);
  failures.failed();
  expect([failures.mayAttempt(), failures.mayAttempt()]).toEqual([true, false]);
  now += 30_000;
  expect([failures.mayAttempt(), failures.mayAttempt()]).toEqual([true, true]);
  const unbounded = new Failures(0, () => now);
  for (let each = 0; each < 100; each++) unbounded.failed();
  expect([unbounded.mayAttempt(), unbounded.mayAttempt()]).toEqual([true, true]);
});
