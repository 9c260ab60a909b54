import { type AmrRow, nilUuid, type RefreshTokenRow, type SessionRow, type Sql } from './rows.ts';

const statements = {
  // One round trip for everything a sign-in writes; foreign keys are checked when the statement ends.
  start: `
    with session as (
      insert into auth.sessions (id, user_id, created_at, updated_at, aal, user_agent, ip)
      values ($1, $2, $3, $3, 'aal1', $4, $5)
    ), method as (
      insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
      values ($6, $1, $3, $3, $7)
    ), signed_in as (
      update auth.users set last_sign_in_at = $3, updated_at = $3 where id = $2
    )
    insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id)
    values ('${nilUuid}', $8, $2::uuid::text, false, $3, $3, '', $1)`,
  amr: `
    select authentication_method as method, updated_at from auth.mfa_amr_claims
    where session_id = $1 order by updated_at desc, id`,
  deleteAll: 'delete from auth.sessions where user_id = $1',
  deleteOthers: 'delete from auth.sessions where user_id = $1 and id <> $2',
  deleteOne: 'delete from auth.sessions where id = $1',
  deleteOrphans: 'delete from auth.refresh_tokens where user_id = $1 and session_id is null',
  touch: `
    update auth.sessions set refreshed_at = $2::timestamptz at time zone 'UTC', updated_at = $2, user_agent = $3, ip = $4
    where id = $1`,
  ofUser: `select row_to_json(s) as session from auth.sessions s where s.user_id = $1`,
};

/** What a session starts with. */
export interface NewSession {
  readonly id: string;
  readonly userId: string;
  readonly amrId: string;
  readonly method: string;
  readonly refreshToken: string;
  readonly userAgent: string | null;
  readonly ip: string | null;
}

/** Starts a session: the row, how it was proved, its first refresh token, and the user's time of last sign-in. */
export async function insertSession(sql: Sql, session: NewSession, now: string): Promise<void> {
  const { id, userId, amrId, method, refreshToken, userAgent, ip } = session;
  await sql.query(statements.start, [id, userId, now, userAgent, ip, amrId, method, refreshToken]);
}

/** How a session was proved, newest first. */
export async function findAmr(sql: Sql, sessionId: string): Promise<AmrRow[]> {
  const { rows } = await sql.query<{ method: string; updated_at: Date }>(statements.amr, [sessionId]);
  return rows.map(({ method, updated_at }) => ({ method, updated_at: updated_at.toISOString() }));
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

/** Notes that a session was refreshed, and from where. */
export async function touchSession(
  sql: Sql,
  id: string,
  now: string,
  userAgent: string | null,
  ip: string | null,
): Promise<void> {
  await sql.query(statements.touch, [id, now, userAgent, ip]);
}

const tokenStatements = {
  find: 'select row_to_json(t) as token from auth.refresh_tokens t where t.token = $1',
  lock: `
    select row_to_json(t) as token, row_to_json(s) as session
    from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id
    where t.token = $1 for update of t, s skip locked`,
  active: `
    select row_to_json(t) as token from auth.refresh_tokens t
    where t.session_id = $1 and t.revoked = false order by t.id desc limit 1`,
  revoke: 'update auth.refresh_tokens set revoked = true, updated_at = $2 where id = $1',
  revokeFamily: `
    update auth.refresh_tokens set revoked = true, updated_at = $2 where session_id = $1 and revoked = false`,
  insert: `
    insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id)
    values ('${nilUuid}', $1, $2, false, $3, $3, $4, $5)`,
  delete: 'delete from auth.refresh_tokens where id = $1',
};

/** A refresh token as it is now, unlocked. */
export async function findRefreshToken(sql: Sql, token: string): Promise<RefreshTokenRow | undefined> {
  const { rows } = await sql.query<{ token: RefreshTokenRow }>(tokenStatements.find, [token]);
  return rows[0]?.token;
}

/** Locks a refresh token with its session. @returns undefined when either is gone, or locked by somebody else */
export async function lockRefreshToken(
  sql: Sql,
  token: string,
): Promise<{ token: RefreshTokenRow; session: SessionRow } | undefined> {
  const { rows } = await sql.query<{ token: RefreshTokenRow; session: SessionRow }>(tokenStatements.lock, [token]);
  return rows[0];
}

/** The token of a session that has not been used yet. */
export async function findActiveToken(sql: Sql, sessionId: string): Promise<RefreshTokenRow | undefined> {
  const { rows } = await sql.query<{ token: RefreshTokenRow }>(tokenStatements.active, [sessionId]);
  return rows[0]?.token;
}

/** Marks a refresh token as used. */
export async function revokeToken(sql: Sql, id: number, now: string): Promise<void> {
  await sql.query(tokenStatements.revoke, [id, now]);
}

/** Makes all refresh tokens of a session useless. */
export async function revokeFamily(sql: Sql, sessionId: string, now: string): Promise<void> {
  await sql.query(tokenStatements.revokeFamily, [sessionId, now]);
}

/** Adds a refresh token that follows another one. */
export async function insertRefreshToken(
  sql: Sql,
  token: { readonly token: string; readonly userId: string; readonly parent: string; readonly sessionId: string },
  now: string,
): Promise<void> {
  await sql.query(tokenStatements.insert, [token.token, token.userId, now, token.parent, token.sessionId]);
}

/** Removes a refresh token that belongs to no session. */
export async function deleteRefreshToken(sql: Sql, id: number): Promise<void> {
  await sql.query(tokenStatements.delete, [id]);
}
