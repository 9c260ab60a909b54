import type { Claims } from '#kernel/jwt';
import type { AmrRow, Sql, User } from '../../sql/rows.ts';
import type { AuthContext } from '../context.ts';
import { readClaims } from '../hooks/claims-check.ts';
import { accessClaims, type SessionFacts } from './claims.ts';

/** What a token is made for. */
export interface TokenSubject {
  readonly user: User;
  readonly session: SessionFacts;
  readonly amr: readonly AmrRow[];
  /** How the token was asked for: a method of `amr`, or `token_refresh`. */
  readonly method: string;
  readonly ip: string | null;
}

/** The claims of an access token. */
export type TokenClaims = Claims & { readonly exp: number };

/**
 * The claims of an access token, as the application's hook wants them.
 *
 * @param sql the transaction a hook in the database runs in
 * @throws whatever the hook says, or what its claims lack
 */
export async function claimsFor(context: AuthContext, subject: TokenSubject, sql?: Sql): Promise<TokenClaims> {
  const { user, session, amr, method, ip } = subject;
  const claims = accessClaims(context.settings, user, session, amr, context.clock.now());
  if (context.hooks.at('custom_access_token') === undefined) return claims;
  const input = { user_id: user.id, claims, authentication_method: method };
  return readClaims(await context.hooks.ask('custom_access_token', input, ip, sql));
}

/**
 * The claims, where the hook for them is a function of the database: such a function runs in the transaction that makes
 * the session, which its failure undoes. A server is asked after the commit instead.
 */
export async function claimsWithin(
  context: AuthContext,
  subject: TokenSubject,
  sql: Sql,
): Promise<TokenClaims | undefined> {
  return context.hooks.at('custom_access_token') === 'database' ? claimsFor(context, subject, sql) : undefined;
}
