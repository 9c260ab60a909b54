import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveSettings } from '#kernel/config';
import { createLogger, createRedactor } from '#kernel/log';
import { authSettings } from '../../settings.ts';
import { fakeWeb } from '../../testing/fake-web.ts';
import { createAddressCheck, type MailDns } from './address-check.ts';

const service = 'https://check.example.net/v1';
const silent = createLogger({ level: 'fatal', redact: createRedactor([]), destination: { write: () => true } });

function setUp(env: Readonly<Record<string, string>>, dns: Partial<MailDns> = {}) {
  const settings = resolveSettings(authSettings, { env, files: [], alone: true }).values;
  const web = fakeWeb();
  const asked: string[] = [];
  const known: MailDns = {
    mailServers: dns.mailServers ?? (async () => ['mx.host.net.']),
    hasAddress: dns.hasAddress ?? (async () => false),
  };
  const check = createAddressCheck(settings, web.egress, {
    mailServers: (domain) => {
      asked.push(domain);
      return known.mailServers(domain);
    },
    hasAddress: known.hasAddress,
  });
  const isTaken = (email: string) =>
    check(email, silent).then(
      () => true,
      (error) => {
        expect(error).toMatchObject({ code: 'email_address_invalid', message: `Email address "${email}" is invalid` });
        return false;
      },
    );
  return { isTaken, web, asked };
}

const extended = { GOTRUE_MAILER_EMAIL_VALIDATION_EXTENDED: 'true' };

describe('addresses', () => {
  it('are all taken unless settings say otherwise, and nobody is asked', async () => {
    const { isTaken, asked, web } = setUp({});
    expect(await isTaken('a@example.com')).toBe(true);
    expect([asked, web.calls]).toEqual([[], []]);
  });

  it.each([
    'a@example.com',
    'a@mail.example.org',
    'a@shop.test',
    'a@x.invalid',
    'a@localhost',
    'a@intranet',
    'a@p.local',
  ])('%s is reserved, which needs no question', async (email) => {
    const { isTaken, asked } = setUp(extended);
    expect(await isTaken(email)).toBe(false);
    expect(asked).toEqual([]);
  });

  it('are judged by the mail servers of their domain', async () => {
    const servers: Record<string, string[]> = {
      'null.net': [''],
      'bad.net': ['in1.trash.example'],
      'good.net': ['mx.good.net'],
    };
    const { isTaken, asked } = setUp(
      { ...extended, GOTRUE_MAILER_EMAIL_VALIDATION_BLOCKED_MX: '["trash.example", "other.example"]' },
      { mailServers: async (domain) => servers[domain] ?? [], hasAddress: async (domain) => domain === 'old.net' },
    );
    const emails = ['a@null.net', 'a@bad.net', 'a@good.net', 'a@old.net', 'a@nowhere.net', 'A@GOOD.net'];
    expect(await Promise.all(emails.map(isTaken))).toEqual([false, false, true, true, false, true]);
    expect(asked).toContain('good.net');
  });

  it('are blocked by whole names only', async () => {
    await fc.assert(
      fc.asyncProperty(fc.stringMatching(/^[a-z]{1,8}$/), async (word) => {
        const { isTaken } = setUp(
          { ...extended, GOTRUE_MAILER_EMAIL_VALIDATION_BLOCKED_MX: 'trash.net' },
          { mailServers: async () => [`${word}trash.net`] },
        );
        expect(await isTaken('a@shop.net')).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('are taken while DNS does not answer', async () => {
    const away = async (): Promise<never> => {
      throw Object.assign(new Error('queryMx ETIMEOUT'), { code: 'ETIMEOUT' });
    };
    expect(await setUp(extended, { mailServers: away }).isTaken('a@good.net')).toBe(true);
    const { isTaken } = setUp(extended, { mailServers: async () => [], hasAddress: away });
    expect(await isTaken('a@good.net')).toBe(true);
  });

  it('are judged by a service, unless it is away', async () => {
    const { isTaken, web, asked } = setUp({
      GOTRUE_MAILER_EMAIL_VALIDATION_SERVICE_URL: service,
      GOTRUE_MAILER_EMAIL_VALIDATION_SERVICE_HEADERS: '{"X-Key":["k1"]}',
    });
    web.on(service, ({ request }) => ({ valid: !String(request.body).includes('spam') }));
    expect(await Promise.all(['a@spam.net', 'a@good.net'].map(isTaken))).toEqual([false, true]);
    expect(web.last(service).request).toMatchObject({ method: 'POST', headers: { 'x-key': 'k1' }, byOperator: true });
    for (const answer of [500, 'no json', {}, 'null', '[]']) {
      web.on(service, answer);
      expect(await isTaken('a@spam.net')).toBe(true);
    }
    expect(asked).toEqual([]);
  });
});
