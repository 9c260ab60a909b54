import { expect, test } from 'vitest';
import { stepsOf } from './checklist.ts';

const none = { tables: 0, unprotected: 0, users: 0, buckets: 0 };
const done = (...given: Parameters<typeof stepsOf>) => stepsOf(...given).map((step) => step.done);

test('a step is done when the database says so', () => {
  expect(done(none, false)).toEqual([false, false, false, false]);
  expect(done({ ...none, tables: 3, unprotected: 2 }, false)).toEqual([true, false, false, false]);
  expect(done({ ...none, tables: 3, users: 1 }, true)).toEqual([true, true, true, true]);
});

test('it says how many tables are open', () => {
  expect(stepsOf({ ...none, tables: 3, unprotected: 2 }, false)[1]?.about).toContain('2 of 3');
});
