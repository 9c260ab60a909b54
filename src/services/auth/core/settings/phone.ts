import { boolean, duration, integer, string, url } from '#kernel/config';

const secretOf = (name: string, help: string) => string({ name, secret: true, help });

/** Settings of sign-in by phone number and of text messages. */
export const phoneSettings = {
  phoneEnabled: boolean({
    name: 'ENABLE_PHONE_SIGNUP',
    original: ['GOTRUE_EXTERNAL_PHONE_ENABLED'],
    default: false,
    help: 'Sign-up and sign-in by phone number.',
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
    pattern: [
      /^(twilio|twilio_verify|messagebird|textlocal|vonage)$/,
      'must be twilio, twilio_verify, messagebird, textlocal or vonage',
    ],
    help: 'Sends text messages: twilio, twilio_verify, messagebird, textlocal or vonage; unset keeps them in the inbox.',
  }),
  smsUrl: url({
    name: 'STACK_AUTH_SMS_URL',
    protocols: ['http', 'https'],
    help: "Base URL asked in place of the provider's own, e.g. a relay.",
  }),
  smsTimeout: duration({
    name: 'STACK_AUTH_SMS_TIMEOUT',
    default: 8_000,
    min: 100,
    help: 'Time a provider of text messages may take.',
  }),
  smsMaxFrequency: duration({
    name: 'GOTRUE_SMS_MAX_FREQUENCY',
    default: 60_000,
    help: 'Time between two text messages of a kind to a user.',
  }),
  smsOtpExpiry: duration({
    name: 'GOTRUE_SMS_OTP_EXP',
    default: 60_000,
    min: 1_000,
    help: 'Time in which a code from a text message works.',
  }),
  smsOtpLength: integer({ name: 'GOTRUE_SMS_OTP_LENGTH', default: 6, help: 'Digits of such a code, 6 to 10.' }),
  smsTemplate: string({
    name: 'GOTRUE_SMS_TEMPLATE',
    default: 'Your code is {{ .Code }}',
    help: 'Text of such messages; a template.',
  }),
  smsTestOtp: string({
    name: 'GOTRUE_SMS_TEST_OTP',
    secret: true,
    help: 'Numbers with fixed codes, to which nothing is sent: number:code, divided by commas.',
  }),
  smsTestOtpUntil: string({
    name: 'GOTRUE_SMS_TEST_OTP_VALID_UNTIL',
    help: 'When these codes stop working (RFC 3339); unset is never.',
  }),
  rateLimitSmsSent: string({
    name: 'GOTRUE_RATE_LIMIT_SMS_SENT',
    pattern: [/^\d+(\.\d+)?(\/.+)?$/, 'must be a number, or number/duration such as 30/1h'],
    help: 'Text messages in all per hour, or N/duration; default 30 with a provider, no limit with the inbox.',
  }),
  twilioAccount: string({ name: 'GOTRUE_SMS_TWILIO_ACCOUNT_SID', help: 'Account at Twilio.' }),
  twilioToken: secretOf('GOTRUE_SMS_TWILIO_AUTH_TOKEN', 'Password of the account at Twilio.'),
  twilioService: string({
    name: 'GOTRUE_SMS_TWILIO_MESSAGE_SERVICE_SID',
    help: 'Service, or number, that sends through Twilio.',
  }),
  twilioContent: string({
    name: 'GOTRUE_SMS_TWILIO_CONTENT_SID',
    help: 'Template at Twilio that WhatsApp messages are made from.',
  }),
  twilioVerifyAccount: string({ name: 'GOTRUE_SMS_TWILIO_VERIFY_ACCOUNT_SID', help: 'Account at Twilio Verify.' }),
  twilioVerifyToken: secretOf('GOTRUE_SMS_TWILIO_VERIFY_AUTH_TOKEN', 'Password of the account at Twilio Verify.'),
  twilioVerifyService: string({
    name: 'GOTRUE_SMS_TWILIO_VERIFY_MESSAGE_SERVICE_SID',
    help: 'Service at Twilio Verify.',
  }),
  messagebirdKey: secretOf('GOTRUE_SMS_MESSAGEBIRD_ACCESS_KEY', 'Key of the account at MessageBird.'),
  messagebirdSender: string({ name: 'GOTRUE_SMS_MESSAGEBIRD_ORIGINATOR', help: 'Sender at MessageBird.' }),
  textlocalKey: secretOf('GOTRUE_SMS_TEXTLOCAL_API_KEY', 'Key of the account at TextLocal.'),
  textlocalSender: string({ name: 'GOTRUE_SMS_TEXTLOCAL_SENDER', help: 'Sender at TextLocal.' }),
  vonageKey: string({ name: 'GOTRUE_SMS_VONAGE_API_KEY', help: 'Key of the account at Vonage.' }),
  vonageSecret: secretOf('GOTRUE_SMS_VONAGE_API_SECRET', 'Secret of the account at Vonage.'),
  vonageSender: string({ name: 'GOTRUE_SMS_VONAGE_FROM', help: 'Sender at Vonage.' }),
};
