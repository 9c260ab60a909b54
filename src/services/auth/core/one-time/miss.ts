import { voidToken } from '../../sql/one-time-tokens.ts';
import { commitWithoutDisk } from '../../sql/quick-commit.ts';
import { nilUuid, type Sql, type User } from '../../sql/rows.ts';
import { lockUser, type TokenType } from '../../sql/users.ts';
import { type AuthContext, nowOf } from '../context.ts';

/** A wrong code: at which address it was tried, and as which kinds. */
export interface Miss {
  readonly address: string;
  readonly kinds: readonly TokenType[];
}

/**
 * Counts a wrong code against the right ones, which are void once too many were tried. The transaction has to hold a lock
 * on the user and to be committed, whatever is answered. Where nobody waits for a code the same statements are run, so
 * that time does not tell who does.
 */
export async function countMiss(context: AuthContext, sql: Sql, user: User, miss: Miss): Promise<void> {
  for (const kind of miss.kinds) {
    const stored = user[kind];
    if (stored === '') await context.attempts.missNobody(sql, kind, miss.address);
    else if (await context.attempts.miss(sql, stored)) {
      await voidToken(sql, user.id, kind, stored, nowOf(context));
      context.log.warn({ userId: user.id, token: kind }, 'a code was voided after too many wrong ones');
    }
  }
  await commitWithoutDisk(sql);
}

/** The same work where nobody has the address. */
export async function countMissOfNobody(context: AuthContext, sql: Sql, { address, kinds }: Miss): Promise<void> {
  await lockUser(sql, nilUuid);
  for (const kind of kinds) await context.attempts.missNobody(sql, kind, address);
  await commitWithoutDisk(sql);
}
