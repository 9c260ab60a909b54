import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { CryptoKey, JWK } from 'jose';

/** Keys as operators give them: the shared secret, `JWT_KEYS` (private JWK array) and `JWT_JWKS` (JWK set). */
export interface KeySetSource {
  readonly secret?: string;
  readonly keys?: readonly JWK[];
  readonly jwks?: { readonly keys: readonly JWK[] };
}

/** A key with one algorithm it may be used with (RFC 8725 §3.1: never take the algorithm from the token alone). */
export type VerificationKey =
  | { readonly kind: 'hmac'; readonly id: string | undefined; readonly algorithm: string; readonly secret: Buffer }
  | {
      readonly kind: 'public';
      readonly id: string | undefined;
      readonly algorithm: string;
      /** A KeyObject where Web Crypto has no such key (Ed448). */
      readonly key: CryptoKey | KeyObject;
    };

/** All keys of an installation. */
export interface KeySet {
  readonly verification: readonly VerificationKey[];
  /** The private JWK that signs, where `JWT_KEYS` names one with `key_ops` `sign`. */
  readonly signing: JWK | undefined;
  readonly secret: string | undefined;
  /** Asymmetric public keys, for a JWKS document (RFC 7517). */
  readonly publicJwks: readonly JWK[];
}

const curveAlgorithms: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' };

/** The algorithms of a JWK: its own `alg` alone, or those its type and curve imply, the usual one first. */
function algorithmsOf(jwk: JWK): readonly [string, ...string[]] {
  // RFC 8037 has one name for both curves, RFC 9864 one for each; tokens come with either.
  if (jwk.kty === 'OKP' && (jwk.crv === 'Ed25519' || jwk.crv === 'Ed448')) return ['EdDSA', jwk.crv];
  if (jwk.alg) return [jwk.alg];
  if (jwk.kty === 'oct') return ['HS256', 'HS384', 'HS512'];
  if (jwk.kty === 'RSA') return ['RS256', 'RS384', 'RS512'];
  const algorithm = curveAlgorithms[jwk.crv ?? ''];
  if (!algorithm) throw new Error(`a JWK of type ${jwk.kty} and curve ${jwk.crv} is not supported`);
  return [algorithm];
}

function publicHalf(jwk: JWK): JWK {
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, k: _k, key_ops: _ops, ...rest } = jwk;
  return rest;
}

/**
 * Imports an installation's keys.
 *
 * @throws Error when a JWK is unusable or `keys` has not exactly one signing key
 */
export async function loadKeySet(source: KeySetSource): Promise<KeySet> {
  const jwks = [...(source.keys ?? []), ...(source.jwks?.keys ?? [])];
  const signers = (source.keys ?? []).filter((jwk) => jwk.key_ops?.includes('sign'));
  if (source.keys && source.keys.length > 0 && signers.length !== 1)
    throw new Error('JWT_KEYS must hold exactly one key whose key_ops contain "sign"');
  const verification: VerificationKey[] = [];
  const publicJwks = new Map<string, JWK>();
  for (const jwk of jwks) {
    const algorithms = algorithmsOf(jwk);
    const [algorithm] = algorithms;
    if (jwk.kty === 'oct') {
      const secret = Buffer.from(jwk.k ?? '', 'base64url');
      if (secret.length === 0) throw new Error('a JWK of type oct has no k');
      if (!/^HS(256|384|512)$/.test(algorithm)) throw new Error(`a JWK of type oct cannot be used with ${algorithm}`);
      for (const each of algorithms) verification.push({ kind: 'hmac', id: jwk.kid, algorithm: each, secret });
      continue;
    }
    const half = publicHalf(jwk);
    for (const each of algorithms)
      verification.push({ kind: 'public', id: jwk.kid, algorithm: each, key: await importPublic(half, each) });
    publicJwks.set(jwk.kid ?? JSON.stringify(half), { ...half, alg: algorithm, use: 'sig', key_ops: ['verify'] });
  }
  if (source.secret)
    verification.push({ kind: 'hmac', id: undefined, algorithm: 'HS256', secret: Buffer.from(source.secret, 'utf8') });
  return { verification, signing: signers[0], secret: source.secret, publicJwks: [...publicJwks.values()] };
}

async function importPublic(jwk: JWK, algorithm: string): Promise<CryptoKey | KeyObject> {
  if (jwk.crv === 'Ed448') return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' });
  // Loaded at the first asymmetric key: most installations sign with the shared secret alone.
  const { importJWK } = await import('jose');
  return (await importJWK(jwk, algorithm)) as CryptoKey;
}
