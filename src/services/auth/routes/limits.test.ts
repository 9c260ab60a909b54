import { expect, it } from 'vitest';
import type { SharedLimits } from '../core/limits/shared-limits.ts';
import type { AuthSettings } from '../settings.ts';
import type { Exchange } from './exchange.ts';
import { createLimits } from './limits.ts';

async function keyOf(
  settings: Partial<AuthSettings>,
  headers: Record<string, string>,
  viaGateway: boolean,
): Promise<string | undefined> {
  let seen: string | undefined;
  const take: SharedLimits['take'] = async (_name, key) => {
    seen = key;
    return true;
  };
  const exchange = { ip: '192.0.2.1', viaGateway, header: (name: string) => headers[name] };
  await createLimits(settings as AuthSettings, { take } as SharedLimits).count('verify', exchange as Exchange);
  return seen;
}

it.each<[string, Partial<AuthSettings>, Record<string, string>, boolean, string | undefined]>([
  ['no header that is set', {}, { 'x-forwarded-for': '203.0.113.9' }, true, undefined],
  [
    'a chain the client began',
    { rateLimitHeader: 'X-Forwarded-For' },
    { 'x-forwarded-for': '203.0.113.9, 192.0.2.1' },
    true,
    '192.0.2.1',
  ],
  [
    'the chain of a proxy before the own port',
    { rateLimitHeader: 'X-Forwarded-For' },
    { 'x-forwarded-for': '203.0.113.9, 192.0.2.1' },
    false,
    '203.0.113.9',
  ],
  ['another header', { rateLimitHeader: 'X-Real-IP' }, { 'x-real-ip': '203.0.113.9' }, true, '203.0.113.9'],
  ['an empty header', { rateLimitHeader: 'X-Real-IP' }, { 'x-real-ip': '' }, true, undefined],
  [
    'Sb-Forwarded-For where it counts',
    { sbForwardedFor: true },
    { 'sb-forwarded-for': '192.0.2.1' },
    true,
    '192.0.2.1',
  ],
  ['Sb-Forwarded-For where it does not', {}, { 'sb-forwarded-for': '192.0.2.1' }, true, undefined],
])('clients are told apart by %s', async (_name, settings, headers, viaGateway, key) => {
  expect(await keyOf(settings, headers, viaGateway)).toBe(key);
});
