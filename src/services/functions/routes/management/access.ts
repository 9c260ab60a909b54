import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { JwtError } from '#kernel/jwt';
import type { Functions } from '../../core/functions.ts';
import { functionsError } from '../../errors.ts';
import type { StackAddress } from '../../ports.ts';

/**
 * Lets in whoever has the service key, the opaque server key, the access token of the settings, or a valid token of role
 * `service_role`.
 *
 * @throws ServiceError `management_unauthorized`
 */
export async function requireManager(
  request: IncomingMessage,
  functions: Functions,
  stack: StackAddress,
): Promise<void> {
  const [, token] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (token === undefined) throw functionsError('management_unauthorized');
  const { accessToken } = functions.settings;
  if ([stack.serviceRoleKey, stack.secretKey, accessToken].some((key) => isSame(token, key))) return;
  try {
    const { claims } = await (await functions.verifier()).verify(token);
    const isExpired = typeof claims.exp === 'number' && claims.exp * 1_000 <= functions.clock.now();
    if (claims.role === 'service_role' && !isExpired) return;
  } catch (error) {
    if (!(error instanceof JwtError)) throw error;
  }
  throw functionsError('management_unauthorized');
}

// Digests have one length, so that the comparison tells nothing about that of the key.
function isSame(given: string, expected: string | undefined): boolean {
  if (expected === undefined || expected === '') return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
