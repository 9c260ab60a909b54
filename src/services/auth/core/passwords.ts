import { hash, verify } from '@node-rs/bcrypt';
import { authError } from '../errors.ts';
import { fitsFirebase, parsePasswordHash } from './password-hash.ts';
import { createWorkQueue } from './work-queue.ts';

/** Hashes and checks passwords off the event loop, a bounded number at a time. */
export interface Passwords {
  /** A bcrypt hash that pgcrypto can check too. @throws over_request_rate_limit when too many wait */
  hash(password: string): Promise<string>;
  /**
   * Whether a password belongs to a stored hash. With no hash to compare to, as much time is spent, so that unknown
   * accounts cannot be told by the clock.
   */
  verify(password: string, stored: string | null): Promise<boolean>;
}

const cost = 10;
/** A hash of a random text nobody kept. */
const nobody = '$2a$10$.LT255xs23OgXdS33SzvPupGmlhDyvly14WNuNZQ7vxSrnyA2uG62';

/** @param concurrency hashes computed at a time @param queue hashes that may wait */
export function createPasswords(concurrency: number, queue: number): Passwords {
  const line = createWorkQueue(concurrency, queue, () =>
    authError('over_request_rate_limit', { headers: { 'retry-after': '1' } }),
  );
  return {
    // pgcrypto reads 2a only; it takes 2b for DES and then every password fails.
    hash: (password) => line.run(() => hash(password, { cost, version: '2a', rejectLongPasswords: true })),
    verify: (password, stored) => line.run(() => fits(password, stored)),
  };
}

async function fits(password: string, stored: string | null): Promise<boolean> {
  const known = stored === null ? undefined : parsePasswordHash(stored);
  switch (known?.kind) {
    case 'bcrypt':
      return verify(password, known.text);
    case 'argon2': {
      const argon2 = await import('@node-rs/argon2');
      return argon2.verify(known.text, password);
    }
    case 'firebase':
      return fitsFirebase(password, known);
    default:
      await verify(password, nobody);
      return false;
  }
}
