import type { Logger } from '#kernel/log';
import { authError, invalid } from '../errors.ts';
import type { LeakCheck } from './leaked-passwords.ts';

/** What a password needs. */
export interface PasswordRules {
  readonly minLength: number;
  /** Each a set of characters of which one must occur. */
  readonly requiredSets: readonly string[];
  /** Whether a password leaked somewhere; absent where nobody asks. */
  readonly isLeaked?: LeakCheck;
}

/** A code for why a password is weak. */
export type WeaknessReason = 'length' | 'characters' | 'pwned';

/** Why a password is weak, in the words and codes clients know. */
export interface Weakness {
  readonly message: string;
  readonly reasons: readonly WeaknessReason[];
}

/** Bytes bcrypt looks at; longer passwords are refused rather than cut. */
const bcryptLimit = 72;

/** Reads `GOTRUE_PASSWORD_REQUIRED_CHARACTERS`: sets divided by colons, `\:` being a colon. */
export function parseRequiredCharacters(text: string | undefined): string[] {
  if (!text) return [];
  return text
    .split(/(?<!\\):/)
    .map((set) => set.replaceAll('\\:', ':'))
    .filter((set) => set !== '');
}

/** What is weak about a password, or undefined. @param log of the request */
export async function findWeakness(password: string, rules: PasswordRules, log: Logger): Promise<Weakness | undefined> {
  const messages: string[] = [];
  const reasons: WeaknessReason[] = [];
  if ([...password].length < rules.minLength) {
    messages.push(`Password should be at least ${rules.minLength} characters.`);
    reasons.push('length');
  }
  const lacking = rules.requiredSets.some((set) => ![...set].some((character) => password.includes(character)));
  if (lacking) {
    messages.push(`Password should contain at least one character of each: ${rules.requiredSets.join(', ')}.`);
    reasons.push('characters');
  }
  if (password !== '' && (await rules.isLeaked?.(password, log))) {
    messages.push('Password is known to be weak and easy to guess, please choose a different one.');
    reasons.push('pwned');
  }
  return messages.length === 0 ? undefined : { message: messages.join(' '), reasons };
}

/** @throws validation_failed beyond 72 bytes, weak_password */
export async function assertStrong(
  password: string,
  { passwordRules, log }: { readonly passwordRules: PasswordRules; readonly log: Logger },
): Promise<void> {
  assertFits(password);
  const weakness = await findWeakness(password, passwordRules, log);
  if (weakness) throw authError('weak_password', { message: weakness.message, details: { reasons: weakness.reasons } });
}

/** @throws validation_failed beyond 72 bytes */
export function assertFits(password: string): void {
  if (Buffer.byteLength(password) > bcryptLimit) throw invalid('Password cannot be longer than 72 characters');
}
