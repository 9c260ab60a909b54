import { Resolver } from 'node:dns/promises';
import type { Egress } from '#kernel/egress';
import type { Logger } from '#kernel/log';
import { authError } from '../../errors.ts';
import type { AuthSettings } from '../../settings.ts';

/** Refuses addresses that no mail can go to. @param log of the request @throws email_address_invalid */
export type AddressCheck = (email: string, log: Logger) => Promise<void>;

/** What is asked of DNS; a name that is not there is an empty list. */
export interface MailDns {
  /** Names of a domain's mail servers. @throws Error when nobody answers */
  mailServers(domain: string): Promise<readonly string[]>;
  /** @throws Error when nobody answers */
  hasAddress(domain: string): Promise<boolean>;
}

/** Domains that never take mail (RFC 2606, RFC 6761, RFC 6762). */
const reserved = /(^|\.)(test|example|invalid|localhost|local)$|(^|\.)example\.(com|net|org)$/;

/** Bytes of the service's answer at most. */
const answerLimit = 65_536;

/**
 * Creates the check that settings ask for (GoTrue, "extended email validation"). What cannot be found out speaks for an
 * address: neither DNS nor a service of others may keep people out by being away.
 */
export function createAddressCheck(
  settings: AuthSettings,
  egress: Egress,
  dns: MailDns = systemDns(settings.addressTimeout),
): AddressCheck {
  const blocked = settings.blockedMailServers.map(plainName).filter((name) => name !== '');

  async function takesMail(domain: string): Promise<boolean> {
    if (reserved.test(domain) || !domain.includes('.')) return false;
    const servers = (await dns.mailServers(domain)).map(plainName);
    // Without a mail server of its own a domain's host takes its mail (RFC 5321 §5.1).
    if (servers.length === 0) return dns.hasAddress(domain);
    // A domain says with an empty name that it takes none (RFC 7505).
    const named = servers.filter((name) => name !== '');
    return named.length > 0 && !named.some((name) => blocked.some((host) => isBelow(name, host)));
  }

  async function isKnownGood(email: string): Promise<boolean> {
    if (settings.addressServiceUrl === undefined) return true;
    const headers = Object.entries(settings.addressServiceHeaders ?? {}).map(([name, values]) => [
      name.toLowerCase(),
      values.join(', '),
    ]);
    const { status, body } = await egress.request(settings.addressServiceUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...Object.fromEntries(headers) },
      body: JSON.stringify({ email }),
      timeout: settings.addressTimeout,
      maxBytes: answerLimit,
      byOperator: true,
    });
    if (status !== 200) throw new Error(`the service answered ${status}`);
    const verdict: unknown = JSON.parse(body.toString('utf8'));
    return (verdict as { valid?: unknown } | null)?.valid !== false;
  }

  async function unlessUnknown(answer: Promise<boolean>, log: Logger): Promise<boolean> {
    try {
      return await answer;
    } catch (error) {
      log.warn({ err: error }, 'an email address could not be checked, and is taken');
      return true;
    }
  }

  return async (email, log) => {
    const domain = email.slice(email.lastIndexOf('@') + 1).toLowerCase();
    const fits =
      (!settings.validateAddresses || (await unlessUnknown(takesMail(domain), log))) &&
      (await unlessUnknown(isKnownGood(email), log));
    if (!fits) throw authError('email_address_invalid', { message: `Email address "${email}" is invalid` });
  };
}

const plainName = (name: string): string => name.replace(/^[\s[\]"]+|[\s[\]".]+$/g, '').toLowerCase();

const isBelow = (name: string, host: string): boolean => name === host || name.endsWith(`.${host}`);

/** DNS as this machine is set up to ask it. @param timeout milliseconds for an answer */
function systemDns(timeout: number): MailDns {
  const resolver = (): Resolver => new Resolver({ timeout, tries: 1 });
  const unlessMissing = async <T>(found: Promise<readonly T[]>): Promise<readonly T[]> => {
    try {
      return await found;
    } catch (error) {
      if (['ENOTFOUND', 'ENODATA'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
      throw error;
    }
  };
  return {
    mailServers: async (domain) => (await unlessMissing(resolver().resolveMx(domain))).map(({ exchange }) => exchange),
    hasAddress: async (domain) => {
      const found = await Promise.all([
        unlessMissing(resolver().resolve4(domain)),
        unlessMissing(resolver().resolve6(domain)),
      ]);
      return found.some((addresses) => addresses.length > 0);
    },
  };
}
