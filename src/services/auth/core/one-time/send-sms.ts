import { randomUUID } from 'node:crypto';
import { authError } from '../../errors.ts';
import { putOneTimeToken } from '../../sql/one-time-tokens.ts';
import type { Sql, User } from '../../sql/rows.ts';
import { lockUser, updateUser } from '../../sql/users.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { restoring } from '../mail/letters.ts';
import { newCode } from '../one-time-code.ts';
import { isCheckedElsewhere, type PreparedText } from '../sms/deliver.ts';
import type { Channel } from '../sms/providers.ts';
import { assertPause } from './frequency.ts';

/** What a code sent to a phone is for, with the columns it is kept in. */
const purposes = {
  confirmation: { token: 'confirmation_token', sentAt: 'confirmation_sent_at' },
  phone_change: { token: 'phone_change_token', sentAt: 'phone_change_sent_at' },
  reauthentication: { token: 'reauthentication_token', sentAt: 'reauthentication_sent_at' },
} as const;

/**
 * Prepares a text message with a code.
 *
 * @param phone digits; for a change the new number
 * @throws over_sms_send_rate_limit
 */
export async function prepareText(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  found: User,
  message: { readonly phone: string; readonly purpose: keyof typeof purposes; readonly channel: Channel },
): Promise<PreparedText> {
  // Of requests at the same time the later ones have to see when the first one's message went out.
  const user = await lockUser(sql, found.id);
  if (!user) throw authError('user_not_found');
  const { phone, purpose, channel } = message;
  const { token, sentAt } = purposes[purpose];
  const now = context.clock.now();
  assertPause(user[sentAt], context.settings.smsMaxFrequency, now, 'over_sms_send_rate_limit');
  const fixed = context.sms.testCodes.of(phone, now);
  if (fixed === undefined) await context.sms.reserve(sql);
  const code = fixed ?? newCode(context.settings.smsOtpLength);
  // Where the provider makes the code, nothing that anybody could know is stored for it.
  const stored = context.codes.hash(phone, isCheckedElsewhere(context, phone) ? randomUUID() : code);
  const change = purpose === 'phone_change' ? { phone_change: phone } : {};
  await updateUser(sql, user.id, { [token]: stored, [sentAt]: nowOf(context), ...change }, nowOf(context));
  await putOneTimeToken(sql, user.id, token, stored, phone, nowOf(context));
  return {
    user,
    ip: caller.ip,
    phone,
    code,
    channel,
    kind: 'sign-in',
    undo: restoring(context, user.id, { [sentAt]: user[sentAt] }),
  };
}
