import type { Database } from '#kernel/sql';
import { insertAudit } from './audit.ts';
import { type AmrRow, nilUuid, type RefreshTokenRow, type SessionRow, type Sql, type User } from './rows.ts';
import { toUser, type UserRecord, userColumns } from './users.ts';

// Times of methods have a zone, so that their JSON is an instant like any other.
const amr = (session: string): string => `
  (select coalesce(json_agg(json_build_object('method', a.authentication_method, 'updated_at', a.updated_at)
    order by a.updated_at desc, a.id), '[]') from auth.mfa_amr_claims a where a.session_id = ${session})`;

// The session's version changes with each write to its row.
const columns = `row_to_json(s) as session, s.xmin::text as version, ${amr('s.id')} as amr, ${userColumns}`;

/** $1 session, $2 now, $3 user agent, $4 address, $5 key, $6 counter; the last two stay where they are null. */
const refreshed = `
  update auth.sessions set refreshed_at = $2::timestamptz at time zone 'UTC', updated_at = $2, user_agent = $3, ip = $4,
    refresh_token_hmac_key = coalesce($5, refresh_token_hmac_key),
    refresh_token_counter = coalesce($6::bigint, refresh_token_counter)
  where id = $1`;

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
    select row_to_json(t) as token, ${columns} from auth.refresh_tokens t join auth.users u on u.id = t.user_id::uuid
    left join auth.sessions s on s.id = t.session_id where t.token = $1`,
  exists: 'select from auth.refresh_tokens where token = $1',
  lock: `
    select row_to_json(t) as token, ${columns}
    from auth.refresh_tokens t join auth.sessions s on s.id = t.session_id join auth.users u on u.id = s.user_id
    where t.token = $1 for update of t, s skip locked`,
  findSession: `
    select ${columns} from auth.sessions s join auth.users u on u.id = s.user_id where s.id = $1`,
  sessionExists: 'select from auth.sessions where id = $1',
  lockSession: `
    select ${columns} from auth.sessions s join auth.users u on u.id = s.user_id
    where s.id = $1 for update of s skip locked`,
  newer: 'select from auth.refresh_tokens where session_id = $1 and id > $2 limit 1',
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
  touch: refreshed,
  touchAtOnce: `
    with held as (
      select from auth.sessions s where s.id = $1 and s.xmin::text = $7 for update skip locked
    ), logged as (
      ${insertAudit({ payloads: 'json_array_elements($8::json)', now: '$2', ip: `''` })} where exists (select from held)
    )
    ${refreshed} and exists (select from held)`,
  useUp: 'update auth.refresh_tokens set revoked = true, updated_at = $2 where id = $1',
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
  readonly session: SessionRow;
  readonly amr: readonly AmrRow[];
  readonly user: User;
  /** Changes with each write to the session's row. */
  readonly version: string;
}

/** The same, with the refresh token of form 1 it was found by. */
export interface StoredRefreshable extends Refreshable {
  readonly token: RefreshTokenRow;
}

interface Row extends UserRecord {
  readonly session: SessionRow;
  readonly version: string;
  readonly amr: AmrRow[];
}

const toRefreshable = (row: Row): Refreshable => ({
  session: row.session,
  version: row.version,
  amr: row.amr,
  user: toUser(row),
});

// In one write, which others like it may share.
async function readOne(db: Database, text: string, value: string): Promise<(string | null)[] | undefined> {
  const [result] = await db.pipeline({ role: 'auth', steps: [{ text, values: [value] }], shares: true });
  return result?.rows[0] && [...result.rows[0]];
}

function parseRow([session, version, ...others]: readonly (string | null)[]): Omit<Refreshable, 'session'> & {
  readonly session: SessionRow | null;
} {
  const [amrRows, user, identities, factors] = others.map((text) => JSON.parse(text ?? 'null'));
  return {
    session: JSON.parse(session ?? 'null'),
    version: version ?? '',
    amr: amrRows,
    user: toUser({ user, identities, factors }),
  };
}

/** A refresh token as it is now, unlocked, with its user and its session, which may be gone. */
export async function findRefreshToken(
  db: Database,
  token: string,
): Promise<(Omit<StoredRefreshable, 'session'> & { readonly session: SessionRow | null }) | undefined> {
  const [found, ...others] = (await readOne(db, statements.find, token)) ?? [];
  return found ? { token: JSON.parse(found), ...parseRow(others) } : undefined;
}

/** A session as it is now, unlocked. */
export async function findRefreshableSession(db: Database, id: string): Promise<Refreshable | undefined> {
  const row = await readOne(db, statements.findSession, id);
  return row && (parseRow(row) as Refreshable);
}

/** Locks a session. @returns undefined when it is gone, or locked by somebody else */
export async function lockRefreshableSession(sql: Sql, id: string): Promise<Refreshable | undefined> {
  const { rows } = await sql.query<Row>(statements.lockSession, [id]);
  return rows[0] && toRefreshable(rows[0]);
}

/** Whether there is such a session, locked or not. */
export async function hasSession(sql: Sql, id: string): Promise<boolean> {
  return (await sql.query(statements.sessionExists, [id])).rows.length > 0;
}

/** Whether there is such a refresh token, locked or not. */
export async function hasRefreshToken(sql: Sql, token: string): Promise<boolean> {
  return (await sql.query(statements.exists, [token])).rows.length > 0;
}

/** Locks a refresh token with its session. @returns undefined when either is gone, or locked by somebody else */
export async function lockRefreshToken(sql: Sql, token: string): Promise<StoredRefreshable | undefined> {
  const { rows } = await sql.query<Row & { token: RefreshTokenRow }>(statements.lock, [token]);
  return rows[0] && { token: rows[0].token, ...toRefreshable(rows[0]) };
}

/** Whether a session had another refresh token of form 1 after one. */
export async function hasNewerToken(sql: Sql, sessionId: string, { id }: RefreshTokenRow): Promise<boolean> {
  return (await sql.query(statements.newer, [sessionId, id])).rows.length > 0;
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
  { token, session, user, version }: StoredRefreshable,
  now: string,
  { userAgent, ip }: Origin,
  payloads: readonly object[],
): Promise<boolean> {
  const values = [child, token.token, now, user.id, session.id, userAgent, ip, version, JSON.stringify(payloads)];
  const [result] = await db.pipeline({ role: 'auth', steps: [{ text: statements.rotateAtOnce, values }] });
  return result?.command === 'INSERT 0 1';
}

/** What of a session's refresh tokens of form 2 changes with a refresh. */
export interface SignedState {
  readonly counter?: number | undefined;
  /** Key as it is to be stored from now on. */
  readonly key?: string | undefined;
}

/** Notes that a session was refreshed, and from where. */
export async function touchSession(
  sql: Sql,
  id: string,
  now: string,
  { userAgent, ip }: Origin,
  { counter, key }: SignedState = {},
): Promise<void> {
  await sql.query(statements.touch, [id, now, userAgent, ip, key ?? null, counter ?? null]);
}

/**
 * The same for a session that was read and not locked, in one statement that is a transaction of its own: the row is locked
 * and must be what it was when it was read.
 *
 * @param payloads audit entries
 * @returns false when nothing was written, because the row was changed or is locked by somebody else
 */
export async function touchAtOnce(
  db: Database,
  { session, version }: Refreshable,
  now: string,
  { userAgent, ip }: Origin,
  { counter, key }: SignedState,
  payloads: readonly object[],
): Promise<boolean> {
  const count = counter === undefined ? null : String(counter);
  const values = [session.id, now, userAgent, ip, key ?? null, count, version, JSON.stringify(payloads)];
  const [result] = await db.pipeline({ role: 'auth', steps: [{ text: statements.touchAtOnce, values }] });
  return result?.command === 'UPDATE 1';
}

/** Makes one refresh token useless. */
export async function useUpToken(sql: Sql, { id }: RefreshTokenRow, now: string): Promise<void> {
  await sql.query(statements.useUp, [id, now]);
}

/** Makes all refresh tokens of a session useless. */
export async function revokeFamily(sql: Sql, sessionId: string, now: string): Promise<void> {
  await sql.query(statements.revokeFamily, [sessionId, now]);
}

/** Removes a refresh token that belongs to no session. */
export async function deleteRefreshToken(sql: Sql, id: number): Promise<void> {
  await sql.query(statements.delete, [id]);
}
