import { randomBytes, randomInt } from 'node:crypto';

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** A refresh token: 12 characters of lower-case base32, 60 bits. */
export function newRefreshToken(): string {
  let token = '';
  for (const byte of randomBytes(12)) token += base32[byte % 32];
  return token;
}

/**
 * A password nobody will type, for accounts made without one.
 *
 * @param length in characters, at most 72
 * @param requiredSets one character of each is put in, so that it passes the rules for passwords
 */
export function newPassword(length: number, requiredSets: readonly string[] = []): string {
  const required = requiredSets.map((set) => {
    const characters = [...set];
    return characters[randomInt(characters.length)] as string;
  });
  let filler = '';
  while (filler.length + required.length < length) filler += base32[randomInt(32)];
  return filler + required.join('');
}
