import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Encrypts hashes and secrets of second factors, which a reader of the database must not come by. */
export interface Seal {
  close(text: string): Buffer;
  /** Undefined when it was sealed with another secret, or changed. */
  open(sealed: Buffer): string | undefined;
}

const nonceSize = 12;
const tagSize = 16;

/** AES-256-GCM: nonce, tag, ciphertext. @param secret its key is derived from (HKDF, RFC 5869) */
export function createSeal(secret: string): Seal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'studio operators', 32));
  return {
    close(text) {
      const nonce = randomBytes(nonceSize);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), body]);
    },
    open(sealed) {
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceSize));
        decipher.setAuthTag(sealed.subarray(nonceSize, nonceSize + tagSize));
        const body = sealed.subarray(nonceSize + tagSize);
        return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
      } catch {
        return undefined;
      }
    },
  };
}
