import { generateKeyPairSync, randomUUID } from 'node:crypto';

/** A key of `JWT_KEYS`, as much of it as matters here. */
export interface SigningJwk {
  readonly kty: string;
  readonly kid?: string;
  readonly key_ops?: readonly string[];
  /** Private part of an elliptic-curve key; a previous key has none any more. */
  readonly d?: string;
  /** Seconds since the epoch at which a key stopped signing. */
  readonly retired_at?: number;
  readonly [member: string]: unknown;
}

/** What a key is there for: to sign, to sign next, to verify what it signed before, or the shared secret. */
export type KeyRole = 'current' | 'standby' | 'previous' | 'shared';

/** The part a key of `JWT_KEYS` plays. Only its own members tell, so any reader of the array gets on with it. */
export function roleOf(key: SigningJwk): KeyRole {
  if (key.kty === 'oct') return key.key_ops?.includes('sign') ? 'current' : 'shared';
  if (key.key_ops?.includes('sign')) return 'current';
  return key.d === undefined ? 'previous' : 'standby';
}

/** A new ES256 key (RFC 7518 §3.4). @param signs true for the one that signs from now on */
export function newSigningKey(signs: boolean): SigningJwk {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    ...(privateKey.export({ format: 'jwk' }) as { kty: string }),
    kid: randomUUID(),
    alg: 'ES256',
    use: 'sig',
    key_ops: signs ? ['sign', 'verify'] : ['verify'],
  };
}

/** What of a key everybody may have. */
export function publicPart(key: SigningJwk): SigningJwk {
  const { kty, crv, x, y, n, e, kid, alg, use } = key;
  const parts = { kty, crv, x, y, n, e, kid, alg, use, key_ops: ['verify'] };
  return Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined)) as unknown as SigningJwk;
}

/**
 * Rotates signing keys so that nobody is signed out:
 *
 *   standby → current → previous → gone
 *
 * The standby key is published beside the current one, so that by the time it signs every verifier knows it, nodes that
 * have not been restarted yet included. What the previous key signed goes on being good until it expires; a key is
 * dropped when it has been retired for longer than `keep`. The first rotation makes both keys.
 *
 * @param keys the present `JWT_KEYS`; empty where tokens are signed with the shared secret
 * @param secret the shared secret, which goes on verifying
 * @param now seconds since the epoch
 * @param keep seconds that a previous key stays: at least the lifetime of tokens
 */
export function rotateKeys(keys: readonly SigningJwk[], secret: string, now: number, keep: number): SigningJwk[] {
  const current = keys.find((key) => roleOf(key) === 'current');
  const standby = keys.find((key) => roleOf(key) === 'standby');
  const next = standby ? { ...standby, key_ops: ['sign', 'verify'] } : newSigningKey(true);
  const retired = current && current.kty !== 'oct' ? [{ ...publicPart(current), retired_at: now }] : [];
  const previous = keys.filter((key) => roleOf(key) === 'previous' && now - (key.retired_at ?? now) <= keep);
  const shared = {
    kty: 'oct',
    k: Buffer.from(secret, 'utf8').toString('base64url'),
    alg: 'HS256',
    key_ops: ['verify'],
  };
  return [next, newSigningKey(false), ...retired, ...previous, shared];
}

/** The set others verify with (`JWT_JWKS`): public parts, and the shared secret. */
export const verificationSet = (keys: readonly SigningJwk[]): { keys: SigningJwk[] } => ({
  keys: keys.map((key) => {
    if (key.kty !== 'oct') return publicPart(key);
    const { key_ops: _, ...rest } = key;
    return rest;
  }),
});
