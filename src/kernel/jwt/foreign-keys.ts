import type { JWK } from 'jose';
import { type KeySet, loadKeySet } from './key-set.ts';

/** Keys of a set taken at most; a document with more is no ordinary one. */
const maxKeys = 50;

/**
 * Imports the keys somebody else signs with (RFC 7517). Secrets, keys for encryption and keys of unknown kinds are left
 * out, so that whoever writes the document can widen nothing but the list of their own public keys.
 *
 * @param document what the JWKS address answered
 */
export async function loadForeignKeys(document: unknown): Promise<KeySet> {
  const listed = (document as { keys?: unknown } | null)?.keys;
  const usable = (Array.isArray(listed) ? listed.slice(0, maxKeys) : []).filter(isPublicSigningKey);
  const sets = await Promise.all(usable.map((jwk) => loadKeySet({ jwks: { keys: [jwk] } }).catch(() => undefined)));
  const known = sets.filter((set) => set !== undefined);
  return {
    verification: known.flatMap(({ verification }) => verification),
    publicJwks: known.flatMap(({ publicJwks }) => publicJwks),
    signing: undefined,
    secret: undefined,
  };
}

function isPublicSigningKey(value: unknown): value is JWK {
  const { kty, use } = (value ?? {}) as { kty?: unknown; use?: unknown };
  return (kty === 'RSA' || kty === 'EC' || kty === 'OKP') && (use === undefined || use === 'sig');
}
