import { boolean, bytes, duration, integer, json, list, type SettingsOf, string, url } from '#kernel/config';
import { addressSettings } from './core/settings/addresses.ts';
import { captchaSettings } from './core/settings/captcha.ts';
import { encryptionSettings } from './core/settings/encryption.ts';
import { externalSettings } from './core/settings/external.ts';
import { factorSettings } from './core/settings/factors.ts';
import { foreignSettings } from './core/settings/foreign.ts';
import { hookSettings } from './core/settings/hooks.ts';
import { limitSettings } from './core/settings/limits.ts';
import { logSettings } from './core/settings/log.ts';
import { mailSettings } from './core/settings/mail.ts';
import { metricSettings } from './core/settings/metrics.ts';
import { passwordSettings } from './core/settings/passwords.ts';
import { phoneSettings } from './core/settings/phone.ts';
import { reloadingSettings } from './core/settings/reloading.ts';
import { sessionSettings } from './core/settings/sessions.ts';

export { type HookPoint, hookPoints } from './core/settings/hooks.ts';
export { type MailKind, mailKinds } from './core/settings/mail.ts';

function jwkArray(value: unknown): readonly Record<string, unknown>[] {
  if (!Array.isArray(value)) throw new Error('must be a JSON array of keys');
  return value as readonly Record<string, unknown>[];
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
    original: ['GOTRUE_API_EXTERNAL_URL'],
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
    original: ['GOTRUE_API_REQUEST_ID_HEADER'],
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
  cursorPagination: boolean({
    name: 'GOTRUE_EXPERIMENTAL_CURSOR_PAGINATION_ENABLED',
    default: false,
    help: 'Lists of users by cursor, where a request names no page; they count nothing and are fast however long they are.',
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
    help: 'Lifetime of access tokens in seconds, a week at most unless STACK_AUTH_JWT_MAX_EXPIRY allows more.',
  }),
  jwtMaxExpiry: integer({
    name: 'STACK_AUTH_JWT_MAX_EXPIRY',
    default: 604_800,
    min: 1,
    max: 3_153_600_000,
    help: 'Seconds that JWT_EXPIRY counts at most.',
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

  ...passwordSettings,
  ...sessionSettings,
  ...encryptionSettings,
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
  ...phoneSettings,
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

  ...mailSettings,
  ...addressSettings,

  ...limitSettings,

  auditWithoutPostgres: boolean({
    name: 'GOTRUE_AUDIT_LOG_DISABLE_POSTGRES',
    default: false,
    help: 'Write the audit log to the log only.',
  }),
  ...externalSettings,
  ...hookSettings,
  ...factorSettings,
  ...captchaSettings,
  ...logSettings,
  ...metricSettings,
  ...reloadingSettings,
  ...foreignSettings,
};

/** The auth room's parsed settings. */
export type AuthSettings = SettingsOf<typeof authSettings>;
