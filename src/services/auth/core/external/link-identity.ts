import { authError } from '../../errors.ts';
import type { Sql, User } from '../../sql/rows.ts';
import { findUser, findUserByIdentity, isEmailTaken, lockUser, updateUser } from '../../sql/users.ts';
import { audit } from '../audit.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { notifyUser } from '../mail/letters.ts';
import { confirmEmail } from '../user/confirm.ts';
import { refreshProviders } from '../user/create.ts';
import { candidateEmail, type Profile } from './profile.ts';
import { addIdentity } from './sign-in.ts';

/**
 * Adds an identity to the account of somebody who is signed in. Addresses may differ. An account without an address takes
 * the identity's over, but only one that the provider has checked.
 *
 * @throws identity_already_exists; user_not_found when the account has gone meanwhile
 */
export async function linkToUser(
  context: AuthContext,
  sql: Sql,
  userId: string,
  provider: string,
  profile: Profile,
  ip: string,
): Promise<User> {
  const user = await lockUser(sql, userId);
  if (!user) throw authError('user_not_found');
  const holder = await findUserByIdentity(sql, provider, profile.subject);
  if (holder)
    throw authError('identity_already_exists', {
      message: holder.id === userId ? 'Identity is already linked' : 'Identity is already linked to another user',
    });
  await addIdentity(context, sql, userId, { provider, profile });
  const traits = { provider, provider_id: profile.subject };
  await audit(context, sql, user, 'identity_linked', traits, ip);
  const linked = await refreshProviders(context, sql, userId);
  const candidate = candidateEmail(profile.emails);
  if (linked.email || !candidate?.verified || (await isEmailTaken(sql, candidate.email, linked.aud, userId)))
    return linked.is_anonymous ? becomePermanent(context, sql, linked) : linked;
  await updateUser(sql, userId, { email: candidate.email }, nowOf(context));
  await confirmEmail(context, sql, { ...linked, email: candidate.email });
  return refreshProviders(context, sql, userId);
}

async function becomePermanent(context: AuthContext, sql: Sql, user: User): Promise<User> {
  await updateUser(sql, user.id, { is_anonymous: false }, nowOf(context));
  return { ...user, is_anonymous: false };
}

/** Tells a user by mail that there is another way into their account, where settings want that; after the commit. */
export async function notifyLinked(context: AuthContext, userId: string, provider: string): Promise<void> {
  if (!context.settings.notifyIdentityLinked) return;
  const user = await findUser(context.db, userId);
  if (user) await notifyUser(context, user, 'identity_linked_notification', { Provider: provider });
}
