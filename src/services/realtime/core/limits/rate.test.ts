import { expect, test } from 'vitest';
import { Rate } from './rate.ts';

test('a limit counts against the average of a minute: bursts pass, and large ones are felt for long', () => {
  const rate = new Rate();
  rate.add(1_000);
  expect(rate.reaches(1)).toBe(false);
  rate.tick();
  expect(rate.reaches(1_000)).toBe(true);
  expect(rate.reaches(0)).toBe(false);
  for (let second = 1; second < 60; second++) rate.tick();
  expect(rate.average).toBeCloseTo(1_000 / 60);
  rate.tick();
  expect(rate.average).toBe(0);
  expect(rate.total).toBe(1_000);
});
