import { createHash, randomInt } from 'node:crypto';
import { equalInConstantTime } from '../constant-time.ts';

/** A user's recovery codes as they are kept: digests, which are used, and how often guesses failed. */
export interface RecoverySet {
  readonly codes: readonly { readonly digest: string; readonly used: boolean }[];
  /** Wrong codes since the last right one, or since the last lock ended. */
  readonly failures: number;
  /** No code is taken before. Milliseconds since the epoch; null: not locked. */
  readonly lockedUntil: number | null;
}

/** After how many wrong codes none is taken for how long, in milliseconds. */
export interface RecoveryBounds {
  readonly attempts: number;
  readonly lockout: number;
}

/** What became of a code that was tried; the set is to be kept. */
export interface RecoveryAttempt {
  readonly outcome: 'right' | 'wrong' | 'locked';
  readonly set: RecoverySet;
}

const alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * Makes codes: lower-case base32, five bits a character.
 *
 * @param owner what the codes belong to; digests for another owner are others
 */
export function newRecoverySet(
  owner: string,
  count: number,
  length: number,
): { readonly set: RecoverySet; readonly codes: readonly string[] } {
  const codes = new Set<string>();
  while (codes.size < count) codes.add(Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join(''));
  const set = {
    codes: [...codes].map((code) => ({ digest: digestOf(owner, code), used: false })),
    failures: 0,
    lockedUntil: null,
  };
  return { set, codes: [...codes] };
}

/** A code as people type it: case, blanks and hyphens do not count. */
export const normaliseRecoveryCode = (typed: string): string => typed.replace(/[\s-]/g, '').toLowerCase();

/** Tries a code. While the set is locked none is looked at, and the lock grows no longer. @param now milliseconds */
export function tryRecoveryCode(
  set: RecoverySet,
  owner: string,
  code: string,
  now: number,
  { attempts, lockout }: RecoveryBounds,
): RecoveryAttempt {
  if (set.lockedUntil !== null && now < set.lockedUntil) return { outcome: 'locked', set };
  const digest = digestOf(owner, code);
  let found = -1;
  // All are compared, whichever fits.
  for (const [index, entry] of set.codes.entries())
    if (equalInConstantTime(entry.digest, digest) && !entry.used) found = index;
  if (found >= 0) {
    const codes = set.codes.map((entry, index) => (index === found ? { ...entry, used: true } : entry));
    return { outcome: 'right', set: { codes, failures: 0, lockedUntil: null } };
  }
  const failures = (set.lockedUntil === null ? set.failures : 0) + 1;
  return { outcome: 'wrong', set: { ...set, failures, lockedUntil: failures >= attempts ? now + lockout : null } };
}

/** How many codes are left. */
export const remainingOf = ({ codes }: RecoverySet): number => codes.filter(({ used }) => !used).length;

/** A set as text, and back. @throws Error for a text that is none */
export const encodeRecoverySet = (set: RecoverySet): string => JSON.stringify(set);

/** Reads it again. */
export function decodeRecoverySet(text: string): RecoverySet {
  const { codes, failures, lockedUntil } = JSON.parse(text) as Partial<RecoverySet>;
  if (!Array.isArray(codes) || typeof failures !== 'number') throw new Error('no recovery codes are kept here');
  return { codes, failures, lockedUntil: lockedUntil ?? null };
}

// Codes have 65 bits at least, so a plain digest gives nobody who reads it anything to try out.
const digestOf = (owner: string, code: string): string =>
  createHash('sha256').update(`${owner} ${code}`).digest('base64url');
