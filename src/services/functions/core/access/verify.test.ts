import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { createVerifier, loadKeySet } from '#kernel/jwt';
import { verifyAccess } from './verify.ts';

const now = 1_800_000_000_000;
const secret = 'a-secret-of-at-least-thirty-two-characters';
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const elliptic = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

function token(alg: string, kid: string | undefined, claims: object, key = alg === 'RS256' ? rsa : elliptic): string {
  const text = `${encode({ alg, typ: 'JWT', ...(kid !== undefined && { kid }) })}.${encode(claims)}`;
  const signature =
    alg === 'HS256'
      ? createHmac('sha256', secret).update(text).digest()
      : sign('sha256', Buffer.from(text), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

const keys = loadKeySet({
  secret,
  jwks: {
    keys: [
      { ...rsa.publicKey.export({ format: 'jwk' }), kid: 'r', alg: 'RS256' },
      { ...elliptic.publicKey.export({ format: 'jwk' }), kid: 'e', alg: 'ES256' },
    ],
  } as never,
});

const outcome = async (given: string): Promise<string> => {
  const verifier = createVerifier({ keys: await keys, cacheEntries: 10, now: () => now });
  return verifyAccess(`Bearer ${given}`, verifier, now).then(
    () => 'let through',
    (error: { code: string }) => error.code,
  );
};

const exp = now / 1_000 + 60;

test.each([
  ['the shared secret', token('HS256', undefined, { exp }), 'let through'],
  ['RS256', token('RS256', 'r', { exp }), 'let through'],
  ['ES256', token('ES256', 'e', { exp }), 'let through'],
  ['RS256 without a key id', token('RS256', undefined, { exp }), 'let through'],
  ['no time of expiry', token('ES256', 'e', { sub: 'x' }), 'let through'],
  ['an old one', token('ES256', 'e', { exp: now / 1_000 - 1 }), 'UNAUTHORIZED_ASYMMETRIC_JWT'],
  ['one that does not count yet', token('RS256', 'r', { exp, nbf: exp }), 'UNAUTHORIZED_ASYMMETRIC_JWT'],
  [
    'the key of somebody else',
    token('ES256', 'e', { exp }, generateKeyPairSync('ec', { namedCurve: 'P-256' }) as never),
    'UNAUTHORIZED_ASYMMETRIC_JWT',
  ],
  [
    'a public key taken for a secret',
    `${encode({ alg: 'HS256', kid: 'r' })}.${encode({ exp })}.AAAA`,
    'UNAUTHORIZED_LEGACY_JWT',
  ],
])('%s', async (_what, given, expected) => expect(await outcome(given)).toBe(expected));
