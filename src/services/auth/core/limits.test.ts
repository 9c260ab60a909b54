import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLocalLimits } from './limits/shared-limits.ts';
import { createAttempts } from './one-time/attempts.ts';
import { createRateLimiter } from './token-bucket.ts';
import { createWorkQueue } from './work-queue.ts';

describe('rate limiter', () => {
  it('grants a burst, then what flows in', () => {
    const limiter = createRateLimiter(30, 300_000, 3, 10);
    expect([0, 0, 0, 0].map((at) => limiter.take('a', at))).toEqual([true, true, true, false]);
    expect(limiter.take('b', 0)).toBe(true);
    expect(limiter.take('a', 9_999)).toBe(false);
    expect(limiter.take('a', 10_001)).toBe(true);
    expect(limiter.take('a', 10_002)).toBe(false);
  });

  it('never grants more than burst plus inflow, and forgets the client unused longest', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 100 }), (pauses) => {
        const limiter = createRateLimiter(10, 10_000, 5, 3);
        let now = 0;
        let granted = 0;
        for (const pause of pauses) {
          now += pause;
          if (limiter.take('a', now)) granted++;
        }
        expect(granted).toBeLessThanOrEqual(5 + now / 1_000 + 1e-9);
      }),
    );
    const small = createRateLimiter(1, 1e9, 1, 2);
    expect([small.take('a', 0), small.take('b', 0), small.take('c', 0)]).toEqual([true, true, true]);
    expect([small.take('c', 0), small.take('a', 0)]).toEqual([false, true]);
  });
});

describe('work queue', () => {
  it('never runs more than its share and refuses beyond its line', async () => {
    const queue = createWorkQueue(2, 3, () => new Error('full'));
    let running = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
    };
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => queue.run(work)));
    expect(most).toBe(2);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(3);
    expect([queue.running, queue.waiting]).toEqual([0, 0]);
  });

  it('gives its place back when work fails', async () => {
    const queue = createWorkQueue(1, 5, () => new Error('full'));
    await expect(queue.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await queue.run(async () => 1)).toBe(1);
  });
});

describe('wrong codes', () => {
  it.each([1, 3])('are counted for each stored value up to %i', async (bound) => {
    const limits = createLocalLimits({ clock: { now: () => Date.now() }, size: 100 });
    const attempts = createAttempts(limits, bound);
    const sql = undefined as never;
    const missed: boolean[] = [];
    for (let count = 1; count <= bound + 1; count++) missed.push(await attempts.miss(sql, 'a'));
    expect(missed).toEqual(missed.map((_, index) => index >= bound - 1));
    expect(await attempts.miss(sql, 'b')).toBe(bound === 1);
  });
});

describe('turns', () => {
  it('come once in a span, each kind for itself, and the oldest is forgotten first', async () => {
    let now = 0;
    const limits = createLocalLimits({ clock: { now: () => now }, size: 2 });
    const take = (kind: string, address: string) => limits.takeTurn(undefined as never, kind, address, 60_000);
    expect(await take('recovery', 'a')).toBe(0);
    now = 1;
    expect(await take('recovery', 'a')).toBe(59_999);
    expect(await take('otp', 'a')).toBe(0);
    now = 60_000;
    expect(await take('recovery', 'a')).toBe(0);
    expect(await take('recovery', 'b')).toBe(0);
    expect(await take('otp', 'a')).toBe(0);
  });
});
