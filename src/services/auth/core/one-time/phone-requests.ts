import { authError, invalid } from '../../errors.ts';
import type { User } from '../../sql/rows.ts';
import { findUserByPhone, findUserChangingPhone } from '../../sql/users.ts';
import { normalisePhone } from '../addresses.ts';
import { audit } from '../audit.ts';
import type { AuthContext, Caller } from '../context.ts';
import { assertSignUpsAllowed, signUp } from '../sign-up.ts';
import { deliver } from '../sms/deliver.ts';
import type { Channel } from '../sms/providers.ts';
import type { CodeRequest, ResendRequest } from './forms.ts';
import { assertTurn } from './frequency.ts';
import { prepareText } from './send-sms.ts';

/** Sends a code to a phone; makes a user of who is unknown, where that is wanted. @returns the message's id */
export async function requestPhoneCode(
  context: AuthContext,
  caller: Caller,
  request: CodeRequest,
): Promise<string | undefined> {
  const { settings } = context;
  if (!settings.phoneEnabled)
    throw authError('phone_provider_disabled', { status: 400, message: 'Unsupported phone provider' });
  if (request.challenge) throw invalid('PKCE not supported for phone signups');
  const phone = normalisePhone(request.phone);
  const channel = context.sms.readChannel(request.channel);
  const user = await findUserByPhone(context.db, phone, caller.aud);
  if (user) return sendCode(context, caller, user, phone, channel);
  if (!request.createUser) {
    await assertTurn(context, context.db, 'otp', phone, settings.smsMaxFrequency, 'over_sms_send_rate_limit');
    throw authError('otp_disabled');
  }
  assertSignUpsAllowed(context);
  const result = await signUp(context, caller, {
    email: '',
    phone,
    password: undefined,
    data: request.data,
    challenge: undefined,
    channel,
  });
  if (result.kind === 'user') return result.messageId;
  // With autoconfirm the sign-up has sent nothing, and the user waits for a message.
  const made = await findUserByPhone(context.db, phone, caller.aud);
  return made && sendCode(context, caller, made, phone, channel);
}

async function sendCode(
  context: AuthContext,
  caller: Caller,
  user: User,
  phone: string,
  channel: Channel,
): Promise<string | undefined> {
  const text = await context.db.transaction(async (sql) => {
    await audit(context, sql, user, 'user_recovery_requested', { channel });
    return prepareText(context, sql, caller, user, { phone, purpose: 'confirmation', channel });
  });
  return deliver(context, text);
}

/** Sends a code to a phone again. Whoever waits for none gets the same answer. @returns the message's id */
export async function resendByPhone(
  context: AuthContext,
  caller: Caller,
  request: ResendRequest,
): Promise<string | undefined> {
  const { settings } = context;
  if (!settings.phoneEnabled)
    throw authError('phone_provider_disabled', { status: 400, message: 'Phone logins are disabled' });
  const phone = normalisePhone(request.phone);
  const isChange = request.type === 'phone_change';
  const found = isChange
    ? await findUserChangingPhone(context.db, phone, caller.aud)
    : await findUserByPhone(context.db, phone, caller.aud);
  const isPending = isChange || found?.phone_confirmed_at === null;
  if (!found || !isPending) {
    const kind = `resend ${request.type}`;
    await assertTurn(context, context.db, kind, phone, settings.smsMaxFrequency, 'over_sms_send_rate_limit');
    return undefined;
  }
  const text = await context.db.transaction(async (sql) => {
    await audit(context, sql, found, isChange ? 'user_modified' : 'user_recovery_requested');
    const purpose = isChange ? 'phone_change' : 'confirmation';
    return prepareText(context, sql, caller, found, { phone, purpose, channel: 'sms' });
  });
  return deliver(context, text);
}
