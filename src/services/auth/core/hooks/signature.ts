import { createHmac, createPrivateKey, sign } from 'node:crypto';

/** Signs a message; the result carries the mark of its scheme (Standard Webhooks, "Signature scheme"). */
export type Signer = (message: string) => string;

const symmetric = /^v1,whsec_([A-Za-z0-9+/=]{32,88})$/;
const asymmetric = /^v1a,whpk_[A-Za-z0-9+/=]+:whsk_([A-Za-z0-9+/=]+)$/;

/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410). */
const ed25519Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Reads one secret of a hook: `v1,whsec_<base64>` for HMAC-SHA-256, `v1a,whpk_<base64>:whsk_<base64>` for Ed25519.
 *
 * @throws Error saying what is wrong, without the secret
 */
export function parseHookSecret(secret: string): Signer {
  const shared = symmetric.exec(secret)?.[1];
  if (shared !== undefined) {
    const key = Buffer.from(shared, 'base64');
    return (message) => `v1,${createHmac('sha256', key).update(message).digest('base64')}`;
  }
  const pair = asymmetric.exec(secret)?.[1];
  // 32 bytes are the seed; 64 are the seed with the public key after it.
  const seed = pair === undefined ? undefined : Buffer.from(pair, 'base64');
  if (!seed || (seed.length !== 32 && seed.length !== 64))
    throw new Error('must be v1,whsec_<base64 of 32 to 88 characters>, several divided by |');
  const key = createPrivateKey({
    key: Buffer.concat([ed25519Prefix, seed.subarray(0, 32)]),
    format: 'der',
    type: 'pkcs8',
  });
  return (message) => `v1a,${sign(null, Buffer.from(message), key).toString('base64')}`;
}

/**
 * Headers that tell a receiver who sent a body, and when (Standard Webhooks).
 *
 * @param id unique to this attempt
 * @param now milliseconds
 */
export function signatureHeaders(
  signers: readonly Signer[],
  id: string,
  now: number,
  body: string,
): Readonly<Record<string, string>> {
  const timestamp = String(Math.floor(now / 1_000));
  const signatures = signers.map((signer) => signer(`${id}.${timestamp}.${body}`));
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    ...(signatures.length > 0 && { 'webhook-signature': signatures.join(', ') }),
  };
}
