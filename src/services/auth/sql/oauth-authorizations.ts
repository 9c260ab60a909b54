import type { OAuthClientRow } from './oauth-clients.ts';
import type { Sql } from './rows.ts';

/** A request of an application to sign a user in. */
export interface AuthorizationRow {
  readonly id: string;
  readonly authorization_id: string;
  readonly client_id: string;
  readonly user_id: string | null;
  readonly redirect_uri: string;
  readonly scope: string;
  readonly state: string | null;
  readonly resource: string | null;
  readonly code_challenge: string | null;
  readonly code_challenge_method: 's256' | 'plain' | null;
  readonly status: 'pending' | 'approved' | 'denied' | 'expired';
  readonly authorization_code: string | null;
  readonly created_at: string;
  readonly expires_at: string;
  readonly approved_at: string | null;
  readonly nonce: string | null;
}

/** What a request begins with. */
export type NewAuthorization = Pick<
  AuthorizationRow,
  'id' | 'authorization_id' | 'client_id' | 'redirect_uri' | 'scope' | 'state' | 'resource' | 'nonce' | 'expires_at'
> & { readonly challenge: string; readonly challengeMethod: 's256' | 'plain' };

const statements = {
  insert: `
    insert into auth.oauth_authorizations (id, authorization_id, client_id, redirect_uri, scope, state, resource, nonce,
      code_challenge, code_challenge_method, created_at, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
  lock: `
    select row_to_json(a) as authorization, row_to_json(c) as client
    from auth.oauth_authorizations a join auth.oauth_clients c on c.id = a.client_id and c.deleted_at is null
    where a.authorization_id = $1 for update of a`,
  lockByCode: `
    select row_to_json(a) as authorization from auth.oauth_authorizations a
    where a.authorization_code = $1 and a.status = 'approved' for update`,
  bind: 'update auth.oauth_authorizations set user_id = $2 where id = $1',
  approve: `
    update auth.oauth_authorizations set status = 'approved', user_id = $2, authorization_code = $3, approved_at = $4
    where id = $1`,
  close: `update auth.oauth_authorizations set status = $2::auth.oauth_authorization_status where id = $1`,
  delete: 'delete from auth.oauth_authorizations where id = $1',
  consent: `
    select scopes from auth.oauth_consents where user_id = $1 and client_id = $2 and revoked_at is null`,
  putConsent: `
    insert into auth.oauth_consents (id, user_id, client_id, scopes, granted_at)
    values (gen_random_uuid(), $1, $2, $3, $4)
    on conflict (user_id, client_id) do update set
      scopes = excluded.scopes, granted_at = excluded.granted_at, revoked_at = null`,
  grants: `
    select row_to_json(c) as client, o.scopes, to_json(o.granted_at) as granted_at
    from auth.oauth_consents o join auth.oauth_clients c on c.id = o.client_id and c.deleted_at is null
    where o.user_id = $1 and o.revoked_at is null order by o.granted_at desc limit $2`,
  revoke: `
    with sessions as (delete from auth.sessions where user_id = $1 and oauth_client_id = $2)
    update auth.oauth_consents set revoked_at = greatest($3::timestamptz, granted_at)
    where user_id = $1 and client_id = $2 and revoked_at is null`,
};

/** Begins a request. */
export async function insertAuthorization(sql: Sql, row: NewAuthorization, now: string): Promise<void> {
  await sql.query(statements.insert, [
    row.id,
    row.authorization_id,
    row.client_id,
    row.redirect_uri,
    row.scope,
    row.state,
    row.resource,
    row.nonce,
    row.challenge,
    row.challengeMethod,
    now,
    row.expires_at,
  ]);
}

/** A request with its client, locked. */
export async function lockAuthorization(
  sql: Sql,
  authorizationId: string,
): Promise<{ authorization: AuthorizationRow; client: OAuthClientRow } | undefined> {
  const { rows } = await sql.query<{ authorization: AuthorizationRow; client: OAuthClientRow }>(statements.lock, [
    authorizationId,
  ]);
  return rows[0];
}

/** The approved request a code belongs to, locked, so that a code sent twice at a time works once. */
export async function lockAuthorizationByCode(sql: Sql, code: string): Promise<AuthorizationRow | undefined> {
  const { rows } = await sql.query<{ authorization: AuthorizationRow }>(statements.lockByCode, [code]);
  return rows[0]?.authorization;
}

/** Makes a request one user's. */
export async function bindAuthorization(sql: Sql, id: string, userId: string): Promise<void> {
  await sql.query(statements.bind, [id, userId]);
}

/** Approves a request. */
export async function approveAuthorization(
  sql: Sql,
  id: string,
  userId: string,
  code: string,
  now: string,
): Promise<void> {
  await sql.query(statements.approve, [id, userId, code, now]);
}

/** Ends a request without a code. */
export async function closeAuthorization(sql: Sql, id: string, status: 'denied' | 'expired'): Promise<void> {
  await sql.query(statements.close, [id, status]);
}

/** Removes a request whose code was used. */
export async function deleteAuthorization(sql: Sql, id: string): Promise<void> {
  await sql.query(statements.delete, [id]);
}

/** The scopes a user has allowed a client; undefined without a consent. */
export async function findConsent(sql: Sql, userId: string, clientId: string): Promise<string | undefined> {
  return (await sql.query<{ scopes: string }>(statements.consent, [userId, clientId])).rows[0]?.scopes;
}

/** Keeps what a user allows a client. */
export async function putConsent(
  sql: Sql,
  userId: string,
  clientId: string,
  scopes: string,
  now: string,
): Promise<void> {
  await sql.query(statements.putConsent, [userId, clientId, scopes, now]);
}

/** What a user has allowed, newest first. */
export async function listConsents(
  sql: Sql,
  userId: string,
  limit: number,
): Promise<{ client: OAuthClientRow; scopes: string; granted_at: string }[]> {
  return (
    await sql.query<{ client: OAuthClientRow; scopes: string; granted_at: string }>(statements.grants, [userId, limit])
  ).rows;
}

/** Takes a consent back and ends the client's sessions. @returns whether there was one */
export async function revokeConsent(sql: Sql, userId: string, clientId: string, now: string): Promise<boolean> {
  return (await sql.query(statements.revoke, [userId, clientId, now])).rowCount > 0;
}
