import { asDatabaseError, type ConnectionOptions, createDatabase, type Database } from '#kernel/sql';
import type { AuthSettings } from '../../settings.ts';
import { nilUuid } from '../../sql/rows.ts';
import { insertUsers, readUsers, type TransferredUser } from '../../sql/user-transfer.ts';
import { normaliseEmail, normalisePhone } from '../addresses.ts';
import type { ColumnCipher } from '../column-cipher.ts';
import { type ColumnSettings, openColumns } from '../column-keys.ts';
import { parsePasswordHash } from '../password-hash.ts';
import { createPasswords, type Passwords } from '../passwords.ts';
import { openHash, sealHash } from '../user/password-column.ts';
import { isUuid } from '../uuid.ts';
import { type PortableIdentity, type PortableUser, readUsersFile, type TransferFormat, usersWriter } from './format.ts';

/** Moves users in and out in bulk. */
export interface UserTransfer {
  /**
   * Brings users in, all or none.
   *
   * @param skipKnown true: whose id or address is taken is left out
   * @param dryRun true: everything is checked, by the database too, and nothing stays
   * @throws Error naming the user that cannot be taken
   */
  import(text: string, format: TransferFormat, options: ImportOptions): Promise<ImportReport>;
  /** The users of one moment, as pieces of a file. @param withHashes whether password hashes go along */
  export(format: TransferFormat, withHashes: boolean, write: (piece: string) => Promise<void>): Promise<number>;
  close(): Promise<void>;
}

/** How users are brought in. */
export interface ImportOptions {
  readonly skipKnown: boolean;
  readonly dryRun: boolean;
}

/** What came of it. */
export interface ImportReport {
  readonly read: number;
  readonly imported: number;
}

const batch = 500;

/** Opens a transfer on the database of a stack that may be running. */
export function openUserTransfer(
  settings: Pick<AuthSettings, 'jwtAudience' | 'jwtDefaultRole'> & ColumnSettings,
  connection: ConnectionOptions,
  concurrency: number,
): UserTransfer {
  const db = createDatabase({ connection, size: 1 });
  const passwords = createPasswords(concurrency, Number.MAX_SAFE_INTEGER);
  const columns = openColumns(settings);
  return {
    async import(text, format, options) {
      const now = new Date().toISOString();
      const users = readUsersFile(text, format, now);
      const rows: TransferredUser[] = [];
      // Before the transaction, which must not wait for password hashes.
      for (let at = 0; at < users.length; at += batch)
        rows.push(
          ...(await Promise.all(
            users.slice(at, at + batch).map((user) => rowOf(user, settings, passwords, columns, now)),
          )),
        );
      return { read: users.length, imported: await insertAll(db, users, rows, options, now) };
    },
    async export(format, withHashes, write) {
      const { head, one, tail } = usersWriter(format);
      await write(head);
      let count = 0;
      await db.transaction(async (sql) => {
        for (let after = nilUuid; ; ) {
          const page = await readUsers(sql, after, batch);
          for (const { user, identities } of page)
            await write(one(portable(user, identities, withHashes ? columns : undefined), count++ === 0));
          const last = page.at(-1);
          if (!last || page.length < batch) break;
          after = String(last.user.id);
        }
      }, 'begin isolation level repeatable read read only');
      await write(tail);
      return count;
    },
    async close() {
      passwords.close();
      await db.close();
    },
  };
}

/** Thrown to undo a dry run. */
class DryRun extends Error {
  readonly imported: number;
  constructor(imported: number) {
    super('dry run');
    this.imported = imported;
  }
}

async function insertAll(
  db: Database,
  users: readonly PortableUser[],
  rows: readonly TransferredUser[],
  { skipKnown, dryRun }: ImportOptions,
  now: string,
): Promise<number> {
  try {
    return await db.transaction(async (sql) => {
      let imported = 0;
      for (let at = 0; at < rows.length; at += batch) {
        const some = users.slice(at, at + batch);
        const identities = some.flatMap((user) => identitiesOf(user, now));
        imported += (await insertUsers(sql, rows.slice(at, at + batch), identities, skipKnown)).length;
      }
      if (dryRun) throw new DryRun(imported);
      return imported;
    });
  } catch (error) {
    if (error instanceof DryRun) return error.imported;
    const database = asDatabaseError(error);
    if (database?.code === '23505')
      throw new Error(`a user is there already: ${database.detail ?? database.message}`, { cause: error });
    throw error;
  }
}

async function rowOf(
  user: PortableUser,
  settings: Pick<AuthSettings, 'jwtAudience' | 'jwtDefaultRole'>,
  passwords: Passwords,
  columns: ColumnCipher,
  now: string,
): Promise<TransferredUser> {
  const name = user.email ?? user.phone ?? user.id;
  const fail = (problem: string): Error => new Error(`${name}: ${problem}`);
  if (!isUuid(user.id)) throw fail('its id is no UUID');
  if (user.password_hash !== undefined && !parsePasswordHash(user.password_hash))
    throw fail('its password_hash is of no known form');
  if (user.password !== undefined && Buffer.byteLength(user.password) > 72)
    throw fail('its password has more than 72 bytes');
  const providers = [...new Set(identitiesOf(user, now).map(({ provider }) => provider))];
  const hash = user.password === undefined ? (user.password_hash ?? null) : await passwords.hash(user.password);
  return {
    id: user.id,
    aud: user.aud ?? settings.jwtAudience,
    role: user.role ?? settings.jwtDefaultRole,
    email: user.email === undefined ? null : checked(() => normaliseEmail(user.email as string), fail),
    phone: user.phone === undefined ? null : checked(() => normalisePhone(user.phone as string), fail),
    encrypted_password: hash === null ? null : sealHash(columns, user.id, hash),
    email_confirmed_at: user.email_confirmed_at ?? null,
    phone_confirmed_at: user.phone_confirmed_at ?? null,
    invited_at: user.invited_at ?? null,
    last_sign_in_at: user.last_sign_in_at ?? null,
    created_at: user.created_at ?? now,
    updated_at: now,
    banned_until: user.banned_until ?? null,
    is_anonymous: user.is_anonymous ?? false,
    is_sso_user: user.is_sso_user ?? false,
    raw_app_meta_data: user.app_metadata ?? (providers.length > 0 ? { provider: providers[0], providers } : {}),
    raw_user_meta_data: user.user_metadata ?? {},
  };
}

function checked<T>(work: () => T, fail: (problem: string) => Error): T {
  try {
    return work();
  } catch (error) {
    throw fail((error as Error).message);
  }
}

/** Identities as the file has them; otherwise one for each address. */
function identitiesOf(user: PortableUser, now: string): (PortableIdentity & { readonly user_id: string })[] {
  const created = user.created_at ?? now;
  const own = (provider: 'email' | 'phone', facts: Readonly<Record<string, unknown>>): PortableIdentity => ({
    provider,
    provider_id: user.id,
    identity_data: {
      sub: user.id,
      ...facts,
      email_verified: user.email_confirmed_at !== undefined,
      phone_verified: user.phone_confirmed_at !== undefined,
    },
  });
  const identities = user.identities ?? [
    ...(user.email === undefined ? [] : [own('email', { email: user.email.toLowerCase() })]),
    ...(user.phone === undefined ? [] : [own('phone', { phone: normalisePhone(user.phone) })]),
  ];
  return identities.map((identity) => ({
    created_at: created,
    updated_at: now,
    ...identity,
    user_id: user.id,
  }));
}

const kept = [
  'id',
  'aud',
  'role',
  'email',
  'phone',
  'email_confirmed_at',
  'phone_confirmed_at',
  'invited_at',
  'last_sign_in_at',
  'created_at',
  'banned_until',
] as const;

function portable(
  user: Readonly<Record<string, unknown>>,
  identities: readonly Readonly<Record<string, unknown>>[],
  /** Given where hashes are wanted. */
  columns: ColumnCipher | undefined,
): PortableUser {
  const copy: Record<string, unknown> = {};
  for (const name of kept) if (user[name] !== null && user[name] !== '') copy[name] = user[name];
  const stored = { id: String(user.id), encrypted_password: (user.encrypted_password as string | null) ?? null };
  const hash = columns && openHash(columns, stored);
  if (hash) copy.password_hash = hash;
  if (user.is_anonymous === true) copy.is_anonymous = true;
  if (user.is_sso_user === true) copy.is_sso_user = true;
  copy.app_metadata = user.raw_app_meta_data ?? {};
  copy.user_metadata = user.raw_user_meta_data ?? {};
  copy.identities = identities.map(({ provider, provider_id, identity_data, created_at, last_sign_in_at }) => ({
    provider,
    provider_id,
    identity_data,
    ...(created_at !== null && { created_at }),
    ...(last_sign_in_at !== null && { last_sign_in_at }),
  }));
  return copy as unknown as PortableUser;
}
