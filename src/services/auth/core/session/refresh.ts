import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { authError, invalid, OAuthError } from '../../errors.ts';
import type { RefreshTokenRow, SessionRow, Sql, User } from '../../sql/rows.ts';
import {
  deleteRefreshToken,
  findActiveToken,
  findAmr,
  findRefreshToken,
  findSessions,
  insertRefreshToken,
  lockRefreshToken,
  revokeFamily,
  revokeToken,
  touchSession,
} from '../../sql/sessions.ts';
import { findUser } from '../../sql/users.ts';
import { audit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { newRefreshToken } from '../secret-values.ts';
import { isBanned } from '../user-view.ts';
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
 */
export async function refresh(context: AuthContext, caller: Caller, token: string): Promise<SignedIn> {
  if (token === '') throw new OAuthError('invalid_request', 'refresh_token required');
  if (token.length < 12 || token.length > 255) throw invalid('Refresh token is not valid');
  const user = await assertRefreshable(context, token);
  const deadline = context.clock.now() + patience;
  for (;;) {
    const outcome = await context.db.transaction((sql) => attempt(context, sql, caller, token, user.id));
    if (outcome?.kind === 'refused') throw outcome.error;
    if (outcome) return signedIn(context, outcome.grant, { headers: outcome.headers });
    if (context.clock.now() > deadline) throw authError('conflict');
    await sleep(randomInt(10, 31));
    // The token may have gone in the meantime, with its session.
    if (!(await findRefreshToken(context.db, token))) throw authError('refresh_token_not_found');
  }
}

async function assertRefreshable(context: AuthContext, token: string): Promise<User> {
  const row = await findRefreshToken(context.db, token);
  if (!row) throw authError('refresh_token_not_found');
  const user = await findUser(context.db, row.user_id);
  if (!user) throw authError('refresh_token_not_found');
  if (isBanned(user, context.clock.now()))
    throw authError('user_banned', { status: 400, message: 'Invalid Refresh Token: User Banned' });
  if (row.session_id === null) {
    await deleteRefreshToken(context.db, row.id);
    throw authError('session_not_found', { status: 400, message: 'Invalid Refresh Token: No Valid Session Found' });
  }
  return user;
}

async function attempt(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  token: string,
  userId: string,
): Promise<Outcome | undefined> {
  const locked = await lockRefreshToken(sql, token);
  const user = locked && (await findUser(sql, userId));
  if (!locked || !user) return undefined;
  const { session } = locked;
  const amr = await findAmr(sql, session.id);
  const refusal = await findRefusal(context, sql, user, session, amr);
  if (refusal) return { kind: 'refused', error: refusal };
  const active = locked.token.revoked ? await findActiveToken(sql, session.id) : undefined;
  const { refreshReuseInterval, refreshRotation } = context.settings;
  const rotation = decideRotation(locked.token, active, refreshReuseInterval * 1_000, context.clock.now());
  const now = nowOf(context);
  if (rotation.kind === 'stolen') {
    if (refreshRotation) await revokeFamily(sql, session.id, now);
    return { kind: 'refused', error: authError('refresh_token_already_used') };
  }
  const headers: Record<string, string> = {};
  let next: string;
  if (rotation.kind === 'repeat') {
    next = rotation.active.token;
    headers['sb-auth-refresh-token-reuse'] = 'true';
    headers['sb-auth-refresh-token-reuse-cause'] = 'parent_of_active';
  } else {
    next = await addChild(context, sql, locked.token, user, session.id, now);
    headers['sb-auth-refresh-token-rotated'] = 'true';
    if (rotation.kind === 'reuse') {
      headers['sb-auth-refresh-token-reuse'] = 'true';
      headers['sb-auth-refresh-token-reuse-cause'] = 'reuse_interval';
    }
  }
  await touchSession(sql, session.id, now, caller.userAgent, caller.ip);
  await audit(context, sql, user, 'token_refreshed');
  return { kind: 'granted', grant: { user, session, amr, refreshToken: next }, headers };
}

async function addChild(
  context: AuthContext,
  sql: Sql,
  parent: RefreshTokenRow,
  user: User,
  sessionId: string,
  now: string,
): Promise<string> {
  if (!parent.revoked) {
    await audit(context, sql, user, 'token_revoked');
    await revokeToken(sql, parent.id, now);
  }
  const token = newRefreshToken();
  await insertRefreshToken(sql, { token, userId: user.id, parent: parent.token, sessionId }, now);
  return token;
}

async function findRefusal(
  context: AuthContext,
  sql: Sql,
  user: User,
  session: SessionRow,
  amr: Grant['amr'],
): Promise<Error | undefined> {
  const { settings } = context;
  const now = context.clock.now();
  const expired = (detail: string): Error =>
    authError('session_expired', { message: `Invalid Refresh Token: Session Expired${detail}` });
  const end = sessionEnd(settings, session, now);
  if (end !== undefined) return expired(end === 'inactivity' ? ' (Inactivity)' : '');
  if (isLowAalOver(settings, user, session, amr, now)) return expired(' (Low AAL: User Needs MFA Verification)');
  // Sessions of the OAuth server are refreshed by their client, at its own endpoint.
  if (session.oauth_client_id !== null)
    return new OAuthError('invalid_client', 'Invalid client credentials for this refresh token');
  const others = settings.sessionSinglePerUser ? await findSessions(sql, user.id) : [];
  if (isSuperseded(settings, session, others, now)) return expired(' (Revoked by Newer Login)');
  return undefined;
}
