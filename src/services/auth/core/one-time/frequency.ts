import { type AuthErrorCode, authError } from '../../errors.ts';
import type { Sql } from '../../sql/rows.ts';
import type { AuthContext } from '../context.ts';
import { millisecondsOf } from '../instant.ts';
import type { RequestedMail } from '../mail/mail.ts';

/**
 * Refuses a message that would follow the one before too closely.
 *
 * @param sentAt when the one before went out
 * @param pause least time between two, in milliseconds
 * @param now milliseconds
 * @throws over_email_send_rate_limit (or `code`)
 */
export function assertPause(
  sentAt: string | null,
  pause: number,
  now: number,
  code: AuthErrorCode = 'over_email_send_rate_limit',
): void {
  if (sentAt === null) return;
  const left = millisecondsOf(sentAt) + pause - now;
  if (left > 0) throw tooSoon(left, code);
}

function tooSoon(left: number, code: AuthErrorCode): Error {
  return authError(code, {
    message: `For security purposes, you can only request this after ${Math.ceil(left / 1_000)} seconds.`,
  });
}

/**
 * Refuses a request for a message that follows another one for the same address too closely, whether somebody has the
 * address or not: otherwise the refusal would tell who has an account. All nodes count together.
 *
 * @param kind of request; each has a pause of its own
 * @param pause least time between two, in milliseconds
 * @throws over_email_send_rate_limit (or `code`)
 */
export async function assertTurn(
  { limits }: Pick<AuthContext, 'limits'>,
  sql: Sql,
  kind: string,
  address: string,
  pause: number,
  code: AuthErrorCode = 'over_email_send_rate_limit',
): Promise<void> {
  const left = pause > 0 ? await limits.takeTurn(sql, kind, address, pause) : 0;
  if (left > 0) throw tooSoon(left, code);
}

/** Whether requests for mails are answered before anybody looks for a user. */
export const answersUnseen = (context: AuthContext): boolean => context.post.postpones;

/** Notes a mail that was not asked for by address alone, so that one that is asked for so has to wait as after itself. */
export async function noteMail(context: AuthContext, sql: Sql, wants: RequestedMail, email: string): Promise<void> {
  const pause = context.settings.smtpMaxFrequency;
  if (pause > 0 && answersUnseen(context)) await context.limits.takeTurn(sql, wants, email, pause);
}
