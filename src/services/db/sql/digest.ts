import { pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);
const iterations = 4096;

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
