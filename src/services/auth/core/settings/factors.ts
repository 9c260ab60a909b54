import { boolean, duration, integer, list, string } from '#kernel/config';

/** Least time a challenge stays open, in milliseconds. */
const leastChallenge = 300_000;

/** Settings of second factors and passkeys. */
export const factorSettings = {
  mfaChallengeExpiry: duration({
    name: 'GOTRUE_MFA_CHALLENGE_EXPIRY_DURATION',
    default: leastChallenge,
    min: leastChallenge,
    help: 'Time in which a challenge of a second factor is answered; at least five minutes.',
  }),
  mfaFactorExpiry: duration({
    name: 'GOTRUE_MFA_FACTOR_EXPIRY_DURATION',
    default: 300_000,
    min: 1_000,
    help: 'Time after which a factor that was never verified is removed at the next enrolment.',
  }),
  mfaMaxEnrolled: integer({
    name: 'GOTRUE_MFA_MAX_ENROLLED_FACTORS',
    default: 10,
    min: 0,
    help: 'Factors of a user at most, verified or not.',
  }),
  mfaMaxVerified: integer({
    name: 'GOTRUE_MFA_MAX_VERIFIED_FACTORS',
    default: 10,
    min: 0,
    help: 'Verified factors of a user at most.',
  }),
  rateLimit_FACTOR: integer({
    name: 'GOTRUE_MFA_RATE_LIMIT_CHALLENGE_AND_VERIFY',
    default: 15,
    help: 'Challenges, and answers, of second factors of a client per minute.',
  }),
  mfaTotpEnroll: boolean({
    name: 'GOTRUE_MFA_TOTP_ENROLL_ENABLED',
    default: true,
    help: 'Let users add authenticator apps.',
  }),
  mfaTotpVerify: boolean({
    name: 'GOTRUE_MFA_TOTP_VERIFY_ENABLED',
    default: true,
    help: 'Take codes of authenticator apps.',
  }),
  mfaPhoneEnroll: boolean({
    name: 'GOTRUE_MFA_PHONE_ENROLL_ENABLED',
    default: false,
    help: 'Let users add phones as second factors.',
  }),
  mfaPhoneVerify: boolean({
    name: 'GOTRUE_MFA_PHONE_VERIFY_ENABLED',
    default: false,
    help: 'Take codes sent to such phones.',
  }),
  mfaPhoneOtpLength: integer({
    name: 'GOTRUE_MFA_PHONE_OTP_LENGTH',
    default: 6,
    help: 'Digits of such a code, 6 to 10.',
  }),
  mfaPhoneMaxFrequency: duration({
    name: 'GOTRUE_MFA_PHONE_MAX_FREQUENCY',
    default: 60_000,
    help: 'Time between two such codes to a phone.',
  }),
  mfaPhoneTemplate: string({
    name: 'GOTRUE_MFA_PHONE_TEMPLATE',
    default: 'Your code is {{ .Code }}',
    help: 'Text of such messages; a template.',
  }),
  mfaWebauthnEnroll: boolean({
    name: 'GOTRUE_MFA_WEB_AUTHN_ENROLL_ENABLED',
    original: ['GOTRUE_MFA_WEBAUTHN_ENROLL_ENABLED'],
    default: false,
    help: 'Let users add security keys (WebAuthn) as second factors.',
  }),
  mfaWebauthnVerify: boolean({
    name: 'GOTRUE_MFA_WEB_AUTHN_VERIFY_ENABLED',
    original: ['GOTRUE_MFA_WEBAUTHN_VERIFY_ENABLED'],
    default: false,
    help: 'Take security keys as second factors.',
  }),
  mfaRecoveryEnroll: boolean({
    name: 'GOTRUE_MFA_RECOVERY_CODES_ENROLL_ENABLED',
    default: false,
    help: 'Let users who have a second factor make recovery codes.',
  }),
  mfaRecoveryVerify: boolean({
    name: 'GOTRUE_MFA_RECOVERY_CODES_VERIFY_ENABLED',
    default: false,
    help: 'Take recovery codes in place of a second factor.',
  }),
  mfaRecoveryCount: integer({
    name: 'GOTRUE_MFA_RECOVERY_CODES_COUNT',
    default: 10,
    min: 4,
    max: 16,
    help: 'Codes that a user gets.',
  }),
  mfaRecoveryLength: integer({
    name: 'GOTRUE_MFA_RECOVERY_CODES_CODE_LENGTH',
    default: 16,
    min: 13,
    max: 32,
    help: 'Characters of such a code, of five bits each.',
  }),
  mfaRecoveryAttempts: integer({
    name: 'GOTRUE_MFA_RECOVERY_CODES_MAX_VERIFY_ATTEMPTS',
    default: 5,
    min: 3,
    max: 15,
    help: 'Wrong codes after which none is taken for a while.',
  }),
  mfaRecoveryLockout: duration({
    name: 'GOTRUE_MFA_RECOVERY_CODES_LOCKOUT_DURATION',
    default: 900_000,
    min: 60_000,
    max: 86_400_000,
    help: 'How long that is.',
  }),
  webauthnId: string({
    name: 'GOTRUE_WEBAUTHN_RP_ID',
    help: 'Domain that passkeys and security keys belong to; default is the host of SITE_URL.',
  }),
  webauthnName: string({
    name: 'GOTRUE_WEBAUTHN_RP_DISPLAY_NAME',
    help: 'Name browsers show beside it; default is the domain.',
  }),
  webauthnOrigins: list({
    name: 'GOTRUE_WEBAUTHN_RP_ORIGINS',
    default: [],
    help: 'Origins of pages that may use passkeys and security keys; default is the origin of SITE_URL.',
  }),
  webauthnExpiry: duration({
    name: 'GOTRUE_WEBAUTHN_CHALLENGE_EXPIRY_DURATION',
    default: 300_000,
    min: 1_000,
    help: 'Time in which a browser answers a challenge for a passkey.',
  }),
  passkeysEnabled: boolean({
    name: 'GOTRUE_PASSKEY_ENABLED',
    default: false,
    help: 'Sign-in with passkeys.',
  }),
  passkeyMax: integer({
    name: 'GOTRUE_PASSKEY_MAX_PASSKEYS_PER_USER',
    default: 10,
    min: 1,
    help: 'Passkeys of a user at most.',
  }),
};
