import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { authError, invalid, OAuthError } from '../../errors.ts';
import type { AuthSettings } from '../../settings.ts';
import type { Refreshable } from '../../sql/refresh-tokens.ts';
import type { Sql } from '../../sql/rows.ts';
import { findSessions } from '../../sql/sessions.ts';
import type { AuthContext, Caller } from '../context.ts';
import { claimsWithin } from './access-token.ts';
import { type Grant, type SignedIn, signedIn } from './issue.ts';
import { signedForm } from './signed-form.ts';
import { readSignedToken } from './signed-token.ts';
import { storedForm } from './stored-form.ts';
import type { Handout, TokenForm } from './token-form.ts';
import { isLowAalOver, isSuperseded, sessionEnd } from './validity.ts';

/** Milliseconds a refresh may wait for another one of the same session. */
const patience = 5_000;

/** Who asks, for which client. */
interface Request {
  readonly context: AuthContext;
  readonly caller: Caller;
  readonly clientId: string | null;
}

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
  const request = { context, caller, clientId };
  const signed = readSignedToken(token);
  return signed ? refreshAs(request, signedForm(request, signed)) : refreshAs(request, storedForm(request, token));
}

async function refreshAs<R extends Refreshable>(request: Request, form: TokenForm<R>): Promise<SignedIn> {
  const { context } = request;
  const found = await form.find();
  const quick = await refreshUncontested(request, form, found);
  if (quick) return answer(context, quick.grant, quick.handout);
  const deadline = context.clock.now() + patience;
  for (;;) {
    const outcome = await context.db.transaction((sql) => attempt(request, form, sql));
    if (outcome instanceof Error) throw outcome;
    if (outcome) return answer(context, outcome.grant, outcome.handout);
    if (context.clock.now() > deadline) throw authError('conflict');
    await sleep(randomInt(10, 31));
    // The token may have gone in the meantime, with its session.
    if (!(await form.isThere())) throw authError('refresh_token_not_found');
  }
}

const answer = (context: AuthContext, grant: Grant, { headers }: Handout): Promise<SignedIn> =>
  signedIn(context, grant, { headers });

interface Refreshed {
  readonly grant: Grant;
  readonly handout: Handout;
}

/**
 * The common case, without a transaction that is held open: the token is the active one, nothing stands against the session,
 * and nobody else is at it. What was decided on rows as they were read is written only while they are still the same.
 *
 * @returns undefined where that is not so; nothing has been done then
 */
async function refreshUncontested<R extends Refreshable>(
  { context, caller, clientId }: Request,
  form: TokenForm<R>,
  found: R,
): Promise<Refreshed | undefined> {
  const { settings, hooks, clock } = context;
  // One looks at other sessions too, the other runs a function in the transaction.
  if (settings.sessionSinglePerUser || hooks.at('custom_access_token') === 'database') return undefined;
  if (findFault(settings, found, clientId, clock.now())) return undefined;
  const handout = await form.advanceAtOnce(found);
  return handout && { grant: grantOf(found, handout, caller), handout };
}

async function attempt<R extends Refreshable>(
  { context, caller, clientId }: Request,
  form: TokenForm<R>,
  sql: Sql,
): Promise<Refreshed | Error | undefined> {
  const locked = await form.lock(sql);
  if (!locked) return undefined;
  const refusal = await findRefusal(context, sql, locked, clientId);
  if (refusal) return refusal;
  const handout = await form.advance(sql, locked);
  if (handout instanceof Error) return handout;
  const grant = grantOf(locked, handout, caller);
  return { grant: { ...grant, claims: await claimsWithin(context, grant, sql) }, handout };
}

const grantOf = ({ user, session, amr }: Refreshable, { refreshToken, counter }: Handout, caller: Caller): Grant => ({
  user,
  session,
  amr,
  method: 'token_refresh',
  ip: caller.ip,
  refreshToken,
  counter,
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
