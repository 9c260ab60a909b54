import fc from 'fast-check';
import { expect, test } from 'vitest';
import { slotFor } from '../sql/partitions.ts';
import { duePartitions, spanFor } from './retention.ts';

test('slots never overlap, and hold the moment they were made for', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ moment: fc.integer({ min: 0, max: 100_000 }), span: fc.integer({ min: 1, max: 10_000 }) }), {
        maxLength: 40,
      }),
      (wanted) => {
        const slots: { from: number; to: number }[] = [];
        for (const { moment, span } of wanted) {
          if (slots.some(({ from, to }) => from <= moment && moment < to)) continue;
          const slot = slotFor(moment, span, slots);
          expect(slot.from <= moment && moment < slot.to && slot.to - slot.from <= span).toBe(true);
          for (const other of slots) expect(slot.to <= other.from || other.to <= slot.from).toBe(true);
          slots.push(slot);
        }
      },
    ),
  );
});

const hour = 3_600;
const part = (from: number, bytes: number) => ({ name: `p${from}`, from, to: from + hour, bytes });

test('too old, or the oldest of too much', () => {
  const all = [part(0, 10), part(hour, 10), part(2 * hour, 10)];
  const due = (retention: number, maxSize: number, now: number) =>
    duePartitions(all, { retention, maxSize, now }).map(({ name }) => name);
  expect(due(1_000 * hour, 100, 2.5 * hour * 1_000)).toEqual(['p0']);
  expect(due(100 * hour * 1_000, 100, 3 * hour * 1_000)).toEqual([]);
  expect(due(100 * hour * 1_000, 25, 3 * hour * 1_000)).toEqual(['p0']);
  expect(due(100 * hour * 1_000, 5, 3 * hour * 1_000)).toEqual(['p0', `p${hour}`, `p${2 * hour}`]);
});

test('the more arrives, the shorter a partition, down to a minute', () => {
  const now = hour * 1_000;
  expect(spanFor(3 * hour * 1_000, 1e9, [], now)).toBe(3 * hour);
  expect(spanFor(3 * hour * 1_000, 1e9, [part(0, 1e6)], now)).toBe(3 * hour);
  const fast = spanFor(3 * hour * 1_000, 1e9, [part(0, 3.6e8)], now);
  expect(fast * 1e5).toBeLessThanOrEqual(1e9 / 8);
  expect(spanFor(3 * hour * 1_000, 1e6, [part(0, 1e12)], now)).toBe(60);
});
