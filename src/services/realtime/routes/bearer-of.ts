import type { IncomingHttpHeaders } from 'node:http';
import { createVerifier, loadKeySet } from '#kernel/jwt';

/** Whether a request carries a bearer token of a secret. */
export type BearerCheck = (headers: IncomingHttpHeaders) => Promise<boolean>;

/**
 * Creates the check for tokens signed (HS256) with a secret that have not expired.
 *
 * @param secret undefined: nobody passes
 * @param now milliseconds since the epoch
 */
export function bearerOf(secret: string | undefined, now: () => number): BearerCheck {
  if (secret === undefined) return async () => false;
  const verifier = loadKeySet({ secret }).then((keys) => createVerifier({ keys, cacheEntries: 100, now }));
  return async ({ authorization = '' }) => {
    const token = /^bearer\s+(\S+)$/i.exec(authorization)?.[1];
    if (token === undefined) return false;
    try {
      const { claims } = await (await verifier).verify(token);
      return typeof claims.exp !== 'number' || claims.exp * 1_000 > now();
    } catch {
      // Whatever is wrong with it, the answer is the same.
      return false;
    }
  };
}
