import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ServiceError, StartupError } from '#kernel/errors';
import { createSigner, createVerifier, loadKeySet } from '#kernel/jwt';
import { planner } from '../../testing/planning.ts';
import { testSecret, testToken } from '../../testing/rest-server.ts';
import { type Caller, createAuthenticator } from './authenticate.ts';
import { checkClaims } from './claims.ts';
import { keySource } from './key-source.ts';
import { cookiesJson, headersJson } from './request-facts.ts';
import { claimAt, parseRolePath } from './role-path.ts';
import { beginStatement, settingsStatement } from './settings.ts';

const now = 1_700_000_000;

function refusal(action: () => unknown): ServiceError {
  try {
    action();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('claims', () => {
  test.each([
    [{}],
    [{ exp: now - 30, nbf: now + 30, iat: now + 30 }],
    [{ exp: null, nbf: null, iat: null, aud: null }],
    [{ aud: 'app' }],
    [{ aud: ['other', 'app'] }],
    [{ aud: [] }],
  ])('%j pass', (claims) => {
    expect(() => checkClaims(claims, { now, audience: 'app' })).not.toThrow();
  });

  test.each([
    [{ exp: now - 31 }, 'JWT expired'],
    [{ exp: now + 0.5 }, 'JWT expired'],
    [{ exp: 'soon' }, "The JWT 'exp' claim must be a number"],
    [{ nbf: now + 31 }, 'JWT not yet valid'],
    [{ nbf: true }, "The JWT 'nbf' claim must be a number"],
    [{ iat: now + 31 }, 'JWT issued at future'],
    [{ aud: 'x' }, 'JWT not in audience'],
    [{ aud: ['x', 'y'] }, 'JWT not in audience'],
    [{ aud: 5 }, "The JWT 'aud' claim must be a string or an array of strings"],
    [{ aud: [5] }, "The JWT 'aud' claim must be a string or an array of strings"],
    [{ exp: now - 31, nbf: now + 31 }, 'JWT expired'],
  ])('%j are refused', (claims, message) => {
    const error = refusal(() => checkClaims(claims, { now, audience: 'app' }));
    expect(error).toMatchObject({ code: 'PGRST303', status: 401, message });
    expect(error.headers['www-authenticate']).toBe(`Bearer error="invalid_token", error_description="${message}"`);
  });

  test('an audience is looked at for its form even when none is wanted', () => {
    expect(() => checkClaims({ aud: 'x' }, { now, audience: undefined })).not.toThrow();
    expect(refusal(() => checkClaims({ aud: 5 }, { now, audience: undefined })).code).toBe('PGRST303');
  });
});

describe('the way to the role', () => {
  const claims = { role: 'a', 'https://x/r': { roles: ['one', 'two_admin'] }, list: [{ r: 'b' }] };
  test.each([
    ['.role', 'a'],
    ['."https://x/r".roles[1]', 'two_admin'],
    ['.list[0].r', 'b'],
    ['."https://x/r".roles[?(@ == "one")]', 'one'],
    ['."https://x/r".roles[?(@ != "one")]', 'two_admin'],
    ['."https://x/r".roles[?(@ ^== "two")]', 'two_admin'],
    ['."https://x/r".roles[?(@ ==^ "admin")]', 'two_admin'],
    ['."https://x/r".roles[?(@ *== "_")]', 'two_admin'],
    ['.missing.role', undefined],
    ['.role[0]', undefined],
    ['.constructor', undefined],
    ['', claims],
  ])('%s', (path, expected) => {
    expect(claimAt(claims, parseRolePath(path))).toEqual(expected);
  });

  test.each(['role', '.a..b', '.a[x]', '.a[?(@ ~ "x")]', '.a[?(@ == "x")].b'])('%s is no path', (path) => {
    expect(() => parseRolePath(path)).toThrow('is not understood');
  });
});

async function authenticator(options: { secret?: string; anonRole?: string | undefined; cache?: number } = {}) {
  const source = keySource({ jwtSecret: options.secret ?? testSecret, jwtSecretIsBase64: false, jwtJwks: undefined });
  const verifier = createVerifier({
    keys: await loadKeySet(source ?? {}),
    cacheEntries: options.cache ?? 10,
    now: () => now * 1_000,
  });
  const anonRole = 'anonRole' in options ? options.anonRole : 'anon';
  const rules = { verifier, anonRole, audience: undefined, rolePath: parseRolePath('.role') };
  return createAuthenticator(rules);
}

describe('authentication', () => {
  test('without a token the anonymous role counts, any other scheme is none', async () => {
    const { authenticate } = await authenticator();
    const anonymous: Caller = { role: 'anon', claims: '{"role":"anon"}', isAnonymous: true };
    for (const header of [undefined, 'Basic YTpi', 'bearertoken'])
      expect(authenticate(header, now * 1_000)).toEqual(anonymous);
  });

  test('a token names the role; its claims go on with the role in force', async () => {
    const { authenticate } = await authenticator();
    const token = testToken({ sub: 'x', role: 'writer' });
    for (const scheme of ['Bearer', 'bearer', 'BEARER  ']) {
      const caller = await authenticate(`${scheme} ${token}`, now * 1_000);
      expect(caller).toEqual({ role: 'writer', claims: '{"sub":"x","role":"writer"}', isAnonymous: false });
    }
    expect(await authenticate(`Bearer ${testToken({ sub: 'x' })}`, now * 1_000)).toMatchObject({
      role: 'anon',
      claims: '{"sub":"x","role":"anon"}',
      isAnonymous: true,
    });
    expect(await authenticate(`Bearer ${testToken({ role: ['a'] })}`, now * 1_000)).toMatchObject({ role: '["a"]' });
  });

  test.each([
    ['Bearer ', 'PGRST301', 'Empty JWT is sent in Authorization header', null],
    ['Bearer a.b', 'PGRST301', 'Expected 3 parts in JWT; got 2', null],
    ['Bearer a.b.c.d.e', 'PGRST301', 'Expected 3 parts in JWT; got 5', null],
    ['Bearer ?.?.?', 'PGRST301', 'JWT cryptographic operation failed', null],
    [
      `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`,
      'PGRST301',
      'Wrong or unsupported encoding algorithm',
      "JWT is unsecured but expected 'alg' was not 'none'",
    ],
    [
      `Bearer ${testToken({ role: 'x' }, 'another-secret-of-at-least-32-characters')}`,
      'PGRST301',
      'No suitable key or wrong key type',
      'None of the keys was able to decode the JWT',
    ],
    [`Bearer ${testToken({ exp: now - 1_000 })}`, 'PGRST303', 'JWT expired', null],
  ])('%s', async (header, code, message, details) => {
    const { authenticate } = await authenticator();
    const error = refusal(() => authenticate(header, now * 1_000));
    expect(error).toMatchObject({ code, status: 401, message, details });
    expect(error.headers['www-authenticate']).toContain(message);
  });

  test('keys of other kinds are asked in their own time', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'k', alg: 'ES256' };
    const signing = await loadKeySet({ keys: [{ ...jwk, key_ops: ['sign'] }] as never });
    const token = await (await createSigner(signing)).sign({ role: 'writer' });
    const source = keySource({
      jwtSecret: testSecret,
      jwtSecretIsBase64: false,
      jwtJwks: JSON.stringify({ keys: signing.publicJwks }),
    });
    const verifier = createVerifier({ keys: await loadKeySet(source ?? {}), cacheEntries: 1, now: () => 0 });
    const { authenticate } = createAuthenticator({
      verifier,
      anonRole: 'anon',
      audience: undefined,
      rolePath: parseRolePath('.role'),
    });
    const first = authenticate(`Bearer ${token}`, 0);
    expect(first).toBeInstanceOf(Promise);
    expect(await first).toMatchObject({ role: 'writer' });
    expect(authenticate(`Bearer ${token}`, 0)).toMatchObject({ role: 'writer' });
    const broken = `${token.slice(0, token.lastIndexOf('.'))}.${Buffer.alloc(64).toString('base64url')}`;
    await expect(authenticate(`Bearer ${broken}`, 0)).rejects.toMatchObject({ code: 'PGRST301', status: 401 });
  });

  test('time goes on for remembered tokens', async () => {
    const { authenticate } = await authenticator();
    const header = `Bearer ${testToken({ role: 'writer', exp: now + 10 })}`;
    expect(await authenticate(header, now * 1_000)).toMatchObject({ role: 'writer' });
    expect(refusal(() => authenticate(header, (now + 41) * 1_000)).message).toBe('JWT expired');
  });

  test('without an anonymous role a token is needed, without a key none is accepted', async () => {
    const strict = await authenticator({ anonRole: undefined });
    expect(refusal(() => strict.authenticate(undefined, 0))).toMatchObject({
      code: 'PGRST302',
      status: 401,
      headers: { 'www-authenticate': 'Bearer' },
    });
    const rules = { verifier: undefined, anonRole: 'anon', audience: undefined, rolePath: [] };
    const keyless = createAuthenticator(rules);
    expect(refusal(() => keyless.authenticate('Bearer x', 0))).toMatchObject({ code: 'PGRST300', status: 500 });
  });

  test('no header makes it throw anything else', async () => {
    const { authenticate } = await authenticator();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (text, isBearer) => {
        try {
          void authenticate(isBearer ? `Bearer ${text}` : text, now * 1_000);
        } catch (error) {
          expect(error).toBeInstanceOf(ServiceError);
        }
      }),
    );
  });
});

describe('keys', () => {
  const jwk = { kty: 'oct', kid: 'k', alg: 'HS256', k: Buffer.from(testSecret).toString('base64url') };
  test.each([
    ['a plain secret', { jwtSecret: testSecret }, { secret: testSecret }],
    ['a JWK', { jwtSecret: JSON.stringify(jwk) }, { jwks: { keys: [jwk] } }],
    ['a JWK set', { jwtSecret: JSON.stringify({ keys: [jwk] }) }, { jwks: { keys: [jwk] } }],
    [
      'a set besides',
      { jwtSecret: testSecret, jwtJwks: JSON.stringify({ keys: [jwk] }) },
      { secret: testSecret, jwks: { keys: [jwk] } },
    ],
    [
      'base64',
      { jwtSecret: '+/==', jwtSecretIsBase64: true },
      { jwks: { keys: [{ kty: 'oct', alg: 'HS256', k: '-_' }] } },
    ],
    ['nothing', {}, undefined],
  ])('%s', (_, given, expected) => {
    const none = { jwtSecret: undefined, jwtSecretIsBase64: false, jwtJwks: undefined };
    expect(keySource({ ...none, ...given })).toEqual(expected);
  });

  test.each([['short'], ['{"keys":'], ['{"keys":[1]}']])('%s is refused at start', (jwtSecret) => {
    expect(() => keySource({ jwtSecret, jwtSecretIsBase64: false, jwtJwks: undefined })).toThrow(StartupError);
  });
});

describe('what the database is told', () => {
  test('headers and cookies as JSON', () => {
    const headers = { host: 'h', 'x-a': 'b"\\', cookie: 'a=b', 'set-cookie': ['x'], 'x-utf': 'Ã©', none: undefined };
    expect(JSON.parse(headersJson(headers))).toEqual({ host: 'h', 'x-a': 'b"\\', 'set-cookie': 'x', 'x-utf': 'é' });
    expect(JSON.parse(cookiesJson('a=b; c="d e"; =x; f; g=h=i'))).toEqual({ a: 'b', c: 'd e', g: 'h=i' });
    expect(cookiesJson(undefined)).toBe('{}');
  });

  test('settings in their order: those of the role before it, those of a function last', () => {
    const { cache, config } = planner({ PGRST_APP_SETTINGS_JWT_EXP: '3600', PGRST_DB_EXTRA_SEARCH_PATH: 'public,a"b' });
    const routine = {
      ...cache.routines.get('api')?.get('no_args')?.[0],
      hoisted: [['statement_timeout', '9s']],
    } as never;
    const facts = {
      caller: { role: 'anon', claims: '{}', isAnonymous: true },
      schema: 'api',
      method: 'GET',
      path: '/x',
      headers: '{}',
      cookies: '{}',
      timezone: 'UTC',
      routine,
    };
    const { text, values } = settingsStatement(facts, false, cache, config);
    expect(
      [...text.matchAll(/set_config\(([^,]*), \$(\d+), true\)/g)].map(([, name, n]) => [name, values[Number(n) - 1]]),
    ).toEqual([
      ["'search_path'", '"api", "public", "a""b"'],
      ["'statement_timeout'", '3s'],
      ["'role'", 'anon'],
      ["'request.jwt.claims'", '{}'],
      ["'request.method'", 'GET'],
      ["'request.path'", '/x'],
      ["'request.headers'", '{}'],
      ["'request.cookies'", '{}'],
      ["'timezone'", 'UTC'],
      ["'statement_timeout'", '9s'],
      ["'app.settings.jwt_exp'", '3600'],
    ]);
  });

  test('isolation and access mode', () => {
    const { cache } = planner();
    const serial = { isolation: 'REPEATABLE READ' } as never;
    expect(beginStatement('anon', undefined, cache)).toBeUndefined();
    expect(beginStatement('careful', undefined, cache)).toBe('begin isolation level serializable');
    expect(beginStatement('careful', serial, cache)).toBe('begin isolation level repeatable read');
    expect(beginStatement('anon', { isolation: 'x; drop' } as never, cache)).toBeUndefined();
  });
});
