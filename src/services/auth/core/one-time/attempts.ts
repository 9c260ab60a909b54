import type { Database } from '#kernel/sql';
import { voidToken } from '../../sql/one-time-tokens.ts';
import type { TokenType } from '../../sql/users.ts';
import { type AuthContext, nowOf } from '../context.ts';
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

/** A wrong code: whose, and what the right ones are. */
export interface Miss {
  readonly userId: string;
  readonly tokens: Readonly<Partial<Record<TokenType, string>>>;
}

/** Counts a wrong code against the right ones, which are void once too many were tried. */
export async function countMiss(context: AuthContext, { userId, tokens }: Miss): Promise<void> {
  for (const [token, stored] of Object.entries(tokens) as [TokenType, string][]) {
    if (!(await context.attempts.miss(stored))) continue;
    await voidToken(context.db, userId, token, stored, nowOf(context));
    context.log.warn({ userId, token }, 'a code was voided after too many wrong ones');
  }
}
