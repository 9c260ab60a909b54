import { authError, invalid } from '../../errors.ts';
import type { FactorRow, SessionRow, User } from '../../sql/rows.ts';
import type { AuthContext } from '../context.ts';

/** Who uses second factors: the user, and the session they are in. */
export interface FactorHolder {
  readonly user: User;
  readonly session: SessionRow | undefined;
}

/** A kind of factor that is enrolled and challenged in the common way; recovery codes have their own. */
export type ChallengedType = Exclude<FactorRow['factor_type'], 'recovery_code'>;

/** @throws mfa_totp_enroll_not_enabled, mfa_phone_enroll_not_enabled, mfa_webauthn_enroll_not_enabled */
export function assertMayEnroll({ settings }: AuthContext, type: ChallengedType): void {
  const enabled = {
    totp: settings.mfaTotpEnroll,
    phone: settings.mfaPhoneEnroll,
    webauthn: settings.mfaWebauthnEnroll,
  };
  if (!enabled[type]) throw authError(`mfa_${type}_enroll_not_enabled`);
}

/** Whether settings let factors of a kind prove themselves. */
export function mayVerify({ settings }: AuthContext, type: FactorRow['factor_type']): boolean {
  const enabled = {
    totp: settings.mfaTotpVerify,
    phone: settings.mfaPhoneVerify,
    webauthn: settings.mfaWebauthnVerify,
    recovery_code: settings.mfaRecoveryVerify,
  };
  return enabled[type];
}

/** @throws mfa_totp_verify_not_enabled, mfa_phone_verify_not_enabled, mfa_webauthn_verify_not_enabled */
export function assertMayVerify(context: AuthContext, type: ChallengedType): void {
  if (!mayVerify(context, type)) throw authError(`mfa_${type}_verify_not_enabled`);
}

/** @throws validation_failed for recovery codes, which are verified in their own way */
export function assertChallenged(type: FactorRow['factor_type']): asserts type is ChallengedType {
  if (type === 'recovery_code') throw invalid('Recovery codes are verified by POST /factors/recovery-codes/verify');
}
