import { randomUUID } from 'node:crypto';
import { authError, invalid } from '../../errors.ts';
import {
  type AuthorizationRow,
  approveAuthorization,
  bindAuthorization,
  closeAuthorization,
  findConsent,
  listConsents,
  lockAuthorization,
  putConsent,
  revokeConsent,
} from '../../sql/oauth-authorizations.ts';
import type { OAuthClientRow } from '../../sql/oauth-clients.ts';
import type { Sql } from '../../sql/rows.ts';
import type { Bearer } from '../bearer.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { millisecondsOf, wireTime } from '../instant.ts';
import type { WireObject } from '../user-view.ts';
import { isUuid } from '../uuid.ts';
import { clientCard } from './clients.ts';
import { withParameters } from './redirect-uris.ts';
import { covers } from './scopes.ts';

/**
 * What a user is asked to allow. The first who looks is the one who decides; where they have allowed as much before, they
 * are not asked again.
 *
 * @throws oauth_authorization_not_found; validation_failed once it is decided
 */
export function showAuthorization(context: AuthContext, bearer: Bearer, id: string): Promise<WireObject> {
  return withPending(context, bearer, id, async (sql, authorization, client) => {
    const { user } = bearer;
    const allowed = await findConsent(sql, user.id, client.id);
    if (allowed !== undefined && covers(allowed, authorization.scope))
      return approve(context, sql, authorization, user.id);
    await bindAuthorization(sql, authorization.id, user.id);
    return {
      authorization_id: authorization.authorization_id,
      redirect_uri: authorization.redirect_uri,
      client: clientCard(client),
      user: { id: user.id, email: user.email ?? '' },
      scope: authorization.scope,
    };
  });
}

/** Allows or refuses what a user was asked. @returns where the browser goes */
export function decideAuthorization(
  context: AuthContext,
  bearer: Bearer,
  id: string,
  action: string,
): Promise<WireObject> {
  if (action !== 'approve' && action !== 'deny') throw invalid('action must be one of approve, deny');
  return withPending(context, bearer, id, async (sql, authorization, client) => {
    const { redirect_uri, state, scope } = authorization;
    if (action === 'approve') {
      await putConsent(sql, bearer.user.id, client.id, scope, nowOf(context));
      return approve(context, sql, authorization, bearer.user.id);
    }
    await closeAuthorization(sql, authorization.id, 'denied');
    const error = { error: 'access_denied', error_description: 'User denied the request' };
    return { redirect_url: withParameters(redirect_uri, { ...error, state }) };
  });
}

async function withPending(
  context: AuthContext,
  bearer: Bearer,
  id: string,
  work: (sql: Sql, authorization: AuthorizationRow, client: OAuthClientRow) => Promise<WireObject>,
): Promise<WireObject> {
  // A client must not extend its own rights, or those of another one, by the token it was given.
  if (bearer.session?.oauth_client_id)
    throw authError('no_authorization', { status: 403, message: 'Tokens of OAuth clients cannot decide on requests' });
  const outcome = await context.db.transaction(async (sql) => {
    const found = await lockAuthorization(sql, id);
    if (!found) return authError('oauth_authorization_not_found');
    const { authorization, client } = found;
    if (authorization.user_id !== null && authorization.user_id !== bearer.user.id)
      return authError('oauth_authorization_not_found');
    if (authorization.status === 'pending' && millisecondsOf(authorization.expires_at) <= context.clock.now()) {
      await closeAuthorization(sql, authorization.id, 'expired');
      return authError('oauth_authorization_not_found');
    }
    if (authorization.status === 'expired') return authError('oauth_authorization_not_found');
    if (authorization.status !== 'pending') return invalid('authorization request cannot be processed');
    return work(sql, authorization, client);
  });
  if (outcome instanceof Error) throw outcome;
  return outcome;
}

async function approve(
  context: AuthContext,
  sql: Sql,
  { id, redirect_uri, state }: AuthorizationRow,
  userId: string,
): Promise<WireObject> {
  const code = randomUUID();
  await approveAuthorization(sql, id, userId, code, nowOf(context));
  return { redirect_url: withParameters(redirect_uri, { code, state }) };
}

/** What a user has allowed. */
export async function listGrants(context: AuthContext, bearer: Bearer): Promise<readonly WireObject[]> {
  const rows = await listConsents(context.db, bearer.user.id, context.settings.maxPageSize);
  return rows.map(({ client, scopes, granted_at }) => ({
    client: clientCard(client),
    scopes: scopes.split(' '),
    granted_at: wireTime(granted_at),
  }));
}

/** Takes back what a user has allowed a client, with the client's sessions. @throws oauth_consent_not_found */
export async function revokeGrant(context: AuthContext, bearer: Bearer, clientId: string): Promise<void> {
  if (!isUuid(clientId)) throw invalid('client_id must be a UUID');
  if (!(await revokeConsent(context.db, bearer.user.id, clientId, nowOf(context))))
    throw authError('oauth_consent_not_found');
}
