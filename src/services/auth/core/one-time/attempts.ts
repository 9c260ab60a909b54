import { createHash } from 'node:crypto';
import type { Sql } from '../../sql/rows.ts';
import type { Rate } from '../limits/rate.ts';
import type { SharedLimits } from '../limits/shared-limits.ts';

/** Counts wrong codes, so that six digits cannot be tried out, whichever nodes they are sent to. */
export interface Attempts {
  /**
   * Notes a wrong code, in the transaction that compared it under a lock on its user. Otherwise guesses that are sent at
   * once would all be compared before the first is counted.
   *
   * @param stored what the right one is stored as: a new code starts at nought
   * @returns true at the bound
   */
  miss(sql: Sql, stored: string): Promise<boolean>;
  /** The same work for a kind of code that nobody waits for at an address. */
  missNobody(sql: Sql, kind: string, address: string): Promise<void>;
}

/** Rows that stand for all addresses nobody waits at. */
const rowsForNobody = 64;

/** @param bound wrong codes after which the right one is void */
export function createAttempts(limits: Pick<SharedLimits, 'takeWithin'>, bound: number): Attempts {
  // A bucket that nothing flows into. It is forgotten a day after the last wrong code.
  const turns: Rate = { amount: 0, period: 1, burst: bound - 1 };
  const endless: Rate = { amount: bound, period: 1, burst: bound };
  return {
    miss: async (sql, stored) => !(await limits.takeWithin(sql, 'code', stored, turns, 1)),
    async missNobody(sql, kind, address) {
      const row = createHash('sha256').update(`${kind} ${address}`).digest().readUInt32BE() % rowsForNobody;
      await limits.takeWithin(sql, 'code', `nobody ${row}`, endless, 1);
    },
  };
}
