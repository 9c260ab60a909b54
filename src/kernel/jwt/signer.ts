import { createHmac } from 'node:crypto';
import type { CryptoKey } from 'jose';
import type { KeySet } from './key-set.ts';
import type { Claims } from './types.ts';

/** Signs tokens with the installation's current key. */
export interface Signer {
  sign(claims: Claims): Promise<string>;
  readonly algorithm: string;
}

/** A token signed with a shared secret, claims in the order given (RFC 7515, compact form). @param keyId optional `kid` */
export function signHs256(claims: Claims, secret: string, keyId?: string): string {
  const header = { alg: 'HS256', typ: 'JWT', ...(keyId && { kid: keyId }) };
  const body = `${encode(header)}.${encode(claims)}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

/** Creates a signer: the signing key of `JWT_KEYS`, else HS256 with the shared secret. */
export async function createSigner(keys: KeySet, keyId?: string): Promise<Signer> {
  const { signing, secret } = keys;
  if (!signing || signing.kty === 'oct') {
    const text = signing?.k ? Buffer.from(signing.k, 'base64url').toString('utf8') : secret;
    if (!text) throw new Error('there is no key to sign tokens with');
    return { algorithm: 'HS256', sign: async (claims) => signHs256(claims, text, signing?.kid ?? keyId) };
  }
  const { importJWK, SignJWT } = await import('jose');
  const algorithm = signing.alg ?? 'ES256';
  // Key files list `verify` beside `sign`, which WebCrypto refuses for a private key.
  const key = (await importJWK({ ...signing, key_ops: ['sign'] }, algorithm)) as CryptoKey;
  const header = { alg: algorithm, typ: 'JWT', ...(signing.kid && { kid: signing.kid }) };
  return { algorithm, sign: (claims) => new SignJWT({ ...claims }).setProtectedHeader(header).sign(key) };
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value), 'utf8').toString('base64url');
