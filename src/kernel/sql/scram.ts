import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
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
