import { authError, invalid } from '../../errors.ts';
import type { Metadata, SessionRow, Sql, User } from '../../sql/rows.ts';
import { findUser, isEmailTaken, isPhoneTaken, lockUser, updateUser } from '../../sql/users.ts';
import { normaliseEmail, normalisePhone } from '../addresses.ts';
import { audit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { dispatch, notifyUser, type PreparedLetter } from '../mail/letters.ts';
import { prepareEmailChange } from '../one-time/send.ts';
import { prepareText } from '../one-time/send-sms.ts';
import { assertStrong } from '../password-rules.ts';
import type { CodeChallenge } from '../pkce.ts';
import { deliver, type PreparedText } from '../sms/deliver.ts';
import { hasSecondFactor } from '../user-view.ts';
import { finishEmailChange, finishPhoneChange, putIdentity } from './confirm.ts';
import { refreshProviders } from './create.ts';
import { mergeMetadata } from './metadata.ts';
import { assertNonce, isRecovery, needsNonce, setPassword } from './password.ts';
import { isPasswordOf } from './password-column.ts';

/** What a user wants changed about themselves; absent texts are empty. */
export interface UpdateRequest {
  readonly email: string;
  readonly phone: string;
  readonly password: string | undefined;
  readonly currentPassword: string;
  readonly nonce: string;
  readonly data: Metadata | undefined;
  readonly appMetadata: Metadata | undefined;
  readonly challenge: CodeChallenge | undefined;
  /** How a code gets to a phone. */
  readonly channel: string;
}

/** Who wants it: the user, the session they are in, and whether their role is an admin's. */
export interface Updater {
  readonly user: User;
  readonly session: SessionRow | undefined;
  readonly isAdmin: boolean;
}

/** Changes a user on their own behalf (GoTrue, `PUT /user`). @returns the user as it is then */
export async function updateSelf(
  context: AuthContext,
  caller: Caller,
  updater: Updater,
  asked: UpdateRequest,
): Promise<User> {
  const request = await normalise(context, asked);
  assertPermitted(updater, request);
  await assertFree(context, caller, updater.user, request);
  if (changesEmail(updater.user, request)) await context.assertMailable(request.email, context.log);
  const passwordHash = await checkNewPassword(context, updater, request);
  const { letters, text } = await context.db.transaction((sql) =>
    apply(context, sql, caller, updater, request, passwordHash),
  );
  await dispatch(context, letters);
  if (text) await deliver(context, text);
  const user = await findUser(context.db, updater.user.id);
  if (!user) throw authError('user_not_found');
  await notify(context, updater.user, user, passwordHash !== undefined);
  return user;
}

async function normalise(context: AuthContext, request: UpdateRequest): Promise<UpdateRequest> {
  const email = request.email === '' ? '' : normaliseEmail(request.email);
  const phone = request.phone === '' ? '' : normalisePhone(request.phone);
  if (request.password !== undefined) await assertStrong(request.password, context);
  return { ...request, email, phone };
}

const changesEmail = (user: User, { email }: UpdateRequest): boolean => email !== '' && email !== user.email;
const changesPhone = (user: User, { phone }: UpdateRequest): boolean => phone !== '' && phone !== user.phone;

function assertPermitted({ user, session, isAdmin }: Updater, request: UpdateRequest): void {
  if (request.appMetadata && !isAdmin)
    throw authError('not_admin', { message: 'Updating app_metadata requires admin privileges' });
  const isSensitive = Boolean(request.password) || changesEmail(user, request) || changesPhone(user, request);
  if (hasSecondFactor(user) && session?.aal !== 'aal2' && isSensitive)
    throw authError('insufficient_aal', {
      message: 'AAL2 session is required to update email or password when MFA is enabled.',
    });
  if (user.is_anonymous && request.password && request.email === '' && request.phone === '')
    throw invalid('Updating password of an anonymous user without an email or phone is not allowed', 422);
  if (user.is_sso_user && (isSensitive || request.nonce !== '')) throw authError('user_sso_managed');
}

async function assertFree(context: AuthContext, caller: Caller, user: User, request: UpdateRequest): Promise<void> {
  if (changesEmail(user, request) && (await isEmailTaken(context.db, request.email, caller.aud, user.id)))
    throw authError('email_exists');
  if (!changesPhone(user, request)) return;
  context.sms.readChannel(request.channel);
  if (await isPhoneTaken(context.db, request.phone, user.id)) throw authError('phone_exists');
}

/** @returns the hash of the new password, or undefined when there is none */
async function checkNewPassword(
  context: AuthContext,
  { user, session }: Updater,
  request: UpdateRequest,
): Promise<string | undefined> {
  const { password, currentPassword } = request;
  if (password === undefined) return undefined;
  if (needsNonce(context, session?.created_at)) await assertNonce(context, user, request.nonce);
  const hasPassword = Boolean(user.encrypted_password);
  if (hasPassword && context.settings.requireCurrentPassword && !(await isRecovery(context, session?.id))) {
    if (currentPassword === '') throw authError('current_password_required');
    if (!(await isPasswordOf(context, user, currentPassword))) throw authError('current_password_invalid');
  }
  if (hasPassword && (await isPasswordOf(context, user, password))) throw authError('same_password');
  return context.passwords.hash(password);
}

async function apply(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  { user, session }: Updater,
  request: UpdateRequest,
  passwordHash: string | undefined,
): Promise<{ letters: PreparedLetter[]; text: PreparedText | undefined }> {
  const { settings } = context;
  if (passwordHash !== undefined) {
    await setPassword(context, sql, user.id, passwordHash, session?.id);
    await audit(context, sql, user, 'user_updated_password');
  }
  let present = (await lockUser(sql, user.id)) ?? user;
  if (passwordHash !== undefined && needsEmailIdentity(context, present)) {
    await putIdentity(context, sql, present, 'email', present.email ?? '', present.email_confirmed_at !== null);
    present = await refreshProviders(context, sql, user.id);
  }
  if (request.data || request.appMetadata)
    await updateUser(
      sql,
      user.id,
      {
        ...(request.data && { raw_user_meta_data: mergeMetadata(present.raw_user_meta_data, request.data) }),
        ...(request.appMetadata && {
          raw_app_meta_data: mergeMetadata(present.raw_app_meta_data, request.appMetadata),
        }),
      },
      nowOf(context),
    );
  let letters: PreparedLetter[] = [];
  if (changesEmail(user, request)) {
    const current = (await findUser(sql, user.id)) ?? present;
    // Adding an address to an anonymous account is a sign-up; changing one always needs proof.
    if (user.is_anonymous && settings.autoconfirm) await finishEmailChange(context, sql, current, request.email);
    else letters = await prepareEmailChange(context, sql, caller, current, request.email, request.challenge);
  }
  let text: PreparedText | undefined;
  if (changesPhone(user, request)) {
    const current = (await findUser(sql, user.id)) ?? present;
    const channel = context.sms.readChannel(request.channel);
    const message = { phone: request.phone, purpose: 'phone_change', channel } as const;
    if (settings.phoneAutoconfirm) await finishPhoneChange(context, sql, current, request.phone);
    else text = await prepareText(context, sql, caller, current, message);
  }
  await audit(context, sql, user, 'user_modified');
  return { letters, text };
}

// Somebody who came from a provider and has a password now signs in by address, too.
const needsEmailIdentity = ({ settings }: AuthContext, { email, identities }: User): boolean =>
  settings.emailIdentityOnPassword && Boolean(email) && !identities.some(({ provider }) => provider === 'email');

async function notify(context: AuthContext, before: User, after: User, newPassword: boolean): Promise<void> {
  if (newPassword) await notifyUser(context, after, 'password_changed_notification');
  if (before.phone && before.phone !== after.phone)
    await notifyUser(context, after, 'phone_changed_notification', {
      Phone: after.phone ?? '',
      OldPhone: before.phone,
    });
}
