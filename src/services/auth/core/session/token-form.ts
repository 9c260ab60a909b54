import type { Origin, Refreshable } from '../../sql/refresh-tokens.ts';
import type { Sql } from '../../sql/rows.ts';
import type { AuthContext } from '../context.ts';

/** A refresh token to hand out. */
export interface Handout {
  readonly refreshToken: string;
  /** Place of a token of form 2 in its session. */
  readonly counter?: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** Who presents a token, and with what a form decides. */
export interface Presentation {
  readonly context: AuthContext;
  readonly caller: Origin;
}

/**
 * One form of refresh tokens, as far as one presented token goes. What the forms share (limits of sessions, who may refresh
 * them, waiting for others) stands in `refresh.ts`.
 */
export interface TokenForm<R extends Refreshable = Refreshable> {
  /** The session as it is now, unlocked. @throws refresh_token_not_found, user_banned, session_not_found, validation_failed */
  find(): Promise<R>;
  /** Writes the next token where nothing stands against it and nobody else is at it; else undefined, and nothing is done. */
  advanceAtOnce(found: R): Promise<Handout | undefined>;
  /** The session, locked; undefined where it is gone or somebody else holds it. */
  lock(sql: Sql): Promise<R | undefined>;
  /** Whether waiting for the lock makes sense. */
  isThere(): Promise<boolean>;
  /** Decides under the lock. An error is told after the commit of what was written because of it. */
  advance(sql: Sql, locked: R): Promise<Handout | Error>;
}

/** Header of answers that carry a new token. */
export const rotated = { 'sb-auth-refresh-token-rotated': 'true' };

/** Headers of answers to a token that was used before. */
export const reused = (cause: string): Readonly<Record<string, string>> => ({
  'sb-auth-refresh-token-reuse': 'true',
  'sb-auth-refresh-token-reuse-cause': cause,
});
