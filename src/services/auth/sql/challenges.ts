import type { FactorRow, Metadata, Sql } from './rows.ts';

/** A row of `auth.mfa_challenges`. */
export interface ChallengeRow {
  readonly id: string;
  readonly factor_id: string;
  readonly created_at: string;
  readonly verified_at: string | null;
  readonly ip_address: string;
  /** What a text message's code is stored as; for authenticator apps the step whose code was taken. */
  readonly otp_code: string | null;
  readonly web_authn_session_data: Metadata | null;
}

/** What a factor is checked with. It stays inside. */
export interface FactorSecrets {
  readonly secret: string | null;
  readonly web_authn_credential: Metadata | null;
}

const statements = {
  // The column is unique over all users' factors, so the microseconds are left to chance.
  touch: `
    update auth.mfa_factors set last_challenged_at = $2::timestamptz + floor(random() * 1000) * interval '1 microsecond'
    where id = $1 and ($3::timestamptz is null or last_challenged_at is null or last_challenged_at <= $3)`,
  restore: 'update auth.mfa_factors set last_challenged_at = $2 where id = $1',
  insert: `
    insert into auth.mfa_challenges (id, factor_id, created_at, ip_address, otp_code, web_authn_session_data)
    values ($1, $2, $3, $4, $5, $6)`,
  lock: `
    select row_to_json(c) as challenge, f.secret, f.web_authn_credential
    from auth.mfa_challenges c join auth.mfa_factors f on f.id = c.factor_id
    where c.id = $1 and c.factor_id = $2 for update of c, f`,
  secrets: 'select secret, web_authn_credential from auth.mfa_factors where id = $1',
  delete: 'delete from auth.mfa_challenges where id = $1',
  verify: 'update auth.mfa_challenges set verified_at = $2, otp_code = coalesce($3, otp_code) where id = $1',
  lastStep: `
    select max(otp_code::bigint)::float8 as step from auth.mfa_challenges
    where factor_id = $1 and verified_at is not null and otp_code ~ '^[0-9]{1,15}$'`,
  verifyFactor: `update auth.mfa_factors set status = 'verified', updated_at = $2 where id = $1`,
  storeCredential: `
    update auth.mfa_factors set web_authn_credential = $2, web_authn_aaguid = $3, last_webauthn_challenge_data = $4,
      updated_at = $5 where id = $1`,
  deleteUnverified: `
    delete from auth.mfa_factors where user_id = $1 and factor_type = $2 and status = 'unverified'`,
};

/**
 * Notes a challenge to a factor.
 *
 * @param notSince the last challenge must not be later than this
 * @returns false when it is, and nothing was noted
 */
export async function insertChallenge(
  sql: Sql,
  challenge: {
    readonly id: string;
    readonly factorId: string;
    readonly ip: string;
    readonly otpCode?: string;
    readonly sessionData?: Metadata;
  },
  now: string,
  notSince: string | null,
): Promise<boolean> {
  const { id, factorId, ip, otpCode = null, sessionData } = challenge;
  const { rowCount } = await sql.query(statements.touch, [factorId, now, notSince]);
  if (rowCount === 0) return false;
  const data = sessionData === undefined ? null : JSON.stringify(sessionData);
  await sql.query(statements.insert, [id, factorId, now, ip, otpCode, data]);
  return true;
}

/** A challenge to a factor with what the factor is checked with; both rows are locked. */
export async function lockChallenge(
  sql: Sql,
  id: string,
  factorId: string,
): Promise<{ challenge: ChallengeRow; secrets: FactorSecrets } | undefined> {
  const { rows } = await sql.query<FactorSecrets & { challenge: ChallengeRow }>(statements.lock, [id, factorId]);
  const row = rows[0];
  return row && { challenge: row.challenge, secrets: row };
}

/** What a factor is checked with. */
export async function findFactorSecrets(sql: Sql, factorId: string): Promise<FactorSecrets | undefined> {
  return (await sql.query<FactorSecrets>(statements.secrets, [factorId])).rows[0];
}

/** Removes a challenge. */
export async function deleteChallenge(sql: Sql, id: string): Promise<void> {
  await sql.query(statements.delete, [id]);
}

/** Takes a challenge back, as if it had never been made. @param factor as it was before */
export async function closeChallenge(
  sql: Sql,
  id: string,
  factor: Pick<FactorRow, 'id' | 'last_challenged_at'>,
): Promise<void> {
  await deleteChallenge(sql, id);
  await sql.query(statements.restore, [factor.id, factor.last_challenged_at]);
}

/** Notes that a challenge was met. @param step of an authenticator app's code, so that it is not taken again */
export async function meetChallenge(sql: Sql, id: string, now: string, step?: number): Promise<void> {
  await sql.query(statements.verify, [id, now, step === undefined ? null : String(step)]);
}

/** The latest step whose code a factor has proved itself with; -1 when there is none. */
export async function findLastStep(sql: Sql, factorId: string): Promise<number> {
  const { rows } = await sql.query<{ step: number | null }>(statements.lastStep, [factorId]);
  return rows[0]?.step ?? -1;
}

/** Takes a factor as verified. */
export async function verifyFactor(sql: Sql, id: string, now: string): Promise<void> {
  await sql.query(statements.verifyFactor, [id, now]);
}

/** Keeps what a security key is recognised by, and the last exchange with it. */
export async function storeCredential(
  sql: Sql,
  id: string,
  credential: Metadata,
  aaguid: string | null,
  exchange: Metadata,
  now: string,
): Promise<void> {
  await sql.query(statements.storeCredential, [id, JSON.stringify(credential), aaguid, JSON.stringify(exchange), now]);
}

/** Removes a user's factors of a type that were never verified. */
export async function deleteUnverified(sql: Sql, userId: string, type: FactorRow['factor_type']): Promise<void> {
  await sql.query(statements.deleteUnverified, [userId, type]);
}
