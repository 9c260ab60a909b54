import type { AuthSettings } from '../../settings.ts';
import { externalProviders } from './external.ts';
import { hookPoints } from './hooks.ts';
import { mailKinds } from './mail.ts';

type Key = keyof AuthSettings;

/** Settings that belong together, e.g. those of one provider. */
export interface LiveSection {
  readonly title: string;
  readonly keys: readonly Key[];
}

/** Settings of one topic that may change while the room serves. */
export interface LiveGroup {
  readonly key: string;
  readonly title: string;
  readonly about: string;
  readonly sections: readonly LiveSection[];
}

const words = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ');

const providers: readonly LiveSection[] = externalProviders.map((provider) => ({
  title: words(provider),
  keys: [
    `external_${provider}`,
    `externalClientIds_${provider}`,
    `externalSecret_${provider}`,
    `externalUrl_${provider}`,
    `externalApiUrl_${provider}`,
    `externalRedirectUri_${provider}`,
    `externalEmailOptional_${provider}`,
    `externalSkipNonce_${provider}`,
  ],
}));

/**
 * The settings somebody may change while the room serves, by topic. Those that say where things are (database, ports,
 * keys of tokens, this folder) are not among them: other rooms have to know them as well.
 */
export const liveSettings: readonly LiveGroup[] = [
  {
    key: 'sign-up',
    title: 'Sign-up and addresses',
    about: 'Who may make an account, and where people are sent.',
    sections: [
      { title: 'Addresses', keys: ['siteUrl', 'uriAllowList'] },
      { title: 'Accounts', keys: ['disableSignup', 'anonymousEnabled', 'manualLinking'] },
      {
        title: 'Email',
        keys: [
          'emailEnabled',
          'magicLinkEnabled',
          'autoconfirm',
          'allowUnverifiedEmail',
          'secureEmailChange',
          'authorizedAddresses',
          'otpExpiry',
          'otpLength',
          'otpAttempts',
        ],
      },
      {
        title: 'Passwords',
        keys: [
          'passwordMinLength',
          'passwordRequiredCharacters',
          'hibpEnabled',
          'hibpFailClosed',
          'reauthenticatePassword',
          'requireCurrentPassword',
        ],
      },
      { title: 'Captcha', keys: ['captchaEnabled', 'captchaProvider', 'captchaSecret'] },
    ],
  },
  {
    key: 'providers',
    title: 'Providers',
    about: 'Sign-in with accounts that people have elsewhere.',
    sections: [
      ...providers,
      { title: 'Wallets', keys: ['web3Ethereum', 'web3Solana'] },
      { title: 'Single sign-on (SAML)', keys: ['samlEnabled', 'samlPrivateKey', 'samlExternalUrl', 'samlEncrypted'] },
      {
        title: 'All providers',
        keys: ['bindSignIns', 'externalRedirectUrl', 'externalIosBundleId', 'ownDomainProviders', 'providerDomains'],
      },
    ],
  },
  {
    key: 'mail',
    title: 'Mail server',
    about: 'Where mails go. Without a host they stay in the inbox of this stack.',
    sections: [
      {
        title: 'SMTP',
        keys: [
          'smtpHost',
          'smtpPort',
          'smtpUser',
          'smtpPass',
          'smtpAdminEmail',
          'smtpSenderName',
          'smtpMaxFrequency',
          'smtpHeaders',
        ],
      },
    ],
  },
  {
    key: 'templates',
    title: 'Mail templates',
    about: 'What mails say.',
    sections: [
      ...mailKinds.map((kind) => ({
        title: words(kind),
        keys: [`subject_${kind}`, `body_${kind}`, `template_${kind}`] as const,
      })),
      {
        title: 'Notices',
        keys: [
          'notifyPasswordChanged',
          'notifyEmailChanged',
          'notifyPhoneChanged',
          'notifyIdentityLinked',
          'notifyIdentityUnlinked',
          'notifyFactorEnrolled',
          'notifyFactorUnenrolled',
        ],
      },
    ],
  },
  {
    key: 'phone',
    title: 'Phone',
    about: 'Sign-in by text message.',
    sections: [
      {
        title: 'Sign-in',
        keys: [
          'phoneEnabled',
          'phoneAutoconfirm',
          'smsProvider',
          'smsTemplate',
          'smsOtpExpiry',
          'smsOtpLength',
          'smsMaxFrequency',
          'smsTestOtp',
          'smsTestOtpUntil',
        ],
      },
      { title: 'Twilio', keys: ['twilioAccount', 'twilioToken', 'twilioService', 'twilioContent'] },
      { title: 'Twilio Verify', keys: ['twilioVerifyAccount', 'twilioVerifyToken', 'twilioVerifyService'] },
      { title: 'MessageBird', keys: ['messagebirdKey', 'messagebirdSender'] },
      { title: 'TextLocal', keys: ['textlocalKey', 'textlocalSender'] },
      { title: 'Vonage', keys: ['vonageKey', 'vonageSecret', 'vonageSender'] },
    ],
  },
  {
    key: 'sessions',
    title: 'Sessions and factors',
    about: 'How long people stay signed in, and what they sign in with besides.',
    sections: [
      {
        title: 'Sessions',
        keys: [
          'jwtExpiry',
          'sessionTimebox',
          'sessionInactivity',
          'sessionSinglePerUser',
          'sessionLowAal',
          'refreshRotation',
          'refreshReuseInterval',
        ],
      },
      {
        title: 'Second factors',
        keys: [
          'mfaTotpEnroll',
          'mfaTotpVerify',
          'mfaPhoneEnroll',
          'mfaPhoneVerify',
          'mfaWebauthnEnroll',
          'mfaWebauthnVerify',
          'mfaMaxEnrolled',
          'mfaMaxVerified',
        ],
      },
      { title: 'Passkeys', keys: ['passkeysEnabled', 'passkeyMax', 'webauthnId', 'webauthnName', 'webauthnOrigins'] },
    ],
  },
  {
    key: 'limits',
    title: 'Rate limits',
    about: 'How much one client, and all together, may ask for.',
    sections: [
      { title: 'Messages', keys: ['rateLimitEmailSent', 'rateLimitSmsSent'] },
      {
        title: 'Requests',
        keys: [
          'rateLimitHeader',
          'rateLimit_TOKEN_REFRESH',
          'rateLimit_VERIFY',
          'rateLimit_OTP',
          'rateLimit_ANONYMOUS_USERS',
          'rateLimit_SSO',
          'rateLimit_WEB3',
          'rateLimit_PASSKEY',
          'rateLimit_FACTOR',
        ],
      },
    ],
  },
  {
    key: 'hooks',
    title: 'Hooks',
    about: 'Points at which code of yours is asked: a function of the database, or an address.',
    sections: hookPoints.map((hook) => ({
      title: words(hook),
      keys: [`hook_${hook}`, `hookUri_${hook}`, `hookSecrets_${hook}`] as const,
    })),
  },
];
