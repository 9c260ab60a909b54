import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);
const iterations = 4096;

/**
 * A SCRAM-SHA-256 verifier as PostgreSQL stores it (RFC 5803; documentation of pg_authid). The server takes it for a
 * password, so that the clear text appears in no log and no statement statistics.
 *
 * @returns undefined when the password has characters that SASLprep would change: those the server has to prepare
 */
export async function scramVerifier(password: string, salt: Buffer = randomBytes(16)): Promise<string | undefined> {
  if (!/^[\x20-\x7e]+$/.test(password)) return undefined;
  const salted = await derive(password, salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}

/** A salted digest of a secret, slow enough to be kept beside the database's own verifiers. */
export async function secretDigest(secret: string, salt: Buffer = randomBytes(16)): Promise<string> {
  const digest = await derive(secret, salt, iterations, 32, 'sha256');
  return `${salt.toString('base64')}:${digest.toString('base64')}`;
}

/** Whether a digest was made from this secret. */
export async function matchesDigest(secret: string, digest: string | undefined): Promise<boolean> {
  if (!digest) return false;
  const expected = Buffer.from(digest);
  const actual = Buffer.from(await secretDigest(secret, Buffer.from(digest.split(':')[0] ?? '', 'base64')));
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
