import { type AmrRow, nilUuid, type RefreshTokenRow, type SessionRow, type Sql, type User } from './rows.ts';
import { toUser, type UserRecord, userColumns } from './users.ts';

// Times of methods have a zone, so that their JSON is an instant like any other.
const amr = (session: string): string => `
  (select coalesce(json_agg(json_build_object('method', a.authentication_method, 'updated_at', a.updated_at)
    order by a.updated_at desc, a.id), '[]') from auth.mfa_amr_claims a where a.session_id = ${session})`;

const statements = {
  amr: `select ${amr('$1')} as amr`,
  find: `
    select row_to_json(t) as token, ${userColumns}
    from auth.refresh_tokens t join auth.users u on u.id = t.user_id::uuid where t.token = $1`,
  exists: 'select from auth.refresh_tokens where token = $1',
  lock: `
    select row_to_json(t) as token, row_to_json(s) as session, ${amr('s.id')} as amr, ${userColumns}
    from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id join auth.users u on u.id = s.user_id
    where t.token = $1 for update of t, s skip locked`,
  active: `
    select row_to_json(t) as token from auth.refresh_tokens t
    where t.session_id = $1 and t.revoked = false order by t.id desc limit 1`,
  rotate: `
    with used as (
      update auth.refresh_tokens set revoked = true, updated_at = $3 where token = $2 and revoked = false
    ), refreshed as (
      update auth.sessions set refreshed_at = $3::timestamptz at time zone 'UTC', updated_at = $3, user_agent = $6, ip = $7
      where id = $5
    )
    insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id)
    values ('${nilUuid}', $1, $4, false, $3, $3, $2, $5)`,
  touch: `
    update auth.sessions set refreshed_at = $2::timestamptz at time zone 'UTC', updated_at = $2, user_agent = $3, ip = $4
    where id = $1`,
  revokeFamily: `
    update auth.refresh_tokens set revoked = true, updated_at = $2 where session_id = $1 and revoked = false`,
  delete: 'delete from auth.refresh_tokens where id = $1',
};

/** How a session was proved, newest first. */
export async function findAmr(sql: Sql, sessionId: string): Promise<readonly AmrRow[]> {
  const { rows } = await sql.query<{ amr: AmrRow[] }>(statements.amr, [sessionId]);
  return rows[0]?.amr ?? [];
}

/** A refresh token as it is now, unlocked, with the user it belongs to. */
export async function findRefreshToken(
  sql: Sql,
  token: string,
): Promise<{ token: RefreshTokenRow; user: User } | undefined> {
  const { rows } = await sql.query<UserRecord & { token: RefreshTokenRow }>(statements.find, [token]);
  return rows[0] && { token: rows[0].token, user: toUser(rows[0]) };
}

/** Whether there is such a refresh token, locked or not. */
export async function hasRefreshToken(sql: Sql, token: string): Promise<boolean> {
  return (await sql.query(statements.exists, [token])).rows.length > 0;
}

/** A refresh token with its session, both locked, and what the answer needs besides. */
export interface LockedToken {
  readonly token: RefreshTokenRow;
  readonly session: SessionRow;
  readonly amr: readonly AmrRow[];
  readonly user: User;
}

/** Locks a refresh token with its session. @returns undefined when either is gone, or locked by somebody else */
export async function lockRefreshToken(sql: Sql, token: string): Promise<LockedToken | undefined> {
  type Row = UserRecord & { token: RefreshTokenRow; session: SessionRow; amr: AmrRow[] };
  const { rows } = await sql.query<Row>(statements.lock, [token]);
  const row = rows[0];
  return row && { token: row.token, session: row.session, amr: row.amr, user: toUser(row) };
}

/** The token of a session that has not been used yet. */
export async function findActiveToken(sql: Sql, sessionId: string): Promise<RefreshTokenRow | undefined> {
  const { rows } = await sql.query<{ token: RefreshTokenRow }>(statements.active, [sessionId]);
  return rows[0]?.token;
}

/** From where a session is refreshed. */
export interface Origin {
  readonly userAgent: string | null;
  readonly ip: string | null;
}

/** The rows a rotation touches, by their keys. An empty token is none: the child has no parent then. */
export interface RotationRows {
  readonly token: Pick<RefreshTokenRow, 'token'>;
  readonly session: Pick<SessionRow, 'id'>;
  readonly user: Pick<User, 'id'>;
}

/** Uses a refresh token up, puts a child in its place and notes that the session was refreshed. */
export async function rotateToken(
  sql: Sql,
  child: string,
  { token, session, user }: RotationRows,
  now: string,
  { userAgent, ip }: Origin,
): Promise<void> {
  await sql.query(statements.rotate, [child, token.token, now, user.id, session.id, userAgent, ip]);
}

/** Notes that a session was refreshed, and from where. */
export async function touchSession(sql: Sql, id: string, now: string, { userAgent, ip }: Origin): Promise<void> {
  await sql.query(statements.touch, [id, now, userAgent, ip]);
}

/** Makes all refresh tokens of a session useless. */
export async function revokeFamily(sql: Sql, sessionId: string, now: string): Promise<void> {
  await sql.query(statements.revokeFamily, [sessionId, now]);
}

/** Removes a refresh token that belongs to no session. */
export async function deleteRefreshToken(sql: Sql, id: number): Promise<void> {
  await sql.query(statements.delete, [id]);
}
