import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { authError, invalid, OAuthError } from '../../errors.ts';
import type { AuthSettings } from '../../settings.ts';
import {
  deleteRefreshToken,
  findActiveToken,
  findRefreshToken,
  hasRefreshToken,
  lockRefreshToken,
  type Refreshable,
  revokeFamily,
  rotateAtOnce,
  rotateToken,
  touchSession,
} from '../../sql/refresh-tokens.ts';
import type { Sql } from '../../sql/rows.ts';
import { findSessions } from '../../sql/sessions.ts';
import { audit, auditEntries, logAudit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { newRefreshToken } from '../secret-values.ts';
import { isBanned } from '../user-view.ts';
import { claimsWithin } from './access-token.ts';
import { type Grant, type SignedIn, signedIn } from './issue.ts';
import { decideRotation } from './rotation.ts';
import { isLowAalOver, isSuperseded, sessionEnd } from './validity.ts';

/** Milliseconds a refresh may wait for another one of the same session. */
const patience = 5_000;

type Outcome =
  | { readonly kind: 'granted'; readonly grant: Grant; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'refused'; readonly error: Error };

/**
 * Exchanges a refresh token for a new pair of tokens.
 *
 * Refreshes of a session follow each other: whoever finds its rows locked waits and looks again. What is written because
 * of a stolen token stays written although the answer is an error.
 *
 * @param clientId OAuth client that asks; null for users themselves
 */
export async function refresh(
  context: AuthContext,
  caller: Caller,
  token: string,
  clientId: string | null = null,
): Promise<SignedIn> {
  if (token === '') throw new OAuthError('invalid_request', 'refresh_token required');
  if (token.length < 12 || token.length > 255) throw invalid('Refresh token is not valid');
  const found = await findRefreshable(context, token);
  const grant = await rotateUncontested(context, caller, found, clientId);
  if (grant) return signedIn(context, grant, { headers: rotated });
  const deadline = context.clock.now() + patience;
  for (;;) {
    const outcome = await context.db.transaction((sql) => attempt(context, sql, caller, token, clientId));
    if (outcome?.kind === 'refused') throw outcome.error;
    if (outcome) return signedIn(context, outcome.grant, { headers: outcome.headers });
    if (context.clock.now() > deadline) throw authError('conflict');
    await sleep(randomInt(10, 31));
    // The token may have gone in the meantime, with its session.
    if (!(await hasRefreshToken(context.db, token))) throw authError('refresh_token_not_found');
  }
}

async function findRefreshable(context: AuthContext, token: string): Promise<Refreshable> {
  const found = await findRefreshToken(context.db, token);
  if (!found) throw authError('refresh_token_not_found');
  if (isBanned(found.user, context.clock.now()))
    throw authError('user_banned', { status: 400, message: 'Invalid Refresh Token: User Banned' });
  const { session } = found;
  if (session) return { ...found, session };
  await deleteRefreshToken(context.db, found.token.id);
  throw authError('session_not_found', { status: 400, message: 'Invalid Refresh Token: No Valid Session Found' });
}

/**
 * The common case, without a transaction that is held open: the token is the active one, nothing stands against the session,
 * and nobody else is at it. What was decided on rows as they were read is written only while they are still the same.
 *
 * @returns undefined where that is not so; nothing has been done then
 */
async function rotateUncontested(
  context: AuthContext,
  caller: Caller,
  found: Refreshable,
  clientId: string | null,
): Promise<Grant | undefined> {
  const { settings, hooks, clock } = context;
  // One looks at other sessions too, the other runs a function in the transaction.
  if (settings.sessionSinglePerUser || hooks.at('custom_access_token') === 'database') return undefined;
  const { token, session, user, amr } = found;
  if (token.revoked || findFault(settings, found, clientId, clock.now())) return undefined;
  const child = newRefreshToken();
  const entries = auditEntries(user, ['token_revoked', 'token_refreshed']);
  const kept = settings.auditWithoutPostgres ? [] : entries;
  if (!(await rotateAtOnce(context.db, child, found, nowOf(context), caller, kept))) return undefined;
  logAudit(context, entries);
  return { user, session, amr, method: 'token_refresh', ip: caller.ip, refreshToken: child };
}

async function attempt(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  token: string,
  clientId: string | null,
): Promise<Outcome | undefined> {
  const locked = await lockRefreshToken(sql, token);
  if (!locked) return undefined;
  const { session, user, amr } = locked;
  const refusal = await findRefusal(context, sql, locked, clientId);
  if (refusal) return { kind: 'refused', error: refusal };
  const active = locked.token.revoked ? await findActiveToken(sql, session.id) : undefined;
  const { refreshReuseInterval, refreshRotation } = context.settings;
  const rotation = decideRotation(locked.token, active, refreshReuseInterval * 1_000, context.clock.now());
  const now = nowOf(context);
  if (rotation.kind === 'stolen') {
    if (refreshRotation) await revokeFamily(sql, session.id, now);
    return { kind: 'refused', error: authError('refresh_token_already_used') };
  }
  const granted = async (refreshToken: string, headers: Readonly<Record<string, string>>): Promise<Outcome> => {
    const subject = { user, session, amr, method: 'token_refresh', ip: caller.ip };
    return {
      kind: 'granted',
      grant: { ...subject, refreshToken, claims: await claimsWithin(context, subject, sql) },
      headers,
    };
  };
  if (rotation.kind === 'repeat') {
    await touchSession(sql, session.id, now, caller);
    await audit(context, sql, user, 'token_refreshed');
    return granted(rotation.active.token, reused('parent_of_active'));
  }
  const child = newRefreshToken();
  await rotateToken(sql, child, locked, now, caller);
  const actions = rotation.kind === 'rotate' ? (['token_revoked', 'token_refreshed'] as const) : 'token_refreshed';
  await audit(context, sql, user, actions);
  const isReuse = rotation.kind === 'reuse';
  return granted(child, { ...rotated, ...(isReuse && reused('reuse_interval')) });
}

const rotated = { 'sb-auth-refresh-token-rotated': 'true' };
const reused = (cause: string): Readonly<Record<string, string>> => ({
  'sb-auth-refresh-token-reuse': 'true',
  'sb-auth-refresh-token-reuse-cause': cause,
});

const expired = (detail: string): Error =>
  authError('session_expired', { message: `Invalid Refresh Token: Session Expired${detail}` });

/** What stands against refreshing a session, by itself. */
function findFault(
  settings: AuthSettings,
  { user, session, amr }: Refreshable,
  clientId: string | null,
  now: number,
): Error | undefined {
  const end = sessionEnd(settings, session, now);
  if (end !== undefined) return expired(end === 'inactivity' ? ' (Inactivity)' : '');
  if (isLowAalOver(settings, user, session, amr, now)) return expired(' (Low AAL: User Needs MFA Verification)');
  // Sessions of the OAuth server are refreshed by their client, at its own endpoint, and all others by users.
  if (session.oauth_client_id !== clientId)
    return new OAuthError('invalid_client', 'Invalid client credentials for this refresh token');
  return undefined;
}

async function findRefusal(
  { settings, clock }: AuthContext,
  sql: Sql,
  locked: Refreshable,
  clientId: string | null,
): Promise<Error | undefined> {
  const now = clock.now();
  const fault = findFault(settings, locked, clientId, now);
  if (fault || !settings.sessionSinglePerUser) return fault;
  const others = await findSessions(sql, locked.user.id);
  return isSuperseded(settings, locked.session, others, now) ? expired(' (Revoked by Newer Login)') : undefined;
}
