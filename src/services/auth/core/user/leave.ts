import { authError, invalid } from '../../errors.ts';
import { deleteIdentity } from '../../sql/identities.ts';
import type { SessionRow, Sql, User } from '../../sql/rows.ts';
import { deleteOtherSessions, deleteSession, deleteSessions } from '../../sql/sessions.ts';
import { isEmailTaken, type UserChanges, updateUser } from '../../sql/users.ts';
import { audit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { dispatch, notifyUser } from '../mail/letters.ts';
import { prepareReauthentication } from '../one-time/send.ts';
import { prepareText } from '../one-time/send-sms.ts';
import { deliver } from '../sms/deliver.ts';
import { refreshProviders } from './create.ts';

/** Ends sessions: all of a user's (`global`), this one (`local`), or all but this one (`others`). */
export async function signOut(
  context: AuthContext,
  user: User,
  session: SessionRow | undefined,
  scope: string,
): Promise<void> {
  if (!['global', 'local', 'others'].includes(scope)) throw invalid(`Unsupported logout scope "${scope}"`);
  await context.db.transaction(async (sql) => {
    await audit(context, sql, user, 'logout');
    // A token without a session cannot say which one it means.
    if (!session || scope === 'global') await deleteSessions(sql, user.id);
    else if (scope === 'local') await deleteSession(sql, session.id);
    else await deleteOtherSessions(sql, user.id, session.id);
  });
}

/** Sends the nonce for changing a password, by mail or else to a phone. @returns the id of a text message */
export async function requestNonce(context: AuthContext, caller: Caller, user: User): Promise<string | undefined> {
  if (!user.email && !user.phone)
    throw invalid('Reauthentication requires the user to have an email or a phone number');
  if (user.email) {
    if (user.email_confirmed_at === null)
      throw authError('email_not_confirmed', { status: 422, message: 'Please verify your email first.' });
  } else if (user.phone_confirmed_at === null)
    throw authError('phone_not_confirmed', { status: 422, message: 'Please verify your phone first.' });
  const { letter, text } = await context.db.transaction(async (sql) => {
    await audit(context, sql, user, 'user_reauthenticate_requested');
    if (user.email) return { letter: await prepareReauthentication(context, sql, caller, user) };
    const message = { phone: user.phone ?? '', purpose: 'reauthentication', channel: 'sms' } as const;
    return { text: await prepareText(context, sql, caller, user, message) };
  });
  await dispatch(context, [letter]);
  return text && deliver(context, text);
}

/** Takes a way to sign in away from a user; one has to remain. @param identityId the row's id */
export async function unlinkIdentity(context: AuthContext, user: User, identityId: string, ip: string): Promise<void> {
  const identity = user.identities.find(({ id }) => id === identityId);
  if (user.identities.length <= 1) throw authError('single_identity_not_deletable');
  if (!identity) throw authError('identity_not_found');
  const rest = user.identities.filter(({ id }) => id !== identityId);
  await context.db.transaction(async (sql) => {
    await audit(
      context,
      sql,
      user,
      'identity_unlinked',
      { identity_id: identity.id, provider: identity.provider, provider_id: identity.provider_id },
      ip,
    );
    await deleteIdentity(sql, identity.id, user.id);
    const changes = await changesAfterUnlink(sql, rest);
    if (changes) await updateUser(sql, user.id, changes, nowOf(context));
    await refreshProviders(context, sql, user.id);
  });
  await notifyUser(context, user, 'identity_unlinked_notification', { Provider: identity.provider });

  async function changesAfterUnlink(sql: Sql, remaining: User['identities']): Promise<UserChanges | undefined> {
    if (identity?.provider === 'phone') return { phone: null, phone_confirmed_at: null };
    if (!user.email || remaining.some(({ email }) => email === user.email?.toLowerCase())) return undefined;
    const successor = remaining.find(
      ({ email, identity_data }) => email !== null && identity_data.email_verified === true,
    );
    if (!successor?.email) return { email: null, email_confirmed_at: null };
    if (await isEmailTaken(sql, successor.email, user.aud, user.id))
      throw authError('email_conflict_identity_not_deletable');
    return { email: successor.email };
  }
}
