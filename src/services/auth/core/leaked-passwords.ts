import { createHash } from 'node:crypto';
import type { Egress } from '#kernel/egress';
import type { Logger } from '#kernel/log';
import { authError } from '../errors.ts';
import type { AuthSettings } from '../settings.ts';
import { createBloomFilter } from './bloom-filter.ts';

/** Tells whether a password is among those that leaked somewhere. @param log of the request */
export type LeakCheck = (password: string, log: Logger) => Promise<boolean>;

const message = 'Unable to perform password strength check with HaveIBeenPwned.org.';

/**
 * Asks the range API of Have I Been Pwned, which learns five hex digits of a password's SHA-1 and no more
 * (k-anonymity). Where it does not answer, passwords pass, unless settings say that they fail.
 */
export function createLeakCheck(settings: AuthSettings, egress: Egress): LeakCheck {
  const known = settings.hibpBloom ? createBloomFilter(settings.hibpBloomItems, settings.hibpBloomFalse) : undefined;

  async function isLeaked(digest: string): Promise<boolean> {
    if (known?.has(digest)) return true;
    const prefix = digest.slice(0, 5);
    const answer = await egress.request(`${settings.hibpUrl}/range/${prefix}`, {
      headers: { 'user-agent': settings.hibpUserAgent, 'add-padding': 'true' },
      timeout: settings.hibpTimeout,
      byOperator: true,
    });
    if (answer.status !== 200) throw new Error(`the range API answered ${answer.status}`);
    let found = false;
    for (const line of answer.body.toString('latin1').split('\n')) {
      const [suffix = '', count] = line.trim().split(':', 2);
      // Padding has a count of nought.
      if (!/^[0-9A-F]{35}$/i.test(suffix) || Number(count) === 0) continue;
      const whole = prefix + suffix.toUpperCase();
      known?.add(whole);
      if (whole === digest) found = true;
    }
    return found;
  }

  return async (password, log) => {
    try {
      return await isLeaked(createHash('sha1').update(password).digest('hex').toUpperCase());
    } catch (error) {
      if (settings.hibpFailClosed) throw authError('unexpected_failure', { message, cause: error });
      log.warn({ err: error }, 'a password could not be held against leaked ones');
      return false;
    }
  };
}
