import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from '#kernel/http';
import { createVerifier, loadKeySet } from '#kernel/jwt';

/** Lets a request through, or answers it. */
export type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply | undefined>;

/**
 * Only requests with a bearer token that was signed (HS256) with the secret, is not on the list and has not expired;
 * others get 403 with an empty body, as from Supavisor. Without a secret nobody gets in.
 */
export async function tokenGuard(
  secret: string | undefined,
  blocked: readonly string[],
  now: () => number,
): Promise<Guard> {
  const verifier = secret ? createVerifier({ keys: await loadKeySet({ secret }), cacheEntries: 100, now }) : undefined;
  return async (request, reply) => {
    const token = /^bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token !== undefined && verifier && !blocked.some((each) => isSameText(each, token))) {
      try {
        const { claims } = await verifier.verify(token);
        if (typeof claims.exp !== 'number' || claims.exp * 1_000 > now()) return undefined;
      } catch {
        // Answered like any other that is not let in.
      }
    }
    return reply.code(403).send();
  };
}

const key = 'same';
const digest = (text: string): Buffer => createHmac('sha256', key).update(text).digest();
const isSameText = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
