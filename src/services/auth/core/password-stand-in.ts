import { randomBytes } from 'node:crypto';

const base64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const bcryptBase64 = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

const encode = (bytes: Buffer): string =>
  bytes
    .toString('base64')
    .replace(/=+$/, '')
    .replace(/./g, (character) => bcryptBase64[base64.indexOf(character)] as string);

/**
 * What is stored for accounts made without a password: the form of a bcrypt hash (16 bytes of salt, 23 of digest) around
 * bytes by chance, which no password anybody could find leads to. It costs no hashing, so asking for a code takes a new
 * address no longer than a known one.
 */
export const standInHash = (): string => `$2a$10$${encode(randomBytes(16))}${encode(randomBytes(23))}`;
