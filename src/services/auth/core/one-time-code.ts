import { createHash, createHmac, hkdfSync, randomInt } from 'node:crypto';
import { equalInConstantTime } from './constant-time.ts';

/** Marks stored hashes of flows that began with a code challenge. */
export const pkcePrefix = 'pkce_';

/**
 * Turns codes into what is stored of them. The stored value is also the token of links, so a secret of the installation
 * goes into it: without, anyone who knows an address could compute the million possible tokens.
 */
export interface CodeHasher {
  /** 56 hex digits. @param address email or phone the code is sent to */
  hash(address: string, code: string): string;
  /** Whether a code belongs to a stored value, whichever flow it began in; also takes values another server stored. */
  fits(stored: string, address: string, code: string): boolean;
}

/** @param secret the installation's JWT secret; the hashing key is derived from it */
export function createCodeHasher(secret: string): CodeHasher {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'auth one-time codes', 32));
  const hash = (address: string, code: string): string =>
    createHmac('sha224', key).update(`${address}${code}`).digest('hex');
  return {
    hash,
    fits(stored, address, code) {
      const bare = stored.startsWith(pkcePrefix) ? stored.slice(pkcePrefix.length) : stored;
      if (bare === '') return false;
      const plain = createHash('sha224').update(`${address}${code}`).digest('hex');
      const own = equalInConstantTime(bare, hash(address, code));
      return equalInConstantTime(bare, plain) || own;
    },
  };
}

/** A code of uniformly chosen digits. @param length 6 to 10; anything else counts as 6 */
export function newCode(length: number): string {
  const digits = length >= 6 && length <= 10 ? length : 6;
  let code = '';
  for (let index = 0; index < digits; index++) code += randomInt(10);
  return code;
}
