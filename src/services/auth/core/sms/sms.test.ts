import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AuthSettings } from '../../settings.ts';
import { smsProviders, type TextMessage } from './providers.ts';
import { parseTestCodes } from './test-codes.ts';

const settings = {
  twilioAccount: 'AC1',
  twilioToken: 'word',
  twilioService: 'MG1',
  twilioContent: 'HX1',
  twilioVerifyAccount: 'AC2',
  twilioVerifyToken: 'word2',
  twilioVerifyService: 'VA1',
  messagebirdKey: 'key',
  messagebirdSender: 'Me',
  textlocalKey: 'key',
  textlocalSender: 'Me',
  vonageKey: 'key',
  vonageSecret: 'secret',
  vonageSender: 'Me',
} as unknown as AuthSettings;
const message: TextMessage = { phone: '4915112345', text: 'Your code is 123456', code: '123456', channel: 'sms' };
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

describe('providers are asked as they want it', () => {
  it.each([
    [
      'twilio',
      message,
      '/2010-04-01/Accounts/AC1/Messages.json',
      { To: '+4915112345', From: 'MG1', Channel: 'sms', Body: message.text },
    ],
    [
      'twilio',
      { ...message, channel: 'whatsapp' },
      '/2010-04-01/Accounts/AC1/Messages.json',
      {
        To: 'whatsapp:+4915112345',
        From: 'MG1',
        Channel: 'whatsapp',
        ContentSid: 'HX1',
        ContentVariables: '{"1":"123456"}',
      },
    ],
    ['twilio_verify', message, '/v2/Services/VA1/Verifications', { To: '+4915112345', Channel: 'sms' }],
    [
      'messagebird',
      message,
      '/messages',
      { originator: 'Me', body: message.text, recipients: '4915112345', type: 'sms', datacoding: 'unicode' },
    ],
    ['textlocal', message, '/send', { sender: 'Me', apikey: 'key', message: message.text, numbers: '4915112345' }],
    [
      'vonage',
      message,
      '/sms/json',
      { from: 'Me', to: '4915112345', text: message.text, api_key: 'key', api_secret: 'secret' },
    ],
    [
      'vonage',
      { ...message, text: 'Código 1' },
      '/sms/json',
      { from: 'Me', to: '4915112345', text: 'Código 1', api_key: 'key', api_secret: 'secret', type: 'unicode' },
    ],
  ])('%s', (name, sent, path, form) => {
    expect(smsProviders[name]?.send(sent as TextMessage, settings)).toMatchObject({ path, form });
    expect(smsProviders[name]?.send(sent as TextMessage, settings).form).toEqual(form);
  });

  it('with their credentials', () => {
    expect(smsProviders.twilio?.send(message, settings).headers).toEqual({ authorization: basic('AC1:word') });
    expect(smsProviders.twilio_verify?.check?.('1', '2', settings)).toEqual({
      path: '/v2/Services/VA1/VerificationCheck',
      headers: { authorization: basic('AC2:word2') },
      form: { To: '+1', Code: '2' },
    });
    expect(smsProviders.messagebird?.send(message, settings).headers).toEqual({ authorization: 'AccessKey key' });
  });

  it('from a number, which WhatsApp wants marked', () => {
    const fromNumber = { ...settings, twilioService: '+15550001111', twilioContent: undefined } as AuthSettings;
    expect(smsProviders.twilio?.send({ ...message, channel: 'whatsapp' }, fromNumber).form).toMatchObject({
      From: 'whatsapp:+15550001111',
      Body: message.text,
    });
  });
});

describe('what providers answer', () => {
  it.each([
    ['twilio', { sid: 'SM1', status: 'queued' }, 'SM1'],
    ['twilio', { sid: 'SM1', status: 'failed' }, undefined],
    ['twilio', { code: 20003, message: 'Authenticate' }, undefined],
    ['twilio_verify', { sid: 'VE1', status: 'pending' }, 'VE1'],
    ['messagebird', { id: 'x', recipients: { totalDeliveryFailedCount: 0 } }, 'x'],
    ['messagebird', { id: 'x', recipients: { totalDeliveryFailedCount: 1 } }, undefined],
    ['textlocal', { status: 'success', messages: [{ id: 'x' }] }, 'x'],
    ['textlocal', { status: 'failure', errors: [{ code: 4 }] }, undefined],
    ['vonage', { messages: [{ status: '0', 'message-id': 'x' }] }, 'x'],
    ['vonage', { messages: [{ status: '4', 'error-text': 'Bad Credentials' }] }, undefined],
  ])('%s %j', (name, reply, id) => expect(smsProviders[name]?.idOf(reply)).toBe(id));

  it('whatever it is, gives an id that is text or none', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.keys(smsProviders)),
        fc.object({ key: fc.constantFrom('sid', 'status', 'messages', 'id', 'recipients') }),
        (name, reply) => {
          const id = smsProviders[name]?.idOf(reply);
          expect(id === undefined || (typeof id === 'string' && id !== '')).toBe(true);
        },
      ),
    );
  });

  it('to a question about a code is yes in one form only', () => {
    const { isRight } = smsProviders.twilio_verify ?? {};
    expect(isRight?.({ status: 'approved', valid: true })).toBe(true);
    for (const reply of [
      {},
      { status: 'pending', valid: false },
      { status: 'approved' },
      { valid: true },
      { status: 'approved', valid: 'true' },
    ])
      expect(isRight?.(reply)).toBe(false);
  });
});

describe('fixed codes for tests', () => {
  const parse = (smsTestOtp: string, smsTestOtpUntil?: string) =>
    parseTestCodes({ smsTestOtp, smsTestOtpUntil } as AuthSettings);

  it('belong to numbers, until they end', () => {
    const codes = parse('15551234567:123456, +4915112345=654321', '2030-01-01T00:00:00Z');
    const now = Date.parse('2029-12-31T23:59:59Z');
    expect(codes.of('15551234567', now)).toBe('123456');
    expect(codes.fits('4915112345', '654321', now)).toBe(true);
    expect(codes.fits('4915112345', '123456', now)).toBe(false);
    expect(codes.fits('1', '123456', now)).toBeUndefined();
    expect(codes.of('15551234567', now + 1_000)).toBeUndefined();
  });

  it('that cannot be read stop the start', () => {
    expect(() => parse('15551234567')).toThrow(/GOTRUE_SMS_TEST_OTP/);
    expect(() => parse('1:2', 'tomorrow')).toThrow();
    expect(() => parse('15551234567:1', 'tomorrow')).toThrow(/VALID_UNTIL/);
    expect(parse('').of('1', 0)).toBeUndefined();
  });
});
