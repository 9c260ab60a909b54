import {
  boolean,
  bytes,
  duration,
  integer,
  json,
  list,
  oneOf,
  type Setting,
  type SettingsOf,
  string,
  url,
} from '#kernel/config';

/** Social providers upstream knows, as they stand in setting names. None of them is served yet. */
export const externalProviders = [
  'apple',
  'azure',
  'bitbucket',
  'discord',
  'facebook',
  'figma',
  'fly',
  'github',
  'gitlab',
  'google',
  'kakao',
  'keycloak',
  'linkedin',
  'linkedin_oidc',
  'notion',
  'slack',
  'slack_oidc',
  'snapchat',
  'spotify',
  'twitch',
  'twitter',
  'vercel_marketplace',
  'workos',
  'x',
  'zoom',
] as const;

/** Kinds of mail with a subject and a template of their own. */
export const mailKinds = [
  'invite',
  'confirmation',
  'recovery',
  'magic_link',
  'email_change',
  'reauthentication',
  'password_changed_notification',
  'email_changed_notification',
  'phone_changed_notification',
] as const;

/** A kind of mail. */
export type MailKind = (typeof mailKinds)[number];

const hooks = [
  'custom_access_token',
  'send_email',
  'send_sms',
  'mfa_verification_attempt',
  'password_verification_attempt',
  'before_user_created',
  'after_user_created',
] as const;

type Family<Prefix extends string, Name extends string, T> = { readonly [K in `${Prefix}${Name}`]: Setting<T> };

function family<const P extends string, const N extends string, T>(
  prefix: P,
  names: readonly N[],
  make: (name: N) => Setting<T>,
): Family<P, N, T> {
  return Object.fromEntries(names.map((name) => [`${prefix}${name}`, make(name)])) as Family<P, N, T>;
}

const notServed = 'Not served by this release; a warning at start says so.';

function jwkArray(value: unknown): readonly Record<string, unknown>[] {
  if (!Array.isArray(value)) throw new Error('must be a JSON array of keys');
  return value as readonly Record<string, unknown>[];
}

function headerMap(value: unknown): Readonly<Record<string, readonly string[]>> {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap || !Object.values(value).every((v) => Array.isArray(v) && v.every((item) => typeof item === 'string')))
    throw new Error('must be a JSON object whose values are arrays of text');
  return value as Readonly<Record<string, readonly string[]>>;
}

/** The auth room's settings. `GOTRUE_*` names are the original service's own. */
export const authSettings = {
  databaseUrl: string({
    name: 'GOTRUE_DB_DATABASE_URL',
    alone: ['DATABASE_URL'],
    secret: true,
    help: 'postgres:// URL of the database; default is the database of this stack.',
  }),
  poolSize: integer({
    name: 'STACK_AUTH_DB_POOL_SIZE',
    original: ['GOTRUE_DB_MAX_POOL_SIZE'],
    default: 10,
    min: 1,
    max: 1_000,
    help: 'Database connections of auth at most.',
  }),
  poolQueue: integer({
    name: 'STACK_AUTH_DB_QUEUE',
    default: 1_000,
    min: 0,
    help: 'Requests that may wait for a database connection; the next is answered 503.',
  }),
  cleanup: boolean({
    name: 'GOTRUE_DB_CLEANUP_ENABLED',
    default: false,
    help: 'Remove rows that have outlived their use, a few after each write.',
  }),
  externalUrl: url({
    name: 'API_EXTERNAL_URL',
    protocols: ['http', 'https'],
    help: 'Base URL of links in mails, with or without /auth/v1; default is the address of the gateway.',
  }),
  siteUrl: string({
    name: 'SITE_URL',
    original: ['GOTRUE_SITE_URL'],
    aliases: ['SUPABASE_SITE_URL'],
    default: 'http://localhost:3000',
    help: 'Where users go after sign-in when a request names no allowed address.',
  }),
  uriAllowList: list({
    name: 'ADDITIONAL_REDIRECT_URLS',
    original: ['GOTRUE_URI_ALLOW_LIST'],
    aliases: ['SUPABASE_URI_ALLOW_LIST'],
    default: [],
    help: 'Other addresses users may be sent to; globs in which . and / separate parts.',
  }),
  disableSignup: boolean({
    name: 'DISABLE_SIGNUP',
    original: ['GOTRUE_DISABLE_SIGNUP'],
    default: false,
    help: 'Refuse new accounts.',
  }),
  requestDeadline: duration({
    name: 'GOTRUE_API_MAX_REQUEST_DURATION',
    default: 10_000,
    min: 100,
    help: 'Time a request may take; 504 afterwards.',
  }),
  requestIdHeader: string({
    name: 'STACK_AUTH_REQUEST_ID_HEADER',
    alone: ['REQUEST_ID_HEADER'],
    help: 'Header that names a request; only on the own port of auth.',
  }),
  bodyLimit: bytes({
    name: 'STACK_AUTH_MAX_BODY_SIZE',
    default: 1_048_576,
    min: 1_024,
    help: 'Bytes of a body at most.',
  }),
  maxPageSize: integer({
    name: 'STACK_AUTH_MAX_PAGE_SIZE',
    default: 10_000,
    min: 1,
    help: 'Rows of an admin list at most, whatever per_page asks for.',
  }),
  corsAllowedHeaders: list({
    name: 'GOTRUE_CORS_ALLOWED_HEADERS',
    default: [],
    help: 'Request headers browsers may send besides the usual ones; only on the own port of auth.',
  }),

  jwtSecret: string({
    name: 'JWT_SECRET',
    original: ['GOTRUE_JWT_SECRET'],
    aliases: ['SUPABASE_JWT_SECRET'],
    secret: true,
    help: 'Shared secret of all tokens (HS256), at least 32 characters.',
  }),
  jwtExpiry: integer({
    name: 'JWT_EXPIRY',
    original: ['GOTRUE_JWT_EXP'],
    aliases: ['SUPABASE_JWT_EXP'],
    default: 3_600,
    min: 1,
    help: 'Lifetime of access tokens in seconds.',
  }),
  jwtAudience: string({
    name: 'GOTRUE_JWT_AUD',
    default: 'authenticated',
    help: 'Audience of users and tokens when a request names none.',
  }),
  jwtIssuer: string({
    name: 'JWT_ISSUER',
    original: ['GOTRUE_JWT_ISSUER'],
    help: 'Claim iss of access tokens; left out when unset.',
  }),
  jwtKeyId: string({ name: 'GOTRUE_JWT_KEY_ID', help: 'Header kid of tokens signed with JWT_SECRET.' }),
  jwtKeys: json({
    name: 'JWT_KEYS',
    original: ['GOTRUE_JWT_KEYS'],
    secret: true,
    check: jwkArray,
    help: 'JSON array of private keys (JWK); the one with sign in key_ops signs.',
  }),
  jwtValidMethods: list({
    name: 'GOTRUE_JWT_VALID_METHODS',
    default: [],
    help: 'Algorithms accepted in tokens; default is those of the configured keys.',
  }),
  jwtAdminRoles: list({
    name: 'GOTRUE_JWT_ADMIN_ROLES',
    default: ['service_role', 'supabase_admin'],
    help: 'Token roles that may use admin endpoints.',
  }),
  jwtDefaultRole: string({
    name: 'GOTRUE_JWT_DEFAULT_GROUP_NAME',
    default: 'authenticated',
    help: 'Role given to new users.',
  }),
  jwtCacheEntries: integer({
    name: 'STACK_AUTH_JWT_CACHE_ENTRIES',
    default: 10_000,
    min: 0,
    help: 'Verified tokens remembered.',
  }),

  passwordMinLength: integer({
    name: 'GOTRUE_PASSWORD_MIN_LENGTH',
    default: 6,
    min: 6,
    max: 72,
    help: 'Characters a password needs.',
  }),
  passwordRequiredCharacters: string({
    name: 'GOTRUE_PASSWORD_REQUIRED_CHARACTERS',
    help: 'Sets of characters divided by colons (\\: is a colon); a password needs one of each set.',
  }),
  passwordConcurrency: integer({
    name: 'STACK_AUTH_PASSWORD_CONCURRENCY',
    default: 0,
    min: 0,
    max: 128,
    help: 'Password hashes computed at a time; 0 is one less than there are processors.',
  }),
  passwordQueue: integer({
    name: 'STACK_AUTH_PASSWORD_QUEUE',
    default: 100,
    min: 0,
    help: 'Password hashes that may wait; the next request is answered 429.',
  }),

  refreshRotation: boolean({
    name: 'GOTRUE_SECURITY_REFRESH_TOKEN_ROTATION_ENABLED',
    default: true,
    help: 'Revoke the whole family when a used refresh token comes back.',
  }),
  refreshReuseInterval: integer({
    name: 'GOTRUE_SECURITY_REFRESH_TOKEN_REUSE_INTERVAL',
    default: 0,
    min: 0,
    help: 'Seconds in which a used refresh token is good for another one.',
  }),
  reauthenticatePassword: boolean({
    name: 'GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION',
    default: false,
    help: 'Changing a password in a session older than a day needs a code sent by mail.',
  }),
  requireCurrentPassword: boolean({
    name: 'GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD',
    default: false,
    help: 'Changing a password needs the present one.',
  }),
  manualLinking: boolean({
    name: 'GOTRUE_SECURITY_MANUAL_LINKING_ENABLED',
    default: false,
    help: 'Let users unlink identities themselves.',
  }),
  sbForwardedFor: boolean({
    name: 'GOTRUE_SECURITY_SB_FORWARDED_FOR_ENABLED',
    default: false,
    help: 'Take the client address from Sb-Forwarded-For.',
  }),
  sessionTimebox: duration({
    name: 'GOTRUE_SESSIONS_TIMEBOX',
    min: 1,
    help: 'Lifetime of a session, however active it is.',
  }),
  sessionInactivity: duration({
    name: 'GOTRUE_SESSIONS_INACTIVITY_TIMEOUT',
    min: 1,
    help: 'Time after which an unused session ends.',
  }),
  sessionSinglePerUser: boolean({
    name: 'GOTRUE_SESSIONS_SINGLE_PER_USER',
    default: false,
    help: 'Only the session refreshed last stays valid.',
  }),
  sessionTags: list({ name: 'GOTRUE_SESSIONS_TAGS', default: [], help: 'Session tags that are told apart.' }),
  sessionLowAal: duration({
    name: 'GOTRUE_SESSIONS_ALLOW_LOW_AAL',
    min: 1,
    help: 'Time a user with a second factor may stay signed in without it.',
  }),

  emailEnabled: boolean({
    name: 'ENABLE_EMAIL_SIGNUP',
    original: ['GOTRUE_EXTERNAL_EMAIL_ENABLED'],
    default: true,
    help: 'Sign-up and sign-in by email.',
  }),
  magicLinkEnabled: boolean({
    name: 'GOTRUE_EXTERNAL_EMAIL_MAGIC_LINK_ENABLED',
    default: true,
    help: 'Sign-in by a link or code sent by mail.',
  }),
  authorizedAddresses: list({
    name: 'GOTRUE_EXTERNAL_EMAIL_AUTHORIZED_ADDRESSES',
    default: [],
    help: 'Addresses mail may be sent to; unset is all.',
  }),
  phoneEnabled: boolean({
    name: 'ENABLE_PHONE_SIGNUP',
    original: ['GOTRUE_EXTERNAL_PHONE_ENABLED'],
    default: false,
    help: 'Sign-up and sign-in by phone number and password.',
  }),
  phoneAutoconfirm: boolean({
    name: 'ENABLE_PHONE_AUTOCONFIRM',
    original: ['GOTRUE_SMS_AUTOCONFIRM'],
    default: false,
    help: 'Take phone numbers as confirmed.',
  }),
  smsProvider: string({
    name: 'SMS_PROVIDER',
    original: ['GOTRUE_SMS_PROVIDER'],
    help: `Sends text messages. ${notServed}`,
  }),
  anonymousEnabled: boolean({
    name: 'ENABLE_ANONYMOUS_USERS',
    original: ['GOTRUE_EXTERNAL_ANONYMOUS_USERS_ENABLED'],
    default: false,
    help: 'Sign-up without an address.',
  }),
  flowStateExpiry: duration({
    name: 'GOTRUE_EXTERNAL_FLOW_STATE_EXPIRY_DURATION',
    default: 300_000,
    help: 'Time in which an authorization code is exchanged; at least five minutes.',
  }),

  autoconfirm: boolean({
    name: 'ENABLE_EMAIL_AUTOCONFIRM',
    original: ['GOTRUE_MAILER_AUTOCONFIRM'],
    default: false,
    help: 'Take email addresses as confirmed at sign-up.',
  }),
  allowUnverifiedEmail: boolean({
    name: 'GOTRUE_MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS',
    default: false,
    help: 'Let unconfirmed accounts sign in.',
  }),
  secureEmailChange: boolean({
    name: 'GOTRUE_MAILER_SECURE_EMAIL_CHANGE_ENABLED',
    default: true,
    help: 'A change of address needs confirmation from both addresses.',
  }),
  otpExpiry: duration({
    name: 'GOTRUE_MAILER_OTP_EXP',
    default: 86_400_000,
    min: 1_000,
    help: 'Time in which a link or code from a mail works.',
  }),
  otpAttempts: integer({
    name: 'STACK_AUTH_OTP_ATTEMPTS',
    default: 10,
    min: 1,
    help: 'Wrong codes after which the right one is void.',
  }),
  otpLength: integer({ name: 'GOTRUE_MAILER_OTP_LENGTH', default: 6, help: 'Digits of a code, 6 to 10.' }),
  externalHosts: list({
    name: 'GOTRUE_MAILER_EXTERNAL_HOSTS',
    default: [],
    help: 'Hosts that links in mails may name when a request came to them.',
  }),
  pathInvite: string({
    name: 'MAILER_URLPATHS_INVITE',
    original: ['GOTRUE_MAILER_URLPATHS_INVITE'],
    default: '/auth/v1/verify',
    help: 'Path of links in invitations.',
  }),
  pathConfirmation: string({
    name: 'MAILER_URLPATHS_CONFIRMATION',
    original: ['GOTRUE_MAILER_URLPATHS_CONFIRMATION'],
    default: '/auth/v1/verify',
    help: 'Path of links that confirm an address.',
  }),
  pathRecovery: string({
    name: 'MAILER_URLPATHS_RECOVERY',
    original: ['GOTRUE_MAILER_URLPATHS_RECOVERY'],
    default: '/auth/v1/verify',
    help: 'Path of recovery and sign-in links.',
  }),
  pathEmailChange: string({
    name: 'MAILER_URLPATHS_EMAIL_CHANGE',
    original: ['GOTRUE_MAILER_URLPATHS_EMAIL_CHANGE'],
    default: '/auth/v1/verify',
    help: 'Path of links that confirm a change of address.',
  }),
  ...family('subject_', mailKinds, (kind) =>
    string({ name: `GOTRUE_MAILER_SUBJECTS_${kind.toUpperCase()}`, help: `Subject of ${kind} mails; a template.` }),
  ),
  ...family('template_', mailKinds, (kind) =>
    string({
      name: `GOTRUE_MAILER_TEMPLATES_${kind.toUpperCase()}`,
      help: `URL of a template for ${kind} mails. ${notServed}`,
    }),
  ),
  notifyPasswordChanged: boolean({
    name: 'GOTRUE_MAILER_NOTIFICATIONS_PASSWORD_CHANGED_ENABLED',
    default: false,
    help: 'Tell users that their password was changed.',
  }),
  notifyEmailChanged: boolean({
    name: 'GOTRUE_MAILER_NOTIFICATIONS_EMAIL_CHANGED_ENABLED',
    default: false,
    help: 'Tell users that their address was changed.',
  }),
  notifyPhoneChanged: boolean({
    name: 'GOTRUE_MAILER_NOTIFICATIONS_PHONE_CHANGED_ENABLED',
    default: false,
    help: 'Tell users that their phone number was changed.',
  }),

  smtpHost: string({
    name: 'SMTP_HOST',
    original: ['GOTRUE_SMTP_HOST'],
    help: 'Mail server; without one mails go to the built-in inbox. supabase-mail counts only where it resolves.',
  }),
  smtpPort: integer({
    name: 'SMTP_PORT',
    original: ['GOTRUE_SMTP_PORT'],
    default: 587,
    min: 1,
    max: 65_535,
    help: 'Port of the mail server; 465 speaks TLS from the start.',
  }),
  smtpUser: string({ name: 'SMTP_USER', original: ['GOTRUE_SMTP_USER'], help: 'User at the mail server.' }),
  smtpPass: string({
    name: 'SMTP_PASS',
    original: ['GOTRUE_SMTP_PASS'],
    secret: true,
    help: 'Password at the mail server.',
  }),
  smtpAdminEmail: string({
    name: 'SMTP_ADMIN_EMAIL',
    original: ['GOTRUE_SMTP_ADMIN_EMAIL'],
    default: 'admin@example.com',
    help: 'Sender of mails.',
  }),
  smtpSenderName: string({
    name: 'SMTP_SENDER_NAME',
    original: ['GOTRUE_SMTP_SENDER_NAME'],
    help: 'Name of the sender.',
  }),
  smtpMaxFrequency: duration({
    name: 'SMTP_MAX_FREQUENCY',
    original: ['GOTRUE_SMTP_MAX_FREQUENCY'],
    default: 60_000,
    help: 'Time between two mails of a kind to a user.',
  }),
  smtpHeaders: json({
    name: 'GOTRUE_SMTP_HEADERS',
    check: headerMap,
    help: 'Further headers of mails: JSON object of arrays; $messageType stands for the kind.',
  }),
  smtpTimeout: duration({
    name: 'STACK_AUTH_SMTP_TIMEOUT',
    default: 8_000,
    min: 100,
    help: 'Time a mail server may take.',
  }),
  inboxSize: integer({
    name: 'STACK_AUTH_INBOX_SIZE',
    default: 200,
    min: 1,
    max: 10_000,
    help: 'Mails the built-in inbox keeps; the oldest goes first.',
  }),

  rateLimitHeader: string({
    name: 'GOTRUE_RATE_LIMIT_HEADER',
    help: 'Header that tells clients apart for rate limits; unset turns limits by client off.',
  }),
  rateLimitEmailSent: string({
    name: 'GOTRUE_RATE_LIMIT_EMAIL_SENT',
    pattern: [/^\d+(\.\d+)?(\/.+)?$/, 'must be a number, or number/duration such as 30/1h'],
    help: 'Mails in all per hour, or N/duration; default 30 with a mail server, no limit with the inbox.',
  }),
  ...family('rateLimit_', ['TOKEN_REFRESH', 'VERIFY', 'OTP', 'SSO', 'WEB3', 'PASSKEY', 'ANONYMOUS_USERS'], (name) =>
    integer({
      name: `GOTRUE_RATE_LIMIT_${name}`,
      default: name === 'TOKEN_REFRESH' ? 150 : 30,
      help: `Requests of a client per ${name === 'ANONYMOUS_USERS' ? 'hour' : 'five minutes'}.`,
    }),
  ),
  rateLimitClients: integer({
    name: 'STACK_AUTH_RATE_LIMIT_CLIENTS',
    default: 10_000,
    min: 100,
    help: 'Clients whose rates are remembered per endpoint.',
  }),

  auditWithoutPostgres: boolean({
    name: 'GOTRUE_AUDIT_LOG_DISABLE_POSTGRES',
    default: false,
    help: 'Write the audit log to the log only.',
  }),
  refreshAlgorithm: oneOf({
    name: 'GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION',
    values: ['0', '1', '2'],
    default: '0',
    help: 'Form of refresh tokens; form 2 is not served by this release.',
  }),
  ...family('external_', externalProviders, (provider) =>
    boolean({
      name: ['google', 'github', 'azure'].includes(provider)
        ? `${provider.toUpperCase()}_ENABLED`
        : `GOTRUE_EXTERNAL_${provider.toUpperCase()}_ENABLED`,
      original: [`GOTRUE_EXTERNAL_${provider.toUpperCase()}_ENABLED`],
      default: false,
      help: `Sign-in with ${provider}. ${notServed}`,
    }),
  ),
  ...family('hook_', hooks, (hook) =>
    boolean({ name: `GOTRUE_HOOK_${hook.toUpperCase()}_ENABLED`, default: false, help: notServed }),
  ),
  ...family(
    'unserved_',
    [
      'SAML_ENABLED',
      'SECURITY_CAPTCHA_ENABLED',
      'PASSKEY_ENABLED',
      'OAUTH_SERVER_ENABLED',
      'EXTERNAL_WEB3_SOLANA_ENABLED',
      'EXTERNAL_WEB3_ETHEREUM_ENABLED',
      'MFA_PHONE_ENROLL_ENABLED',
      'MFA_WEB_AUTHN_ENROLL_ENABLED',
      'PASSWORD_HIBP_ENABLED',
      'SECURITY_DB_ENCRYPTION_ENCRYPT',
      'MAILER_EMAIL_VALIDATION_EXTENDED',
      'EXPERIMENTAL_SCIM_ENABLED',
      'MAILER_NOTIFICATIONS_IDENTITY_LINKED_ENABLED',
      'MAILER_NOTIFICATIONS_IDENTITY_UNLINKED_ENABLED',
      'MAILER_NOTIFICATIONS_MFA_FACTOR_ENROLLED_ENABLED',
      'MAILER_NOTIFICATIONS_MFA_FACTOR_UNENROLLED_ENABLED',
    ],
    (name) => boolean({ name: `GOTRUE_${name}`, default: false, help: notServed }),
  ),
};

/** The auth room's parsed settings. */
export type AuthSettings = SettingsOf<typeof authSettings>;
