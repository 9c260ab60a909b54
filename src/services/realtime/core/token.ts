import { type Claims, JwtError, type JwtFailure, type Verifier } from '#kernel/jwt';

/** A token that was found good. Equal tokens of many sockets are one object. */
export interface Token {
  readonly text: string;
  readonly claims: Claims;
  readonly role: string;
  /** Seconds since the epoch. */
  readonly expires: number;
}

/** Why a token is not good, in the original's words. */
export interface TokenRefusal {
  readonly code: 'InvalidJWTToken' | 'MalformedJWT' | 'JwtSignatureError' | 'JwtSignerError';
  readonly message: string;
  /** What a handshake answers; without the number of seconds. */
  readonly atHandshake: string;
}

/** Judges tokens. */
export interface TokenJudge {
  /** Synchronous for shared secrets and for what was judged before. */
  judge(text: string): Token | TokenRefusal | Promise<Token | TokenRefusal>;
}

/** Whether a verdict is a refusal. */
export const isRefusal = (verdict: Token | TokenRefusal): verdict is TokenRefusal => 'code' in verdict;

/** How a token that is past its time is refused. @param now milliseconds since the epoch */
export function expired(expires: number, now: number): TokenRefusal {
  const seconds = Math.max(0, Math.floor(now / 1_000) - Math.floor(expires));
  return {
    code: 'InvalidJWTToken',
    message: `Token has expired ${seconds} seconds ago`,
    atHandshake: 'Token has expired',
  };
}

const same = (code: TokenRefusal['code'], message: string): TokenRefusal => ({ code, message, atHandshake: message });

const malformed = same('MalformedJWT', 'The token provided is not a valid JWT');
const badSignature = same('JwtSignatureError', 'Failed to validate JWT signature');
const noSigner = same('JwtSignerError', 'Failed to generate JWT signer, check your JWT secret or JWKS configuration');
const incomplete = same('InvalidJWTToken', 'Fields `role` and `exp` are required in JWT');

/** A key that the token names and nobody has. */
function noSignerOf(kid: string): TokenRefusal {
  const named = JSON.stringify(kid.slice(0, longestKeyId));
  return same(
    'JwtSignerError',
    `Failed to generate JWT signer for key ID (kid) ${named}, check your JWT secret or JWKS configuration`,
  );
}

const longestKeyId = 200;

const refusalOf: Readonly<Record<JwtFailure, TokenRefusal>> = {
  parts: malformed,
  malformed,
  claims: malformed,
  encrypted: malformed,
  unsecured: noSigner,
  algorithm: noSigner,
  key: noSigner,
  signature: badSignature,
};

/** What a token's header names its key; undefined where it names none. */
function keyIdOf(text: string): string | undefined {
  const header: unknown = JSON.parse(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString());
  const { kid } = (header ?? {}) as { kid?: unknown };
  return typeof kid === 'string' ? kid : undefined;
}

/** How tokens are judged. */
export interface TokenJudgeOptions {
  readonly verifier: Verifier;
  /** Claims that have to have these very values (`JWT_CLAIM_VALIDATORS`). */
  readonly required: Readonly<Record<string, unknown>>;
  /** Good tokens of which one object is kept. */
  readonly kept: number;
  readonly now: () => number;
}

/** Signature, `role`, `exp` and the claims asked for (spec §1.1, JWT rules). */
export function createTokenJudge({ verifier, required, kept, now }: TokenJudgeOptions): TokenJudge {
  const known = new Map<string, Token>();

  function complete(text: string, claims: Claims): Token | TokenRefusal {
    const { role, exp } = claims;
    if (typeof role !== 'string' || typeof exp !== 'number') return incomplete;
    if (exp * 1_000 <= now()) return expired(exp, now());
    for (const [name, value] of Object.entries(required)) if (claims[name] !== value) return badSignature;
    const token = { text, claims, role, expires: exp };
    if (known.size >= kept) known.delete(known.keys().next().value as string);
    known.set(text, token);
    return token;
  }

  function refuse(error: unknown, text: string): TokenRefusal {
    if (!(error instanceof JwtError)) throw error;
    const refusal = refusalOf[error.failure];
    const kid = refusal === noSigner ? keyIdOf(text) : undefined;
    return kid === undefined ? refusal : noSignerOf(kid);
  }

  return {
    judge(given) {
      const text = given.replace(/\s/g, '');
      const before = known.get(text);
      if (before) {
        if (before.expires * 1_000 > now()) return before;
        known.delete(text);
        return expired(before.expires, now());
      }
      try {
        const verified = verifier.verify(text);
        if (!(verified instanceof Promise)) return complete(text, verified.claims);
        return verified.then(
          ({ claims }) => complete(text, claims),
          (error) => refuse(error, text),
        );
      } catch (error) {
        return refuse(error, text);
      }
    },
  };
}
