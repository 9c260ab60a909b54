import type { FactorRow, Sql } from './rows.ts';

const statements = {
  delete: 'delete from auth.mfa_factors where id = $1 and user_id = $2',
  deleteAll: 'delete from auth.mfa_factors where user_id = $1',
  deletePasskeys: 'delete from auth.webauthn_credentials where user_id = $1',
  rename: 'update auth.mfa_factors set friendly_name = $3, updated_at = $4 where id = $1 and user_id = $2',
  dropMethod: `
    delete from auth.mfa_amr_claims where authentication_method = $2
      and session_id in (select id from auth.sessions where factor_id = $1)`,
  downgrade: `update auth.sessions set aal = 'aal1', factor_id = null, updated_at = $2 where factor_id = $1`,
};

/** Names of factor types as methods of authentication. */
const methods: Readonly<Record<FactorRow['factor_type'], string>> = {
  totp: 'totp',
  phone: 'mfa/phone',
  webauthn: 'mfa/webauthn',
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
  await sql.query(statements.dropMethod, [factorId, methods[type]]);
  await sql.query(statements.downgrade, [factorId, now]);
}
