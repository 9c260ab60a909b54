/** A secret with the least length its service accepts. */
export interface SecretRule {
  readonly name: string;
  readonly minLength: number;
}

/** Secrets that must be neither published demo values nor too short once anybody but this machine can connect. */
export const secretRules: readonly SecretRule[] = [
  { name: 'POSTGRES_PASSWORD', minLength: 12 },
  { name: 'JWT_SECRET', minLength: 32 },
  { name: 'ANON_KEY', minLength: 32 },
  { name: 'SERVICE_ROLE_KEY', minLength: 32 },
  { name: 'DASHBOARD_PASSWORD', minLength: 12 },
  { name: 'SECRET_KEY_BASE', minLength: 64 },
  { name: 'VAULT_ENC_KEY', minLength: 32 },
  { name: 'PG_META_CRYPTO_KEY', minLength: 32 },
  { name: 'LOGFLARE_PUBLIC_ACCESS_TOKEN', minLength: 32 },
  { name: 'LOGFLARE_PRIVATE_ACCESS_TOKEN', minLength: 32 },
  { name: 'S3_PROTOCOL_ACCESS_KEY_ID', minLength: 16 },
  { name: 'S3_PROTOCOL_ACCESS_KEY_SECRET', minLength: 32 },
];

const published: readonly string[] = [
  'your-super-secret-and-long-postgres-password',
  'your-super-secret-jwt-token-with-at-least-32-characters-long',
  'super-secret-jwt-token-with-at-least-32-characters-long',
  'this_password_is_insecure_and_should_be_updated',
  'your-32-character-encryption-key',
  'your-encryption-key-32-chars-min',
  'your-super-secret-and-long-logflare-key-public',
  'your-super-secret-and-long-logflare-key-private',
  'your-super-secret-and-long-logflare-key',
  // SECRET_KEY_BASE and the S3 pair of the sample file
  'UpNVntn3cDxHJpq99YMc1T1AQgQpc8kfYTuRgBiYa15BLrx8etQoXz3gZv1/u2oq',
  '625729a08b95bf1b7ff351a663f3a23c',
  '850181e4652dd023b7a98c58ae0d2d34bd487ee0cc3254aed6eda37307425907',
  'sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH',
  'sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz',
];

/** What is wrong with a secret, or undefined. */
export function weakness(rule: SecretRule, value: string): string | undefined {
  if (published.includes(value)) return `${rule.name} is a published demo value`;
  if (isDemoToken(value)) return `${rule.name} is a published demo key`;
  if (value.length < rule.minLength) return `${rule.name} has fewer than ${rule.minLength} characters`;
  return undefined;
}

// All sample keys ever published carry this issuer; ours and the official generator's say `supabase`.
function isDemoToken(value: string): boolean {
  const payload = value.split('.')[1];
  if (!value.startsWith('eyJ') || payload === undefined) return false;
  try {
    return (
      (JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { iss?: unknown }).iss === 'supabase-demo'
    );
  } catch {
    return false;
  }
}
