import { type Database, quoteIdentifier } from '#kernel/sql';
import {
  type FactorRow,
  type IdentityRow,
  type Metadata,
  nilUuid,
  type SessionRow,
  type Sql,
  type User,
  type UserRow,
} from './rows.ts';

/** Columns of a user with identities and factors; `u` is the row of `auth.users`. */
export const userColumns = `
  row_to_json(u) as "user",
  (select coalesce(json_agg(row_to_json(i) order by i.created_at, i.id), '[]')
    from auth.identities i where i.user_id = u.id) as identities,
  (select coalesce(json_agg(row_to_json(f) order by f.created_at, f.id), '[]')
    from (select id, user_id, friendly_name, factor_type, status, phone, created_at, updated_at, last_challenged_at,
        web_authn_aaguid, last_webauthn_challenge_data
      from auth.mfa_factors) f where f.user_id = u.id) as factors`;

// Seed scripts leave instance_id NULL. Two branches, so that both can use the index on (instance_id, lower(email)).
const byEmail = `
  ((u.instance_id = '${nilUuid}' and lower(u.email) = $1) or (u.instance_id is null and lower(u.email) = $1))
  and u.aud = $2 and u.is_sso_user = false`;

// An account that somebody reaches by phone has not shown that an unconfirmed address is its own.
const addressCounts = '(email_confirmed_at is not null or phone_confirmed_at is null)';

const statements = {
  byId: `select ${userColumns} from auth.users u where u.id = $1`,
  byIdForUpdate: `select ${userColumns} from auth.users u where u.id = $1 for update of u`,
  byIdWithSession: `
    select ${userColumns}, (select row_to_json(s) from auth.sessions s where s.id = $2 and s.user_id = u.id) as session
    from auth.users u where u.id = $1`,
  byEmail: `select ${userColumns} from auth.users u where ${byEmail} limit 1`,
  byPhone: `select ${userColumns} from auth.users u where u.phone = $1 and u.aud = $2 and u.is_sso_user = false limit 1`,
  byIdentity: `
    select ${userColumns} from auth.identities i join auth.users u on u.id = i.user_id
    where i.provider = $1 and i.provider_id = $2`,
  byAddresses: `
    select ${userColumns} from auth.users u where u.aud = $2 and u.is_sso_user = false and u.id in (
      select id from auth.users where instance_id = '${nilUuid}' and lower(email) = any ($1) and ${addressCounts}
      union select id from auth.users where instance_id is null and lower(email) = any ($1) and ${addressCounts}
      union select i.user_id from auth.identities i
        where i.email = any ($1) and i.provider not like 'sso:%' and i.identity_data ->> 'email_verified' = 'true')
    limit 20`,
  byToken: `
    select ${userColumns} from auth.one_time_tokens t join auth.users u on u.id = t.user_id
    where t.token_hash = $1 and t.token_type = any ($2::auth.one_time_token_type[]) limit 1`,
  byEmailChange: `
    select ${userColumns} from auth.users u
    where u.aud = $2 and u.is_sso_user = false and coalesce(u.email_change, '') <> ''
      and (lower(u.email_change) = $1 or (${byEmail}))`,
  byPhoneChange: `select ${userColumns} from auth.users u where u.phone_change = $1 and u.aud = $2 limit 1`,
  emailTaken: `
    select exists (select from auth.users u where ${byEmail} and u.id <> $3)
      or exists (select from auth.identities i join auth.users u on u.id = i.user_id
        where i.email = $1 and i.provider not like 'sso:%' and u.aud = $2 and u.id <> $3) as taken`,
  phoneTaken: `select exists (select from auth.users u where u.phone = $1 and u.id <> $2) as taken`,
  insert: `
    insert into auth.users (instance_id, id, aud, role, email, phone, encrypted_password, raw_app_meta_data,
      raw_user_meta_data, is_anonymous, is_sso_user, invited_at, created_at, updated_at, confirmation_token,
      recovery_token, email_change_token_new, email_change, phone_change, phone_change_token,
      email_change_token_current, email_change_confirm_status, reauthentication_token)
    values ('${nilUuid}', $1, $2, '', $3, $4, $5, $6, $7, $8, $11, $9, $10, $10, '', '', '', '', '', '', '', 0, '')`,
  replaceHash: 'update auth.users set encrypted_password = $3 where id = $1 and encrypted_password = $2',
  delete: 'delete from auth.users where id = $1',
};

/** What `userColumns` select. */
export interface UserRecord {
  readonly user: Partial<UserRow>;
  readonly identities: readonly IdentityRow[];
  readonly factors: readonly FactorRow[];
}

/** A user as the rest of the room knows it. */
export function toUser({ user, identities, factors }: UserRecord): User {
  const row = user as UserRow;
  return {
    ...row,
    aud: user.aud ?? '',
    role: user.role ?? '',
    confirmation_token: user.confirmation_token ?? '',
    recovery_token: user.recovery_token ?? '',
    email_change_token_new: user.email_change_token_new ?? '',
    email_change_token_current: user.email_change_token_current ?? '',
    email_change: user.email_change ?? '',
    email_change_confirm_status: user.email_change_confirm_status ?? 0,
    phone_change: user.phone_change ?? '',
    phone_change_token: user.phone_change_token ?? '',
    reauthentication_token: user.reauthentication_token ?? '',
    raw_app_meta_data: user.raw_app_meta_data ?? {},
    raw_user_meta_data: user.raw_user_meta_data ?? {},
    identities,
    factors,
  };
}

async function first(sql: Sql, text: string, values: readonly unknown[]): Promise<User | undefined> {
  const { rows } = await sql.query<UserRecord>(text, values);
  return rows[0] && toUser(rows[0]);
}

/** A user by id. */
export const findUser = (sql: Sql, id: string): Promise<User | undefined> => first(sql, statements.byId, [id]);

/** A user by id, locked until the transaction ends. */
export const lockUser = (sql: Sql, id: string): Promise<User | undefined> => first(sql, statements.byIdForUpdate, [id]);

/**
 * A user by id together with one of its sessions, where it has that one. Every request of a signed-in user begins with
 * this, so it goes as a prepared statement in one write, which others like it may share.
 */
export async function findUserWithSession(
  db: Database,
  id: string,
  sessionId: string,
): Promise<{ user: User; session: SessionRow | undefined } | undefined> {
  const step = { text: statements.byIdWithSession, values: [id, sessionId] };
  const [result] = await db.pipeline({ role: 'auth', steps: [step], shares: true });
  const row = result?.rows[0];
  if (!row) return undefined;
  const [user, identities, factors, session] = row.map((text) => (text === null ? null : JSON.parse(text)));
  return { user: toUser({ user, identities, factors }), session: session ?? undefined };
}

/** A user by lower-cased address, within an audience; accounts from SSO are left out. */
export const findUserByEmail = (sql: Sql, email: string, aud: string): Promise<User | undefined> =>
  first(sql, statements.byEmail, [email, aud]);

/** A user by phone number (digits), within an audience. */
export const findUserByPhone = (sql: Sql, phone: string, aud: string): Promise<User | undefined> =>
  first(sql, statements.byPhone, [phone, aud]);

/** The user who signs in with an identity. @param providerId the provider's own name for the person */
export const findUserByIdentity = (sql: Sql, provider: string, providerId: string): Promise<User | undefined> =>
  first(sql, statements.byIdentity, [provider, providerId]);

/**
 * Users outside single sign-on who have one of some addresses, or an identity whose provider has checked it; twenty at
 * most, far more than there are linking domains that keep such users apart.
 */
export async function findUsersByAddresses(sql: Sql, emails: readonly string[], aud: string): Promise<User[]> {
  if (emails.length === 0) return [];
  const { rows } = await sql.query<UserRecord>(statements.byAddresses, [emails, aud]);
  return rows.map(toUser);
}

/** Names of one-time tokens as the database has them. */
export type TokenType =
  | 'confirmation_token'
  | 'reauthentication_token'
  | 'recovery_token'
  | 'email_change_token_new'
  | 'email_change_token_current'
  | 'phone_change_token';

/** The user a stored one-time token belongs to. */
export const findUserByToken = (sql: Sql, hash: string, types: readonly TokenType[]): Promise<User | undefined> =>
  first(sql, statements.byToken, [hash, types]);

/** Users with a change of address under way from or to an address. */
export async function findUsersChangingEmail(sql: Sql, email: string, aud: string): Promise<User[]> {
  const { rows } = await sql.query<UserRecord>(statements.byEmailChange, [email, aud]);
  return rows.map(toUser);
}

/** The user that wants to change to a phone number. */
export const findUserChangingPhone = (sql: Sql, phone: string, aud: string): Promise<User | undefined> =>
  first(sql, statements.byPhoneChange, [phone, aud]);

/** Whether another user has an address, or an identity with it. @param exceptId a user who may have it */
export async function isEmailTaken(sql: Sql, email: string, aud: string, exceptId = nilUuid): Promise<boolean> {
  const { rows } = await sql.query<{ taken: boolean }>(statements.emailTaken, [email, aud, exceptId]);
  return rows[0]?.taken === true;
}

/** Whether another user has a phone number. */
export async function isPhoneTaken(sql: Sql, phone: string, exceptId = nilUuid): Promise<boolean> {
  const { rows } = await sql.query<{ taken: boolean }>(statements.phoneTaken, [phone, exceptId]);
  return rows[0]?.taken === true;
}

/** What a user row is made with. */
export interface NewUser {
  readonly id: string;
  readonly aud: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly passwordHash: string | null;
  readonly appMetadata: Metadata;
  readonly userMetadata: Metadata;
  readonly isAnonymous: boolean;
  readonly isSso: boolean;
  readonly invitedAt: string | null;
}

/** Inserts a user in one statement, without role and unconfirmed: triggers of applications rely on later updates. */
export async function insertUser(sql: Sql, user: NewUser, now: string): Promise<void> {
  await sql.query(statements.insert, [
    user.id,
    user.aud,
    user.email,
    user.phone,
    user.passwordHash,
    JSON.stringify(user.appMetadata),
    JSON.stringify(user.userMetadata),
    user.isAnonymous,
    user.invitedAt,
    now,
    user.isSso,
  ]);
}

/** Columns of a user that may be written. */
export type UserChanges = Partial<Omit<UserRow, 'id' | 'created_at' | 'updated_at' | 'confirmed_at' | 'is_sso_user'>>;

/** Writes some columns of a user and `updated_at`. */
export async function updateUser(sql: Sql, id: string, changes: UserChanges, now: string): Promise<void> {
  const names = Object.keys(changes);
  const values = Object.values(changes).map((value) =>
    typeof value === 'object' && value !== null ? JSON.stringify(value) : value,
  );
  const assignments = names.map((name, index) => `${quoteIdentifier(name)} = $${index + 3}`);
  await sql.query(`update auth.users set ${['updated_at = $2', ...assignments].join(', ')} where id = $1`, [
    id,
    now,
    ...values,
  ]);
}

/** Stores a password hash in another form, unless it has been changed meanwhile. */
export async function replaceHash(sql: Sql, id: string, former: string, next: string): Promise<void> {
  await sql.query(statements.replaceHash, [id, former, next]);
}

/** Deletes a user; foreign keys take everything that belongs to it along. */
export async function deleteUser(sql: Sql, id: string): Promise<void> {
  await sql.query(statements.delete, [id]);
}

/** Which users an admin list shows. */
export interface UserPage {
  readonly aud: string;
  /** Part of an address or of `full_name`; empty is all. */
  readonly filter: string;
  readonly descending: boolean;
  readonly limit: number;
  readonly offset: number;
}

const listWhere = `
  (u.instance_id = '${nilUuid}' or u.instance_id is null) and u.aud = $1
  and ($2 = '' or u.email ilike $2 or u.raw_user_meta_data ->> 'full_name' ilike $2)`;
const listPage = (direction: 'asc' | 'desc'): string => `
  select ${userColumns} from auth.users u where ${listWhere}
  order by u.created_at ${direction}, u.id ${direction} limit $3 offset $4`;
const listCount = `select count(*)::int as total from auth.users u where ${listWhere}`;

// Users that came by SQL may have no time of their own.
const createdAt = `coalesce(u.created_at, '-infinity')`;
const listAfter = (direction: 'asc' | 'desc'): string => `
  select ${userColumns}, to_json(${createdAt}) as at from auth.users u where ${listWhere}
    and ($3::timestamptz is null or (${createdAt}, u.id) ${direction === 'asc' ? '>' : '<'} ($3::timestamptz, $4::uuid))
  order by ${createdAt} ${direction}, u.id ${direction} limit $5`;

const patternOf = (filter: string): string => (filter === '' ? '' : `%${filter.replace(/[\\%_]/g, '\\$&')}%`);

/** Users after one, and where they end if there are more. */
export async function listUsersAfter(
  sql: Sql,
  page: Omit<UserPage, 'offset'> & { readonly after: { readonly createdAt: string; readonly id: string } | undefined },
): Promise<{ users: User[]; end: { createdAt: string; id: string } | undefined }> {
  const { aud, filter, descending, limit, after } = page;
  const values = [aud, patternOf(filter), after?.createdAt ?? null, after?.id ?? null, limit + 1];
  const { rows } = await sql.query<UserRecord & { at: string }>(listAfter(descending ? 'desc' : 'asc'), values);
  const users = rows.slice(0, limit).map(toUser);
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return { users, end: last && { createdAt: last.at, id: last.user.id as string } };
}

/** A page of users with the number of all that fit. */
export async function listUsers(sql: Sql, page: UserPage): Promise<{ users: User[]; total: number }> {
  const pattern = patternOf(page.filter);
  const count = await sql.query<{ total: number }>(listCount, [page.aud, pattern]);
  const { rows } = await sql.query<UserRecord>(listPage(page.descending ? 'desc' : 'asc'), [
    page.aud,
    pattern,
    page.limit,
    page.offset,
  ]);
  return { users: rows.map(toUser), total: count.rows[0]?.total ?? 0 };
}
