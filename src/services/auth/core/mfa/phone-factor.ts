import { randomUUID } from 'node:crypto';
import { authError, invalid } from '../../errors.ts';
import { closeChallenge } from '../../sql/challenges.ts';
import type { FactorRow, User } from '../../sql/rows.ts';
import { equalInConstantTime } from '../constant-time.ts';
import type { AuthContext, Caller } from '../context.ts';
import { newCode } from '../one-time-code.ts';
import type { SignedIn } from '../session/issue.ts';
import { deliver, isCheckedElsewhere } from '../sms/deliver.ts';
import type { WireObject } from '../user-view.ts';
import type { FactorHolder } from './access.ts';
import { openChallenge } from './challenge.ts';
import { answerChallenge } from './verify.ts';

/** Sends a code to the phone that is a factor. @throws over_sms_send_rate_limit; unexpected_failure when it does not go */
export async function challengePhone(
  context: AuthContext,
  caller: Caller,
  user: User,
  factor: FactorRow,
  channelName: string,
): Promise<WireObject> {
  const phone = factor.phone ?? '';
  const channel = context.sms.readChannel(channelName);
  const fixed = context.sms.testCodes.of(phone, context.clock.now());
  if (fixed === undefined) await context.sms.reserve(context.db);
  const code = fixed ?? newCode(context.settings.mfaPhoneOtpLength);
  // Where the provider makes the code, nothing that anybody could know is stored for it.
  const secret = isCheckedElsewhere(context, phone) ? randomUUID() : code;
  const { id, expires_at } = await openChallenge(context, caller, user, factor, {
    otpCode: context.codes.hash(phone, secret),
    pause: context.settings.mfaPhoneMaxFrequency,
  });
  try {
    await deliver(context, { user, ip: caller.ip, phone, code, channel, kind: 'factor' });
  } catch (error) {
    await closeChallenge(context.db, id, factor);
    throw authError('unexpected_failure', { message: 'error sending message', cause: error });
  }
  return { id, type: 'phone', expires_at };
}

/** Checks a code that was sent to a phone. */
export async function verifyPhoneFactor(
  context: AuthContext,
  caller: Caller,
  holder: FactorHolder,
  factor: FactorRow,
  answer: { readonly challengeId: string; readonly code: string },
): Promise<SignedIn> {
  const { challengeId, code } = answer;
  if (code === '') throw invalid('Code needs to be non-empty');
  const phone = factor.phone ?? '';
  const told = isCheckedElsewhere(context, phone) ? await context.sms.check(phone, code) : undefined;
  return answerChallenge(context, caller, holder, {
    factor,
    challengeId,
    failure: 'Invalid MFA Phone code entered',
    check: async (_sql, { id, otp_code }) => ({
      valid: told ?? (otp_code !== null && fitsStored(context, context.columns.open(id, otp_code).plain, phone, code)),
    }),
  });
}

// Ours are hashes; the original keeps the digits, perhaps encrypted.
function fitsStored({ codes }: AuthContext, plain: Buffer, phone: string, code: string): boolean {
  const stored = plain.toString();
  return /^\d{6,10}$/.test(stored) ? equalInConstantTime(stored, code) : codes.fits(stored, phone, code);
}
