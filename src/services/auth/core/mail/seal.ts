import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** Encrypts what waits in the database: letters carry codes, which are stored nowhere else but as hashes. */
export interface Seal {
  close(value: unknown): Buffer;
  /** @throws Error when it was sealed with another secret, or changed */
  open(sealed: Buffer): unknown;
}

const nonceSize = 12;
const tagSize = 16;

/** AES-256-GCM with a key derived from a secret: nonce, tag, ciphertext. @param purpose keeps keys of different uses apart */
export function createSeal(secret: string, purpose: string): Seal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', purpose, 32));
  return {
    close(value) {
      const nonce = randomBytes(nonceSize);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const text = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    open(sealed) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceSize));
      decipher.setAuthTag(sealed.subarray(nonceSize, nonceSize + tagSize));
      const text = Buffer.concat([decipher.update(sealed.subarray(nonceSize + tagSize)), decipher.final()]);
      return JSON.parse(text.toString('utf8'));
    },
  };
}
