import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createColumnCipher } from './core/column-cipher.ts';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';
import { fakeWeb } from './testing/fake-web.ts';
import { codeAt } from './testing/totp-app.ts';

const prefix = 'GOTRUE_SECURITY_DB_ENCRYPTION_';
const first = Buffer.alloc(32, 1).toString('base64url');
const second = Buffer.alloc(32, 2).toString('base64url');
const credentials = { email: 'ann@example.com', password: 'correct horse' };
const base = { ENABLE_EMAIL_AUTOCONFIRM: 'true', GOTRUE_SECURITY_REFRESH_TOKEN_ALGORITHM_VERSION: '2' };
const encrypting = (id: string, key: string, others = '') => ({
  ...base,
  [`${prefix}ENCRYPT`]: 'true',
  [`${prefix}ENCRYPTION_KEY_ID`]: id,
  [`${prefix}ENCRYPTION_KEY`]: key,
  ...(others && { [`${prefix}DECRYPTION_KEYS`]: others }),
});

describe('encrypted columns', () => {
  let plain: AuthUnderTest;
  let one: AuthUnderTest;
  let two: AuthUnderTest;

  beforeAll(async () => {
    plain = await startAuth(base);
    one = await startAuth(encrypting('k1', first), plain.db, fakeWeb().egress);
    two = await startAuth(encrypting('k2', second, `k1:${first}`), plain.db, fakeWeb().egress);
  });
  afterAll(async () => {
    await two?.stop();
    await one?.stop();
    await plain?.stop();
  });

  const signIn = (auth: AuthUnderTest, email = credentials.email) =>
    auth.post('/token?grant_type=password', { ...credentials, email });
  const keyOf = (stored: string | null | undefined): string | undefined =>
    stored?.startsWith('{') ? JSON.parse(stored).key_id : undefined;
  const hashOf = async (email: string) =>
    (
      await plain.db.query<{ hash: string }>('select encrypted_password as hash from auth.users where email = $1', [
        email,
      ])
    )[0]?.hash;

  it('hold password hashes, which signing in brings to the key of the day', async () => {
    await plain.post('/signup', credentials);
    expect(await hashOf(credentials.email)).toMatch(/^\$2a\$10\$/);
    for (const [auth, key] of [
      [one, 'k1'],
      [two, 'k2'],
    ] as const) {
      expect((await signIn(auth)).status).toBe(200);
      expect(keyOf(await hashOf(credentials.email))).toBe(key);
      expect(await auth.post('/token?grant_type=password', { ...credentials, password: 'wrong' })).toMatchObject({
        status: 400,
        body: { code: 'invalid_credentials' },
      });
    }
  });

  it('say no more than that something is wrong where a key is missing', async () => {
    const reply = await signIn(one);
    expect(reply).toMatchObject({ status: 500, body: { code: 'unexpected_failure' } });
    expect(JSON.stringify(reply.body)).not.toContain('k2');
    expect(one.logLines().join('')).toContain('which is not configured');
  });

  it('are written by every way to a password', async () => {
    const email = 'bob@example.com';
    const { body } = await one.post('/signup', { ...credentials, email });
    expect(keyOf(await hashOf(email))).toBe('k1');
    await one.request('PUT', '/user', { token: body.access_token, body: { password: 'another horse' } });
    expect(keyOf(await hashOf(email))).toBe('k1');
    expect((await one.post('/token?grant_type=password', { email, password: 'another horse' })).status).toBe(200);
    const made = await one.request('POST', '/admin/users', {
      token: one.serviceKey,
      body: {
        email: 'cy@example.com',
        password: 'correct horse',
        email_confirm: true,
        id: 'AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE',
      },
    });
    expect(made.status).toBe(200);
    expect(keyOf(await hashOf('cy@example.com'))).toBe('k1');
    expect((await signIn(one, 'cy@example.com')).status).toBe(200);
    await one.request('PUT', `/admin/users/${made.body.id}`, {
      token: one.serviceKey,
      body: { password: 'third horse!' },
    });
    expect(
      (await one.post('/token?grant_type=password', { email: 'cy@example.com', password: 'third horse!' })).status,
    ).toBe(200);
  });

  it('hold the secrets of authenticator apps and the keys of sessions, of either key', async () => {
    const { access_token: token, refresh_token } = (
      await one.post('/signup', { ...credentials, email: 'dee@example.com' })
    ).body;
    const { id, totp } = (await one.post('/factors', { factor_type: 'totp' }, { token })).body;
    const secret = async () =>
      (await plain.db.query<{ secret: string }>('select secret from auth.mfa_factors where id = $1', [id]))[0]?.secret;
    expect(keyOf(await secret())).toBe('k1');
    expect(await secret()).not.toContain(totp.secret);
    const { body: challenge } = await two.post(`/factors/${id}/challenge`, {}, { token });
    const answer = { challenge_id: challenge.id, code: codeAt(totp.secret, two.now()) };
    const raised = await two.post(`/factors/${id}/verify`, answer, { token });
    expect(raised.status).toBe(200);
    expect(keyOf(await secret())).toBe('k2');
    const sessionKey = async () =>
      (
        await plain.db.query<{ key: string }>(
          `select refresh_token_hmac_key as key from auth.sessions s join auth.users u on u.id = s.user_id where u.email = 'dee@example.com'`,
        )
      )[0]?.key;
    expect(keyOf(await sessionKey())).toBe('k2');
    expect(refresh_token).not.toBe(raised.body.refresh_token);
    const next = await two.post('/token?grant_type=refresh_token', { refresh_token: raised.body.refresh_token });
    expect(next.status).toBe(200);
  });

  it('hold the secrets of added providers', async () => {
    const body = {
      provider_type: 'oauth2',
      identifier: 'custom:acme',
      name: 'Acme',
      client_id: 'c',
      client_secret: 'very secret',
      authorization_url: 'https://acme.example/a',
      token_url: 'https://acme.example/t',
      userinfo_url: 'https://acme.example/u',
    };
    const stored = async () =>
      (
        await plain.db.query<{ id: string; client_secret: string }>(
          'select id, client_secret from auth.custom_oauth_providers',
        )
      )[0];
    const made = await one.request('POST', '/admin/custom-providers', { token: one.serviceKey, body });
    expect(made.status).toBe(201);
    const row = await stored();
    const cipher = createColumnCipher({ encryptWith: undefined, keys: new Map([['k1', first]]) });
    expect(cipher.open(row?.id ?? '', row?.client_secret ?? '').plain.toString()).toBe('very secret');
    await two.request('PUT', '/admin/custom-providers/custom:acme', {
      token: two.serviceKey,
      body: { client_secret: 'another' },
    });
    expect(keyOf((await stored())?.client_secret)).toBe('k2');
  });
});
