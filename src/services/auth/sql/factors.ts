import type { FactorRow, SessionRow, Sql } from './rows.ts';

const statements = {
  delete: 'delete from auth.mfa_factors where id = $1 and user_id = $2',
  deleteAll: 'delete from auth.mfa_factors where user_id = $1',
  deletePasskeys: 'delete from auth.webauthn_credentials where user_id = $1',
  insert: `
    insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, status, secret, phone, created_at, updated_at)
    values ($1, $2, $3, $4, 'unverified', $5, $6, $7, $7)`,
  deleteExpired: `
    delete from auth.mfa_factors where user_id = $1 and status = 'unverified' and created_at < $2`,
  setPhone: 'update auth.mfa_factors set phone = $3, updated_at = $4 where id = $1 and user_id = $2',
  lockSecret: 'select secret from auth.mfa_factors where id = $1 for update',
  storeSecret: 'update auth.mfa_factors set secret = $2 where id = $1',
  lockSession: 'select row_to_json(s) as session from auth.sessions s where s.id = $1 for update',
  addMethod: `
    insert into auth.mfa_amr_claims (id, session_id, created_at, updated_at, authentication_method)
    values (gen_random_uuid(), $1, $3, $3, $2)
    on conflict (session_id, authentication_method) do update set updated_at = excluded.updated_at`,
  raise: `update auth.sessions set aal = 'aal2', factor_id = $2, updated_at = $3 where id = $1`,
  deleteLower: `
    delete from auth.sessions where user_id = $1 and id <> $2 and (aal is null or aal < 'aal2'::auth.aal_level)`,
  rename: 'update auth.mfa_factors set friendly_name = $3, updated_at = $4 where id = $1 and user_id = $2',
  dropMethod: `
    delete from auth.mfa_amr_claims where authentication_method = $2
      and session_id in (select id from auth.sessions where factor_id = $1)`,
  downgrade: `update auth.sessions set aal = 'aal1', factor_id = null, updated_at = $2 where factor_id = $1`,
};

/** Names of factor types as methods of authentication. */
export const factorMethods: Readonly<Record<FactorRow['factor_type'], string>> = {
  totp: 'totp',
  phone: 'mfa/phone',
  webauthn: 'mfa/webauthn',
  recovery_code: 'mfa/recovery_code',
};

/** Removes a factor with its challenges. */
export async function deleteFactor(sql: Sql, id: string, userId: string): Promise<void> {
  await sql.query(statements.delete, [id, userId]);
}

/** Removes all factors of a user. */
export async function deleteFactors(sql: Sql, userId: string): Promise<void> {
  await sql.query(statements.deleteAll, [userId]);
}

/** Removes all passkeys of a user. */
export async function deletePasskeys(sql: Sql, userId: string): Promise<void> {
  await sql.query(statements.deletePasskeys, [userId]);
}

/** Gives a factor another name. */
export async function renameFactor(sql: Sql, id: string, userId: string, name: string, now: string): Promise<void> {
  await sql.query(statements.rename, [id, userId, name, now]);
}

/** Takes the level that a factor gave off the sessions that were proved by it. */
export async function downgradeFactorSessions(
  sql: Sql,
  factorId: string,
  type: FactorRow['factor_type'],
  now: string,
): Promise<void> {
  await sql.query(statements.dropMethod, [factorId, factorMethods[type]]);
  await sql.query(statements.downgrade, [factorId, now]);
}

/** A factor before it is verified. */
export interface NewFactor {
  readonly id: string;
  readonly userId: string;
  readonly friendlyName: string;
  readonly type: FactorRow['factor_type'];
  readonly secret: string | null;
  readonly phone: string | null;
}

/** Adds a factor, unverified. */
export async function insertFactor(sql: Sql, factor: NewFactor, now: string): Promise<void> {
  const { id, userId, friendlyName, type, secret, phone } = factor;
  await sql.query(statements.insert, [id, userId, friendlyName, type, secret, phone, now]);
}

/** Removes a user's factors that were made before a moment and never verified. */
export async function deleteExpiredFactors(sql: Sql, userId: string, before: string): Promise<void> {
  await sql.query(statements.deleteExpired, [userId, before]);
}

/** Gives a factor another phone number. */
export async function setFactorPhone(sql: Sql, id: string, userId: string, phone: string, now: string): Promise<void> {
  await sql.query(statements.setPhone, [id, userId, phone, now]);
}

/** What a factor is checked with; its row is locked. @returns undefined when the factor, or that, is gone */
export async function lockFactorSecret(sql: Sql, id: string): Promise<string | undefined> {
  return (await sql.query<{ secret: string | null }>(statements.lockSecret, [id])).rows[0]?.secret ?? undefined;
}

/** Keeps what a factor is checked with in another form. */
export async function storeFactorSecret(sql: Sql, id: string, secret: string): Promise<void> {
  await sql.query(statements.storeSecret, [id, secret]);
}

/** Locks a session. @returns undefined when it is gone */
export async function lockSession(sql: Sql, id: string): Promise<SessionRow | undefined> {
  return (await sql.query<{ session: SessionRow }>(statements.lockSession, [id])).rows[0]?.session;
}

/**
 * Raises a session to the second level by a factor that was proved; sessions of the user at the first level end.
 */
export async function raiseSession(
  sql: Sql,
  session: { readonly id: string; readonly user_id: string },
  factor: Pick<FactorRow, 'id' | 'factor_type'>,
  now: string,
): Promise<void> {
  await sql.query(statements.addMethod, [session.id, factorMethods[factor.factor_type], now]);
  await sql.query(statements.raise, [session.id, factor.id, now]);
  await sql.query(statements.deleteLower, [session.user_id, session.id]);
}
