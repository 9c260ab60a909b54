import { parseGoDuration } from '../duration.ts';

/** How fast a bucket fills. */
export interface Rate {
  /** What flows in during `period`. */
  readonly amount: number;
  /** In milliseconds. */
  readonly period: number;
  /** What a bucket holds at most. */
  readonly burst: number;
}

const hour = 3_600_000;

/** Reads `N` (an hour) or `N/duration`, as upstream writes the limits of mails and text messages. @throws Error */
export function readRate(setting: string, text: string): Rate {
  const [count = '', span] = text.split('/', 2);
  const amount = Number(count);
  const period = span === undefined ? hour : parseGoDuration(span);
  if (!Number.isFinite(amount) || period === undefined || period <= 0)
    throw new Error(`${setting}: ${text} is no rate`);
  return { amount, period, burst: amount };
}
