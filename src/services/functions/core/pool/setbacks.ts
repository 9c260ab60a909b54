/** How often a function failed in a row, and until when it is not started again. */
export interface Setback {
  /** Revision it failed in: another one starts afresh. */
  readonly revision: string;
  readonly count: number;
  /** Milliseconds, of the pool's clock. */
  readonly until: number;
  readonly error: Error;
}

/** Failures that cost no pause: a slip of the network is not worth one. */
const free = 2;

const firstPause = 250;
const longestPause = 30_000;

/** Pause after so many failures in a row, in milliseconds. */
export const pauseAfter = (count: number): number =>
  count <= free ? 0 : Math.min(longestPause, firstPause * 2 ** Math.min(count - free - 1, 20));

/** Adds a failure to those before it. */
export function setBack(before: Setback | undefined, revision: string, error: Error, now: number): Setback {
  const count = before?.revision === revision ? before.count + 1 : 1;
  return { revision, count, until: now + pauseAfter(count), error };
}
