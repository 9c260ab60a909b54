import { voidToken } from '../../sql/one-time-tokens.ts';
import type { TokenType } from '../../sql/users.ts';
import { type AuthContext, nowOf } from '../context.ts';

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
