import type { ServiceError } from '#kernel/errors';
import { JwtError, type Verifier } from '#kernel/jwt';
import { functionsError } from '../../errors.ts';

/**
 * Holds a request's token against the keys of the installation: the shared secret and every key of the sets. Times count,
 * audiences do not, as in the original.
 *
 * @param now milliseconds since the epoch
 * @throws ServiceError `UNAUTHORIZED_…` saying what is wrong
 */
export async function verifyAccess(authorization: string | undefined, verifier: Verifier, now: number): Promise<void> {
  if (!authorization) throw functionsError('UNAUTHORIZED_NO_AUTH_HEADER');
  const [, token] = /^bearer +(\S+)$/i.exec(authorization) ?? [];
  if (token === undefined)
    throw functionsError('UNAUTHORIZED_INVALID_JWT_FORMAT', { message: `Auth header is not 'Bearer {token}'` });
  try {
    const { claims, algorithm } = await verifier.verify(token);
    const { exp, nbf } = claims;
    const isExpired = typeof exp === 'number' && exp * 1_000 <= now;
    const isEarly = typeof nbf === 'number' && nbf * 1_000 > now;
    if (isExpired || isEarly) throw refused(algorithm);
  } catch (error) {
    if (!(error instanceof JwtError)) throw error;
    throw refusal(error, token);
  }
}

function refusal(error: JwtError, token: string): ServiceError {
  if (['parts', 'malformed', 'claims', 'encrypted'].includes(error.failure))
    return functionsError('UNAUTHORIZED_INVALID_JWT_FORMAT', { cause: error });
  if (error.failure === 'unsecured')
    return functionsError('UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM', { cause: error });
  const algorithm = algorithmOf(token);
  if (/^(HS256|ES256|RS256)$/.test(algorithm)) return refused(algorithm, error);
  return functionsError('UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM', {
    message: `Unsupported JWT algorithm ${algorithm.slice(0, 16)}`,
    cause: error,
  });
}

const refused = (algorithm: string, cause?: unknown): ServiceError =>
  functionsError(algorithm.startsWith('HS') ? 'UNAUTHORIZED_LEGACY_JWT' : 'UNAUTHORIZED_ASYMMETRIC_JWT', { cause });

function algorithmOf(token: string): string {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString('utf8'));
    return String((header as { alg?: unknown }).alg);
  } catch {
    return 'none';
  }
}
