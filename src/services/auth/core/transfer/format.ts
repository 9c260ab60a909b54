import { randomUUID } from 'node:crypto';
import { csvLine, parseCsv } from './csv.ts';

/** A user as files hold it. Times are RFC 3339. */
export interface PortableUser {
  readonly id: string;
  readonly aud?: string;
  readonly role?: string;
  readonly email?: string;
  readonly phone?: string;
  /** In clear; it is hashed on the way in. */
  readonly password?: string;
  /** bcrypt, argon2 or Firebase scrypt. */
  readonly password_hash?: string;
  readonly email_confirmed_at?: string;
  readonly phone_confirmed_at?: string;
  readonly invited_at?: string;
  readonly last_sign_in_at?: string;
  readonly created_at?: string;
  readonly banned_until?: string;
  readonly is_anonymous?: boolean;
  readonly is_sso_user?: boolean;
  readonly app_metadata?: Readonly<Record<string, unknown>>;
  readonly user_metadata?: Readonly<Record<string, unknown>>;
  readonly identities?: readonly PortableIdentity[];
}

/** One way in which a user signs in. */
export interface PortableIdentity {
  readonly provider: string;
  readonly provider_id: string;
  readonly identity_data: Readonly<Record<string, unknown>>;
  readonly created_at?: string;
  readonly last_sign_in_at?: string;
}

/** Forms of a file of users. */
export type TransferFormat = 'json' | 'csv';

const texts = ['id', 'aud', 'role', 'email', 'phone', 'password', 'password_hash'] as const;
const times = [
  'email_confirmed_at',
  'phone_confirmed_at',
  'invited_at',
  'last_sign_in_at',
  'created_at',
  'banned_until',
] as const;
const flags = ['is_anonymous', 'is_sso_user', 'email_confirm', 'phone_confirm'] as const;
const objects = ['app_metadata', 'user_metadata'] as const;

/** Columns of `auth.users`, so that a dump of the table can be read as it is. */
const synonyms: Readonly<Record<string, string>> = {
  encrypted_password: 'password_hash',
  raw_app_meta_data: 'app_metadata',
  raw_user_meta_data: 'user_metadata',
};

/**
 * Reads a file of users: a JSON array (or an object with `users`), or CSV with a header. Columns that are not known are
 * passed over.
 *
 * @param now RFC 3339, for flags that say an address is confirmed
 * @throws Error naming the user that cannot be read
 */
export function readUsersFile(text: string, format: TransferFormat, now: string): PortableUser[] {
  const records = format === 'csv' ? fromCsv(text) : fromJson(text);
  return records.map(({ place, record }) => {
    try {
      return readUser(record, now);
    } catch (error) {
      throw new Error(`${place}: ${(error as Error).message}`);
    }
  });
}

interface Placed {
  readonly place: string;
  readonly record: Readonly<Record<string, unknown>>;
}

function fromJson(text: string): Placed[] {
  const value: unknown = JSON.parse(text);
  const list = Array.isArray(value) ? value : (value as { users?: unknown } | null)?.users;
  if (!Array.isArray(list)) throw new Error('the file is neither an array of users nor an object with users');
  return list.map((record, index) => {
    const place = `user ${index + 1}`;
    if (typeof record !== 'object' || record === null || Array.isArray(record))
      throw new Error(`${place}: is no object`);
    return { place, record: record as Record<string, unknown> };
  });
}

function fromCsv(text: string): Placed[] {
  const [header, ...rows] = parseCsv(text);
  if (!header) throw new Error('the file has no header');
  return rows.map(({ line, fields }) => {
    const place = `line ${line}`;
    if (fields.length !== header.fields.length)
      throw new Error(`${place}: has ${fields.length} fields, not ${header.fields.length}`);
    const record: Record<string, unknown> = {};
    header.fields.forEach((name, index) => {
      record[name] = fields[index];
    });
    return { place, record };
  });
}

function readUser(given: Readonly<Record<string, unknown>>, now: string): PortableUser {
  const record: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given))
    if (value !== null && value !== undefined && value !== '') record[synonyms[name] ?? name] = value;
  const user: Record<string, unknown> = {};
  for (const name of texts) if (name in record) user[name] = readText(name, record[name]);
  for (const name of times) if (name in record) user[name] = readTime(name, record[name]);
  const marks: Record<string, boolean> = {};
  for (const name of flags) if (name in record) marks[name] = readFlag(name, record[name]);
  for (const name of objects) if (name in record) user[name] = readObject(name, record[name]);
  if (marks.email_confirm) user.email_confirmed_at ??= now;
  if (marks.phone_confirm) user.phone_confirmed_at ??= now;
  if (marks.is_anonymous) user.is_anonymous = true;
  if (marks.is_sso_user) user.is_sso_user = true;
  if ('identities' in record) user.identities = readIdentities(record.identities);
  if (!user.email && !user.phone && !user.is_anonymous) throw new Error('has neither an email nor a phone');
  if (user.password !== undefined && user.password_hash !== undefined)
    throw new Error('has both a password and a password_hash');
  return { id: randomUUID(), ...user };
}

function readText(name: string, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number') throw new Error(`${name} is no text`);
  return String(value);
}

function readTime(name: string, value: unknown): string {
  const text = readText(name, value)
    .replace(' ', 'T')
    .replace(/([+-]\d\d)$/, '$1:00');
  if (Number.isNaN(Date.parse(text))) throw new Error(`${name} is no time`);
  return text;
}

function readFlag(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  if (/^(t|true|1)$/i.test(String(value))) return true;
  if (/^(f|false|0)$/i.test(String(value))) return false;
  throw new Error(`${name} is neither true nor false`);
}

function readObject(name: string, value: unknown): Record<string, unknown> {
  let object = value;
  if (typeof value === 'string')
    try {
      object = JSON.parse(value);
    } catch {
      throw new Error(`${name} is no JSON`);
    }
  if (typeof object !== 'object' || object === null || Array.isArray(object)) throw new Error(`${name} is no object`);
  return object as Record<string, unknown>;
}

function readIdentities(value: unknown): PortableIdentity[] {
  const list: unknown = typeof value === 'string' ? JSON.parse(value) : value;
  if (!Array.isArray(list)) throw new Error('identities is no array');
  return list.map((entry: unknown) => {
    const identity = readObject('an identity', entry);
    const { provider, provider_id: providerId } = identity;
    if (typeof provider !== 'string' || typeof providerId !== 'string')
      throw new Error('an identity has no provider or no provider_id');
    return {
      provider,
      provider_id: providerId,
      identity_data: readObject('identity_data', identity.identity_data ?? {}),
      ...('created_at' in identity && { created_at: readTime('created_at', identity.created_at) }),
      ...(identity.last_sign_in_at !== undefined &&
        identity.last_sign_in_at !== null && {
          last_sign_in_at: readTime('last_sign_in_at', identity.last_sign_in_at),
        }),
    };
  });
}

const csvColumns = [
  'id',
  'aud',
  'role',
  'email',
  'phone',
  'password_hash',
  ...times,
  'is_anonymous',
  'is_sso_user',
  'app_metadata',
  'user_metadata',
  'identities',
] as const;

/** Writes users the way `readUsersFile` reads them. */
export interface UsersWriter {
  readonly head: string;
  one(user: PortableUser, isFirst: boolean): string;
  readonly tail: string;
}

/** @param format of the file */
export const usersWriter = (format: TransferFormat): UsersWriter =>
  format === 'json'
    ? { head: '[', one: (user, isFirst) => `${isFirst ? '' : ','}\n${JSON.stringify(user)}`, tail: '\n]\n' }
    : { head: csvLine(csvColumns), one: (user) => csvLine(csvColumns.map((name) => cell(user[name]))), tail: '' };

function cell(value: unknown): string {
  if (value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
