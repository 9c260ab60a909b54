import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/**
 * Whether an account's key has signed a text (Ed25519), plainly or, as hardware wallets do, in the envelope of off-chain
 * messages.
 *
 * @param address base58 of the public key
 * @param signature base64 or base64url of 64 bytes
 */
export async function isSignedBySolana(text: string, address: string, signature: string): Promise<boolean> {
  const bytes = decodeSignature(signature);
  const raw = await decodeAddress(address);
  if (!bytes || !raw) return false;
  let key: KeyObject;
  try {
    key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') }, format: 'jwk' });
  } catch {
    return false;
  }
  const message = Buffer.from(text, 'utf8');
  return [message, ...envelopes(message, raw)].some((signed) => verify(null, signed, key, bytes));
}

function decodeSignature(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/_-]{86}(==)?$/.test(text)) return undefined;
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 64 ? bytes : undefined;
}

async function decodeAddress(address: string): Promise<Buffer | undefined> {
  if (!/^[1-9A-HJ-NP-Za-km-z]{32,44}$/.test(address)) return undefined;
  const { base58 } = await import('@scure/base');
  const bytes = Buffer.from(base58.decode(address));
  return bytes.length === 32 ? bytes : undefined;
}

// Solana off-chain message signing, version 0: with and without application domain and signers, formats ASCII and UTF-8.
function envelopes(message: Buffer, signer: Buffer): Buffer[] {
  const head = Buffer.concat([Buffer.from([0xff]), Buffer.from('solana offchain'), Buffer.from([0])]);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(message.length % 65_536);
  return [0, 1].flatMap((format) => [
    Buffer.concat([head, Buffer.from([format]), length, message]),
    Buffer.concat([head, Buffer.alloc(32), Buffer.from([format, 1]), signer, length, message]),
  ]);
}
