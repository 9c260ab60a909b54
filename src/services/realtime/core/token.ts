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

  function refuse(error: unknown): TokenRefusal {
    if (error instanceof JwtError) return refusalOf[error.failure];
    throw error;
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
        return verified.then(({ claims }) => complete(text, claims), refuse);
      } catch (error) {
        return refuse(error);
      }
    },
  };
}
