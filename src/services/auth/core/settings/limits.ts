import { integer, string } from '#kernel/config';
import { family } from './family.ts';

/** Settings of limits by client and of the limit for all mails. */
export const limitSettings = {
  rateLimitHeader: string({
    name: 'GOTRUE_RATE_LIMIT_HEADER',
    help: 'Header that tells clients apart for rate limits; unset turns limits by client off.',
  }),
  rateLimitEmailSent: string({
    name: 'GOTRUE_RATE_LIMIT_EMAIL_SENT',
    pattern: [/^\d+(\.\d+)?(\/.+)?$/, 'must be a number, or number/duration such as 30/1h'],
    help: 'Mails in all per hour, or N/duration; default 30 with a mail server, no limit with the inbox.',
  }),
  ...family('rateLimit_', ['TOKEN_REFRESH', 'VERIFY', 'OTP', 'SSO', 'WEB3', 'PASSKEY', 'ANONYMOUS_USERS'], (name) =>
    integer({
      name: `GOTRUE_RATE_LIMIT_${name}`,
      default: name === 'TOKEN_REFRESH' ? 150 : 30,
      help: `Requests of a client per ${name === 'ANONYMOUS_USERS' ? 'hour' : 'five minutes'}.`,
    }),
  ),
  rateLimit_SAML_ASSERTION: integer({
    name: 'GOTRUE_SAML_RATE_LIMIT_ASSERTION',
    default: 15,
    help: 'SAML answers of a client per five minutes.',
  }),
  rateLimit_OAUTH_DYNAMIC_CLIENT_REGISTER: integer({
    name: 'GOTRUE_RATE_LIMIT_OAUTH_DYNAMIC_CLIENT_REGISTER',
    original: ['GOTRUE_RATE_LIMIT_O_AUTH_DYNAMIC_CLIENT_REGISTER'],
    default: 10,
    help: 'Registrations of OAuth clients by a client per five minutes.',
  }),
  rateLimitClients: integer({
    name: 'STACK_AUTH_RATE_LIMIT_CLIENTS',
    default: 10_000,
    min: 100,
    help: 'Clients whose rates are remembered per endpoint.',
  }),
};
