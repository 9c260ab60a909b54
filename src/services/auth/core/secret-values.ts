import { randomBytes } from 'node:crypto';

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** A refresh token: 12 characters of lower-case base32, 60 bits. */
export function newRefreshToken(): string {
  let token = '';
  for (const byte of randomBytes(12)) token += base32[byte % 32];
  return token;
}
