import { authError } from '../../errors.ts';
import type { PasskeyRow } from '../../sql/passkeys.ts';
import type { AuthContext } from '../context.ts';
import { wireTime } from '../instant.ts';
import type { FactorHolder } from '../mfa/access.ts';
import { hasSecondFactor, type WireObject } from '../user-view.ts';

/** @throws passkey_disabled */
export function assertPasskeys({ settings }: AuthContext): void {
  if (!settings.passkeysEnabled) throw authError('passkey_disabled');
}

/**
 * Whether somebody may change their passkeys: not with an account that a company manages, and with a second factor only
 * in a session that was proved by it.
 *
 * @throws passkey_disabled, user_sso_managed, insufficient_aal
 */
export function assertMayManage(context: AuthContext, { user, session }: FactorHolder): void {
  assertPasskeys(context);
  if (user.is_sso_user) throw authError('user_sso_managed', { message: 'Passkeys are not available for SSO users' });
  if (hasSecondFactor(user) && session?.aal !== 'aal2')
    throw authError('insufficient_aal', { status: 403, message: 'AAL2 session is required to manage passkeys' });
}

/** A passkey as clients see it. */
export const passkeyView = ({ id, friendly_name, created_at, last_used_at }: PasskeyRow): WireObject => ({
  id,
  friendly_name,
  created_at: wireTime(created_at),
  ...(last_used_at !== null && { last_used_at: wireTime(last_used_at) }),
});
