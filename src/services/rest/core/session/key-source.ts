import { StartupError } from '#kernel/errors';
import type { KeySetSource } from '#kernel/jwt';

/** The settings that hold keys. */
export interface KeySettings {
  readonly jwtSecret: string | undefined;
  readonly jwtSecretIsBase64: boolean;
  readonly jwtJwks: string | undefined;
}

const leastSecretLength = 32;

/**
 * The keys tokens are verified with: `JWT_SECRET` may be a plain secret, a JWK or a JWK set, as PostgREST has it, and
 * `JWT_JWKS` a set besides.
 *
 * @returns undefined when none is configured
 * @throws StartupError for a secret that is too short, or JSON that is no key
 */
export function keySource({ jwtSecret, jwtSecretIsBase64, jwtJwks }: KeySettings): KeySetSource | undefined {
  const fromSecret = jwtSecret?.trimStart().startsWith('{') ? jwksOf(jwtSecret, 'JWT_SECRET') : undefined;
  const fromSet = jwtJwks === undefined ? [] : jwksOf(jwtJwks, 'JWT_JWKS');
  const keys = [...(fromSecret ?? []), ...fromSet];
  const secret = fromSecret === undefined ? jwtSecret : undefined;
  if (secret !== undefined && !jwtSecretIsBase64 && secret.length < leastSecretLength)
    throw new StartupError(`the secret of tokens needs ${leastSecretLength} characters`, 'JWT_SECRET');
  // As a key the decoded bytes need not be text.
  if (secret !== undefined && jwtSecretIsBase64) keys.push({ kty: 'oct', alg: 'HS256', k: asBase64Url(secret) });
  const plain = secret !== undefined && !jwtSecretIsBase64 ? { secret } : {};
  if (keys.length === 0 && plain.secret === undefined) return undefined;
  return { ...plain, ...(keys.length > 0 && { jwks: { keys } }) };
}

type Jwk = NonNullable<KeySetSource['keys']>[number];

function jwksOf(text: string, setting: string): Jwk[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new StartupError('the keys of tokens are no JSON', setting, error);
  }
  const { keys } = value as { keys?: unknown };
  const list = Array.isArray(value) ? value : Array.isArray(keys) ? keys : [value];
  if (!list.every((key) => typeof (key as { kty?: unknown } | null)?.kty === 'string'))
    throw new StartupError('the keys of tokens are no JSON Web Keys', setting);
  return list as Jwk[];
}

const asBase64Url = (text: string): string =>
  text.trim().replaceAll('+', '-').replaceAll('/', '_').replaceAll('.', '=').replace(/=+$/, '');
