import { createHmac, hash as digestOf, KeyObject, timingSafeEqual, verify } from 'node:crypto';
import type { CryptoKey } from 'jose';
import type { KeySet, VerificationKey } from './key-set.ts';
import { type Claims, JwtError, type VerifiedToken } from './types.ts';

/** How tokens are verified. */
export interface VerifierOptions {
  readonly keys: KeySet;
  /** Verified tokens remembered; 0 turns the memory off. */
  readonly cacheEntries: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Checks signatures. Times and audiences are the caller's to judge. */
export interface Verifier {
  /** @throws JwtError (thrown or as rejection). Synchronous for HMAC and remembered tokens. */
  verify(token: string): VerifiedToken | Promise<VerifiedToken>;
  readonly cache: { readonly hits: number; readonly misses: number; readonly evictions: number; readonly size: number };
}

const hashes: Readonly<Record<string, string>> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

/**
 * Creates a verifier. Good tokens are remembered by their digest (never by their text, so a heap dump holds no bearer
 * token) until `exp`, at most `cacheEntries` of them, least recently used first out.
 */
export function createVerifier({ keys, cacheEntries, now }: VerifierOptions): Verifier {
  const cache = new Map<string, VerifiedToken>();
  const counters = { hits: 0, misses: 0, evictions: 0 };

  const isExpired = ({ claims }: VerifiedToken) => typeof claims.exp === 'number' && claims.exp * 1_000 < now();

  // An expired token is verified each time, so that it does not keep a place that a live one needs.
  function remember(digest: string, verified: VerifiedToken): VerifiedToken {
    if (cacheEntries > 0 && !isExpired(verified)) {
      if (cache.size >= cacheEntries) {
        cache.delete(cache.keys().next().value as string);
        counters.evictions++;
      }
      cache.set(digest, verified);
    }
    return verified;
  }

  function recall(digest: string): VerifiedToken | undefined {
    const known = cache.get(digest);
    if (!known) return undefined;
    cache.delete(digest);
    if (isExpired(known)) return undefined;
    cache.set(digest, known);
    counters.hits++;
    return known;
  }

  return {
    verify(token) {
      const digest = digestOf('sha256', token, 'base64');
      const known = recall(digest);
      if (known) return known;
      counters.misses++;
      const { header, parts } = readHeader(token);
      const candidates = fittingKeys(keys.verification, header.kid, header.alg);
      const mac = candidates.find((key) => key.kind === 'hmac' && macMatches(parts, key));
      if (mac) return remember(digest, { claims: readClaims(parts[1]), algorithm: header.alg, keyId: header.kid });
      const publicKeys = candidates.filter((key) => key.kind === 'public');
      if (publicKeys.length === 0) throw new JwtError('signature');
      return verifyPublic(token, publicKeys, header).then((verified) => remember(digest, verified));
    },
    get cache() {
      return { ...counters, size: cache.size };
    },
  };
}

interface Header {
  readonly alg: string;
  readonly kid: string | undefined;
}

function readHeader(token: string): { header: Header; parts: [string, string, string] } {
  const parts = token.split('.');
  if (parts.length === 5) throw new JwtError('encrypted');
  if (parts.length !== 3) throw new JwtError('parts', String(parts.length));
  const header = decode(parts[0] as string);
  if (typeof header !== 'object' || header === null) throw new JwtError('malformed');
  const { alg, kid, crit } = header as { alg?: unknown; kid?: unknown; crit?: unknown };
  if (typeof alg === 'string' && alg.toLowerCase() === 'none') throw new JwtError('unsecured');
  if (typeof alg !== 'string' || crit !== undefined) throw new JwtError('algorithm');
  return { header: { alg, kid: typeof kid === 'string' ? kid : undefined }, parts: parts as [string, string, string] };
}

/**
 * Keys a token may be checked with. With a key id only a key of that id counts; tokens signed with the shared secret
 * before key ids came into use carry none or an unknown one, hence the fall back to the id-less secret for HS256.
 */
function fittingKeys(keys: readonly VerificationKey[], kid: string | undefined, alg: string): VerificationKey[] {
  if (!keys.some((key) => key.algorithm === alg)) throw new JwtError('algorithm');
  const byId = kid === undefined ? [] : keys.filter((key) => key.id === kid);
  const pool = byId.length > 0 ? byId : kid === undefined ? keys : keys.filter((key) => key.id === undefined);
  const fitting = pool.filter((key) => key.algorithm === alg);
  if (fitting.length === 0) throw new JwtError('key');
  return fitting;
}

// Texts are compared, not bytes: base64url has several texts for the same bytes, and each would be a token of its own.
function macMatches(parts: readonly [string, string, string], key: VerificationKey & { kind: 'hmac' }): boolean {
  const hash = hashes[key.algorithm] as string;
  const made = createHmac(hash, key.secret).update(`${parts[0]}.${parts[1]}`).digest('base64url');
  const given = Buffer.from(parts[2]);
  return given.length === made.length && timingSafeEqual(given, Buffer.from(made));
}

async function verifyPublic(token: string, keys: readonly VerificationKey[], header: Header): Promise<VerifiedToken> {
  for (const key of keys) {
    if (key.kind !== 'public') continue;
    try {
      await assertSigned(token, key.key, key.algorithm);
    } catch {
      // Another key may fit; when none does, the answer is the same for all reasons.
      continue;
    }
    return { claims: readClaims(token.split('.')[1] as string), algorithm: header.alg, keyId: header.kid };
  }
  throw new JwtError('signature');
}

/** @throws where the signature is another's */
async function assertSigned(token: string, key: CryptoKey | KeyObject, algorithm: string): Promise<void> {
  if (key instanceof KeyObject) {
    const at = token.lastIndexOf('.');
    const signature = Buffer.from(token.slice(at + 1), 'base64url');
    if (!verify(null, Buffer.from(token.slice(0, at)), key, signature)) throw new JwtError('signature');
    return;
  }
  const { compactVerify } = await import('jose');
  await compactVerify(token, key, { algorithms: [algorithm] });
}

function readClaims(part: string): Claims {
  const claims = decode(part);
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) throw new JwtError('claims');
  return Object.freeze(claims) as Claims;
}

function decode(part: string): unknown {
  if (!/^[\w-]+$/.test(part)) throw new JwtError('malformed');
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    throw new JwtError('malformed');
  }
}
