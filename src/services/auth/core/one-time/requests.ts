import { authError, invalid } from '../../errors.ts';
import { findUserByEmail } from '../../sql/users.ts';
import { normaliseEmail } from '../addresses.ts';
import { audit } from '../audit.ts';
import type { AuthContext, Caller } from '../context.ts';
import { dispatch } from '../mail/letters.ts';
import type { CodeChallenge } from '../pkce.ts';
import { assertSignUpsAllowed, signUp } from '../sign-up.ts';
import type { CodeRequest, ResendRequest } from './forms.ts';
import { assertTurn } from './frequency.ts';
import { requestMail } from './mail-requests.ts';
import { requestPhoneCode, resendByPhone } from './phone-requests.ts';
import { prepareConfirmation, prepareRecovery } from './send.ts';

/**
 * Sends a code or link that signs somebody in; makes a user of who is unknown, where that is wanted.
 *
 * @returns the id of a text message
 */
export async function requestCode(
  context: AuthContext,
  caller: Caller,
  request: CodeRequest,
): Promise<string | undefined> {
  const { settings } = context;
  if (request.email !== '' && request.phone !== '')
    throw invalid('Only an email address or phone number should be provided');
  if (request.email === '' && request.phone === '') throw invalid('One of email or phone must be set');
  if (request.phone !== '') return requestPhoneCode(context, caller, request);
  if (!settings.emailEnabled) throw authError('email_provider_disabled');
  if (!settings.magicLinkEnabled)
    throw authError('email_provider_disabled', { message: 'Login with magic link is disabled' });
  const email = normaliseEmail(request.email);
  const user = await findUserByEmail(context.db, email, caller.aud);
  // A sign-up asks by itself, unless it sends nothing: once for each address, so that time does not tell who is known.
  if (user || (request.createUser && settings.autoconfirm)) await context.assertMailable(email, context.log);
  if (!user) {
    if (!request.createUser) {
      await assertTurn(context, context.db, 'otp', email, settings.smtpMaxFrequency);
      throw authError('otp_disabled');
    }
    await signUpForCode(context, caller, email, request);
    return undefined;
  }
  const letter = await context.db.transaction(async (sql) => {
    // An account without a confirmed address gets the mail that confirms it: the code signs it in all the same.
    if (user.email_confirmed_at === null) {
      await audit(context, sql, user, 'user_confirmation_requested');
      return prepareConfirmation(context, sql, caller, user, request.challenge);
    }
    await audit(context, sql, user, 'user_recovery_requested');
    return prepareRecovery(context, sql, caller, user, 'magic_link', request.challenge);
  });
  await dispatch(context, [letter]);
  return undefined;
}

async function signUpForCode(context: AuthContext, caller: Caller, email: string, request: CodeRequest): Promise<void> {
  assertSignUpsAllowed(context);
  const result = await signUp(context, caller, {
    email,
    phone: '',
    password: undefined,
    data: request.data,
    challenge: request.challenge,
    channel: '',
  });
  // With autoconfirm the sign-up has sent nothing, and the user waits for a mail.
  if (result.kind !== 'session') return;
  const user = await findUserByEmail(context.db, email, caller.aud);
  if (!user) return;
  const letter = await context.db.transaction((sql) =>
    prepareRecovery(context, sql, caller, user, 'magic_link', request.challenge),
  );
  await dispatch(context, [letter]);
}

/** Sends a mail for setting a new password. Unknown addresses get the same answer. */
export async function requestRecovery(
  context: AuthContext,
  caller: Caller,
  address: string,
  challenge: CodeChallenge | undefined,
): Promise<void> {
  if (address === '') throw invalid('Password recovery requires an email');
  const email = normaliseEmail(address);
  await requestMail(context, { wants: 'recovery', email, challenge, caller });
}

/** Sends a confirmation again. Whoever waits for none gets the same answer. @returns the id of a text message */
export async function resend(
  context: AuthContext,
  caller: Caller,
  request: ResendRequest,
): Promise<string | undefined> {
  const { settings } = context;
  const { type } = request;
  if (!['signup', 'email_change', 'sms', 'phone_change'].includes(type))
    throw invalid('Missing one of these types: signup, email_change, sms, phone_change');
  const byPhone = type === 'sms' || type === 'phone_change';
  if (!byPhone && request.email === '') throw invalid('Type provided requires an email address');
  if (byPhone && request.phone === '') throw invalid('Type provided requires a phone number');
  if (request.email !== '' && request.phone !== '')
    throw invalid('Only an email address or phone number should be provided');
  if (byPhone) return resendByPhone(context, caller, request);
  if (!settings.emailEnabled)
    throw authError('email_provider_disabled', { status: 400, message: 'Email logins are disabled' });
  const email = normaliseEmail(request.email);
  const wants = type === 'signup' ? 'signup' : 'email_change';
  await requestMail(context, { wants, email, challenge: request.challenge, caller });
  return undefined;
}
