import { describe, expect, it } from 'vitest';
import { resolveSettings } from '#kernel/config';
import { mailKinds } from './core/settings/mail.ts';
import { unservedSettings } from './core/unserved.ts';
import { authSettings } from './settings.ts';

// Names of the original's settings by group; those of the listener are the gateway's.
const groups: Readonly<Record<string, string>> = {
  API: 'MAX_REQUEST_DURATION',
  DB: 'DRIVER DATABASE_URL NAMESPACE MAX_POOL_SIZE MAX_IDLE_POOL_SIZE CONN_MAX_LIFETIME CONN_MAX_IDLE_TIME CONN_PERCENTAGE HEALTH_CHECK_PERIOD MIGRATIONS_PATH CLEANUP_ENABLED',
  JWT: 'SECRET EXP AUD ISSUER KEY_ID KEYS VALID_METHODS ADMIN_ROLES DEFAULT_GROUP_NAME ADMIN_GROUP_NAME',
  PASSWORD:
    'MIN_LENGTH REQUIRED_CHARACTERS HIBP_ENABLED HIBP_FAIL_CLOSED HIBP_USER_AGENT HIBP_BLOOM_ENABLED HIBP_BLOOM_ITEMS HIBP_BLOOM_FALSE_POSITIVES',
  SECURITY:
    'REFRESH_TOKEN_ROTATION_ENABLED REFRESH_TOKEN_REUSE_INTERVAL REFRESH_TOKEN_ALLOW_REUSE REFRESH_TOKEN_ALGORITHM_VERSION REFRESH_TOKEN_UPGRADE_PERCENTAGE UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD MANUAL_LINKING_ENABLED SB_FORWARDED_FOR_ENABLED DB_ENCRYPTION_ENCRYPT DB_ENCRYPTION_ENCRYPTION_KEY_ID DB_ENCRYPTION_ENCRYPTION_KEY DB_ENCRYPTION_DECRYPTION_KEYS CAPTCHA_ENABLED CAPTCHA_PROVIDER CAPTCHA_SECRET CAPTCHA_TIMEOUT',
  SESSIONS: 'TIMEBOX INACTIVITY_TIMEOUT ALLOW_LOW_AAL SINGLE_PER_USER TAGS',
  MAILER:
    'AUTOCONFIRM ALLOW_UNVERIFIED_EMAIL_SIGN_INS SECURE_EMAIL_CHANGE_ENABLED OTP_EXP OTP_LENGTH EXTERNAL_HOSTS URLPATHS_INVITE URLPATHS_CONFIRMATION URLPATHS_RECOVERY URLPATHS_EMAIL_CHANGE EMAIL_BACKGROUND_SENDING EMAIL_VALIDATION_EXTENDED EMAIL_VALIDATION_SERVICE_URL EMAIL_VALIDATION_SERVICE_HEADERS EMAIL_VALIDATION_BLOCKED_MX TEMPLATE_MAX_SIZE TEMPLATE_MAX_AGE TEMPLATE_RETRY_INTERVAL TEMPLATE_RELOADING_ENABLED TEMPLATE_RELOADING_MAX_IDLE NOTIFICATIONS_PASSWORD_CHANGED_ENABLED NOTIFICATIONS_EMAIL_CHANGED_ENABLED NOTIFICATIONS_PHONE_CHANGED_ENABLED NOTIFICATIONS_IDENTITY_LINKED_ENABLED NOTIFICATIONS_IDENTITY_UNLINKED_ENABLED NOTIFICATIONS_MFA_FACTOR_ENROLLED_ENABLED NOTIFICATIONS_MFA_FACTOR_UNENROLLED_ENABLED',
  SMTP: 'HOST PORT USER PASS ADMIN_EMAIL SENDER_NAME MAX_FREQUENCY HEADERS LOGGING_ENABLED',
  RATE_LIMIT: 'HEADER TOKEN_REFRESH VERIFY OTP SSO WEB3 PASSKEY ANONYMOUS_USERS EMAIL_SENT',
  AUDIT_LOG: 'DISABLE_POSTGRES',
};

const known = new Set(
  Object.values(authSettings).flatMap(({ name, original = [], alone = [] }) => [name, ...original, ...alone]),
);

describe('settings of the original', () => {
  it.each(Object.entries(groups))('of group %s are known', (group, names) => {
    expect(names.split(' ').filter((name) => !known.has(`GOTRUE_${group}_${name}`))).toEqual([]);
  });

  it('of every kind of mail are known', () => {
    for (const kind of mailKinds)
      for (const part of ['SUBJECTS', 'TEMPLATES'])
        expect(known).toContain(`GOTRUE_MAILER_${part}_${kind.toUpperCase()}`);
    for (const name of ['GOTRUE_SITE_URL', 'GOTRUE_URI_ALLOW_LIST', 'GOTRUE_DISABLE_SIGNUP', 'GOTRUE_OPERATOR_TOKEN'])
      expect(known).toContain(name);
  });

  it('that ask for what is not served are named, those that ask for nothing are not', () => {
    const warned = (env: Record<string, string>) =>
      unservedSettings(resolveSettings(authSettings, { env, files: [], alone: true }).values);
    expect(warned({ GOTRUE_TRACING_ENABLED: 'false', GOTRUE_METRICS_ENABLED: '0', GOTRUE_LOG_LEVEL: 'debug' })).toEqual(
      [],
    );
    expect(warned({ GOTRUE_TRACING_ENABLED: 'true', GOTRUE_SECURITY_REFRESH_TOKEN_UPGRADE_PERCENTAGE: '5' })).toEqual([
      'GOTRUE_TRACING_ENABLED',
      'GOTRUE_SECURITY_REFRESH_TOKEN_UPGRADE_PERCENTAGE',
    ]);
  });

  it('that can have one value only are refused with another', () => {
    const problems = (env: Record<string, string>) =>
      resolveSettings(authSettings, { env, files: [], alone: true }).problems.map(({ message }) => message);
    expect(problems({ GOTRUE_DB_DRIVER: 'postgres', DB_NAMESPACE: 'auth' })).toEqual([]);
    expect(problems({ GOTRUE_DB_DRIVER: 'mysql' })).toEqual(['must be postgres; there is no other']);
    expect(problems({ DB_NAMESPACE: 'other' })).toEqual(['must be auth; no other schema is served']);
  });
});
