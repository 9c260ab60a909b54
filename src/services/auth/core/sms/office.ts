import { randomUUID } from 'node:crypto';
import { type Egress, EgressError } from '#kernel/egress';
import type { Clock } from '#kernel/lifecycle';
import { authError, invalid } from '../../errors.ts';
import { type AuthSettings, authSettings } from '../../settings.ts';
import type { Sql } from '../../sql/rows.ts';
import { readRate } from '../limits/rate.ts';
import type { SharedLimits } from '../limits/shared-limits.ts';
import type { Inbox } from '../mail/inbox.ts';
import { escapeMarkup } from '../template/escape.ts';
import { compileText, type Template } from '../template/render.ts';
import { type Channel, type ProviderReply, type ProviderRequest, smsProviders, type TextMessage } from './providers.ts';
import { parseTestCodes, type TestCodes } from './test-codes.ts';

/** Writes and sends text messages. */
export interface SmsOffice {
  /** Codes of numbers to which nothing is sent. */
  readonly testCodes: TestCodes;
  /** True: the provider makes and checks codes itself. */
  readonly checksCodes: boolean;
  /** @throws validation_failed for a channel the provider does not have */
  readChannel(name: string): Channel;
  /**
   * Counts a message about to be sent against the limit for all nodes.
   *
   * @param sql the transaction the message belongs to
   * @throws over_sms_send_rate_limit
   */
  reserve(sql: Sql): Promise<void>;
  /** Text of a message. @param kind of what the code is for */
  write(kind: 'sign-in' | 'factor', code: string): string;
  /** @returns the id the provider gave the message @throws Error with what kept it from going, for the log */
  send(message: TextMessage): Promise<string>;
  /** Asks a provider that checks codes itself. @throws Error when it cannot be asked */
  check(phone: string, code: string): Promise<boolean>;
}

/** What sends text messages is made of. */
export interface SmsOfficeParts {
  readonly settings: AuthSettings;
  readonly egress: Egress;
  /** Keeps messages where there is no provider. */
  readonly inbox: Pick<Inbox, 'add'>;
  readonly clock: Clock;
  readonly limits: SharedLimits;
}

/** A setting of text messages that cannot be used. */
export class SmsSettingError extends Error {
  override readonly name = 'SmsSettingError';
  readonly setting: string;

  constructor(setting: string, message: string) {
    super(`${setting}: ${message}`);
    this.setting = setting;
  }
}

/** Bytes of a provider's answer at most. */
const replyLimit = 65_536;

/**
 * Without a provider messages are kept in the inbox.
 *
 * @throws SmsSettingError when the provider lacks something, or a template cannot be read
 */
export function createSmsOffice({ settings, egress, inbox, clock, limits }: SmsOfficeParts): SmsOffice {
  const provider = settings.smsProvider === undefined ? undefined : smsProviders[settings.smsProvider];
  // Nothing is asked of a provider where there is no sign-in by phone, and second factors need one of their own.
  const isUsed = settings.phoneEnabled || settings.mfaPhoneEnroll || settings.mfaPhoneVerify;
  for (const key of (isUsed && provider?.needs) || [])
    if (!settings[key]) throw new SmsSettingError(authSettings[key].name, `is needed for ${settings.smsProvider}`);
  const templates = {
    'sign-in': readTemplate('smsTemplate', settings),
    factor: readTemplate('mfaPhoneTemplate', settings),
  };
  const allowance = settings.rateLimitSmsSent ?? (provider ? '30' : undefined);
  const quota = allowance === undefined ? undefined : readRate(authSettings.rateLimitSmsSent.name, allowance);

  async function ask({ path, headers, form }: ProviderRequest): Promise<{ status: number; reply: ProviderReply }> {
    const answer = await egress.request(`${settings.smsUrl ?? provider?.base}${path}`, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams(form).toString(),
      timeout: settings.smsTimeout,
      maxBytes: replyLimit,
      byOperator: true,
    });
    return { status: answer.status, reply: readJson(answer.body) };
  }

  return {
    testCodes: parseTestCodes(settings),
    checksCodes: provider?.check !== undefined,
    readChannel(name) {
      const channel = name === '' ? 'sms' : name;
      if (channel === 'sms') return channel;
      if (channel === 'whatsapp' && provider?.channels.includes(channel)) return channel;
      throw invalid(
        'Invalid channel, supported values are "sms" or "whatsapp". "whatsapp" is only supported if Twilio or Twilio Verify is used as the provider.',
      );
    },
    async reserve(sql) {
      if (!quota || (quota.amount > 0 && settings.phoneAutoconfirm)) return;
      if (!(await limits.takeWithin(sql, 'sms', '', quota, 1))) throw authError('over_sms_send_rate_limit');
    },
    write: (kind, code) => templates[kind].render({ Code: code }),
    async send(message) {
      if (!provider) return capture(inbox, settings, clock, message);
      const { status, reply } = await ask(provider.send(message, settings));
      const id = status < 300 ? provider.idOf(reply) : undefined;
      if (id === undefined) throw new Error(`the provider answered ${status}: ${describe(reply)}`);
      return id;
    },
    async check(phone, code) {
      if (!provider?.check || !provider.isRight) return false;
      try {
        const { status, reply } = await ask(provider.check(phone, code, settings));
        return status < 300 && provider.isRight(reply);
      } catch (error) {
        if (error instanceof EgressError)
          throw authError('unexpected_failure', { message: 'The SMS provider could not be asked', cause: error });
        throw error;
      }
    },
  };
}

function readTemplate(key: 'smsTemplate' | 'mfaPhoneTemplate', settings: AuthSettings): Template {
  try {
    return compileText(settings[key]);
  } catch (error) {
    throw new SmsSettingError(authSettings[key].name, (error as Error).message);
  }
}

function capture(
  inbox: Pick<Inbox, 'add'>,
  settings: AuthSettings,
  clock: Clock,
  { phone, text }: TextMessage,
): string {
  inbox.add({
    at: new Date(clock.now()).toISOString(),
    kind: 'sms',
    from: settings.smtpAdminEmail,
    to: `+${phone}`,
    subject: text,
    html: `<p>${escapeMarkup(text)}</p>`,
  });
  return `inbox-${randomUUID()}`;
}

function readJson(body: Buffer): ProviderReply {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as ProviderReply) : {};
  } catch {
    return {};
  }
}

// What providers say of a failure, without the message: it holds the code.
function describe(reply: ProviderReply): string {
  const { code, message, error_code, status, errors } = reply;
  return JSON.stringify({ code, error_code, message, status, errors }).slice(0, 500);
}
