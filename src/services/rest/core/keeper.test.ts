import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createKeeper, type Keeper } from './keeper.ts';

let clock = 0;
beforeEach(() => {
  vi.useFakeTimers();
  clock = 0;
});
afterEach(() => vi.useRealTimers());

const pass = async (milliseconds: number) => {
  clock += milliseconds;
  await vi.advanceTimersByTimeAsync(milliseconds);
};

function keep(
  outcomes: readonly (true | Error)[] = [],
  retries = true,
): {
  keeper: Keeper;
  loads: () => number;
  errors: number[];
  finish: () => void;
  hold: (on: boolean) => void;
} {
  let loads = 0;
  let held: (() => void)[] | undefined;
  const errors: number[] = [];
  const keeper = createKeeper({
    async load() {
      const outcome = outcomes[loads++];
      if (held) await new Promise<void>((resolve) => held?.push(resolve));
      if (outcome instanceof Error) throw outcome;
    },
    onError: (_, pause) => errors.push(pause),
    delay: 100,
    retries,
    now: () => clock,
  });
  return {
    keeper,
    loads: () => loads,
    errors,
    hold: (on) => {
      held = on ? [] : undefined;
    },
    finish: () => {
      for (const resolve of held?.splice(0) ?? []) resolve();
    },
  };
}

describe('requests', () => {
  test('the first is served at once, a burst after it by one more load', async () => {
    const { keeper, loads } = keep();
    keeper.request();
    await pass(0);
    expect(loads()).toBe(1);
    for (let n = 0; n < 5; n++) keeper.request();
    await pass(99);
    expect(loads()).toBe(1);
    await pass(1);
    expect(loads()).toBe(2);
    await pass(1_000);
    expect(loads()).toBe(2);
  });

  test('what is asked for during a load is loaded after it', async () => {
    const { keeper, loads, hold, finish } = keep();
    hold(true);
    keeper.request();
    keeper.request();
    await pass(0);
    finish();
    hold(false);
    await pass(100);
    expect(loads()).toBe(2);
  });

  test('after the stop nothing is loaded', async () => {
    const { keeper, loads } = keep();
    keeper.stop();
    keeper.request();
    await pass(1_000);
    expect(loads()).toBe(0);
  });
});

describe('failures', () => {
  test('are tried again with growing pauses until one works', async () => {
    const bad = new Error('x');
    const { keeper, loads, errors } = keep([bad, bad, bad, true]);
    await expect(keeper.reload()).rejects.toThrow('x');
    expect(keeper.retryIn).toBe(1_000);
    await pass(1_000);
    await pass(2_000);
    expect([loads(), errors]).toEqual([3, [1_000, 2_000, 4_000]]);
    await pass(4_000);
    expect([loads(), keeper.retryIn]).toEqual([4, 0]);
    await pass(60_000);
    expect(loads()).toBe(4);
  });

  test('somebody who knows better need not wait', async () => {
    const { keeper, loads } = keep([new Error('x'), true]);
    await expect(keeper.reload()).rejects.toThrow();
    keeper.request();
    await pass(0);
    expect([loads(), keeper.retryIn]).toEqual([2, 0]);
  });

  test('pauses do not grow beyond half a minute', async () => {
    const { keeper, errors } = keep(Array.from({ length: 10 }, () => new Error('x')));
    keeper.request();
    await pass(300_000);
    expect(Math.max(...errors)).toBe(32_000);
    keeper.stop();
  });
});

test('a reload waits for one that is under way and then reads anew', async () => {
  const { keeper, loads, hold, finish } = keep();
  hold(true);
  keeper.request();
  let done = false;
  const reloading = keeper.reload().then(() => {
    done = true;
  });
  await pass(0);
  finish();
  await pass(0);
  expect(done).toBe(false);
  finish();
  await reloading;
  expect(loads()).toBe(2);
});

test('without retries a failure waits for the next request', async () => {
  const { keeper, loads, errors } = keep([new Error('first')], false);
  keeper.request();
  await pass(100_000);
  expect([loads(), errors.length, keeper.retryIn]).toEqual([1, 1, 0]);
  keeper.request();
  await pass(100);
  expect(loads()).toBe(2);
});
