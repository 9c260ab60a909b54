import { boolean, bytes, duration, integer, json, list, string } from '#kernel/config';
import { family } from './family.ts';
import { headerMap } from './headers.ts';

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
  'identity_linked_notification',
  'identity_unlinked_notification',
  'mfa_factor_enrolled_notification',
  'mfa_factor_unenrolled_notification',
] as const;

/** A kind of mail. */
export type MailKind = (typeof mailKinds)[number];

/** Settings of mails: what they say, when they go and through which server. */
export const mailSettings = {
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
      help: `URL of a template for ${kind} mails; a path alone counts from SITE_URL.`,
    }),
  ),
  ...family('body_', mailKinds, (kind) =>
    string({
      name: `STACK_AUTH_TEMPLATE_${kind.toUpperCase()}`,
      help: `Template of ${kind} mails itself, in HTML; stronger than an address it could be fetched from.`,
    }),
  ),
  templateMaxSize: bytes({
    name: 'GOTRUE_MAILER_TEMPLATE_MAX_SIZE',
    default: 1_000_000,
    min: 1_000,
    max: 10_000_000,
    help: 'Bytes of a fetched template at most.',
  }),
  templateMaxAge: duration({
    name: 'GOTRUE_MAILER_TEMPLATE_MAX_AGE',
    default: 600_000,
    min: 100,
    max: 604_800_000,
    help: 'Time a fetched template is used before it is fetched again.',
  }),
  templateRetryInterval: duration({
    name: 'GOTRUE_MAILER_TEMPLATE_RETRY_INTERVAL',
    default: 10_000,
    help: 'Time between two tries to fetch a template.',
  }),
  templateReloading: boolean({
    name: 'GOTRUE_MAILER_TEMPLATE_RELOADING_ENABLED',
    default: false,
    help: 'Renew templates in use in the background.',
  }),
  templateMaxIdle: duration({
    name: 'GOTRUE_MAILER_TEMPLATE_RELOADING_MAX_IDLE',
    default: 1_200_000,
    help: 'Time after which a template that no mail used is no longer renewed.',
  }),
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
  notifyIdentityLinked: boolean({
    name: 'GOTRUE_MAILER_NOTIFICATIONS_IDENTITY_LINKED_ENABLED',
    default: false,
    help: 'Tell users that a way to sign in was added to their account.',
  }),
  notifyIdentityUnlinked: boolean({
    name: 'GOTRUE_MAILER_NOTIFICATIONS_IDENTITY_UNLINKED_ENABLED',
    default: false,
    help: 'Tell users that a way to sign in was taken from their account.',
  }),
  notifyFactorEnrolled: boolean({
    name: 'GOTRUE_MAILER_NOTIFICATIONS_MFA_FACTOR_ENROLLED_ENABLED',
    default: false,
    help: 'Tell users that a second factor was added to their account.',
  }),
  notifyFactorUnenrolled: boolean({
    name: 'GOTRUE_MAILER_NOTIFICATIONS_MFA_FACTOR_UNENROLLED_ENABLED',
    default: false,
    help: 'Tell users that a second factor was taken from their account.',
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
  mailQueue: boolean({
    name: 'STACK_AUTH_MAIL_QUEUE',
    default: true,
    help: 'Keep mails in the database until the mail server has taken them; off, they are sent while the request waits.',
  }),
  backgroundSending: boolean({
    name: 'GOTRUE_MAILER_EMAIL_BACKGROUND_SENDING',
    default: false,
    help: 'Accepted; mails are sent in the background as long as STACK_AUTH_MAIL_QUEUE is on.',
  }),
  mailQueueSize: integer({
    name: 'STACK_AUTH_MAIL_QUEUE_SIZE',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    help: 'Mails that may wait; a request that would add one is answered 429.',
  }),
  mailQueueMaxAge: duration({
    name: 'STACK_AUTH_MAIL_QUEUE_MAX_AGE',
    default: 86_400_000,
    min: 1_000,
    help: 'Age at which a mail is given up; codes in mails do not work longer by default.',
  }),
  mailRetryFirst: duration({
    name: 'STACK_AUTH_MAIL_RETRY_FIRST',
    default: 2_000,
    min: 10,
    help: 'Pause after a first failure to send; it doubles each time.',
  }),
  mailRetryLongest: duration({
    name: 'STACK_AUTH_MAIL_RETRY_LONGEST',
    default: 300_000,
    min: 10,
    help: 'Longest pause between two tries to send.',
  }),
  mailQueuePoll: duration({
    name: 'STACK_AUTH_MAIL_QUEUE_POLL',
    default: 30_000,
    min: 10,
    max: 86_400_000,
    help: 'Time in which a node looks for mails that another one left behind.',
  }),
  mailQueueLease: duration({
    name: 'STACK_AUTH_MAIL_QUEUE_LEASE',
    default: 120_000,
    min: 100,
    help: 'Time a node has to send what it took; more than a mail server may take.',
  }),
  inboxSize: integer({
    name: 'STACK_AUTH_INBOX_SIZE',
    default: 200,
    min: 1,
    max: 10_000,
    help: 'Mails the built-in inbox keeps; the oldest goes first.',
  }),
};
