import type { Database } from '#kernel/sql';

/** A passkey as its owner sees it. */
export interface Passkey {
  /** base64url. */
  readonly id: string;
  readonly name: string;
  /** Domain it is good for. */
  readonly relyingParty: string;
  readonly createdAt: string;
  readonly usedAt: string | null;
}

/** What a ceremony needs of it. */
export interface PasskeySecrets extends Passkey {
  readonly operatorId: string;
  readonly publicKey: Buffer;
  readonly counter: number;
  readonly transports: readonly string[];
}

/** A passkey that was just made. */
export interface NewPasskey {
  readonly id: string;
  readonly operatorId: string;
  readonly relyingParty: string;
  readonly publicKey: Uint8Array;
  readonly counter: number;
  readonly transports: readonly string[];
  readonly name: string;
  /** Milliseconds. */
  readonly now: number;
}

const table = '_pmoves.studio_passkeys';
const base64url = `rtrim(translate(encode(id, 'base64'), E'+/\\n', '-_'), '=')`;
const shown = `${base64url} as id, name, relying_party as "relyingParty", to_json(created_at)#>>'{}' as "createdAt",
  to_json(used_at)#>>'{}' as "usedAt"`;
const secrets = `${shown}, operator_id as "operatorId", public_key as "publicKey", counter::float8 as counter, transports`;

const bytesOf = (id: string): Buffer => Buffer.from(id, 'base64url');

/** Those of an operator, the oldest first. */
export const listPasskeys = async (db: Database, operatorId: string): Promise<Passkey[]> =>
  (
    await db.query<Passkey>(`select ${shown} from ${table} where operator_id = $1 order by created_at, id`, [
      operatorId,
    ])
  ).rows;

/** Those of an operator, with what ceremonies need. */
export const passkeysOf = async (db: Database, operatorId: string): Promise<PasskeySecrets[]> =>
  (await db.query<PasskeySecrets>(`select ${secrets} from ${table} where operator_id = $1`, [operatorId])).rows;

/** The passkey of an id, for a domain. */
export const passkeyById = async (
  db: Database,
  id: string,
  relyingParty: string,
): Promise<PasskeySecrets | undefined> =>
  (
    await db.query<PasskeySecrets>(`select ${secrets} from ${table} where id = $1 and relying_party = $2`, [
      bytesOf(id),
      relyingParty,
    ])
  ).rows[0];

/** Keeps a passkey. @returns false when it is known already, or there are `most` */
export async function addPasskey(db: Database, passkey: NewPasskey, most: number): Promise<boolean> {
  const { rowCount } = await db.query(
    `with owner as materialized (select id from _pmoves.studio_operators where id = $2 for update)
     insert into ${table} (id, operator_id, relying_party, public_key, counter, transports, name, created_at)
     select $1, owner.id, $3, $4, $5, $6::text[], $7, to_timestamp($8::float8 / 1000) from owner
     where (select count(*) from ${table} where operator_id = owner.id) < $9::int
     on conflict do nothing`,
    [
      bytesOf(passkey.id),
      passkey.operatorId,
      passkey.relyingParty,
      Buffer.from(passkey.publicKey),
      passkey.counter,
      passkey.transports,
      passkey.name,
      passkey.now,
      most,
    ],
  );
  return rowCount === 1;
}

/** Notes that a passkey was used. */
export const usePasskey = async (db: Database, id: string, counter: number, now: number): Promise<void> =>
  void (await db.query(
    `update ${table} set counter = greatest(counter, $2), used_at = to_timestamp($3::float8 / 1000) where id = $1`,
    [bytesOf(id), counter, now],
  ));

/** Removes one of an operator's. @returns whether there was one */
export const removePasskey = async (db: Database, operatorId: string, id: string): Promise<boolean> =>
  (await db.query(`delete from ${table} where operator_id = $1 and id = $2`, [operatorId, bytesOf(id)])).rowCount === 1;

/** Removes all of an operator's. */
export const removePasskeys = async (db: Database, operatorId: string): Promise<void> =>
  void (await db.query(`delete from ${table} where operator_id = $1`, [operatorId]));

/** Keeps a challenge until its answer, and forgets those nobody answered. @param expiresAt milliseconds */
export async function keepChallenge(
  db: Database,
  { operatorId, challenge, now, expiresAt }: KeptChallenge,
): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `with gone as (delete from _pmoves.studio_challenges where expires_at < to_timestamp($3::float8 / 1000))
     insert into _pmoves.studio_challenges (operator_id, challenge, expires_at)
     values ($1, $2, to_timestamp($4::float8 / 1000)) returning id`,
    [operatorId, challenge, now, expiresAt],
  );
  return (rows[0] as { id: string }).id;
}

/** A challenge that waits. */
export interface KeptChallenge {
  /** Who makes a passkey; null for somebody who signs in. */
  readonly operatorId: string | null;
  readonly challenge: string;
  /** Milliseconds. */
  readonly now: number;
  readonly expiresAt: number;
}

/** Takes a challenge out; it works once, whatever comes of the answer. */
export const takeChallenge = async (
  db: Database,
  id: string,
  operatorId: string | null,
  now: number,
): Promise<string | undefined> =>
  (
    await db.query<{ challenge: string }>(
      `delete from _pmoves.studio_challenges
       where id = $1 and operator_id is not distinct from $2::uuid and expires_at >= to_timestamp($3::float8 / 1000)
       returning challenge`,
      [id, operatorId, now],
    )
  ).rows[0]?.challenge;
