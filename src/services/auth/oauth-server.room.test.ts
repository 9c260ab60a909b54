import { createHash, generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AuthUnderTest, type Reply, startAuth } from './testing/auth-under-test.ts';

const verifier = 'v'.repeat(60);
const challenge = createHash('sha256').update(verifier).digest('base64url');
const callback = 'https://app.example.net/cb?x=1';
let auth: AuthUnderTest;
let user: { access_token: string; user: { id: string } };
let client: { client_id: string; client_secret: string };

beforeAll(async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'k1', alg: 'ES256', key_ops: ['sign', 'verify'] };
  auth = await startAuth({
    GOTRUE_OAUTH_SERVER_ENABLED: 'true',
    GOTRUE_OAUTH_SERVER_ALLOW_DYNAMIC_REGISTRATION: 'true',
    GOTRUE_OAUTH_SERVER_AUTHORIZATION_PATH: '/consent',
    ENABLE_EMAIL_AUTOCONFIRM: 'true',
    JWT_KEYS: JSON.stringify([jwk]),
    JWT_ISSUER: 'https://api.example.com/auth/v1',
    ADDITIONAL_REDIRECT_URLS: 'https://admin.example.org/**',
  });
});
afterAll(() => auth.stop());
beforeEach(async () => {
  await auth.db.query('delete from auth.users');
  await auth.db.query('delete from auth.oauth_clients');
  user = (await auth.post('/signup', { email: 'u@x.test', password: 'password 123', data: { full_name: 'U Ser' } }))
    .body;
  client = (await create({ client_name: 'App', redirect_uris: [callback, 'myapp://done'] })).body;
});

const admin = () => ({ token: auth.serviceKey });
const create = (body: object) => auth.post('/admin/oauth/clients', body, admin());
const signedIn = (token = user.access_token) => ({ token });
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

function authorize(changes: Record<string, string | undefined> = {}): Promise<Reply> {
  const query = {
    client_id: client.client_id,
    redirect_uri: callback,
    response_type: 'code',
    scope: 'openid email profile',
    state: 'st',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...changes,
  };
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return auth.request('GET', `/oauth/authorize?${new URLSearchParams(given)}`);
}
const idIn = (reply: Reply) => new URL(reply.headers.get('location') ?? '').searchParams.get('authorization_id') ?? '';
const decide = (id: string, action: string, call: object = signedIn()) =>
  auth.post(`/oauth/authorizations/${id}/consent`, { action }, call);
const codeIn = (reply: Reply) => new URL(reply.body.redirect_url).searchParams.get('code') ?? '';
async function newCode(changes = {}): Promise<string> {
  return codeIn(await decide(idIn(await authorize(changes)), 'approve'));
}
const basic = (id = client.client_id, secret = client.client_secret) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});
const token = (form: Record<string, string>, headers: Record<string, string> = basic()) =>
  auth.request('POST', '/oauth/token', {
    body: new URLSearchParams(form).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });
const exchange = (code: string, more = {}) =>
  token({ grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: callback, ...more });

describe('the whole way', () => {
  it('from the application over the user to tokens, userinfo and back', async () => {
    const begun = await authorize();
    expect([begun.status, begun.headers.get('location')]).toEqual([
      302,
      expect.stringMatching(/^https:\/\/example\.com\/consent\?authorization_id=[a-z2-7]{32}$/),
    ]);
    const id = idIn(begun);
    const shown = await auth.request('GET', `/oauth/authorizations/${id}`, signedIn());
    expect(shown.body).toEqual({
      authorization_id: id,
      redirect_uri: callback,
      client: { id: client.client_id, name: 'App', uri: '', logo_uri: '' },
      user: { id: user.user.id, email: 'u@x.test' },
      scope: 'openid email profile',
    });
    const approved = await decide(id, 'approve');
    expect(approved.body.redirect_url).toMatch(/^https:\/\/app\.example\.net\/cb\?x=1&code=[0-9a-f-]{36}&state=st$/);

    const tokens = await exchange(codeIn(approved), {});
    expect(tokens.status).toBe(200);
    expect(tokens.headers.get('cache-control')).toBe('no-store');
    expect(Object.keys(tokens.body).sort()).toEqual([
      'access_token',
      'expires_in',
      'id_token',
      'refresh_token',
      'token_type',
    ]);
    expect(claimsOf(tokens.body.access_token)).toMatchObject({
      sub: user.user.id,
      client_id: client.client_id,
      scope: 'openid email profile',
      amr: [{ method: 'oauth_provider/authorization_code' }],
    });
    expect(claimsOf(tokens.body.id_token)).toMatchObject({
      iss: 'https://api.example.com/auth/v1',
      aud: client.client_id,
      sub: user.user.id,
      email: 'u@x.test',
      email_verified: true,
      name: 'U Ser',
    });
    const info = await auth.request('GET', '/oauth/userinfo', signedIn(tokens.body.access_token));
    expect(info.body).toMatchObject({ sub: user.user.id, email: 'u@x.test', name: 'U Ser' });
    expect(info.body).not.toHaveProperty('phone_number');

    const refreshed = await token({ grant_type: 'refresh_token', refresh_token: tokens.body.refresh_token });
    expect(refreshed.status).toBe(200);
    expect(claimsOf(refreshed.body.access_token)).toMatchObject({
      client_id: client.client_id,
      scope: 'openid email profile',
    });

    const again = await authorize({ scope: 'email' });
    const auto = await auth.request('GET', `/oauth/authorizations/${idIn(again)}`, signedIn());
    expect(Object.keys(auto.body)).toEqual(['redirect_url']);
    const more = await authorize({ scope: 'email phone' });
    const asked = await auth.request('GET', `/oauth/authorizations/${idIn(more)}`, signedIn());
    expect(asked.body.scope).toBe('email phone');

    const grants = await auth.request('GET', '/user/oauth/grants', signedIn());
    expect(grants.body).toMatchObject([
      { client: { id: client.client_id, name: 'App' }, scopes: ['openid', 'email', 'profile'] },
    ]);
    const revoke = () => auth.request('DELETE', `/user/oauth/grants?client_id=${client.client_id}`, signedIn());
    expect((await revoke()).status).toBe(204);
    expect((await revoke()).body.code).toBe('oauth_consent_not_found');
    const dead = await token({ grant_type: 'refresh_token', refresh_token: refreshed.body.refresh_token });
    expect([dead.status, dead.body.error]).toEqual([400, 'invalid_grant']);
    const own = await auth.request('GET', '/user', signedIn());
    expect(own.status).toBe(200);
  });

  it('refused by the user', async () => {
    const denied = await decide(idIn(await authorize()), 'deny');
    const back = new URL(denied.body.redirect_url).searchParams;
    expect([back.get('error'), back.get('state'), back.get('code')]).toEqual(['access_denied', 'st', null]);
  });

  it('of public clients, without a secret', async () => {
    const made = await create({ client_type: 'public', redirect_uris: ['http://localhost:3000/cb'] });
    expect(made.body).toMatchObject({ token_endpoint_auth_method: 'none', client_type: 'public' });
    expect(made.body).not.toHaveProperty('client_secret');
    client = made.body;
    const code = await newCode({ redirect_uri: undefined, scope: undefined });
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier, client_id: client.client_id };
    const tokens = await token(form, {});
    expect(tokens.status).toBe(200);
    expect(tokens.body).not.toHaveProperty('id_token');
  });
});

describe('what applications may not ask for', () => {
  it.each<[Record<string, string | undefined>]>([
    [{ client_id: undefined }],
    [{ client_id: 'x' }],
    [{ client_id: '00000000-0000-4000-8000-000000000000' }],
    [{ redirect_uri: 'https://evil.example/cb' }],
    [{ redirect_uri: `${callback}&y=2` }],
    [{ redirect_uri: 'https://app.example.net/cb' }],
    [{ redirect_uri: undefined }],
  ])('%j is told to the browser, not to an address nobody knows', async (changes) => {
    const { status, body, headers } = await authorize(changes);
    expect([status, body.code, headers.get('location')]).toEqual([400, 'validation_failed', null]);
  });

  it.each<[Record<string, string | undefined>, string]>([
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge_method: undefined }, 'invalid_request'],
    [{ code_challenge: 'short' }, 'invalid_request'],
    [{ scope: 'email admin' }, 'invalid_request'],
    [{ nonce: 'n'.repeat(256) }, 'invalid_request'],
    [{ resource: 'nothing' }, 'invalid_target'],
  ])('%j goes back to the application', async (changes, error) => {
    const { status, headers } = await authorize(changes);
    const back = new URL(headers.get('location') ?? '');
    expect([status, back.host, back.searchParams.get('error'), back.searchParams.get('state')]).toEqual([
      302,
      'app.example.net',
      error,
      'st',
    ]);
  });
});

describe('requests under decision', () => {
  it('belong to the first who looks', async () => {
    const id = idIn(await authorize());
    await auth.request('GET', `/oauth/authorizations/${id}`, signedIn());
    const other = (await auth.post('/signup', { email: 'o@x.test', password: 'password 123' })).body;
    const shown = await auth.request('GET', `/oauth/authorizations/${id}`, signedIn(other.access_token));
    expect([shown.status, shown.body.code]).toEqual([404, 'oauth_authorization_not_found']);
    expect((await decide(id, 'approve', signedIn(other.access_token))).status).toBe(404);
    expect((await decide(id, 'maybe')).status).toBe(400);
    expect((await decide(id, 'approve', {})).status).toBe(401);
    expect((await decide('x', 'approve')).body.code).toBe('oauth_authorization_not_found');
  });

  it('are decided once, two at a time too', async () => {
    const id = idIn(await authorize());
    const both = await Promise.all([decide(id, 'approve'), decide(id, 'approve'), decide(id, 'deny')]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
  });

  it('expire, and stay so', async () => {
    const id = idIn(await authorize());
    auth.advance(601_000);
    const fresh = await auth.post('/token?grant_type=password', { email: 'u@x.test', password: 'password 123' });
    expect((await decide(id, 'approve', signedIn(fresh.body.access_token))).status).toBe(404);
    expect(await auth.db.query('select status from auth.oauth_authorizations')).toEqual([{ status: 'expired' }]);
  });

  it('are decided on pages of the site only', async () => {
    const id = idIn(await authorize());
    const from = (origin: string) => decide(id, 'approve', { ...signedIn(), headers: { origin } });
    for (const origin of ['https://evil.example', 'null', 'https://example.com.evil.example', 'http://example.com'])
      expect((await from(origin)).status).toBe(400);
    expect((await from('https://admin.example.org')).status).toBe(200);
    expect(
      (await decide(idIn(await authorize()), 'approve', { ...signedIn(), headers: { origin: 'https://example.com' } }))
        .status,
    ).toBe(200);
  });

  it('are not decided by an application in the name of its user', async () => {
    const tokens = await exchange(await newCode());
    const id = idIn(await authorize({ scope: 'email phone' }));
    const { status, body } = await decide(id, 'approve', signedIn(tokens.body.access_token));
    expect([status, body.code]).toEqual([403, 'no_authorization']);
  });
});

describe('codes', () => {
  it('work once, in parallel too', async () => {
    const code = await newCode();
    const all = await Promise.all([1, 2, 3, 4, 5].map(() => exchange(code)));
    expect(all.map(({ status }) => status).sort()).toEqual([200, 400, 400, 400, 400]);
    expect((await exchange(code)).body.error).toBe('invalid_grant');
    const [sessions] = await auth.db.query(
      'select count(*)::int as n from auth.sessions where oauth_client_id is not null',
    );
    expect(sessions?.n).toBe(1);
  });

  it.each<[string, Record<string, string>]>([
    ['another verifier', { code_verifier: 'w'.repeat(60) }],
    ['another address', { redirect_uri: 'myapp://done' }],
    ['another resource', { resource: 'https://other.example' }],
    ['another code', { code: '00000000-0000-4000-8000-000000000000' }],
  ])('with %s do not', async (_name, more) => {
    const code = await newCode();
    const { status, body } = await exchange(code, more);
    expect([status, body.error]).toEqual([400, 'invalid_grant']);
    expect((await exchange(code)).status).toBe(200);
  });

  it('of another client, of a banned user, or too late do not', async () => {
    const other = (await create({ redirect_uris: ['https://other.example/cb'] })).body;
    const code = await newCode();
    const stolen = await token(
      { grant_type: 'authorization_code', code, code_verifier: verifier },
      basic(other.client_id, other.client_secret),
    );
    expect(stolen.body.error).toBe('invalid_grant');
    await auth.db.query(`update auth.users set banned_until = now() + interval '1 hour'`);
    expect((await exchange(code)).body).toMatchObject({ error: 'invalid_grant' });
    await auth.db.query('update auth.users set banned_until = null');
    auth.advance(601_000);
    expect((await exchange(code)).body.error).toBe('invalid_grant');
  });
});

describe('clients', () => {
  it('prove who they are, in the one way they are registered with', async () => {
    const code = await newCode();
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier };
    const { client_id, client_secret } = client;
    for (const [body, headers] of [
      [form, basic(client_id, 'wrong')],
      [{ ...form, client_id, client_secret }, {}],
      [{ ...form, client_id }, {}],
      [form, basic('00000000-0000-4000-8000-000000000000', client_secret)],
    ] as const) {
      const answer = await token(body as unknown as Record<string, string>, headers as Record<string, string>);
      expect([answer.status, answer.body.code]).toEqual([400, 'invalid_credentials']);
    }
    for (const headers of [{}, { authorization: 'Basic !!!' }, { authorization: 'Bearer x' }]) {
      const answer = await token(form, headers as Record<string, string>);
      expect([answer.status, answer.body.error]).toEqual([400, 'invalid_client']);
    }
    expect((await token({ ...form, grant_type: 'password' })).body.error).toBe('unsupported_grant_type');
    expect((await token(form)).status).toBe(200);
  });

  it("refresh their own sessions only, and users only users'", async () => {
    const tokens = (await exchange(await newCode())).body;
    const asUser = await auth.post('/token?grant_type=refresh_token', { refresh_token: tokens.refresh_token });
    expect([asUser.status, asUser.body.error]).toEqual([400, 'invalid_client']);
    const login = await auth.post('/token?grant_type=password', { email: 'u@x.test', password: 'password 123' });
    const asClient = await token({ grant_type: 'refresh_token', refresh_token: login.body.refresh_token });
    expect([asClient.status, asClient.body.error]).toEqual([400, 'invalid_client']);
    const other = (await create({ redirect_uris: ['https://other.example/cb'] })).body;
    const stolen = await token(
      { grant_type: 'refresh_token', refresh_token: tokens.refresh_token },
      basic(other.client_id, other.client_secret),
    );
    expect(stolen.body.error).toBe('invalid_client');
  });

  it('are made, listed, changed, given another secret and removed', async () => {
    expect(client.client_secret).toMatch(/^[\w-]{43}$/);
    const one = (method: string, body?: object, suffix = '') =>
      auth.request(method, `/admin/oauth/clients/${client.client_id}${suffix}`, { ...admin(), ...(body && { body }) });
    const shown = await one('GET');
    expect(shown.body).toMatchObject({
      client_name: 'App',
      client_type: 'confidential',
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      registration_type: 'manual',
    });
    expect(JSON.stringify(shown.body)).not.toMatch(/secret_hash|client_secret"/);
    const list = await auth.request('GET', '/admin/oauth/clients', admin());
    expect(list.body.clients).toHaveLength(1);
    expect((await one('PUT', { client_name: 'New', redirect_uris: ['https://new.example/cb'] })).body).toMatchObject({
      client_name: 'New',
      redirect_uris: ['https://new.example/cb'],
    });
    const secret = (await one('POST', {}, '/regenerate_secret')).body.client_secret;
    expect(secret).not.toBe(client.client_secret);
    expect((await token({ grant_type: 'refresh_token', refresh_token: 'abcdefghijkl' })).body.code).toBe(
      'invalid_credentials',
    );
    expect((await one('DELETE')).status).toBe(204);
    expect([(await one('GET')).body.code, (await one('DELETE')).status]).toEqual(['oauth_client_not_found', 404]);
    expect((await auth.request('GET', '/admin/oauth/clients/x', admin())).status).toBe(404);
    expect((await auth.request('GET', '/admin/oauth/clients')).status).toBe(401);
  });

  it('register themselves', async () => {
    const made = await auth.post('/oauth/clients/register', {
      client_name: 'MCP',
      redirect_uris: ['http://127.0.0.1:33418/'],
      token_endpoint_auth_method: 'none',
    });
    expect([made.status, made.body.registration_type, made.body.client_type]).toEqual([201, 'dynamic', 'public']);
  });

  it.each<[object]>([
    [{ redirect_uris: [] }],
    [{}],
    [{ redirect_uris: Array.from({ length: 11 }, (_v, i) => `https://a.example/${i}`) }],
    [{ redirect_uris: ['javascript:alert(1)'] }],
    [{ redirect_uris: ['JavaScript://x/%0aalert(1)'] }],
    [{ redirect_uris: ['data:text/html,x'] }],
    [{ redirect_uris: ['file:///etc/passwd'] }],
    [{ redirect_uris: ['http://app.example.net/cb'] }],
    [{ redirect_uris: ['https://app.example.net/cb#f'] }],
    [{ redirect_uris: ['https://user@app.example.net/cb'] }],
    [{ redirect_uris: ['/cb'] }],
    [{ redirect_uris: ['https://a.example/,https://evil.example/'] }],
    [{ redirect_uris: ['https://a.example\\@evil.example/'] }],
    [{ redirect_uris: ['https://a.example/cb'], grant_types: ['password'] }],
    [{ redirect_uris: ['https://a.example/cb'], response_types: ['token'] }],
    [
      {
        redirect_uris: ['https://a.example/cb'],
        client_type: 'public',
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    [{ redirect_uris: ['https://a.example/cb'], client_name: 'n'.repeat(1_025) }],
    [{ redirect_uris: ['https://a.example/cb'], logo_uri: 'javascript:alert(1)' }],
  ])('%j are not taken', async (body) => {
    const { status, body: answer } = await auth.post('/oauth/clients/register', body);
    expect([status, answer.code]).toEqual([400, 'validation_failed']);
  });
});

describe('documents', () => {
  it('say where everything is, under the issuer’s path too', async () => {
    for (const path of ['', '/auth/v1']) {
      const { status, body, headers } = await auth.request('GET', `/.well-known/oauth-authorization-server${path}`);
      expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=600']);
      expect(body).toMatchObject({
        issuer: 'https://api.example.com/auth/v1',
        authorization_endpoint: 'https://api.example.com/auth/v1/oauth/authorize',
        registration_endpoint: 'https://api.example.com/auth/v1/oauth/clients/register',
        code_challenge_methods_supported: ['S256', 'plain'],
      });
    }
  });

  it('nothing is there where the server is off, and ID tokens need a key of two halves', async () => {
    const off = await startAuth({}, auth.db);
    const plain = await startAuth({ GOTRUE_OAUTH_SERVER_ENABLED: 'true' }, auth.db);
    try {
      for (const [method, path] of [
        ['GET', '/oauth/authorize'],
        ['POST', '/oauth/token'],
        ['GET', '/oauth/userinfo'],
        ['GET', '/user/oauth/grants'],
        ['GET', '/admin/oauth/clients'],
        ['GET', '/.well-known/oauth-authorization-server'],
      ] as const) {
        const { status, body } = await off.request(method, path, path.startsWith('/admin') ? admin() : {});
        expect([status, body.code]).toEqual([404, 'feature_disabled']);
      }
      const register = await plain.post('/oauth/clients/register', { redirect_uris: ['https://a.example/cb'] });
      expect([register.status, register.body.code]).toEqual([403, 'oauth_dynamic_client_registration_disabled']);
      const query = new URLSearchParams({
        client_id: client.client_id,
        redirect_uri: callback,
        response_type: 'code',
        scope: 'openid',
        code_challenge: challenge,
        code_challenge_method: 's256',
      });
      const { headers } = await plain.request('GET', `/oauth/authorize?${query}`);
      expect(new URL(headers.get('location') ?? '').searchParams.get('error')).toBe('invalid_request');
    } finally {
      await off.stop();
      await plain.stop();
    }
  });
});
