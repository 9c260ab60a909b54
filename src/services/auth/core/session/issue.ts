import { randomUUID } from 'node:crypto';
import { authError } from '../../errors.ts';
import type { Sql, User } from '../../sql/rows.ts';
import { deleteSession, insertSession, type NewSession, type SessionLimits } from '../../sql/sessions.ts';
import { findUser } from '../../sql/users.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import type { Weakness } from '../password-rules.ts';
import { newRefreshToken } from '../secret-values.ts';
import { userView, type WireObject } from '../user-view.ts';
import { claimsFor, claimsWithin, type TokenClaims, type TokenSubject } from './access-token.ts';
import { newSessionKey } from './session-key.ts';
import { writeSignedToken } from './signed-token.ts';

/** A session with the token that keeps it going. */
export interface Grant extends TokenSubject {
  readonly refreshToken: string;
  /** Place of a refresh token of form 2 in its session. */
  readonly counter?: number | undefined;
  /** The claims, where they were made inside the transaction. */
  readonly claims?: TokenClaims | undefined;
  /** True: the session began with this grant, and goes with it when no token can be made. */
  readonly isNew?: boolean;
}

/** A token answer: body and the headers that tell gateways and logs whom it is for. */
export interface SignedIn {
  readonly body: WireObject;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Starts a session for a user.
 *
 * @param method how they proved who they are, e.g. `password` (claim `amr`)
 * @param limits what sets the session apart
 * @returns the grant, with the user read anew
 */
export async function startSession(
  context: AuthContext,
  sql: Sql,
  user: User,
  method: string,
  caller: Caller,
  limits: SessionLimits = {},
): Promise<Grant> {
  const now = nowOf(context);
  const id = randomUUID();
  const first = firstToken(context, id);
  await insertSession(
    sql,
    {
      id,
      userId: user.id,
      amrId: randomUUID(),
      method,
      refresh: first.stored,
      userAgent: caller.userAgent,
      ip: caller.ip,
      limits,
    },
    now,
  );
  const fresh = await findUser(sql, user.id);
  if (!fresh) throw authError('user_not_found');
  const subject: TokenSubject = {
    user: fresh,
    session: {
      id,
      created_at: now,
      not_after: limits.notAfter ?? null,
      oauth_client_id: limits.oauthClientId ?? null,
      scopes: limits.scopes ?? null,
    },
    amr: [{ method, updated_at: now }],
    method,
    ip: caller.ip,
  };
  const { refreshToken, counter } = first;
  return { ...subject, refreshToken, counter, claims: await claimsWithin(context, subject, sql), isNew: true };
}

/** The first refresh token of a session, in the form new sessions get, and what is stored of it. */
function firstToken(
  { settings, columns }: AuthContext,
  sessionId: string,
): { readonly refreshToken: string; readonly counter?: number; readonly stored: NewSession['refresh'] } {
  if (settings.refreshAlgorithm !== '2') {
    const refreshToken = newRefreshToken();
    return { refreshToken, stored: { token: refreshToken } };
  }
  const { key, stored } = newSessionKey(columns, sessionId);
  const counter = 0;
  return { refreshToken: writeSignedToken({ sessionId, counter }, key), counter, stored: { key: stored, counter } };
}

async function claimsOf(context: AuthContext, grant: Grant): Promise<TokenClaims> {
  if (grant.claims) return grant.claims;
  try {
    return await claimsFor(context, grant);
  } catch (error) {
    if (grant.isNew) await deleteSession(context.db, grant.session.id);
    throw error;
  }
}

/** Signs the access token of a grant and makes the answer. */
export async function signedIn(
  context: AuthContext,
  grant: Grant,
  extra: {
    readonly weakness?: Weakness | undefined;
    readonly providerToken?: string | null;
    readonly providerRefreshToken?: string | null;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<SignedIn> {
  const { user, session, refreshToken, counter } = grant;
  const claims = await claimsOf(context, grant);
  const token = await context.signer.sign(claims);
  return {
    headers: {
      'sb-auth-user-id': user.id,
      'sb-auth-session-id': session.id,
      ...(counter === undefined
        ? { 'sb-auth-refresh-token-prefix': refreshToken.slice(0, 5) }
        : { 'sb-auth-refresh-token-counter': String(counter) }),
      ...extra.headers,
    },
    body: {
      access_token: token,
      token_type: 'bearer',
      expires_in: context.settings.jwtExpiry,
      expires_at: claims.exp,
      refresh_token: refreshToken,
      user: userView(user),
      ...(extra.providerToken && { provider_token: extra.providerToken }),
      ...(extra.providerRefreshToken && { provider_refresh_token: extra.providerRefreshToken }),
      ...(extra.weakness && { weak_password: { message: extra.weakness.message, reasons: extra.weakness.reasons } }),
    },
  };
}
