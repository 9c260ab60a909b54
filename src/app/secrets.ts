import { createHash, randomBytes } from 'node:crypto';
import { signHs256 } from '#kernel/jwt';

const fiveYears = 5 * 365 * 24 * 60 * 60;
const projectRef = 'supabase-self-hosted';

/** How each secret of an installation is made; formats are those of the official key generator. */
export const secretGenerators: Readonly<Record<string, () => string>> = {
  POSTGRES_PASSWORD: () => randomBytes(16).toString('hex'),
  JWT_SECRET: () => randomBytes(30).toString('base64'),
  DASHBOARD_PASSWORD: () => randomBytes(16).toString('hex'),
  SECRET_KEY_BASE: () => randomBytes(48).toString('base64'),
  VAULT_ENC_KEY: () => randomBytes(16).toString('hex'),
  PG_META_CRYPTO_KEY: () => randomBytes(24).toString('base64'),
  LOGFLARE_PUBLIC_ACCESS_TOKEN: () => randomBytes(24).toString('base64'),
  LOGFLARE_PRIVATE_ACCESS_TOKEN: () => randomBytes(24).toString('base64'),
  S3_PROTOCOL_ACCESS_KEY_ID: () => randomBytes(16).toString('hex'),
  S3_PROTOCOL_ACCESS_KEY_SECRET: () => randomBytes(32).toString('hex'),
  SUPABASE_PUBLISHABLE_KEY: () => opaqueKey('sb_publishable_'),
  SUPABASE_SECRET_KEY: () => opaqueKey('sb_secret_'),
};

/** A legacy API key: HS256, claims `role, iss, iat, exp` in this order, five years. @param now seconds */
export function roleKey(role: 'anon' | 'service_role', jwtSecret: string, now: number): string {
  return signHs256({ role, iss: 'supabase', iat: now, exp: now + fiveYears }, jwtSecret);
}

/** An opaque key: prefix, 22 random base64url characters, `_`, 8 characters of checksum. */
export function opaqueKey(prefix: 'sb_publishable_' | 'sb_secret_'): string {
  const body = prefix + randomBytes(16).toString('base64url');
  const checksum = createHash('sha256').update(`${projectRef}|${body}`).digest('base64url').slice(0, 8);
  return `${body}_${checksum}`;
}

/**
 * The secrets an installation lacks. Nothing given is replaced; role keys are derived from the JWT secret.
 *
 * @param given looks up what is set; undefined or empty is missing
 * @param skip names that must come from the operator, e.g. the password of an external server
 * @param now seconds
 */
export function missingSecrets(
  given: (name: string) => string | undefined,
  skip: ReadonlySet<string>,
  now: number,
): Map<string, string> {
  const made = new Map<string, string>();
  for (const [name, generate] of Object.entries(secretGenerators))
    if (!given(name) && !skip.has(name)) made.set(name, generate());
  const jwtSecret = given('JWT_SECRET') ?? made.get('JWT_SECRET');
  if (jwtSecret !== undefined) {
    if (!given('ANON_KEY')) made.set('ANON_KEY', roleKey('anon', jwtSecret, now));
    if (!given('SERVICE_ROLE_KEY')) made.set('SERVICE_ROLE_KEY', roleKey('service_role', jwtSecret, now));
  }
  return made;
}
