import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);

/** What the server keeps of a SCRAM password (RFC 5802 §3, form of pg_authid). */
export interface ScramVerifier {
  readonly kind: 'scram';
  readonly iterations: number;
  /** As it goes over the wire. */
  readonly salt: string;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

/** A password as pg_authid keeps it. */
export type StoredSecret = ScramVerifier | { readonly kind: 'md5'; readonly digest: string };

/** What a role is logged in upstream with. */
export type Credentials =
  | { readonly kind: 'scram'; readonly clientKey: Buffer; readonly serverKey: Buffer }
  | { readonly kind: 'md5'; readonly digest: string }
  | { readonly kind: 'password'; readonly password: string };

const scramForm = /^SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]{44}):([A-Za-z0-9+/=]{44})$/;

/** Reads `pg_authid.rolpassword`; undefined for anything nobody could log in with. */
export function parseSecret(text: string): StoredSecret | undefined {
  if (/^md5[0-9a-f]{32}$/.test(text)) return { kind: 'md5', digest: text.slice(3) };
  const match = scramForm.exec(text);
  if (!match) return undefined;
  const [, iterations, salt, stored, server] = match as unknown as [string, string, string, string, string];
  const storedKey = Buffer.from(stored, 'base64');
  const serverKey = Buffer.from(server, 'base64');
  if (storedKey.length !== 32 || serverKey.length !== 32 || Number(iterations) < 1) return undefined;
  return { kind: 'scram', iterations: Number(iterations), salt, storedKey, serverKey };
}

/** The keys of a password (RFC 5802 §3). Passwords with characters SASLprep would change are used as they are. */
export async function scramKeys(
  password: string,
  salt: Buffer,
  iterations: number,
): Promise<{ readonly clientKey: Buffer; readonly storedKey: Buffer; readonly serverKey: Buffer }> {
  const salted = await derive(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  return { clientKey, storedKey: sha256(clientKey), serverKey: hmac(salted, 'Server Key') };
}

/** SHA-256. */
export const sha256 = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();

/** HMAC-SHA-256. */
export const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Bytewise exclusive or of two values of one length. */
export function xor(a: Buffer, b: Buffer): Buffer {
  const result = Buffer.alloc(a.length);
  for (let index = 0; index < a.length; index++) result[index] = (a[index] as number) ^ (b[index] as number);
  return result;
}

/** Comparison in constant time; false for different lengths. */
export const isSame = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

/** The answer to AuthenticationMD5Password: `md5` and the digest of the kept digest with the salt. */
export function md5Answer(digest: string, salt: Buffer): string {
  return `md5${createHash('md5').update(digest).update(salt).digest('hex')}`;
}

/** The digest of a password that MD5 secrets hold. */
export const md5Digest = (user: string, password: string): string =>
  createHash('md5').update(password).update(user).digest('hex');
