import { boolean, duration, integer, json, string, url } from '#kernel/config';

function chance(value: unknown): number {
  if (typeof value !== 'number' || value <= 0 || value >= 1) throw new Error('must be a number between 0 and 1');
  return value;
}

/** Settings of passwords: what they need, how they are hashed, and what changing one takes. */
export const passwordSettings = {
  passwordMinLength: integer({
    name: 'GOTRUE_PASSWORD_MIN_LENGTH',
    default: 6,
    min: 6,
    max: 72,
    help: 'Characters a password needs.',
  }),
  passwordRequiredCharacters: string({
    name: 'GOTRUE_PASSWORD_REQUIRED_CHARACTERS',
    help: 'Sets of characters divided by colons (\\: is a colon); a password needs one of each set.',
  }),
  passwordConcurrency: integer({
    name: 'STACK_AUTH_PASSWORD_CONCURRENCY',
    default: 0,
    min: 0,
    max: 128,
    help: 'Password hashes computed at a time; 0 is one less than there are processors.',
  }),
  passwordNiceness: integer({
    name: 'STACK_AUTH_PASSWORD_NICENESS',
    default: 5,
    min: 0,
    max: 19,
    help: 'How far hashing stands back behind requests that read data, as nice counts; Linux only.',
  }),
  passwordQueue: integer({
    name: 'STACK_AUTH_PASSWORD_QUEUE',
    default: 100,
    min: 0,
    help: 'Password hashes that may wait; the next request is answered 429.',
  }),
  reauthenticatePassword: boolean({
    name: 'GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION',
    default: false,
    help: 'Changing a password in a session older than a day needs a code sent by mail.',
  }),
  requireCurrentPassword: boolean({
    name: 'GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD',
    default: false,
    help: 'Changing a password needs the present one.',
  }),
  hibpEnabled: boolean({
    name: 'GOTRUE_PASSWORD_HIBP_ENABLED',
    default: false,
    help: 'Refuse passwords that leaked somewhere; five digits of their SHA-1 are sent to Have I Been Pwned.',
  }),
  hibpFailClosed: boolean({
    name: 'GOTRUE_PASSWORD_HIBP_FAIL_CLOSED',
    default: false,
    help: 'Refuse all passwords while Have I Been Pwned does not answer.',
  }),
  hibpUserAgent: string({
    name: 'GOTRUE_PASSWORD_HIBP_USER_AGENT',
    default: 'https://github.com/supabase/gotrue',
    help: 'How requests to Have I Been Pwned introduce themselves.',
  }),
  hibpUrl: url({
    name: 'STACK_AUTH_HIBP_URL',
    protocols: ['http', 'https'],
    default: 'https://api.pwnedpasswords.com',
    help: 'Where leaked passwords are asked for; a mirror of your own keeps all requests at home.',
  }),
  hibpTimeout: duration({
    name: 'STACK_AUTH_HIBP_TIMEOUT',
    default: 5_000,
    min: 10,
    help: 'Time an answer about leaked passwords may take.',
  }),
  hibpBloom: boolean({
    name: 'GOTRUE_PASSWORD_HIBP_BLOOM_ENABLED',
    default: false,
    help: 'Remember leaked passwords in a Bloom filter, so that fewer requests are needed.',
  }),
  hibpBloomItems: integer({
    name: 'GOTRUE_PASSWORD_HIBP_BLOOM_ITEMS',
    default: 100_000,
    min: 1,
    max: 10_000_000,
    help: 'Leaked passwords the filter holds.',
  }),
  hibpBloomFalse: json({
    name: 'GOTRUE_PASSWORD_HIBP_BLOOM_FALSE_POSITIVES',
    default: 0.0000099,
    check: chance,
    help: 'Chance that a good password is taken for a leaked one, when the filter is full.',
  }),
};
