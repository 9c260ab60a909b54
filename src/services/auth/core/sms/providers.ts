import type { AuthSettings } from '../../settings.ts';

/** A text message on its way. */
export interface TextMessage {
  /** Digits, without plus. */
  readonly phone: string;
  readonly text: string;
  /** The code in it, for providers that fill in templates of their own. */
  readonly code: string;
  readonly channel: Channel;
}

/** How a message travels. */
export type Channel = 'sms' | 'whatsapp';

/** A request to a provider, as a form. */
export interface ProviderRequest {
  /** Below the provider's base URL. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
}

/** A JSON answer of a provider. */
export type ProviderReply = Readonly<Record<string, unknown>>;

/** A provider of text messages: where it is, what it needs, how it is asked and what its answers mean. */
export interface SmsProvider {
  readonly base: string;
  /** Settings that must be there, by their keys. */
  readonly needs: readonly (keyof AuthSettings)[];
  readonly channels: readonly Channel[];
  readonly send: (message: TextMessage, settings: AuthSettings) => ProviderRequest;
  /** @returns the message's id; undefined when the provider did not take it */
  readonly idOf: (reply: ProviderReply) => string | undefined;
  /** Asks whether a code is right, where the provider makes and checks codes itself. */
  readonly check?: (phone: string, code: string, settings: AuthSettings) => ProviderRequest;
  readonly isRight?: (reply: ProviderReply) => boolean;
}

const basic = (user = '', password = ''): Readonly<Record<string, string>> => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
const list = (value: unknown): readonly ProviderReply[] => (Array.isArray(value) ? value : []);

const twilio: SmsProvider = {
  base: 'https://api.twilio.com',
  needs: ['twilioAccount', 'twilioToken', 'twilioService'],
  channels: ['sms', 'whatsapp'],
  send({ phone, text: body, code, channel }, { twilioAccount = '', twilioToken, twilioService = '', twilioContent }) {
    const isNumber = /^\+?\d+$/.test(twilioService);
    const prefix = channel === 'whatsapp' ? 'whatsapp:' : '';
    const isTemplate = channel === 'whatsapp' && twilioContent !== undefined;
    return {
      path: `/2010-04-01/Accounts/${encodeURIComponent(twilioAccount)}/Messages.json`,
      headers: basic(twilioAccount, twilioToken),
      form: {
        To: `${prefix}+${phone}`,
        From: isNumber ? `${prefix}${twilioService}` : twilioService,
        Channel: channel,
        ...(isTemplate ? { ContentSid: twilioContent, ContentVariables: JSON.stringify({ 1: code }) } : { Body: body }),
      },
    };
  },
  idOf: ({ sid, status }) => (status === 'failed' || status === 'undelivered' ? undefined : text(sid)),
};

const twilioVerify: SmsProvider = {
  base: 'https://verify.twilio.com',
  needs: ['twilioVerifyAccount', 'twilioVerifyToken', 'twilioVerifyService'],
  channels: ['sms', 'whatsapp'],
  send: ({ phone, channel }, settings) => ({
    path: `/v2/Services/${encodeURIComponent(settings.twilioVerifyService ?? '')}/Verifications`,
    headers: basic(settings.twilioVerifyAccount, settings.twilioVerifyToken),
    form: { To: `+${phone}`, Channel: channel },
  }),
  idOf: ({ sid }) => text(sid),
  check: (phone, code, settings) => ({
    path: `/v2/Services/${encodeURIComponent(settings.twilioVerifyService ?? '')}/VerificationCheck`,
    headers: basic(settings.twilioVerifyAccount, settings.twilioVerifyToken),
    form: { To: `+${phone}`, Code: code },
  }),
  isRight: ({ status, valid }) => status === 'approved' && valid === true,
};

const messagebird: SmsProvider = {
  base: 'https://rest.messagebird.com',
  needs: ['messagebirdKey', 'messagebirdSender'],
  channels: ['sms'],
  send: ({ phone, text: body }, { messagebirdKey = '', messagebirdSender = '' }) => ({
    path: '/messages',
    headers: { authorization: `AccessKey ${messagebirdKey}` },
    form: { originator: messagebirdSender, body, recipients: phone, type: 'sms', datacoding: 'unicode' },
  }),
  idOf: ({ id, recipients }) => {
    const failed = (recipients as ProviderReply | undefined)?.totalDeliveryFailedCount;
    return typeof failed === 'number' && failed > 0 ? undefined : text(id);
  },
};

const textlocal: SmsProvider = {
  base: 'https://api.textlocal.in',
  needs: ['textlocalKey', 'textlocalSender'],
  channels: ['sms'],
  send: ({ phone, text: message }, { textlocalKey = '', textlocalSender = '' }) => ({
    path: '/send',
    form: { sender: textlocalSender, apikey: textlocalKey, message, numbers: phone },
  }),
  idOf: ({ status, messages }) => (status === 'success' ? text(list(messages)[0]?.id) : undefined),
};

const vonage: SmsProvider = {
  base: 'https://rest.nexmo.com',
  needs: ['vonageKey', 'vonageSecret', 'vonageSender'],
  channels: ['sms'],
  send: ({ phone, text: message }, { vonageKey = '', vonageSecret = '', vonageSender = '' }) => ({
    path: '/sms/json',
    form: {
      from: vonageSender,
      to: phone,
      text: message,
      api_key: vonageKey,
      api_secret: vonageSecret,
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the alphabet of plain messages is ASCII
      ...(/[^\x00-\x7f]/.test(message) && { type: 'unicode' }),
    },
  }),
  idOf: ({ messages }) => {
    const first = list(messages)[0];
    return first?.status === '0' ? text(first['message-id']) : undefined;
  },
};

/** Providers by the names settings know them under (GoTrue, "SMS"). */
export const smsProviders: Readonly<Record<string, SmsProvider>> = {
  twilio,
  twilio_verify: twilioVerify,
  messagebird,
  textlocal,
  vonage,
};
