import type { Database } from '#kernel/sql';
import type { Rate } from '../limits/rate.ts';
import type { SharedLimits } from '../limits/shared-limits.ts';

/** Counts wrong codes, so that six digits cannot be tried out, whichever nodes they are sent to. */
export interface Attempts {
  /** Notes a wrong code. @param stored what the right one is stored as: a new code starts at nought @returns true at the bound */
  miss(stored: string): Promise<boolean>;
}

/** @param bound wrong codes after which the right one is void */
export function createAttempts(limits: Pick<SharedLimits, 'takeWithin'>, db: Database, bound: number): Attempts {
  // A bucket that nothing flows into. It is forgotten a day after the last wrong code.
  const turns: Rate = { amount: 0, period: 1, burst: bound - 1 };
  return { miss: async (stored) => !(await limits.takeWithin(db, 'code', stored, turns, 1)) };
}
