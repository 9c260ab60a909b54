import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Encrypts single values of the database, each for the row it stands in. */
export interface ColumnCipher {
  /** Whether new values are encrypted. */
  readonly encrypts: boolean;
  /** What is stored for a value; the value itself as text where nothing is encrypted. @param id UUID of the row */
  seal(id: string, plain: string | Buffer): string;
  /**
   * A stored value, encrypted or not.
   *
   * @returns also whether it is to be stored anew, because it is not encrypted, or with another key than new ones
   * @throws Error when its key is not configured, or it was moved to another row or changed
   */
  open(id: string, stored: string): { readonly plain: Buffer; readonly isStale: boolean };
}

/** Keys by id, each 32 bytes in base64url. */
export interface ColumnKeys {
  /** Id of the key new values are encrypted with; undefined leaves them as they are. */
  readonly encryptWith: string | undefined;
  readonly keys: ReadonlyMap<string, string>;
}

/** A key that cannot be used. The message names it and shows nothing of it. */
export class ColumnKeyError extends Error {
  override readonly name = 'ColumnKeyError';
}

interface Envelope {
  readonly key_id: string;
  readonly alg: string;
  readonly data: string;
  readonly nonce: string;
}

const algorithm = 'aes-gcm-hkdf';
const tagLength = 16;
const nonceLength = 12;
const keyLength = 32;

/**
 * AES-256-GCM with a key derived from a master key for each row (GoTrue, `DB_ENCRYPTION`): JSON with the master key's id, the
 * ciphertext that ends in its tag, and the nonce.
 *
 * @throws ColumnKeyError
 */
export function createColumnCipher({ encryptWith, keys }: ColumnKeys): ColumnCipher {
  const masters = new Map<string, Buffer>();
  for (const [id, text] of keys) {
    const key = Buffer.from(text, 'base64url');
    if (!/^[\w+/-]+={0,2}$/.test(text) || key.length !== keyLength)
      throw new ColumnKeyError(`the key ${JSON.stringify(id)} is not 32 bytes in base64url`);
    masters.set(id, key);
  }
  if (encryptWith !== undefined && !masters.has(encryptWith))
    throw new ColumnKeyError(`there is no key ${JSON.stringify(encryptWith)}`);
  const keyOf = (keyId: string, id: string): Buffer => {
    const master = masters.get(keyId);
    if (!master)
      throw new ColumnKeyError(`a value is encrypted with the key ${JSON.stringify(keyId)}, which is not configured`);
    return Buffer.from(hkdfSync('sha256', master, '', id.toLowerCase(), keyLength));
  };
  return {
    encrypts: encryptWith !== undefined,
    seal(id, plain) {
      if (encryptWith === undefined) return plain.toString();
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv('aes-256-gcm', keyOf(encryptWith, id), nonce);
      const data = Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      return JSON.stringify({
        key_id: encryptWith,
        alg: algorithm,
        data: data.toString('base64'),
        nonce: nonce.toString('base64'),
      });
    },
    open(id, stored) {
      const envelope = readEnvelope(stored);
      if (!envelope) return { plain: Buffer.from(stored), isStale: encryptWith !== undefined };
      const data = Buffer.from(envelope.data, 'base64');
      const nonce = Buffer.from(envelope.nonce, 'base64');
      const decipher = createDecipheriv('aes-256-gcm', keyOf(envelope.key_id, id), nonce, { authTagLength: tagLength });
      decipher.setAuthTag(data.subarray(-tagLength));
      const plain = Buffer.concat([decipher.update(data.subarray(0, -tagLength)), decipher.final()]);
      return { plain, isStale: encryptWith !== undefined && encryptWith !== envelope.key_id };
    },
  };
}

/** An encrypted value; undefined where a text is none. */
function readEnvelope(stored: string): Envelope | undefined {
  if (!stored.startsWith('{')) return undefined;
  let value: Partial<Record<keyof Envelope, unknown>> | null;
  try {
    value = JSON.parse(stored);
  } catch {
    return undefined;
  }
  const { key_id, alg, data, nonce } = value ?? {};
  if (typeof key_id !== 'string' || alg !== algorithm || typeof data !== 'string' || typeof nonce !== 'string')
    return undefined;
  if (Buffer.from(nonce, 'base64').length !== nonceLength || Buffer.from(data, 'base64').length < tagLength)
    return undefined;
  return { key_id, alg, data, nonce };
}
