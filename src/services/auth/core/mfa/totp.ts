import { createHmac, randomBytes } from 'node:crypto';
import { equalInConstantTime } from '../constant-time.ts';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const digits = 6;
/** Seconds a code is good for. */
const period = 30;
/** Steps before and after the present one whose codes are taken, for clocks that are off. */
const skew = 1;

/** A new secret: 20 bytes in base32 without padding (RFC 4226 §4, RFC 4648 §6). */
export function newTotpSecret(): string {
  let text = '';
  let bits = 0;
  let value = 0;
  for (const byte of randomBytes(20)) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += alphabet[(value >>> (bits - 5)) & 31];
    value &= (1 << bits) - 1;
  }
  return text;
}

/** @throws Error for a text that is no base32 */
export function decodeBase32(text: string): Buffer {
  const bytes: number[] = [];
  let bits = 0;
  let value = 0;
  for (const character of text.toUpperCase().replace(/=+$/, '')) {
    const index = alphabet.indexOf(character);
    if (index < 0) throw new Error('no base32');
    value = (value << 5) | index;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >>> bits) & 255);
      value &= (1 << bits) - 1;
    }
  }
  return Buffer.from(bytes);
}

/** The code of a step (RFC 6238, HMAC-SHA-1). */
export function totpCode(secret: Buffer, step: number, length = digits): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const offset = (mac.at(-1) as number) & 15;
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** length).padStart(length, '0');
}

/** The step a moment belongs to. @param now milliseconds */
export const totpStep = (now: number): number => Math.floor(now / 1_000 / period);

/**
 * Finds the step whose code was given. Each candidate is compared in constant time.
 *
 * @param secret base32
 * @param after codes of this step and earlier ones were used before, and are not taken again
 * @param now milliseconds
 */
export function matchTotp(secret: string, code: string, after: number, now: number): number | undefined {
  const key = decodeBase32(secret);
  const present = totpStep(now);
  let match: number | undefined;
  for (let step = present - skew; step <= present + skew; step++)
    if (step >= 0 && equalInConstantTime(totpCode(key, step), code) && step > after) match ??= step;
  return match;
}

/** What authenticator apps read from the QR code (Key URI Format). */
export function totpUri(secret: string, issuer: string, account: string): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  const query = `algorithm=SHA1&digits=${digits}&issuer=${encodeURIComponent(issuer)}&period=${period}&secret=${secret}`;
  return `otpauth://totp/${label}?${query}`;
}
