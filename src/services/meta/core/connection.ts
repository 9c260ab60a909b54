import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { type ConnectionOptions, parseConnectionUrl } from '#kernel/sql';
import { metaError } from '../errors.ts';

/** What both sides encrypt with. */
export const passphraseOf = ({ cryptoKey }: { readonly cryptoKey: string | undefined }): string =>
  cryptoKey ?? 'SAMPLE_KEY';

/**
 * The connection a client names in `x-connection-encrypted`: a URL, encrypted under the shared passphrase in OpenSSL's
 * salted format (base64 of `Salted__`, 8 bytes of salt, AES-256-CBC; key and IV by EVP_BytesToKey with MD5, one round).
 *
 * @throws ServiceError that says which step failed, and nothing of the text
 */
export function readEncryptedConnection(
  header: string,
  passphrase: string,
  fallback: ConnectionOptions,
): ConnectionOptions {
  const text = decrypt(header, passphrase)?.trim();
  if (!text) throw metaError('connection_undecipherable');
  try {
    const { sslMode, ...stated } = parseConnectionUrl(withoutCertificates(text));
    // Anything said but `disable` and `verify-full` means encryption without a look at the certificate.
    const stillMeant = sslMode === undefined || sslMode === 'disable' || sslMode === 'verify-full';
    const effective = stillMeant ? (sslMode ?? fallback.sslMode) : 'require';
    return {
      ...stated,
      ...(effective && { sslMode: effective }),
      ...(fallback.sslRootCertificate && { sslRootCertificate: fallback.sslRootCertificate }),
    };
  } catch (cause) {
    throw metaError('connection_malformed', { cause });
  }
}

/** The header by which a client names a connection: what `readEncryptedConnection` reads. */
export function sealConnection(connection: ConnectionOptions, passphrase: string): string {
  const { host, port, database, user, password = '', sslMode } = connection;
  const secret = password === '' ? '' : `:${encodeURIComponent(password)}`;
  const query = new URLSearchParams({ host, port: String(port), ...(sslMode && { sslmode: sslMode }) });
  const text = `postgresql://${encodeURIComponent(user)}${secret}@localhost/${encodeURIComponent(database)}?${query}`;
  const salt = randomBytes(8);
  const { key, iv } = deriveKey(Buffer.from(passphrase, 'utf8'), salt);
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  return Buffer.concat([Buffer.from('Salted__'), salt, cipher.update(text, 'utf8'), cipher.final()]).toString('base64');
}

// They would name files of this machine.
function withoutCertificates(text: string): string {
  const url = new URL(text);
  for (const name of ['sslca', 'sslkey', 'sslcert', 'sslrootcert']) url.searchParams.delete(name);
  return url.href;
}

function decrypt(text: string, passphrase: string): string | undefined {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.subarray(0, 8).toString('latin1') !== 'Salted__') return undefined;
  const { key, iv } = deriveKey(Buffer.from(passphrase, 'utf8'), bytes.subarray(8, 16));
  try {
    const decipher = createDecipheriv('aes-256-cbc', key, iv);
    return Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

/** EVP_BytesToKey (OpenSSL) with MD5 and one iteration: 32 bytes of key, 16 of IV. */
export function deriveKey(passphrase: Buffer, salt: Buffer): { readonly key: Buffer; readonly iv: Buffer } {
  const blocks: Buffer[] = [];
  let last = Buffer.alloc(0);
  while (blocks.length < 3) {
    last = createHash('md5').update(last).update(passphrase).update(salt).digest();
    blocks.push(last);
  }
  const derived = Buffer.concat(blocks);
  return { key: derived.subarray(0, 32), iv: derived.subarray(32, 48) };
}
