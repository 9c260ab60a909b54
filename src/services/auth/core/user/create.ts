import { randomUUID } from 'node:crypto';
import { asDatabaseError } from '#kernel/sql';
import { authError } from '../../errors.ts';
import { insertIdentity } from '../../sql/identities.ts';
import type { Metadata, Sql, User } from '../../sql/rows.ts';
import { findUser, insertUser, updateUser } from '../../sql/users.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { identityData, mergeMetadata, withProviders } from './metadata.ts';
import { sealHash } from './password-column.ts';

/** Who is to be made. Without email and phone the user is anonymous. */
export interface Creation {
  readonly id?: string;
  readonly aud: string;
  readonly email: string | null;
  readonly phone: string | null;
  readonly passwordHash: string | null;
  /** Free-form data; it goes into the user and the identity. */
  readonly data: Metadata;
  readonly appMetadata?: Metadata;
  readonly role?: string;
  /** Where somebody comes from who signs in elsewhere; then email and phone are no identities of their own. */
  readonly external?: { readonly provider: string; readonly providerId: string; readonly data: Metadata };
  /** True: `user_metadata` becomes the identity's data, as after a sign-up by email. */
  readonly mirrorIdentity: boolean;
}

/** Raised when somebody else made the same user at the same moment. */
export class RivalSignUp extends Error {
  override readonly name = 'RivalSignUp';
}

/**
 * Makes a user, step by step as applications' triggers expect it: one INSERT, then the role, then what triggers made of
 * the row is read back, then identities. Nothing is confirmed here.
 *
 * @throws RivalSignUp when the address was taken in the meantime; unexpected_failure when a trigger raises
 */
export async function createUser(context: AuthContext, sql: Sql, creation: Creation): Promise<User> {
  try {
    return await create(context, sql, creation);
  } catch (error) {
    const database = asDatabaseError(error);
    if (!database) throw error;
    if (database.code === '23505' && ['users_email_partial_key', 'users_phone_key'].includes(database.constraint ?? ''))
      throw new RivalSignUp('the address was taken', { cause: error });
    // A value too long or a character PostgreSQL cannot hold is the client's mistake.
    if (database.code.startsWith('22')) throw error;
    throw authError('unexpected_failure', { message: 'Database error saving new user', cause: error });
  }
}

async function create(context: AuthContext, sql: Sql, creation: Creation): Promise<User> {
  const { email, phone, data } = creation;
  const id = creation.id ?? randomUUID();
  const now = nowOf(context);
  const { external } = creation;
  const providers = external
    ? [external.provider]
    : [...(email === null ? [] : ['email']), ...(phone === null ? [] : ['phone'])];
  const isAnonymous = providers.length === 0;
  const appMetadata = mergeMetadata(
    isAnonymous ? {} : { provider: providers[0], providers },
    creation.appMetadata ?? {},
  );
  await insertUser(
    sql,
    {
      id,
      aud: creation.aud,
      email,
      phone,
      passwordHash: creation.passwordHash === null ? null : sealHash(context.columns, id, creation.passwordHash),
      appMetadata,
      userMetadata: data,
      isAnonymous,
      isSso: external?.provider.startsWith('sso:') ?? false,
      invitedAt: null,
    },
    now,
  );
  await updateUser(sql, id, { role: creation.role ?? context.settings.jwtDefaultRole }, now);
  const made = await findUser(sql, id);
  if (!made) throw authError('unexpected_failure', { message: 'Database error saving new user' });
  if (external) {
    const { provider, providerId, data: own } = external;
    const row = { id: randomUUID(), provider_id: providerId, user_id: id, identity_data: own, provider };
    await insertIdentity(sql, row, now);
    return (await findUser(sql, id)) ?? made;
  }
  for (const provider of providers) {
    const facts = provider === 'email' ? { email: email as string } : { phone: phone as string };
    const own = identityData(id, facts, creation.mirrorIdentity ? data : {});
    await insertIdentity(sql, { id: randomUUID(), provider_id: id, user_id: id, identity_data: own, provider }, now);
    if (creation.mirrorIdentity && provider === 'email')
      await updateUser(sql, id, { raw_user_meta_data: mergeMetadata(made.raw_user_meta_data, own) }, now);
  }
  return (await findUser(sql, id)) ?? made;
}

/** Brings `app_metadata.providers` in line with the identities. @returns the user read anew */
export async function refreshProviders(context: AuthContext, sql: Sql, userId: string): Promise<User> {
  const user = await findUser(sql, userId);
  if (!user) throw authError('user_not_found');
  const appMetadata = withProviders(user.raw_app_meta_data, user.identities);
  await updateUser(sql, userId, { raw_app_meta_data: appMetadata }, nowOf(context));
  return { ...user, raw_app_meta_data: appMetadata };
}
