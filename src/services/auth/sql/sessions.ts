import { nilUuid, type SessionRow, type Sql } from './rows.ts';

const statements = {
  // One round trip for everything a sign-in writes; foreign keys are checked when the statement ends.
  start: `
    with session as (
      insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip, not_after, oauth_client_id, scopes,
        refresh_token_hmac_key, refresh_token_counter)
      values ($1, $2, $3, $3, 'aal1', $4, $5, $9, $10, $11, $12, $13)
    ), method as (
      insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
      values ($6, $1, $3, $3, $7)
    ), signed_in as (
      update auth.users set last_sign_in_at = $3, updated_at = $3 where id = $2
    )
    insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id)
    select '${nilUuid}', $8::text, $2::uuid::text, false, $3, $3, '', $1 where $8::text is not null`,
  deleteAll: 'delete from auth.sessions where user_id = $1',
  deleteOthers: 'delete from auth.sessions where user_id = $1 and id <> $2',
  deleteOne: 'delete from auth.sessions where id = $1',
  deleteOrphans: 'delete from auth.refresh_tokens where user_id = $1 and session_id is null',
  ofUser: `select row_to_json(s) as session from auth.sessions s where s.user_id = $1`,
};

/** What a session starts with. */
export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly amrId: string;
  readonly method: string;
  /** Its first refresh token: of form 1, or the key that tokens of form 2 are signed with, as it is stored. */
  readonly refresh: { readonly token: string } | { readonly key: string; readonly counter: number };
  readonly userAgent: string | null;
  readonly ip: string | null;
  readonly limits: SessionLimits;
}

/** What sets a session apart from one that somebody began here for themselves. */
export interface SessionLimits {
  /** End that an identity provider has set. */
  readonly notAfter?: string | null;
  /** OAuth client the session was handed to. */
  readonly oauthClientId?: string;
  /** Scopes of that client, divided by spaces. */
  readonly scopes?: string;
}

/** Starts a session: the row, how it was proved, its first refresh token, and the user's time of last sign-in. */
export async function insertSession(sql: Sql, session: NewSession, now: string): Promise<void> {
  const { id, userId, amrId, method, refresh, userAgent, ip, limits } = session;
  const { notAfter = null, oauthClientId = null, scopes = null } = limits;
  await sql.query(statements.start, [
    id,
    userId,
    now,
    userAgent,
    ip,
    amrId,
    method,
    'token' in refresh ? refresh.token : null,
    notAfter,
    oauthClientId,
    scopes,
    'key' in refresh ? refresh.key : null,
    'key' in refresh ? refresh.counter : null,
  ]);
}

/** All sessions of a user. */
export async function findSessions(sql: Sql, userId: string): Promise<SessionRow[]> {
  const { rows } = await sql.query<{ session: SessionRow }>(statements.ofUser, [userId]);
  return rows.map(({ session }) => session);
}

/** Ends all sessions of a user, and tokens of times before there were sessions. */
export async function deleteSessions(sql: Sql, userId: string): Promise<void> {
  await sql.query(statements.deleteAll, [userId]);
  await sql.query(statements.deleteOrphans, [userId]);
}

/** Ends all sessions of a user but one. */
export async function deleteOtherSessions(sql: Sql, userId: string, keep: string): Promise<void> {
  await sql.query(statements.deleteOthers, [userId, keep]);
}

/** Ends a session. */
export async function deleteSession(sql: Sql, id: string): Promise<void> {
  await sql.query(statements.deleteOne, [id]);
}
