import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { createVerifier, loadKeySet } from '#kernel/jwt';

/** Whether a request carries a bearer token of a secret. */
export type BearerCheck = (headers: IncomingHttpHeaders) => Promise<boolean>;

/**
 * Creates the check for tokens signed (HS256) with one of some secrets that have not expired.
 *
 * @param secrets undefined ones are passed over; with none nobody passes
 * @param blocked tokens that are refused all the same
 * @param now milliseconds since the epoch
 */
export function bearerOf(
  secrets: readonly (string | undefined)[],
  blocked: readonly string[],
  now: () => number,
): BearerCheck {
  const verifiers = secrets
    .filter((secret) => secret !== undefined)
    .map(async (secret) => createVerifier({ keys: await loadKeySet({ secret }), cacheEntries: 100, now }));
  const refused = new Set(blocked.map(digest));
  return async ({ authorization = '' }) => {
    const token = /^bearer\s+(\S+)$/i.exec(authorization)?.[1];
    if (token === undefined || refused.has(digest(token))) return false;
    for (const verifier of verifiers)
      try {
        const { claims } = await (await verifier).verify(token);
        return typeof claims.exp !== 'number' || claims.exp * 1_000 > now();
      } catch {
        // Another secret may fit; whatever is wrong with it, the answer is the same.
      }
    return false;
  };
}

const digest = (token: string): string => createHash('sha256').update(token).digest('base64');
