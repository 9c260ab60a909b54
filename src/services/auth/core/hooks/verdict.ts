import { authError } from '../../errors.ts';
import type { User } from '../../sql/rows.ts';
import { deleteSessions } from '../../sql/sessions.ts';
import type { AuthContext } from '../context.ts';

/** An attempt to prove something, about which the application may have a say. */
export interface PasswordAttempt {
  readonly user: User;
  readonly valid: boolean;
  readonly ip: string | null;
}

/**
 * Asks the application about an attempt to sign in with a password, right or wrong. It may end all sessions of the user;
 * that stays done although the answer is an error.
 *
 * @throws invalid_credentials with the application's words when it refuses; whatever else the hook says
 */
export async function judgePassword(context: AuthContext, { user, valid, ip }: PasswordAttempt): Promise<void> {
  if (context.hooks.at('password_verification_attempt') === undefined) return;
  const output = await context.hooks.ask('password_verification_attempt', { user_id: user.id, valid }, ip);
  if (output.decision !== 'reject') return;
  if (output.should_logout_user === true) await deleteSessions(context.db, user.id);
  throw authError('invalid_credentials', {
    message: textOf(output.message, 'Further password verification attempts will be rejected.'),
  });
}

const textOf = (value: unknown, standard: string): string =>
  typeof value === 'string' && value !== '' ? value : standard;
/**
 * Asks the application about an attempt to prove a second factor, right or wrong. When it refuses, all sessions of the
 * user end.
 *
 * @throws mfa_verification_rejected with the application's words; whatever else the hook says
 */
export async function judgeFactor(
  context: AuthContext,
  attempt: {
    readonly user: User;
    readonly factorId: string;
    readonly factorType: string;
    readonly valid: boolean;
    readonly ip: string | null;
  },
): Promise<void> {
  if (context.hooks.at('mfa_verification_attempt') === undefined) return;
  const { user, factorId, factorType, valid, ip } = attempt;
  const input = { user_id: user.id, factor_id: factorId, factor_type: factorType, valid };
  const output = await context.hooks.ask('mfa_verification_attempt', input, ip);
  if (output.decision !== 'reject') return;
  await deleteSessions(context.db, user.id);
  throw authError('mfa_verification_rejected', {
    message: textOf(output.message, 'Further MFA verification attempts will be rejected.'),
  });
}
