import { type AuthErrorCode, authError } from '../../errors.ts';
import { millisecondsOf } from '../instant.ts';

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
 * Remembers requests for addresses nobody has, so that a second one is refused as it would be for a user's address:
 * otherwise the refusal would tell who has an account. Each node remembers for itself.
 */
export interface Strangers {
  /** @throws over_email_send_rate_limit (or `code`) */
  assertPause(kind: string, address: string, pause: number, now: number, code?: AuthErrorCode): void;
}

/** @param size addresses remembered; the oldest goes first */
export function createStrangers(size: number): Strangers {
  const seen = new Map<string, number>();
  return {
    assertPause(kind, address, pause, now, code = 'over_email_send_rate_limit') {
      const key = `${kind} ${address}`;
      const left = (seen.get(key) ?? Number.NEGATIVE_INFINITY) + pause - now;
      if (left > 0) throw tooSoon(left, code);
      seen.delete(key);
      if (seen.size >= size) seen.delete(seen.keys().next().value as string);
      seen.set(key, now);
    },
  };
}
