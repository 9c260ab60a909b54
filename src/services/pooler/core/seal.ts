import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const nonceLength = 12;
const tagLength = 16;

/** Keeps passwords so that only the holder of VAULT_ENC_KEY can read them. */
export interface Seal {
  /** Base64 of nonce, tag and ciphertext. @param owner whose it is; it opens for the same only */
  seal(text: string, owner: string): string;
  /** @throws Error when it was sealed with another key or for another owner */
  open(sealed: string, owner: string): string;
}

/** Creates one. */
export function createSeal(key: string): Seal {
  const secret = Buffer.from(hkdfSync('sha256', key, '', 'pooler tenant passwords', 32));
  return {
    seal(text, owner) {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv(algorithm, secret, nonce).setAAD(Buffer.from(owner));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64');
    },
    open(sealed, owner) {
      const bytes = Buffer.from(sealed, 'base64');
      const nonce = bytes.subarray(0, nonceLength);
      const decipher = createDecipheriv(algorithm, secret, nonce, { authTagLength: tagLength })
        .setAAD(Buffer.from(owner))
        .setAuthTag(bytes.subarray(nonceLength, nonceLength + tagLength));
      return Buffer.concat([decipher.update(bytes.subarray(nonceLength + tagLength)), decipher.final()]).toString();
    },
  };
}
