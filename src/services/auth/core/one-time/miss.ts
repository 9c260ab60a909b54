import { voidToken } from '../../sql/one-time-tokens.ts';
import { nilUuid, type Sql } from '../../sql/rows.ts';
import { lockUser, type TokenType } from '../../sql/users.ts';
import { type AuthContext, nowOf } from '../context.ts';

/** A wrong code: whose, and what the right ones are. */
export interface Miss {
  readonly userId: string;
  readonly tokens: Readonly<Partial<Record<TokenType, string>>>;
}

/**
 * Counts a wrong code against the right ones, which are void once too many were tried. The transaction has to hold a lock
 * on the user and to be committed, whatever is answered.
 */
export async function countMiss(context: AuthContext, sql: Sql, { userId, tokens }: Miss): Promise<void> {
  for (const [token, stored] of Object.entries(tokens) as [TokenType, string][]) {
    if (!(await context.attempts.miss(sql, stored))) continue;
    await voidToken(sql, userId, token, stored, nowOf(context));
    context.log.warn({ userId, token }, 'a code was voided after too many wrong ones');
  }
}

/** The same work where nobody waits for a code, so that time does not tell who does. */
export async function countMissOfNobody(context: AuthContext, sql: Sql, address: string): Promise<void> {
  await lockUser(sql, nilUuid);
  await context.attempts.missNobody(sql, address);
}
