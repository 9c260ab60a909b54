import type { Database } from '#kernel/sql';
import type { Role } from './role.ts';

/** A session with whose it is. */
export interface SessionRow {
  readonly id: string;
  readonly operatorId: string;
  readonly name: string;
  readonly role: Role;
  readonly secondFactor: boolean;
  /** Milliseconds. */
  readonly seenAt: number;
}

/** A session as lists show it. */
export interface ShownSession {
  readonly id: string;
  readonly address: string;
  readonly agent: string;
  readonly createdAt: string;
  readonly seenAt: string;
}

/** What a new session is made of; times in milliseconds. */
export interface NewSession {
  readonly token: Buffer;
  readonly operatorId: string;
  readonly address: string;
  readonly agent: string;
  readonly now: number;
  readonly expiresAt: number;
}

const table = '_pmoves.studio_sessions';
const moment = (place: string): string => `to_timestamp(${place}::float8 / 1000)`;

/** Starts a session; those beyond `most` of the operator end, the one unused longest first, and all that are over. */
export async function addSession(db: Database, session: NewSession, most: number): Promise<void> {
  const { token, operatorId, address, agent, now, expiresAt } = session;
  await db.transaction(async (transaction) => {
    await transaction.query(
      `insert into ${table} (token, operator_id, address, agent, created_at, seen_at, expires_at)
       values ($1, $2, $3, $4, ${moment('$5')}, ${moment('$5')}, ${moment('$6')})`,
      [token, operatorId, address, agent, now, expiresAt],
    );
    await transaction.query(
      `delete from ${table} where expires_at < ${moment('$2')} or id in (
         select id from ${table} where operator_id = $1 order by seen_at desc, created_at desc offset $3)`,
      [operatorId, now, most],
    );
  });
}

/** The session of a token's digest, if it is neither over nor unused since `idleSince`. */
export async function findSession(
  db: Database,
  token: Buffer,
  now: number,
  idleSince: number,
): Promise<SessionRow | undefined> {
  const { rows } = await db.query<SessionRow>(
    `select s.id, o.id as "operatorId", o.name, o.role, o.totp is not null as "secondFactor",
       extract(epoch from s.seen_at)::float8 * 1000 as "seenAt"
     from ${table} s join _pmoves.studio_operators o on o.id = s.operator_id
     where s.token = $1 and s.expires_at > ${moment('$2')} and s.seen_at > ${moment('$3')}`,
    [token, now, idleSince],
  );
  return rows[0];
}

/** Notes that a session is in use. */
export const touchSession = async (db: Database, id: string, now: number): Promise<void> =>
  void (await db.query(`update ${table} set seen_at = ${moment('$2')} where id = $1`, [id, now]));

/** The sessions of an operator that are not over, the latest first. */
export const listSessions = async (db: Database, operatorId: string, now: number): Promise<ShownSession[]> =>
  (
    await db.query<ShownSession>(
      `select id, address, agent, to_json(created_at)#>>'{}' as "createdAt", to_json(seen_at)#>>'{}' as "seenAt"
       from ${table} where operator_id = $1 and expires_at > ${moment('$2')} order by seen_at desc`,
      [operatorId, now],
    )
  ).rows;

/** Ends a session of an operator. @returns false when there is none of that id */
export async function endSession(db: Database, id: string, operatorId: string): Promise<boolean> {
  const { rowCount } = await db.query(`delete from ${table} where id = $1 and operator_id = $2`, [id, operatorId]);
  return rowCount === 1;
}
