import { boolean, duration, json, list, url } from '#kernel/config';
import { headerMap } from './headers.ts';

/** Settings of what is asked about an address before a mail goes there. */
export const addressSettings = {
  validateAddresses: boolean({
    name: 'GOTRUE_MAILER_EMAIL_VALIDATION_EXTENDED',
    default: false,
    help: 'Refuse addresses that no mail can go to: reserved domains, and domains that DNS says take none.',
  }),
  blockedMailServers: list({
    name: 'GOTRUE_MAILER_EMAIL_VALIDATION_BLOCKED_MX',
    default: [],
    help: 'Mail servers whose addresses are refused with it, with all below them; a list, or the JSON array of the original.',
  }),
  addressServiceUrl: url({
    name: 'GOTRUE_MAILER_EMAIL_VALIDATION_SERVICE_URL',
    protocols: ['http', 'https'],
    help: 'Service that is asked about each address: POST {"email": …}, refused with {"valid": false}.',
  }),
  addressServiceHeaders: json({
    name: 'GOTRUE_MAILER_EMAIL_VALIDATION_SERVICE_HEADERS',
    secret: true,
    check: headerMap,
    help: 'Headers of requests to this service: JSON object of arrays.',
  }),
  addressTimeout: duration({
    name: 'STACK_AUTH_EMAIL_VALIDATION_TIMEOUT',
    default: 3_000,
    min: 10,
    help: 'Time that DNS, and that service, may take; an address about which neither answers is taken.',
  }),
};
