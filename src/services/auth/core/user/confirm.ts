import { randomUUID } from 'node:crypto';
import { insertIdentity, updateIdentityData } from '../../sql/identities.ts';
import { clearOneTimeTokens } from '../../sql/one-time-tokens.ts';
import type { Sql, User } from '../../sql/rows.ts';
import { updateUser } from '../../sql/users.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { refreshProviders } from './create.ts';
import { identityData, mergeMetadata } from './metadata.ts';

/** Takes a user's email address as confirmed. An update of its own: applications have triggers on it. */
export async function confirmEmail(context: AuthContext, sql: Sql, user: User): Promise<void> {
  const now = nowOf(context);
  await updateUser(
    sql,
    user.id,
    {
      confirmation_token: '',
      email_confirmed_at: now,
      is_anonymous: false,
      raw_user_meta_data: mergeMetadata(user.raw_user_meta_data, { email_verified: true }),
    },
    now,
  );
  await clearOneTimeTokens(sql, user.id, ['confirmation_token']);
  for (const identity of user.identities)
    if (identity.email !== null && identity.email === user.email?.toLowerCase())
      await updateIdentityData(sql, identity.id, mergeMetadata(identity.identity_data, { email_verified: true }), now);
}

/** Takes a user's phone number as confirmed. */
export async function confirmPhone(context: AuthContext, sql: Sql, user: User): Promise<void> {
  const now = nowOf(context);
  await updateUser(
    sql,
    user.id,
    {
      confirmation_token: '',
      phone_confirmed_at: now,
      is_anonymous: false,
      raw_user_meta_data: mergeMetadata(user.raw_user_meta_data, { phone_verified: true }),
    },
    now,
  );
  await clearOneTimeTokens(sql, user.id, ['confirmation_token']);
  const identity = user.identities.find(({ provider }) => provider === 'phone');
  if (identity)
    await updateIdentityData(sql, identity.id, mergeMetadata(identity.identity_data, { phone_verified: true }), now);
}

/** Gives a user the identity of a confirmed or unconfirmed address, or brings the one there is in line. */
export async function putIdentity(
  context: AuthContext,
  sql: Sql,
  user: User,
  provider: 'email' | 'phone',
  address: string,
  verified: boolean,
): Promise<void> {
  const now = nowOf(context);
  const facts = provider === 'email' ? { email: address } : { phone: address };
  const mark = provider === 'email' ? { email_verified: verified } : { phone_verified: verified };
  const known = user.identities.find((identity) => identity.provider === provider);
  if (known) await updateIdentityData(sql, known.id, mergeMetadata(known.identity_data, { ...facts, ...mark }), now);
  else {
    const data = { ...identityData(user.id, facts), ...mark };
    await insertIdentity(
      sql,
      { id: randomUUID(), provider_id: user.id, user_id: user.id, identity_data: data, provider },
      now,
    );
  }
}

/** Switches a user to the address they asked for and confirmed. @returns the user read anew */
export async function finishEmailChange(context: AuthContext, sql: Sql, user: User, email: string): Promise<User> {
  const now = nowOf(context);
  const metadata = user.raw_user_meta_data;
  await updateUser(
    sql,
    user.id,
    {
      email,
      email_change: '',
      email_change_token_current: '',
      email_change_token_new: '',
      email_change_confirm_status: 0,
      email_confirmed_at: user.email_confirmed_at ?? now,
      is_anonymous: false,
      raw_user_meta_data: mergeMetadata(metadata, {
        ...(typeof metadata.email === 'string' && { email }),
        email_verified: true,
      }),
    },
    now,
  );
  await clearOneTimeTokens(sql, user.id, ['email_change_token_current', 'email_change_token_new']);
  await putIdentity(context, sql, user, 'email', email, true);
  return refreshProviders(context, sql, user.id);
}

/** Switches a user to another phone number. @returns the user read anew */
export async function finishPhoneChange(context: AuthContext, sql: Sql, user: User, phone: string): Promise<User> {
  const now = nowOf(context);
  await updateUser(
    sql,
    user.id,
    { phone, phone_change: '', phone_change_token: '', phone_confirmed_at: now, is_anonymous: false },
    now,
  );
  await clearOneTimeTokens(sql, user.id, ['phone_change_token']);
  await putIdentity(context, sql, user, 'phone', phone, true);
  return refreshProviders(context, sql, user.id);
}
