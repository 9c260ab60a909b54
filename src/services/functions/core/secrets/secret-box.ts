import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const nonceLength = 12;
const tagLength = 16;

/** Seals texts so that only the holder of a key can read or change them. */
export interface SecretBox {
  /** Base64 of nonce, ciphertext and tag. @param context what the text belongs to; it opens with the same only */
  seal(text: string, context: string): string;
  /** @throws Error when it was sealed with another key or context, or changed since */
  open(sealed: string, context: string): string;
}

/** A box for a key of any form (AES-256-GCM, NIST SP 800-38D; the key by HKDF, RFC 5869). */
export function createSecretBox(secret: string): SecretBox {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'pmoves-supabase functions secrets', 32));
  return {
    seal(text, context) {
      const nonce = randomBytes(nonceLength);
      const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagLength });
      cipher.setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, body, cipher.getAuthTag()]).toString('base64');
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed, 'base64');
      if (bytes.length < nonceLength + tagLength) throw new Error('a sealed text is too short');
      const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceLength), { authTagLength: tagLength });
      decipher.setAAD(Buffer.from(context));
      decipher.setAuthTag(bytes.subarray(bytes.length - tagLength));
      const body = decipher.update(bytes.subarray(nonceLength, bytes.length - tagLength));
      return Buffer.concat([body, decipher.final()]).toString('utf8');
    },
  };
}
