import type { SharedLimits } from '../core/limits/shared-limits.ts';
import { authError } from '../errors.ts';
import type { AuthSettings } from '../settings.ts';
import type { Exchange } from './exchange.ts';

const burst = 30;
const minute = 60_000;
const fiveMinutes = 300_000;
const hour = 3_600_000;

/** Buckets, with the setting that says how fast they fill. Each endpoint of a group has one of its own. */
const rates = {
  token: ['TOKEN_REFRESH', fiveMinutes],
  verify: ['VERIFY', fiveMinutes],
  signup: ['OTP', fiveMinutes],
  recover: ['OTP', fiveMinutes],
  resend: ['OTP', fiveMinutes],
  magiclink: ['OTP', fiveMinutes],
  otp: ['OTP', fiveMinutes],
  user: ['OTP', fiveMinutes],
  sso: ['SSO', fiveMinutes],
  web3: ['WEB3', fiveMinutes],
  passkey: ['PASSKEY', fiveMinutes],
  anonymous: ['ANONYMOUS_USERS', hour],
  factorChallenge: ['FACTOR', minute],
  factorVerify: ['FACTOR', minute],
  samlAssertion: ['SAML_ASSERTION', fiveMinutes],
  oauthRegister: ['OAUTH_DYNAMIC_CLIENT_REGISTER', fiveMinutes],
} as const;

/** Name of a bucket. */
export type LimitName = keyof typeof rates;

/** Counts requests by client. */
export interface Limits {
  /** @throws over_request_rate_limit */
  count(name: LimitName, exchange: Exchange): Promise<void>;
}

/** Limits by client; they apply only where a setting says what tells clients apart. */
export const createLimits = (settings: AuthSettings, shared: SharedLimits): Limits => ({
  async count(name, exchange) {
    const key = clientKey(settings, exchange);
    if (key === undefined) return;
    const [rate, period] = rates[name];
    if (!(await shared.take(name, key, { amount: settings[`rateLimit_${rate}`], period, burst })))
      throw authError('over_request_rate_limit', { headers: { 'retry-after': '10' } });
  },
});

function clientKey(settings: AuthSettings, exchange: Exchange): string | undefined {
  if (settings.sbForwardedFor && exchange.header('sb-forwarded-for')) return exchange.ip ?? undefined;
  if (settings.rateLimitHeader === undefined) return undefined;
  const name = settings.rateLimitHeader.toLowerCase();
  // Behind our gateway the chain begins with whatever the client wrote; who asks is known without it.
  if (name === 'x-forwarded-for' && exchange.viaGateway) return exchange.ip ?? undefined;
  const value = exchange.header(name);
  return value?.split(',', 1)[0]?.trim() || undefined;
}
