import { createHash } from 'node:crypto';
import { asDatabaseError } from '#kernel/sql';
import { authError, invalid } from '../../errors.ts';
import { deleteFactors, deletePasskeys } from '../../sql/factors.ts';
import { anonymiseIdentity } from '../../sql/identities.ts';
import { clearOneTimeTokens } from '../../sql/one-time-tokens.ts';
import { type Metadata, nilUuid, type Sql, type User } from '../../sql/rows.ts';
import { deleteSessions } from '../../sql/sessions.ts';
import { deleteUser, findUser, isEmailTaken, isPhoneTaken, type UserChanges, updateUser } from '../../sql/users.ts';
import { normaliseEmail, normalisePhone } from '../addresses.ts';
import { type Actor, audit } from '../audit.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { parseGoDuration } from '../duration.ts';
import { instantAt } from '../instant.ts';
import { parsePasswordHash } from '../password-hash.ts';
import { assertFits, assertStrong } from '../password-rules.ts';
import { standInHash } from '../password-stand-in.ts';
import { confirmEmail, confirmPhone, putIdentity } from '../user/confirm.ts';
import { createUser, RivalSignUp, refreshProviders } from '../user/create.ts';
import { mergeMetadata } from '../user/metadata.ts';
import { setPassword } from '../user/password.ts';
import { isUuid } from '../uuid.ts';

/** What an admin wants a user to be. Absent texts are empty, absent objects undefined. */
export interface AdminUserRequest {
  readonly id: string;
  readonly aud: string;
  readonly role: string;
  readonly email: string;
  readonly phone: string;
  readonly password: string | undefined;
  readonly passwordHash: string;
  readonly emailConfirm: boolean;
  readonly phoneConfirm: boolean;
  readonly userMetadata: Metadata | undefined;
  readonly appMetadata: Metadata | undefined;
  readonly banDuration: string;
}

const traitsOf = (user: User): Metadata => ({
  user_id: user.id,
  user_email: user.email ?? '',
  user_phone: user.phone ?? '',
});

/** When a ban ends: null for `none`. @throws validation_failed */
function readBan(context: AuthContext, duration: string): UserChanges {
  if (duration === 'none') return { banned_until: null };
  const span = parseGoDuration(duration);
  if (span === undefined)
    throw invalid(`invalid format for ban duration: time: invalid duration ${JSON.stringify(duration)}`);
  return { banned_until: instantAt(context.clock.now() + span) };
}

function normalise(request: AdminUserRequest): AdminUserRequest {
  return {
    ...request,
    email: request.email === '' ? '' : normaliseEmail(request.email),
    phone: request.phone === '' ? '' : normalisePhone(request.phone),
  };
}

async function assertFree(sql: Sql, request: AdminUserRequest, aud: string, exceptId?: string): Promise<void> {
  if (request.email !== '' && (await isEmailTaken(sql, request.email, aud, exceptId))) throw authError('email_exists');
  if (request.phone !== '' && (await isPhoneTaken(sql, request.phone, exceptId)))
    throw authError('phone_exists', { message: 'Phone number already registered by another user' });
}

/** @returns the hash to store, or undefined when the request names neither password nor hash */
async function readPassword(context: AuthContext, request: AdminUserRequest): Promise<string | undefined> {
  const { password, passwordHash } = request;
  if (passwordHash !== '') {
    if (password) throw invalid('Only a password or a password hash should be provided');
    if (!parsePasswordHash(passwordHash))
      throw invalid('Password hash must be of bcrypt, argon2i, argon2id or Firebase scrypt, within their usual costs');
    return passwordHash;
  }
  if (!password) return undefined;
  assertFits(password);
  return context.passwords.hash(password);
}

/** Makes a user as an admin wants it. Passwords are not checked for strength here, as upstream has it. */
export async function createByAdmin(
  context: AuthContext,
  aud: string,
  actor: Actor,
  asked: AdminUserRequest,
): Promise<User> {
  if (asked.email === '' && asked.phone === '') throw invalid('Cannot create a user without either an email or phone');
  const request = normalise(asked);
  const audience = request.aud || aud;
  if (request.id !== '' && !isUuid(request.id)) throw invalid('ID must conform to the uuid v4 format');
  if (request.id === nilUuid) throw invalid('ID cannot be a nil uuid');
  const ban = request.banDuration === '' ? undefined : readBan(context, request.banDuration);
  if (request.id !== '' && (await findUser(context.db, request.id))) throw authError('user_already_exists');
  await assertFree(context.db, request, audience);
  const given = await readPassword(context, request);
  const passwordHash = given ?? standInHash();
  try {
    return await context.db.transaction((sql) => insert(context, sql, actor, request, audience, passwordHash, ban));
  } catch (error) {
    if (error instanceof RivalSignUp) throw authError(request.email === '' ? 'phone_exists' : 'email_exists');
    const cause = (error as Error).cause;
    if (asDatabaseError(cause))
      throw authError('unexpected_failure', { message: 'Database error creating new user', cause });
    throw error;
  }
}

async function insert(
  context: AuthContext,
  sql: Sql,
  actor: Actor,
  request: AdminUserRequest,
  aud: string,
  passwordHash: string,
  ban: UserChanges | undefined,
): Promise<User> {
  const user = await createUser(context, sql, {
    ...(request.id !== '' && { id: request.id }),
    aud,
    email: request.email || null,
    phone: request.phone || null,
    passwordHash,
    data: request.userMetadata ?? {},
    ...(request.appMetadata && { appMetadata: request.appMetadata }),
    ...(request.role !== '' && { role: request.role }),
    mirrorIdentity: false,
  });
  await audit(context, sql, actor, 'user_signedup', traitsOf(user));
  if (request.emailConfirm && request.email !== '') await confirmEmail(context, sql, user);
  if (request.phoneConfirm && request.phone !== '')
    await confirmPhone(context, sql, (await findUser(sql, user.id)) ?? user);
  if (ban) await updateUser(sql, user.id, ban, nowOf(context));
  return (await findUser(sql, user.id)) ?? user;
}

/** Changes a user as an admin wants it. A new password ends all of the user's sessions. */
export async function updateByAdmin(
  context: AuthContext,
  actor: Actor,
  user: User,
  asked: AdminUserRequest,
): Promise<User> {
  const request = normalise(asked);
  const ban = request.banDuration === '' ? undefined : readBan(context, request.banDuration);
  if (request.password !== undefined) await assertStrong(request.password, context);
  await assertFree(context.db, request, user.aud, user.id);
  const passwordHash = await readPassword(context, request);
  try {
    return await context.db.transaction(async (sql) => {
      if (passwordHash !== undefined) await setPassword(context, sql, user.id, passwordHash, undefined);
      await change(context, sql, user, request, ban);
      await audit(context, sql, actor, 'user_modified', traitsOf(user));
      return (await findUser(sql, user.id)) ?? user;
    });
  } catch (error) {
    if (asDatabaseError(error)) throw authError('unexpected_failure', { message: 'Error updating user', cause: error });
    throw error;
  }
}

async function change(
  context: AuthContext,
  sql: Sql,
  user: User,
  request: AdminUserRequest,
  ban: UserChanges | undefined,
): Promise<void> {
  const { email, phone, role, appMetadata, userMetadata } = request;
  const columns: UserChanges = {
    ...(role !== '' && { role }),
    ...ban,
    ...(phone !== '' && { phone }),
    ...(email !== '' && {
      email,
      // Links that confirm another address must not work on.
      email_change: '',
      email_change_token_new: '',
      email_change_token_current: '',
      email_change_confirm_status: 0,
    }),
    ...(appMetadata && { raw_app_meta_data: mergeMetadata(user.raw_app_meta_data, appMetadata) }),
    ...(userMetadata && { raw_user_meta_data: mergeMetadata(user.raw_user_meta_data, userMetadata) }),
  };
  if (Object.keys(columns).length > 0) await updateUser(sql, user.id, columns, nowOf(context));
  if (email !== '') {
    await clearOneTimeTokens(sql, user.id, ['email_change_token_new', 'email_change_token_current']);
    await putIdentity(context, sql, user, 'email', email, request.emailConfirm);
  }
  if (phone !== '') await putIdentity(context, sql, user, 'phone', phone, request.phoneConfirm);
  if (email !== '' || phone !== '') await refreshProviders(context, sql, user.id);
  const present = async (): Promise<User> => (await findUser(sql, user.id)) ?? user;
  if (request.emailConfirm) await confirmEmail(context, sql, await present());
  if (request.phoneConfirm) await confirmPhone(context, sql, await present());
}

/** Deletes a user; softly, the row stays with everything personal taken out. */
export async function deleteByAdmin(context: AuthContext, actor: Actor, user: User, softly: boolean): Promise<void> {
  await context.db.transaction(async (sql) => {
    await audit(context, sql, actor, 'user_deleted', traitsOf(user));
    if (!softly) await deleteUser(sql, user.id);
    else if (user.deleted_at === null) await erase(context, sql, user);
  });
}

async function erase(context: AuthContext, sql: Sql, user: User): Promise<void> {
  const now = nowOf(context);
  const obscured = (value: string | null): string | null =>
    value ? createHash('sha256').update(`${user.id}${value}`).digest('base64url') : value;
  await updateUser(
    sql,
    user.id,
    {
      email: obscured(user.email),
      phone: obscured(user.phone),
      email_change: obscured(user.email_change) ?? '',
      phone_change: obscured(user.phone_change) ?? '',
      encrypted_password: '',
      confirmation_token: '',
      recovery_token: '',
      email_change_token_current: '',
      email_change_token_new: '',
      phone_change_token: '',
      reauthentication_token: '',
      raw_user_meta_data: {},
      raw_app_meta_data: {},
      deleted_at: now,
    },
    now,
  );
  await clearOneTimeTokens(sql, user.id);
  for (const identity of user.identities)
    await anonymiseIdentity(sql, identity.id, obscured(identity.provider_id) ?? identity.id, now);
  await deleteFactors(sql, user.id);
  await deletePasskeys(sql, user.id);
  await deleteSessions(sql, user.id);
}
