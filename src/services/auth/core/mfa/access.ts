import { authError } from '../../errors.ts';
import type { FactorRow, SessionRow, User } from '../../sql/rows.ts';
import type { AuthContext } from '../context.ts';

/** Who uses second factors: the user, and the session they are in. */
export interface FactorHolder {
  readonly user: User;
  readonly session: SessionRow | undefined;
}

/** @throws mfa_totp_enroll_not_enabled, mfa_phone_enroll_not_enabled, mfa_webauthn_enroll_not_enabled */
export function assertMayEnroll({ settings }: AuthContext, type: FactorRow['factor_type']): void {
  if (type === 'totp' && !settings.mfaTotpEnroll) throw authError('mfa_totp_enroll_not_enabled');
  if (type === 'phone' && !settings.mfaPhoneEnroll) throw authError('mfa_phone_enroll_not_enabled');
  if (type === 'webauthn' && !settings.mfaWebauthnEnroll) throw authError('mfa_webauthn_enroll_not_enabled');
}

/** @throws mfa_totp_verify_not_enabled, mfa_phone_verify_not_enabled, mfa_webauthn_verify_not_enabled */
export function assertMayVerify({ settings }: AuthContext, type: FactorRow['factor_type']): void {
  if (type === 'totp' && !settings.mfaTotpVerify) throw authError('mfa_totp_verify_not_enabled');
  if (type === 'phone' && !settings.mfaPhoneVerify) throw authError('mfa_phone_verify_not_enabled');
  if (type === 'webauthn' && !settings.mfaWebauthnVerify) throw authError('mfa_webauthn_verify_not_enabled');
}
