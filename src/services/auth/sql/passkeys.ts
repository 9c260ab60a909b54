import type { Metadata, Sql } from './rows.ts';

/** A row of `auth.webauthn_credentials`; bytes are Buffers. */
export interface PasskeyRow {
  readonly id: string;
  readonly user_id: string;
  readonly credential_id: Buffer;
  readonly public_key: Buffer;
  readonly sign_count: number;
  readonly transports: readonly string[];
  readonly friendly_name: string;
  readonly created_at: string;
  readonly last_used_at: string | null;
}

/** A row of `auth.webauthn_challenges`. */
export interface PasskeyChallengeRow {
  readonly id: string;
  readonly user_id: string | null;
  readonly session_data: Metadata;
  readonly expires_at: string;
}

// Times as text in the form they have in JSON, with all their digits.
const columns = `id, user_id, credential_id, public_key, sign_count::float8 as sign_count, transports, friendly_name,
  to_json(created_at) #>> '{}' as created_at, to_json(last_used_at) #>> '{}' as last_used_at`;

const statements = {
  ofUser: `select ${columns} from auth.webauthn_credentials where user_id = $1 order by created_at, id`,
  one: `select ${columns} from auth.webauthn_credentials where id = $1 and user_id = $2`,
  byCredential: `select ${columns} from auth.webauthn_credentials where credential_id = $1`,
  insert: `
    insert into auth.webauthn_credentials (id, user_id, credential_id, public_key, attestation_type, aaguid, sign_count,
      transports, backup_eligible, backed_up, friendly_name, created_at, updated_at)
    values ($1, $2, $3, $4, 'none', $5, $6, $7, $8, $9, $10, $11, $11) on conflict (credential_id) do nothing`,
  use: `
    update auth.webauthn_credentials set sign_count = $2, backed_up = $3, last_used_at = $4, updated_at = $4
    where id = $1`,
  rename: `
    update auth.webauthn_credentials set friendly_name = $3, updated_at = $4 where id = $1 and user_id = $2`,
  delete: 'delete from auth.webauthn_credentials where id = $1 and user_id = $2',
  challenge: `
    insert into auth.webauthn_challenges (id, user_id, challenge_type, session_data, created_at, expires_at)
    values ($1, $2, $3, $4, $5, $6)`,
  takeChallenge: `
    delete from auth.webauthn_challenges where id = $1 and challenge_type = $2 and user_id is not distinct from $3
    returning id, user_id, session_data, to_json(expires_at) #>> '{}' as expires_at`,
};

/** The passkeys of a user, oldest first. */
export async function findPasskeys(sql: Sql, userId: string): Promise<PasskeyRow[]> {
  return (await sql.query<PasskeyRow>(statements.ofUser, [userId])).rows;
}

/** A passkey of a user by its row's id. */
export async function findPasskey(sql: Sql, id: string, userId: string): Promise<PasskeyRow | undefined> {
  return (await sql.query<PasskeyRow>(statements.one, [id, userId])).rows[0];
}

/** A passkey by what authenticators call it. */
export async function findPasskeyByCredential(sql: Sql, credentialId: Buffer): Promise<PasskeyRow | undefined> {
  return (await sql.query<PasskeyRow>(statements.byCredential, [credentialId])).rows[0];
}

/** What a passkey is added with. */
export interface NewPasskey {
  readonly id: string;
  readonly userId: string;
  readonly credentialId: Buffer;
  readonly publicKey: Buffer;
  readonly aaguid: string;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly backupEligible: boolean;
  readonly backedUp: boolean;
  readonly friendlyName: string;
}

/** Adds a passkey. @returns false when somebody has it already */
export async function insertPasskey(sql: Sql, passkey: NewPasskey, now: string): Promise<boolean> {
  const { rowCount } = await sql.query(statements.insert, [
    passkey.id,
    passkey.userId,
    passkey.credentialId,
    passkey.publicKey,
    passkey.aaguid,
    passkey.counter,
    JSON.stringify(passkey.transports),
    passkey.backupEligible,
    passkey.backedUp,
    passkey.friendlyName,
    now,
  ]);
  return rowCount === 1;
}

/** Notes that a passkey was used. */
export async function notePasskeyUse(
  sql: Sql,
  id: string,
  { counter, backedUp }: { readonly counter: number; readonly backedUp: boolean },
  now: string,
): Promise<void> {
  await sql.query(statements.use, [id, counter, backedUp, now]);
}

/** Gives a passkey another name. */
export async function renamePasskey(sql: Sql, id: string, userId: string, name: string, now: string): Promise<void> {
  await sql.query(statements.rename, [id, userId, name, now]);
}

/** Removes a passkey. */
export async function deletePasskey(sql: Sql, id: string, userId: string): Promise<void> {
  await sql.query(statements.delete, [id, userId]);
}

/** Keeps a challenge until its answer. @param userId whose key is to be made; null for a sign-in */
export async function insertPasskeyChallenge(
  sql: Sql,
  challenge: {
    readonly id: string;
    readonly userId: string | null;
    readonly type: 'registration' | 'authentication';
    readonly data: Metadata;
    readonly expiresAt: string;
  },
  now: string,
): Promise<void> {
  const { id, userId, type, data, expiresAt } = challenge;
  await sql.query(statements.challenge, [id, userId, type, JSON.stringify(data), now, expiresAt]);
}

/** Takes a challenge out, so that it works once. */
export async function takePasskeyChallenge(
  sql: Sql,
  id: string,
  type: 'registration' | 'authentication',
  userId: string | null,
): Promise<PasskeyChallengeRow | undefined> {
  return (await sql.query<PasskeyChallengeRow>(statements.takeChallenge, [id, type, userId])).rows[0];
}
