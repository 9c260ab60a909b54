import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRecordIds, isUuid } from './log-record.ts';

test('ids are of version 7, grow, and carry their time, even where the clock stands or goes back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -5, max: 50 }), { minLength: 1, maxLength: 200 }),
      fc.integer({ min: 1_600_000_000_000, max: 2_000_000_000_000 }),
      (steps, start) => {
        const next = createRecordIds();
        let now = start;
        const times: number[] = [];
        const ids = steps.map((step) => {
          now += step;
          times.push(now);
          return next(now);
        });
        for (const [index, id] of ids.entries()) {
          expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
          expect(isUuid(id)).toBe(true);
          if (index > 0) expect(id > (ids[index - 1] as string)).toBe(true);
          const carried = Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
          expect(carried).toBe(Math.max(...times.slice(0, index + 1)));
        }
      },
    ),
  );
});

test('more ids in a millisecond than the counter has places take the next one', () => {
  const next = createRecordIds();
  const ids = Array.from({ length: 5_000 }, () => next(1_700_000_000_000));
  expect(new Set(ids).size).toBe(5_000);
  expect([...ids].sort()).toEqual(ids);
});
