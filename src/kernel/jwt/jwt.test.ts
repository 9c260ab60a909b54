import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { type KeySet, loadKeySet } from './key-set.ts';
import { createSigner, signHs256 } from './signer.ts';
import { type Claims, JwtError, type JwtFailure, type VerifiedToken } from './types.ts';
import { createVerifier, type Verifier } from './verifier.ts';

const secret = 'a-shared-secret-with-at-least-32-characters';
const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
const withMac = (header: object, claims: object, key: string | Buffer = secret, hash = 'sha256') => {
  const body = `${part(header)}.${part(claims)}`;
  return `${body}.${createHmac(hash, key).update(body).digest('base64url')}`;
};

function jwk(kind: 'ec' | 'rsa', kid: string, extra: object = {}) {
  const pair =
    kind === 'ec'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const export_ = (key: KeyObject) => ({ ...key.export({ format: 'jwk' }), kid, ...extra });
  return { private: export_(pair.privateKey), public: export_(pair.publicKey), object: pair.publicKey };
}

const ec = jwk('ec', 'ec-key', { alg: 'ES256' });
const rsa = jwk('rsa', 'rsa-key', { alg: 'RS256' });

let keys: KeySet;
let verifier: Verifier;
beforeAll(async () => {
  keys = await loadKeySet({
    secret,
    keys: [{ ...ec.private, key_ops: ['sign'] }],
    jwks: { keys: [rsa.public] },
  } as never);
  verifier = createVerifier({ keys, cacheEntries: 100, now: () => 0 });
});

const signerFor = async (key: object) =>
  createSigner(await loadKeySet({ keys: [{ ...key, key_ops: ['sign'] }] } as never));

/** How a token is refused; `undefined` when it is not. */
async function refusal(token: string, by: Verifier = verifier): Promise<JwtFailure | undefined> {
  try {
    await by.verify(token);
  } catch (error) {
    if (error instanceof JwtError) return error.failure;
    throw error;
  }
  return undefined;
}

describe('a good token', () => {
  const claims: Claims = { role: 'authenticated', sub: 'x', exp: 4_000_000_000, n: { deep: ['ä'] } };

  test('of the shared secret is verified at once, without a promise', () => {
    const verified = verifier.verify(signHs256(claims, secret)) as VerifiedToken;
    expect(verified).toEqual({ claims, algorithm: 'HS256', keyId: undefined });
  });

  test.each([
    ['ES256', ec.private],
    ['RS256', rsa.private],
  ])('of an asymmetric key is verified (%s)', async (algorithm, key) => {
    const signer = await signerFor(key);
    expect(signer.algorithm).toBe(algorithm);
    const token = await signer.sign(claims);
    expect(await verifier.verify(token)).toEqual({ claims, algorithm, keyId: key.kid });
  });

  test('of the shared secret may carry a key id from before or after', () => {
    expect(verifier.verify(signHs256(claims, secret, 'an-unknown-id'))).toMatchObject({ keyId: 'an-unknown-id' });
  });

  test.each(['HS384', 'HS512'])('of a symmetric JWK (%s)', async (alg) => {
    const own = await loadKeySet({ jwks: { keys: [{ kty: 'oct', kid: 'k', alg, k: part('another secret') }] } });
    const token = withMac({ alg, kid: 'k' }, claims, 'another secret', alg.replace('HS', 'sha'));
    expect(createVerifier({ keys: own, cacheEntries: 0, now: () => 0 }).verify(token)).toMatchObject({ claims });
  });

  test('cannot be changed by whoever reads it', () => {
    const verified = verifier.verify(signHs256(claims, secret)) as VerifiedToken;
    expect(() => Object.assign(verified.claims, { role: 'service_role' })).toThrow(TypeError);
  });
});

describe('a bad token says why', () => {
  const good = signHs256({ role: 'anon' }, secret);
  const [head, body, mac] = good.split('.') as [string, string, string];

  test.each<[string, string, JwtFailure]>([
    ['empty', '', 'parts'],
    ['two parts', `${head}.${body}`, 'parts'],
    ['four parts', `${good}.x`, 'parts'],
    ['a JWE', 'a.b.c.d.e', 'encrypted'],
    ['a header that is no base64url', `%.${body}.${mac}`, 'malformed'],
    ['a padded header', `${head}=.${body}.${mac}`, 'malformed'],
    ['a header that is no JSON', `${part('x')}.${body}.${mac}`, 'malformed'],
    ['a header that is null', `${part('null')}.${body}.${mac}`, 'malformed'],
    ['a header that is a list', `${part('[]')}.${body}.${mac}`, 'algorithm'],
    ['no algorithm', withMac({}, {}), 'algorithm'],
    ['a numeric algorithm', withMac({ alg: 256 }, {}), 'algorithm'],
    ['an algorithm no key has', withMac({ alg: 'HS512' }, {}, secret, 'sha512'), 'algorithm'],
    ['a critical extension', withMac({ alg: 'HS256', crit: ['b64'], b64: false }, {}), 'algorithm'],
    ['none', `${part({ alg: 'none' })}.${body}.`, 'unsecured'],
    ['NoNe', `${part({ alg: 'NoNe' })}.${body}.${mac}`, 'unsecured'],
    ['no signature', `${head}.${body}.`, 'signature'],
    ['another secret', signHs256({ role: 'anon' }, `${secret}!`), 'signature'],
    ['another payload', `${head}.${part({ role: 'service_role' })}.${mac}`, 'signature'],
    ['a signature with a character between', `${head}.${body}.${mac.slice(0, 5)}~${mac.slice(5)}`, 'signature'],
    ['a padded signature', `${good}=`, 'signature'],
    ['a payload that is a list', withMac({ alg: 'HS256' }, []), 'claims'],
    ['a payload that is a text', withMac({ alg: 'HS256' }, '"x"' as never), 'claims'],
    ['a payload that is no JSON', withMac({ alg: 'HS256' }, 'x' as never), 'malformed'],
  ])('%s', async (_name, token, failure) => {
    expect(await refusal(token)).toBe(failure);
  });

  test('the same bytes in another base64url text are another signature', async () => {
    // The last character of 32 bytes carries two unused bits.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = alphabet.indexOf(good.at(-1) as string);
    const twin = `${good.slice(0, -1)}${alphabet[last ^ 1]}`;
    expect(Buffer.from(twin.split('.')[2] as string, 'base64url')).toEqual(Buffer.from(mac, 'base64url'));
    expect(await refusal(twin)).toBe('signature');
  });
});

describe('algorithm confusion', () => {
  const pem = rsa.object.export({ format: 'pem', type: 'spki' });

  test.each<[string, () => string]>([
    ["the RSA key's PEM as a secret, its key id", () => withMac({ alg: 'HS256', kid: 'rsa-key' }, {}, pem)],
    ["the RSA key's PEM as a secret, no key id", () => withMac({ alg: 'HS256' }, {}, pem)],
    [
      "the RSA key's modulus as a secret",
      () => withMac({ alg: 'HS256', kid: 'rsa-key' }, {}, Buffer.from(rsa.public.n as string, 'base64url')),
    ],
    ["the EC key's id with the shared secret", () => withMac({ alg: 'HS256', kid: 'ec-key' }, {})],
    ['ES256 announced, HMAC made', () => withMac({ alg: 'ES256', kid: 'ec-key' }, {})],
    ["RS256 with the EC key's id", () => withMac({ alg: 'RS256', kid: 'ec-key' }, {})],
    ['an empty key id', () => withMac({ alg: 'RS256', kid: '' }, {})],
    ['a key id that is a path', () => withMac({ alg: 'ES256', kid: '../../dev/null' }, {}, '')],
    ['a key of its own in the header', () => withMac({ alg: 'ES256', jwk: ec.public, jku: 'https://evil' }, {})],
    [
      'a zero EC signature',
      () => `${part({ alg: 'ES256', kid: 'ec-key' })}.${part({})}.${part(Buffer.alloc(64).toString('latin1'))}`,
    ],
  ])('%s is refused', async (_name, token) => {
    expect(await refusal(token())).toMatch(/^(key|signature)$/);
  });

  test('without a shared secret HS256 is no algorithm at all', async () => {
    const own = createVerifier({
      keys: await loadKeySet({ jwks: { keys: [rsa.public] } } as never),
      cacheEntries: 0,
      now: () => 0,
    });
    expect(await refusal(withMac({ alg: 'HS256' }, {}, pem), own)).toBe('algorithm');
  });

  test('a token of a foreign key of the same kind is refused', async () => {
    const foreign = await signerFor(jwk('ec', 'ec-key', { alg: 'ES256' }).private);
    expect(await refusal(await foreign.sign({}))).toBe('signature');
  });
});

describe('the memory of verified tokens', () => {
  const fresh = (cacheEntries: number, now = () => 0) => createVerifier({ keys, cacheEntries, now });

  test('gives the very same answer for the very same token', () => {
    const own = fresh(10);
    const token = signHs256({ a: 1 }, secret);
    expect(own.verify(token)).toBe(own.verify(token));
    expect(own.cache).toEqual({ hits: 1, misses: 1, evictions: 0, size: 1 });
  });

  test('holds asymmetric tokens too, and then needs no promise', async () => {
    const own = fresh(10);
    const token = await (await signerFor(ec.private)).sign({ a: 1 });
    const first = await own.verify(token);
    expect(own.verify(token)).toBe(first);
  });

  test('never holds more than it may, and drops what was not used for longest', () => {
    const own = fresh(3);
    const tokens = [1, 2, 3, 4].map((n) => signHs256({ n }, secret));
    for (const token of tokens.slice(0, 3)) void own.verify(token);
    void own.verify(tokens[0] as string);
    void own.verify(tokens[3] as string);
    expect(own.cache).toMatchObject({ size: 3, evictions: 1 });
    void own.verify(tokens[0] as string);
    expect(own.cache.hits).toBe(2);
    void own.verify(tokens[1] as string);
    expect(own.cache.hits).toBe(2);
  });

  test('honours exp, and holds no expired token', () => {
    let time = 0;
    const own = fresh(10, () => time);
    const token = signHs256({ exp: 100 }, secret);
    void own.verify(token);
    time = 99_000;
    void own.verify(token);
    expect(own.cache).toMatchObject({ hits: 1, size: 1 });
    time = 101_000;
    expect(own.verify(token)).toMatchObject({ claims: { exp: 100 } });
    expect(own.cache).toMatchObject({ hits: 1, misses: 2, size: 0 });
  });

  test('can be turned off', () => {
    const own = fresh(0);
    void own.verify(signHs256({}, secret));
    expect(own.cache.size).toBe(0);
  });

  test('never holds a refused token', async () => {
    const own = fresh(10);
    await refusal(signHs256({}, 'wrong'), own);
    expect(own.cache.size).toBe(0);
  });

  test('stays within its bound under any traffic', () => {
    fc.assert(
      fc.property(fc.nat({ max: 5 }), fc.array(fc.nat({ max: 9 }), { maxLength: 40 }), (bound, traffic) => {
        const own = fresh(bound);
        for (const n of traffic) {
          expect(own.verify(signHs256({ n }, secret))).toMatchObject({ claims: { n } });
          expect(own.cache.size).toBeLessThanOrEqual(bound);
        }
        expect(own.cache.hits + own.cache.misses).toBe(traffic.length);
      }),
    );
  });
});

describe('keys', () => {
  test.each<[string, object, string]>([
    ['no signing key', { keys: [rsa.private] }, 'exactly one key'],
    [
      'two signing keys',
      {
        keys: [
          { ...rsa.private, key_ops: ['sign'] },
          { ...ec.private, key_ops: ['sign'] },
        ],
      },
      'exactly one key',
    ],
    ['a symmetric key without material', { jwks: { keys: [{ kty: 'oct' }] } }, 'has no k'],
    [
      'a symmetric key for signatures',
      { jwks: { keys: [{ kty: 'oct', k: 'AAAA', alg: 'RS256' }] } },
      'cannot be used with RS256',
    ],
    ['an unknown curve', { jwks: { keys: [{ kty: 'EC', crv: 'P-1' }] } }, 'not supported'],
  ])('%s is refused', async (_name, source, message) => {
    await expect(loadKeySet(source as never)).rejects.toThrow(message);
  });

  test('that name no algorithm serve their family, those that name one only that', async () => {
    const bytes = Buffer.from(secret);
    const oct = (extra: object) => ({ kty: 'oct', kid: 'o', k: bytes.toString('base64url'), ...extra });
    const verify = async (key: object, token: string) => {
      const set = await loadKeySet({ jwks: { keys: [key] } } as never);
      return createVerifier({ keys: set, cacheEntries: 0, now: () => 0 }).verify(token);
    };
    const mac = withMac({ alg: 'HS512', kid: 'o' }, { a: 1 }, bytes, 'sha512');
    expect(await verify(oct({}), mac)).toMatchObject({ algorithm: 'HS512' });
    await expect(verify(oct({ alg: 'HS256' }), mac)).rejects.toMatchObject({ failure: 'algorithm' });
    const any = jwk('rsa', 'r');
    const { private: key, ...rest } = { ...any, private: { ...any.private, alg: 'RS512' } };
    const signed = await (await signerFor(key)).sign({ a: 1 });
    expect(await verify(rest.public, signed)).toMatchObject({ algorithm: 'RS512' });
    await expect(verify({ ...rest.public, alg: 'RS256' }, signed)).rejects.toMatchObject({ failure: 'algorithm' });
  });

  test.each(['ed25519', 'ed448'] as const)('of %s serve both names of their algorithm', async (curve) => {
    const pair = generateKeyPairSync(curve as 'ed25519');
    const name = curve === 'ed25519' ? 'Ed25519' : 'Ed448';
    const set = await loadKeySet({
      jwks: { keys: [{ ...pair.publicKey.export({ format: 'jwk' }), kid: 'e', alg: 'EdDSA' }] },
    } as never);
    const edwards = createVerifier({ keys: set, cacheEntries: 0, now: () => 0 });
    for (const alg of ['EdDSA', name]) {
      const body = `${part({ alg, kid: 'e' })}.${part({ a: 1 })}`;
      const signature = sign(null, Buffer.from(body), pair.privateKey).toString('base64url');
      expect(await edwards.verify(`${body}.${signature}`)).toMatchObject({ claims: { a: 1 }, keyId: 'e' });
      const other = `${part({ alg, kid: 'e' })}.${part({ a: 2 })}.${signature}`;
      expect(await refusal(other, edwards)).toBe('signature');
    }
  });

  test('the public document holds public halves only, and no shared secret', async () => {
    const text = JSON.stringify(keys.publicJwks);
    for (const hidden of [ec.private.d, secret, part(secret)]) expect(text).not.toContain(hidden);
    expect(keys.publicJwks).toHaveLength(2);
    expect(keys.publicJwks[0]).toMatchObject({ kid: 'ec-key', alg: 'ES256', use: 'sig', key_ops: ['verify'] });
  });

  test('the signing key of JWT_KEYS is used before the shared secret', async () => {
    expect((await createSigner(keys)).algorithm).toBe('ES256');
    expect((await createSigner(await loadKeySet({ secret }))).algorithm).toBe('HS256');
    await expect(createSigner(await loadKeySet({}))).rejects.toThrow('no key to sign');
  });

  test('claims keep their order', () => {
    const body = signHs256({ role: 'anon', iss: 'supabase', iat: 1, exp: 2 }, secret).split('.')[1] as string;
    expect(Buffer.from(body, 'base64url').toString()).toBe('{"role":"anon","iss":"supabase","iat":1,"exp":2}');
  });
});

describe('whatever a stranger sends', () => {
  const jsonPart = fc.json().map(part);
  const header = fc
    .record({
      alg: fc.constantFrom('HS256', 'ES256', 'RS256', 'none', 'PS256', 1, null),
      kid: fc.constantFrom('ec-key', 'rsa-key', 'x', 1, null, undefined),
    })
    .map(part);
  const token = fc.oneof(
    fc.string(),
    fc.array(fc.oneof(fc.string(), jsonPart), { maxLength: 6 }).map((parts) => parts.join('.')),
    fc.tuple(header, jsonPart, fc.oneof(fc.base64String(), fc.string())).map((parts) => parts.join('.')),
  );

  test('is refused with a JwtError and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(token, async (text) => {
        expect(await refusal(text)).toBeDefined();
      }),
      { numRuns: 1_000 },
    );
  });

  test('one changed character makes a good token bad', async () => {
    const good = signHs256({ role: 'anon', sub: 'somebody' }, secret);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: good.length - 1 }), fc.constantFrom(...'Aa0-_.~ '), async (at, character) => {
        fc.pre(good[at] !== character);
        expect(await refusal(good.slice(0, at) + character + good.slice(at + 1))).toBeDefined();
      }),
    );
  });
});
