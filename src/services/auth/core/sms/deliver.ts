import { ServiceError } from '#kernel/errors';
import { authError } from '../../errors.ts';
import type { Sql, User } from '../../sql/rows.ts';
import type { AuthContext } from '../context.ts';
import { userView } from '../user-view.ts';
import type { Channel } from './providers.ts';

/** A text message that a transaction has prepared; it goes out after the commit. */
export interface PreparedText {
  readonly user: User;
  readonly ip: string | null;
  /** Digits, without plus. */
  readonly phone: string;
  readonly code: string;
  readonly channel: Channel;
  readonly kind: 'sign-in' | 'factor';
  /** Gives the user another try at once, when the message cannot be sent. */
  readonly undo?: (sql: Sql) => Promise<void>;
}

/** What a message that was never sent is answered with. */
export const testMessageId = 'test-otp';

/** Whether codes are made and checked by the provider, not here. */
export const isCheckedElsewhere = (context: AuthContext, phone: string): boolean =>
  context.sms.checksCodes &&
  context.hooks.at('send_sms') === undefined &&
  context.sms.testCodes.of(phone, context.clock.now()) === undefined;

/**
 * Sends a message: to the application's own sender where it has one, to the provider, or into the inbox.
 *
 * @returns the message's id; undefined where the application sent it
 * @throws sms_send_failed; what the hook says
 */
export async function deliver(context: AuthContext, prepared: PreparedText): Promise<string | undefined> {
  const { user, ip, phone, code, channel, kind } = prepared;
  if (context.sms.testCodes.of(phone, context.clock.now()) !== undefined) return testMessageId;
  try {
    if (context.hooks.at('send_sms') === undefined)
      return await context.sms.send({ phone, code, channel, text: context.sms.write(kind, code) });
    const sms = { otp: code, phone, ...(kind === 'factor' && { sms_type: 'mfa' }) };
    await context.hooks.ask('send_sms', { user: userView(user), sms }, ip);
    return undefined;
  } catch (error) {
    await prepared.undo?.(context.db);
    if (error instanceof ServiceError) throw error;
    throw authError('sms_send_failed', { cause: error });
  }
}
