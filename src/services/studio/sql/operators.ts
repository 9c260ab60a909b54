import { asDatabaseError, type Database } from '#kernel/sql';
import type { Role } from './role.ts';

/** An account as lists show it. */
export interface Operator {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly fromSettings: boolean;
  readonly secondFactor: boolean;
  readonly createdAt: string;
}

/** What signing in looks at besides. */
export interface OperatorSecrets extends Operator {
  /** Sealed hash. */
  readonly password: Buffer | null;
  readonly totp: Buffer | null;
  readonly totpStep: number;
}

const shown = `id, name, role, from_settings as "fromSettings", totp is not null as "secondFactor",
  to_json(created_at)#>>'{}' as "createdAt"`;
const secrets = `${shown}, password, totp, totp_step::float8 as "totpStep"`;
const table = '_pmoves.studio_operators';

/** All accounts by name. */
export const listOperators = async (db: Database): Promise<Operator[]> =>
  (await db.query<Operator>(`select ${shown} from ${table} order by lower(name)`)).rows;

/** The account of a name, in any case. */
export const operatorByName = async (db: Database, name: string): Promise<OperatorSecrets | undefined> =>
  (await db.query<OperatorSecrets>(`select ${secrets} from ${table} where lower(name) = lower($1)`, [name])).rows[0];

/** The account of an id. */
export const operatorById = async (db: Database, id: string): Promise<OperatorSecrets | undefined> =>
  (await db.query<OperatorSecrets>(`select ${secrets} from ${table} where id = $1`, [id])).rows[0];

/**
 * Gives the account of the settings the name they say, making it where there is none.
 *
 * @returns false when somebody else has that name
 */
export async function keepSettingsAccount(db: Database, name: string): Promise<boolean> {
  try {
    await db.query(
      `insert into ${table} (name, role, from_settings) values ($1, 'owner', true)
       on conflict (from_settings) where from_settings do update set name = excluded.name
       where studio_operators.name is distinct from excluded.name`,
      [name],
    );
    return true;
  } catch (error) {
    if (asDatabaseError(error)?.code === '23505') return false;
    throw error;
  }
}

/** Adds an account. @returns undefined when the name is taken or there are `most` already */
export async function addOperator(
  db: Database,
  { name, role, password }: { readonly name: string; readonly role: Role; readonly password: Buffer },
  most: number,
): Promise<Operator | 'taken' | 'too-many'> {
  return db.transaction(async (transaction) => {
    await transaction.query(`lock table ${table} in share row exclusive mode`);
    const { rows } = await transaction.query<{ count: number; taken: boolean }>(
      `select count(*)::int as count, coalesce(bool_or(lower(name) = lower($1)), false) as taken from ${table}`,
      [name],
    );
    if (rows[0]?.taken) return 'taken';
    if ((rows[0]?.count ?? 0) >= most) return 'too-many';
    const added = await transaction.query<Operator>(
      `insert into ${table} (name, role, password) values ($1, $2, $3) returning ${shown}`,
      [name, role, password],
    );
    return added.rows[0] as Operator;
  });
}

/** Gives an account another role. Its sessions act under it at once. */
export const setRole = async (db: Database, id: string, role: Role): Promise<void> =>
  void (await db.query(`update ${table} set role = $2 where id = $1 and not from_settings`, [id, role]));

/** Gives an account another password, and ends its sessions but one. */
export async function setPassword(db: Database, id: string, hash: Buffer, kept: string | null): Promise<void> {
  await db.transaction(async (transaction) => {
    await transaction.query(`update ${table} set password = $2 where id = $1 and not from_settings`, [id, hash]);
    await transaction.query(
      'delete from _pmoves.studio_sessions where operator_id = $1 and id is distinct from $2::uuid',
      [id, kept],
    );
  });
}

/** Keeps a sealed second factor, or removes it with null. */
export const setTotp = async (db: Database, id: string, totp: Buffer | null, step: number): Promise<void> =>
  void (await db.query(`update ${table} set totp = $2, totp_step = $3 where id = $1`, [id, totp, step]));

/** Notes that the code of a step was used. @returns false when it, or a later one, was used meanwhile */
export async function useTotpStep(db: Database, id: string, step: number): Promise<boolean> {
  const { rowCount } = await db.query(`update ${table} set totp_step = $2 where id = $1 and totp_step < $2`, [
    id,
    step,
  ]);
  return rowCount === 1;
}

/** Removes an account with its sessions. */
export const removeOperator = async (db: Database, id: string): Promise<void> =>
  void (await db.query(`delete from ${table} where id = $1 and not from_settings`, [id]));
