import type { Database } from '#kernel/sql';
import { insertAudit } from './audit.ts';
import { type AmrRow, nilUuid, type RefreshTokenRow, type SessionRow, type Sql, type User } from './rows.ts';
import { toUser, type UserRecord, userColumns } from './users.ts';

// Times of methods have a zone, so that their JSON is an instant like any other.
const amr = (session: string): string => `
  (select coalesce(json_agg(json_build_object('method', a.authentication_method, 'updated_at', a.updated_at)
    order by a.updated_at desc, a.id), '[]') from auth.mfa_amr_claims a where a.session_id = ${session})`;

// The session's version changes with each write to its row.
const columns = `
  row_to_json(t) as token, row_to_json(s) as session, s.xmin::text as version, ${amr('s.id')} as amr, ${userColumns}`;

/** $1 child, $2 parent, $3 now, $4 user, $5 session, $6 user agent, $7 address. @param condition of all that is written */
const rotation = (condition = 'true'): string => `
  used as (
    update auth.refresh_tokens set revoked = true, updated_at = $3 where token = $2 and revoked = false and ${condition}
  ), refreshed as (
    update auth.sessions set refreshed_at = $3::timestamptz at time zone 'UTC', updated_at = $3, user_agent = $6, ip = $7
    where id = $5 and ${condition}
  )
  insert into auth.refresh_tokens (instance_id, token, user_id, revoked, created_at, updated_at, parent, session_id)
  select '${nilUuid}', $1::text, $4::text, false, $3, $3, $2, $5 where ${condition}`;

const statements = {
  amr: `select ${amr('$1')} as amr`,
  find: `
    select ${columns} from auth.refresh_tokens t join auth.users u on u.id = t.user_id::uuid
    left join auth.sessions s on s.id = t.session_id where t.token = $1`,
  exists: 'select from auth.refresh_tokens where token = $1',
  lock: `
    select ${columns}
    from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id join auth.users u on u.id = s.user_id
    where t.token = $1 for update of t, s skip locked`,
  active: `
    select row_to_json(t) as token from auth.refresh_tokens t
    where t.session_id = $1 and t.revoked = false order by t.id desc limit 1`,
  rotate: `with ${rotation()}`,
  // The locks are taken on rows as they are by then, which the conditions are held against once more.
  rotateAtOnce: `
    with held as (
      select from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id
      where t.token = $2 and t.revoked = false and s.id = $5 and s.xmin::text = $8 for update of t, s skip locked
    ), logged as (
      ${insertAudit({ payloads: 'json_array_elements($9::json)', now: '$3', ip: `''` })} where exists (select from held)
    ), ${rotation('exists (select from held)')}`,
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

/** What is known of a session that somebody wants to refresh. */
export interface Refreshable {
  readonly token: RefreshTokenRow;
  readonly session: SessionRow;
  readonly amr: readonly AmrRow[];
  readonly user: User;
  /** Changes with each write to the session's row. */
  readonly version: string;
}

interface Row extends UserRecord {
  readonly token: RefreshTokenRow;
  readonly session: SessionRow | null;
  readonly version: string | null;
  readonly amr: AmrRow[];
}

/**
 * A refresh token as it is now, unlocked, with its user and its session, which may be gone. In one write, which others like
 * it may share.
 */
export async function findRefreshToken(
  db: Database,
  token: string,
): Promise<(Omit<Refreshable, 'session'> & { readonly session: SessionRow | null }) | undefined> {
  const step = { text: statements.find, values: [token] };
  const [result] = await db.pipeline({ role: 'auth', steps: [step], shares: true });
  const row = result?.rows[0];
  if (!row) return undefined;
  const [found, session, , amr, user, identities, factors] = row.map((text) => text && JSON.parse(text));
  return { token: found, session, version: row[2] ?? '', amr, user: toUser({ user, identities, factors }) };
}

/** Whether there is such a refresh token, locked or not. */
export async function hasRefreshToken(sql: Sql, token: string): Promise<boolean> {
  return (await sql.query(statements.exists, [token])).rows.length > 0;
}

/** Locks a refresh token with its session. @returns undefined when either is gone, or locked by somebody else */
export async function lockRefreshToken(sql: Sql, token: string): Promise<Refreshable | undefined> {
  const { rows } = await sql.query<Row>(statements.lock, [token]);
  const row = rows[0];
  if (!row?.session) return undefined;
  return { token: row.token, session: row.session, version: row.version ?? '', amr: row.amr, user: toUser(row) };
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

/**
 * Rotates a token that was read and not locked, in one statement that is a transaction of its own: both rows are locked and
 * must be what they were when they were read.
 *
 * @param payloads audit entries
 * @returns false when nothing was written, because a row was changed or is locked by somebody else
 */
export async function rotateAtOnce(
  db: Database,
  child: string,
  { token, session, user, version }: Refreshable,
  now: string,
  { userAgent, ip }: Origin,
  payloads: readonly object[],
): Promise<boolean> {
  const values = [child, token.token, now, user.id, session.id, userAgent, ip, version, JSON.stringify(payloads)];
  const [result] = await db.pipeline({ role: 'auth', steps: [{ text: statements.rotateAtOnce, values }] });
  return result?.command === 'INSERT 0 1';
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
