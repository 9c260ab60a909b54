import { JwtError, signHs256, type Verifier } from '#kernel/jwt';
import { storageError } from '../errors.ts';

/** What a signed URL is good for. */
export interface UrlToken {
  /** `bucket/name`. */
  readonly url: string;
  readonly transformations?: string;
  readonly format?: string;
  readonly owner?: string;
  readonly upsert?: boolean;
  /** Seconds since the epoch. */
  readonly expires: number;
}

/** Signs URLs and checks them. */
export interface UrlTokens {
  sign(purpose: 'download' | 'upload', token: Omit<UrlToken, 'expires'>, seconds: number): string;
  /** @throws InvalidJWT, ExpiredToken, InvalidSignature */
  verify(purpose: 'download' | 'upload', token: string, url: string): Promise<UrlToken>;
}

/**
 * Tokens in URLs say what they are for, so that one for reading lets nobody write, and a user's own token is none at all.
 * Those of earlier releases have no purpose: `upsert` tells them apart.
 *
 * @param now milliseconds since the epoch
 */
export function createUrlTokens(secret: string, verifier: Verifier, now: () => number): UrlTokens {
  return {
    sign(purpose, token, seconds) {
      const issued = Math.floor(now() / 1_000);
      return signHs256({ ...token, scope: purpose, iat: issued, exp: issued + seconds }, secret);
    },

    async verify(purpose, text, url) {
      let claims: Readonly<Record<string, unknown>>;
      try {
        ({ claims } = await verifier.verify(text));
      } catch (error) {
        if (!(error instanceof JwtError)) throw error;
        throw storageError('InvalidJWT', { message: jwtMessage(error), cause: error });
      }
      if (typeof claims.exp !== 'number' || claims.exp * 1_000 <= now())
        throw storageError('InvalidJWT', { message: '"exp" claim timestamp check failed' });
      const given = claims.scope ?? (claims.upsert === undefined ? 'download' : 'upload');
      // A user's token may have any claims its owner could put there, but never lacks a role.
      if (claims.url !== url || given !== purpose || claims.role !== undefined) throw storageError('InvalidSignature');
      return {
        url,
        expires: claims.exp,
        ...(typeof claims.transformations === 'string' && { transformations: claims.transformations }),
        ...(typeof claims.format === 'string' && { format: claims.format }),
        ...(typeof claims.owner === 'string' && { owner: claims.owner }),
        ...(claims.upsert === true && { upsert: true }),
      };
    },
  };
}

/** What the mirrored service says of a bad token. */
export function jwtMessage({ failure }: JwtError): string {
  switch (failure) {
    case 'parts':
    case 'malformed':
    case 'encrypted':
      return 'Invalid Compact JWS';
    case 'signature':
      return 'signature verification failed';
    case 'claims':
      return 'JWT Claims Set must be a top-level JSON object';
    default:
      return '"alg" (Algorithm) Header Parameter value not allowed';
  }
}
