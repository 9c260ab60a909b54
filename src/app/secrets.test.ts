import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createVerifier, loadKeySet } from '#kernel/jwt';
import { secretRules, weakness } from './demo-secrets.ts';
import { missingSecrets, opaqueKey } from './secrets.ts';

describe('missingSecrets', () => {
  it('makes everything for an empty installation, strong enough for any address', () => {
    const made = missingSecrets(() => undefined, new Set(), 1_700_000_000);
    for (const rule of secretRules) expect(weakness(rule, made.get(rule.name) ?? '')).toBeUndefined();
    expect(made.get('VAULT_ENC_KEY')).toHaveLength(32);
  });

  it('never replaces what is given, and derives role keys from the given secret', async () => {
    const secret = 'an-operators-own-secret-of-decent-length';
    const made = missingSecrets(
      (name) => (name === 'JWT_SECRET' ? secret : undefined),
      new Set(['POSTGRES_PASSWORD']),
      1_700_000_000,
    );
    expect(made.has('JWT_SECRET')).toBe(false);
    expect(made.has('POSTGRES_PASSWORD')).toBe(false);
    const verifier = createVerifier({ keys: await loadKeySet({ secret }), cacheEntries: 0, now: () => 0 });
    const { claims } = await verifier.verify(made.get('SERVICE_ROLE_KEY') as string);
    expect(Object.keys(claims)).toEqual(['role', 'iss', 'iat', 'exp']);
    expect(claims).toMatchObject({ role: 'service_role', iss: 'supabase', exp: 1_700_000_000 + 157_680_000 });
  });
});

it('makes opaque keys with a checksum', () => {
  const key = opaqueKey('sb_publishable_');
  expect(key).toMatch(/^sb_publishable_[\w-]{22}_[\w-]{8}$/);
  const expected = createHash('sha256')
    .update(`supabase-self-hosted|${key.slice(0, -9)}`)
    .digest('base64url')
    .slice(0, 8);
  expect(key.endsWith(`_${expected}`)).toBe(true);
});

describe('weakness', () => {
  const rule = { name: 'JWT_SECRET', minLength: 32 };
  it('knows published values', () =>
    expect(weakness(rule, 'your-super-secret-jwt-token-with-at-least-32-characters-long')).toMatch(/demo value/));
  it('knows published keys by their issuer', () => {
    const payload = Buffer.from('{"role":"anon","iss":"supabase-demo"}').toString('base64url');
    expect(weakness({ name: 'ANON_KEY', minLength: 32 }, `eyJhbGciOiJIUzI1NiJ9.${payload}.signature`)).toMatch(
      /demo key/,
    );
  });
  it('knows short ones', () => expect(weakness(rule, 'short')).toMatch(/fewer than 32/));
});
