import { createHash, createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';
import { type FakeIssuer, type FakeWeb, fakeIssuer, fakeWeb } from './testing/fake-web.ts';

const tenant = '11111111-2222-4333-8444-555555555555';
const azureUrl = `https://login.microsoftonline.com/${tenant}/v2.0`;
const person = { sub: 'p1', email: 'me@id.test', email_verified: true };
let web: FakeWeb;
let auth: AuthUnderTest;
let google: FakeIssuer;
let apple: FakeIssuer;
let azure: FakeIssuer;
let evil: FakeIssuer;
let custom: FakeIssuer;

beforeAll(async () => {
  web = fakeWeb();
  google = await fakeIssuer(web, 'https://accounts.google.com');
  apple = await fakeIssuer(web, 'https://appleid.apple.com');
  azure = await fakeIssuer(web, azureUrl);
  evil = await fakeIssuer(web, 'https://evil.example');
  custom = await fakeIssuer(web, 'https://idp.example.org');
  const on = (name: string, id: string) => ({
    [`GOTRUE_EXTERNAL_${name}_ENABLED`]: 'true',
    [`GOTRUE_EXTERNAL_${name}_CLIENT_ID`]: id,
    [`GOTRUE_EXTERNAL_${name}_SECRET`]: 's',
  });
  auth = await startAuth(
    {
      ...on('GOOGLE', 'web-client,ios-client'),
      ...on('APPLE', 'apple-client'),
      ...on('AZURE', 'azure-client'),
      ...on('FACEBOOK', 'fb-client'),
      GOTRUE_EXTERNAL_IOS_BUNDLE_ID: 'org.example.app',
      GOTRUE_SECURITY_MANUAL_LINKING_ENABLED: 'true',
      ENABLE_ANONYMOUS_USERS: 'true',
    },
    undefined,
    web.egress,
  );
});
afterAll(() => auth.stop());
beforeEach(async () => {
  await auth.db.query('delete from auth.users');
});

const grant = (body: object, call = {}) => auth.post('/token?grant_type=id_token', body, call);
const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const bad = { status: 400, body: { error: 'invalid request', error_description: 'Bad ID token' } };
const googleToken = (claims: object = {}) => google.token({ aud: 'web-client', ...person, ...claims });

describe('a good token', () => {
  it.each(['web-client', 'ios-client'])('for %s signs in, twice the same person', async (aud) => {
    const first = await grant({ provider: 'google', id_token: await googleToken({ aud }) });
    expect(first.status).toBe(200);
    expect(first.body).toMatchObject({
      token_type: 'bearer',
      user: {
        email: 'me@id.test',
        app_metadata: { provider: 'google' },
        identities: [{ id: 'p1', provider: 'google' }],
      },
    });
    const again = await grant({ provider: 'Google', id_token: await googleToken({ aud: ['other', aud] }) });
    expect(again.body.user.id).toBe(first.body.user.id);
  });

  it('of Apple, for the bundle of an app as well', async () => {
    const token = await apple.token({ aud: 'org.example.app', ...person, email_verified: 'true' });
    expect((await grant({ provider: 'apple', id_token: token })).status).toBe(200);
    const deprecated = await grant({ client_id: 'x', issuer: 'https://appleid.apple.com', id_token: token });
    expect(deprecated.status).toBe(200);
  });

  it('of Azure, whose address counts only where Microsoft vouches for it', async () => {
    await grant({ provider: 'google', id_token: await googleToken() });
    const claims = { aud: 'azure-client', sub: 'az', email: 'me@id.test', tid: tenant };
    const unsure = await grant({ provider: 'azure', id_token: await azure.token(claims) });
    expect([unsure.status, unsure.body.code]).toEqual([422, 'provider_email_needs_verification']);
    const [identities] = await auth.db.query(`select count(distinct user_id)::int as n from auth.identities`);
    expect(identities?.n).toBe(2);
    const other = { ...claims, sub: 'az2', email: 'you@id.test', xms_edov: '1' };
    expect((await grant({ provider: 'azure', id_token: await azure.token(other) })).status).toBe(200);
  });

  it('with a nonce', async () => {
    const nonce = createHash('sha256').update('raw').digest('hex');
    const id_token = await googleToken({ nonce });
    expect((await grant({ provider: 'google', id_token, nonce: 'raw' })).status).toBe(200);
    const wrong = await grant({ provider: 'google', id_token, nonce: 'other' });
    expect([wrong.status, wrong.body.error]).toEqual([400, 'invalid nonce']);
    expect((await grant({ provider: 'google', id_token })).body.error).toBe('invalid request');
    const surplus = await grant({ provider: 'google', id_token: await googleToken(), nonce: 'raw' });
    expect(surplus.body.error).toBe('invalid request');
  });

  it('that belongs to the access token beside it', async () => {
    const at_hash = createHash('sha256').update('at').digest().subarray(0, 16).toString('base64url');
    const id_token = await googleToken({ at_hash });
    expect((await grant({ provider: 'google', id_token, access_token: 'at' })).status).toBe(200);
    expect(await grant({ provider: 'google', id_token, access_token: 'xx' })).toMatchObject(bad);
  });

  it('signed with a key that is new', async () => {
    await grant({ provider: 'google', id_token: await googleToken() });
    const old = google;
    google = await fakeIssuer(web, 'https://accounts.google.com', 'key-2');
    expect(await grant({ provider: 'google', id_token: await googleToken() })).toMatchObject(bad);
    auth.advance(31_000);
    expect((await grant({ provider: 'google', id_token: await googleToken() })).status).toBe(200);
    expect(
      await grant({ provider: 'google', id_token: await old.token({ aud: 'web-client', ...person }) }),
    ).toMatchObject(bad);
  });
});

describe('a bad token', () => {
  const headOf = (token: string) => token.split('.')[0] as string;
  const bodyOf = (token: string) => token.split('.')[1] as string;

  it.each<[string, (good: string) => string | Promise<string>]>([
    ['is unsigned', (good) => `${part({ alg: 'none' })}.${bodyOf(good)}.`],
    ['has no signature', (good) => `${headOf(good)}.${bodyOf(good)}.`],
    [
      'is changed',
      (good) => `${headOf(good)}.${part({ iss: google.issuer, aud: 'web-client', sub: 'x' })}.${good.split('.')[2]}`,
    ],
    [
      'is signed with the public key as a secret',
      (good) => {
        const text = `${part({ alg: 'HS256', kid: 'key-2', typ: 'JWT' })}.${bodyOf(good)}`;
        return `${text}.${createHmac('sha256', String(google.jwk.n)).update(text).digest('base64url')}`;
      },
    ],
    [
      "is signed with somebody else's key of the same id",
      async () => {
        const rival = await fakeIssuer(fakeWeb(), 'https://accounts.google.com', 'key-2');
        return rival.token({ aud: 'web-client', ...person });
      },
    ],
    [
      'brings its own key',
      (good) =>
        `${part({ alg: 'RS256', jwk: evil.jwk, jku: 'https://evil.example/jwks', kid: 'key-1' })}.${bodyOf(good)}.${good.split('.')[2]}`,
    ],
    [
      'has a key id that is a path',
      (good) => `${part({ alg: 'RS256', kid: '../../../dev/null' })}.${bodyOf(good)}.${good.split('.')[2]}`,
    ],
    ['is expired', () => googleToken({ exp: Math.floor(auth.now() / 1_000) - 1 })],
    [
      'is of tomorrow',
      () => googleToken({ iat: Math.floor(auth.now() / 1_000) + 86_400, exp: Math.floor(auth.now() / 1_000) + 90_000 }),
    ],
    ['never expires', () => googleToken({ exp: undefined })],
    ['is no token', () => 'x'],
    ['is two dots', () => '..'],
  ])('%s', async (_name, make) => {
    const answer = await grant({ provider: 'google', id_token: await make(await googleToken()) });
    expect(answer).toMatchObject(bad);
  });

  it.each([
    ['another audience', { aud: 'someone-else' }, 'Unacceptable audience in id_token'],
    ['no audience', { aud: undefined }, 'Unacceptable audience in id_token'],
    ['nobody in it', { sub: '' }, 'Missing sub claim in id_token'],
  ])('with %s', async (_name, claims, message) => {
    const { status, body } = await grant({ provider: 'google', id_token: await googleToken(claims) });
    expect([status, body.error_description]).toEqual([400, message]);
  });

  it.each([
    ['google', 'https://evil.example'],
    ['google', 'https://accounts.google.com.evil.example'],
    ['google', 'https://accounts.google.com/'],
    ['apple', 'https://evil.example'],
    ['apple', 'https://appleid.apple.com.evil.example'],
    ['azure', 'https://evil.example'],
    ['azure', `https://login.microsoftonline.com.evil.example/${tenant}/v2.0`],
    ['azure', `https://evil.example/https://login.microsoftonline.com/${tenant}/v2.0`],
    ['azure', `https://login.microsoftonline.com/${tenant}/v2.0/../../x`],
    ['azure', `https://login.microsoftonline.com/${tenant}/v2.0\nhttps://evil.example`],
    ['facebook', 'https://evil.example'],
  ])('of an issuer that is not %s: %s', async (provider, issuer) => {
    const calls = web.calls.length;
    const id_token = await evil.token({ iss: issuer, aud: `${provider}-client`, ...person });
    const { status, body } = await grant({ provider, id_token });
    expect([status, body.code]).toEqual([400, 'validation_failed']);
    expect(web.calls.length).toBe(calls);
    const named = await grant({ client_id: 'c', issuer: 'https://accounts.google.com', id_token });
    expect([named.status, named.body.code]).toEqual([400, 'validation_failed']);
  });

  it.each([
    [{ id_token: '' }, 'invalid request'],
    [{ id_token: 'x' }, 'invalid request'],
    [{ id_token: 'x', client_id: 'c' }, 'invalid request'],
  ])('%j', async (body, error) => {
    const answer = await grant(body);
    expect([answer.status, answer.body.error]).toEqual([400, error]);
  });

  it.each([
    [{ provider: 'kakao' }, 'Provider (issuer "kakao") is not enabled'],
    [{ provider: 'github' }, 'Provider (issuer "github") is not enabled'],
    [{ provider: 'custom:none' }, 'Provider (issuer "custom:none") is not enabled'],
    [{ issuer: 'https://evil.example', client_id: 'c' }, 'Provider (issuer "https://evil.example") is not enabled'],
  ])('%j is not enabled, which takes no look at the network', async (body, message) => {
    const calls = web.calls.length;
    const answer = await grant({ ...body, id_token: await evil.token({ aud: 'c', ...person }) });
    expect([answer.status, answer.body.code, answer.body.message]).toEqual([400, 'provider_disabled', message]);
    expect(web.calls.length).toBe(calls);
  });

  it('is a bad one too where the issuer cannot be reached', async () => {
    const id_token = await evil.token({ iss: 'https://www.facebook.com', aud: 'fb-client', ...person });
    expect(await grant({ provider: 'facebook', id_token })).toMatchObject(bad);
  });
});

describe('linking by a token', () => {
  it('adds the identity to who is signed in', async () => {
    const anonymous = (await auth.post('/signup', {})).body;
    const call = { token: anonymous.access_token };
    const body = { provider: 'google', id_token: await googleToken(), link_identity: true };
    expect((await grant(body)).status).toBe(401);
    const linked = await grant(body, call);
    expect(linked.body.user).toMatchObject({ id: anonymous.user.id, is_anonymous: false, email: 'me@id.test' });
    const again = await grant(body, call);
    expect([again.status, again.body.code]).toEqual([422, 'identity_already_exists']);
  });
});

describe('custom providers', () => {
  const call = () => ({ token: auth.serviceKey });
  const oidc = {
    provider_type: 'oidc',
    identifier: 'custom:corp',
    name: 'Corp',
    client_id: 'corp-client',
    client_secret: 'corp-secret',
    acceptable_client_ids: ['corp-app'],
    issuer: 'https://idp.example.org',
    attribute_mapping: { name: 'display', email_verified: 'mail_ok' },
    custom_claims_allowlist: ['groups'],
    authorization_params: { prompt: 'login' },
    scopes: ['profile', 'email'],
  };
  const oauth2 = {
    provider_type: 'oauth2',
    identifier: 'custom:plain',
    name: 'Plain',
    client_id: 'pc',
    client_secret: 'ps',
    authorization_url: 'https://plain.example.org/auth?tenant=1',
    token_url: 'https://plain.example.org/token',
    userinfo_url: 'https://plain.example.org/me',
    attribute_mapping: { email: 'contact.mail', email_verified: 'contact.ok' },
    pkce_enabled: false,
  };
  const create = (body: object) => auth.post('/admin/custom-providers', body, call());
  const one = (method: string, identifier: string, body?: object) =>
    auth.request(method, `/admin/custom-providers/${identifier}`, { ...call(), ...(body && { body }) });
  beforeEach(() => auth.db.query('delete from auth.custom_oauth_providers'));

  async function signIn(provider: string): Promise<{ there: URL; fragment: URLSearchParams }> {
    const begun = await auth.request('GET', `/authorize?provider=${provider}`);
    const there = new URL(begun.headers.get('location') ?? '');
    const back = await auth.request('GET', `/callback?code=c&state=${there.searchParams.get('state')}`);
    return { there, fragment: new URLSearchParams(new URL(back.headers.get('location') ?? '').hash.slice(1)) };
  }

  it('are made, shown without their secret, changed and removed', async () => {
    const made = await create(oidc);
    expect(made.status).toBe(201);
    const { client_secret: _secret, ...shown } = oidc;
    expect(made.body).toMatchObject({ ...shown, enabled: true, pkce_enabled: true, email_optional: false });
    for (const hidden of ['client_secret', 'cached_discovery', 'discovery_cached_at'])
      expect(made.body).not.toHaveProperty(hidden);
    await create(oauth2);
    const list = await auth.request('GET', '/admin/custom-providers', call());
    expect(list.body.providers.map(({ identifier }: { identifier: string }) => identifier)).toEqual([
      'custom:corp',
      'custom:plain',
    ]);
    const some = await auth.request('GET', '/admin/custom-providers?type=oauth2', call());
    expect(some.body.providers).toHaveLength(1);
    const changed = await one('PUT', 'custom:corp', { name: 'New', enabled: false });
    expect(changed.body).toMatchObject({ name: 'New', enabled: false, client_id: 'corp-client' });
    expect((await auth.request('GET', '/authorize?provider=custom:corp')).status).toBe(400);
    expect((await one('DELETE', 'custom:corp')).status).toBe(204);
    for (const method of ['GET', 'DELETE']) {
      const { status, body } = await one(method, 'custom:corp');
      expect([status, body.code]).toEqual([404, 'custom_provider_not_found']);
    }
    const twice = await create(oauth2);
    expect([twice.status, twice.body.code]).toEqual([400, 'conflict']);
    expect((await auth.request('GET', '/admin/custom-providers')).status).toBe(401);
  });

  it('sign in by discovery, ID token and proof key', async () => {
    await create(oidc);
    web.on('https://idp.example.org/token', () => ({}));
    const id_token = await custom.token({
      aud: 'corp-client',
      sub: 'c1',
      email: 'c@corp.test',
      mail_ok: true,
      display: 'Cor Po',
      groups: ['a'],
      secret_claim: 's',
    });
    web.on('https://idp.example.org/token', { access_token: 'at', id_token });
    const { there, fragment } = await signIn('custom:corp');
    expect(there.origin + there.pathname).toBe('https://idp.example.org/authorize');
    expect(Object.fromEntries(there.searchParams)).toMatchObject({
      prompt: 'login',
      scope: 'openid profile email',
      code_challenge_method: 'S256',
    });
    const { body } = await auth.request('GET', '/user', { token: fragment.get('access_token') ?? '' });
    expect(body).toMatchObject({
      email: 'c@corp.test',
      app_metadata: { provider: 'custom:corp' },
      user_metadata: { name: 'Cor Po', custom_claims: { groups: ['a'] } },
    });
    expect(JSON.stringify(body)).not.toContain('secret_claim');
    const byToken = await grant({
      provider: 'custom:corp',
      id_token: await custom.token({ aud: 'corp-app', sub: 'c1', email: 'c@corp.test', mail_ok: true }),
    });
    expect(byToken.body.user.id).toBe(body.id);
    const other = await grant({
      provider: 'custom:corp',
      id_token: await custom.token({ aud: 'elsewhere', sub: 'c1' }),
    });
    expect(other.body.error_description).toBe('Unacceptable audience in id_token');
  });

  it('refuse tokens that another issuer has signed', async () => {
    await create(oidc);
    const id_token = await evil.token({ aud: 'corp-client', sub: 'c1', email: 'c@corp.test', mail_ok: true });
    web.on('https://idp.example.org/token', { access_token: 'at', id_token });
    const { fragment } = await signIn('custom:corp');
    expect(fragment.get('error_code')).toBe('unexpected_failure');
    expect(await auth.db.query('select id from auth.users')).toEqual([]);
  });

  it('sign in by plain OAuth 2.0', async () => {
    expect((await create(oauth2)).status).toBe(201);
    web.on('https://plain.example.org/token', 'access_token=at&token_type=bearer');
    web.on('https://plain.example.org/me', { id: 42, contact: { mail: 'p@plain.test', ok: true } });
    const { there, fragment } = await signIn('custom:plain');
    expect(there.searchParams.get('tenant')).toBe('1');
    expect(there.searchParams.has('code_challenge')).toBe(false);
    const { body } = await auth.request('GET', '/user', { token: fragment.get('access_token') ?? '' });
    expect(body).toMatchObject({ email: 'p@plain.test', identities: [{ id: '42', provider: 'custom:plain' }] });
  });

  it.each<[string, object]>([
    ['another type', { provider_type: 'saml' }],
    ['an identifier of no own', { identifier: 'corp' }],
    ['an identifier in capitals', { identifier: 'custom:Corp' }],
    ['no name', { name: '' }],
    ['no secret', { client_secret: undefined }],
    ['no issuer', { issuer: undefined }],
    ['an issuer without TLS', { issuer: 'http://idp.example.org' }],
    ['an issuer inside', { issuer: 'https://idp.internal' }],
    ['loopback', { issuer: 'https://127.0.0.1' }],
    ['a name of loopback', { issuer: 'https://localhost:8443' }],
    ['where clouds keep credentials', { issuer: 'https://169.254.169.254' }],
    ['a user in the URL', { discovery_url: 'file:///etc/passwd' }],
    [
      'a discovery elsewhere that says something else',
      { discovery_url: 'https://evil.example/.well-known/openid-configuration' },
    ],
    ['an issuer that is not there', { issuer: 'https://nothing.example.org' }],
    ['a URL too long', { discovery_url: `https://idp.example.org/${'x'.repeat(2_048)}` }],
    ['a reserved parameter', { authorization_params: { Redirect_Uri: 'https://evil.example' } }],
    ['a protected claim', { attribute_mapping: { role: 'role' } }],
    ['a list that is none', { scopes: 'openid' }],
  ])('with %s are refused', async (_name, changes) => {
    const { status, body } = await create({ ...oidc, ...changes });
    expect([status, body.code]).toEqual([400, body.code === 'bad_json' ? 'bad_json' : 'validation_failed']);
    expect(await auth.db.query('select id from auth.custom_oauth_providers')).toEqual([]);
  });

  it('cannot be turned inwards by their discovery document', async () => {
    const turned = await fakeIssuer(web, 'https://turned.example.org');
    await create({ ...oidc, issuer: turned.issuer });
    web.on('https://turned.example.org/.well-known/openid-configuration', {
      issuer: turned.issuer,
      authorization_endpoint: 'https://turned.example.org/a',
      token_endpoint: 'https://169.254.169.254/latest',
      jwks_uri: 'https://turned.example.org/jwks',
    });
    auth.advance(3_700_000);
    const calls = web.calls.length;
    const { fragment } = await signIn('custom:corp');
    expect(fragment.get('error_code')).toBe('unexpected_failure');
    expect(web.calls.slice(calls).some(({ url }) => url.hostname === '169.254.169.254')).toBe(false);
  });

  it('are no more than allowed, and none where they are off', async () => {
    const few = await startAuth({ GOTRUE_CUSTOM_OAUTH_MAX_PROVIDERS: '1' }, auth.db, web.egress);
    const off = await startAuth({ GOTRUE_CUSTOM_OAUTH_ENABLED: 'false' }, auth.db, web.egress);
    try {
      const both = await Promise.all([oidc, oauth2].map((body) => few.post('/admin/custom-providers', body, call())));
      expect(both.map(({ body }) => body.code ?? 'made').sort()).toEqual(['made', 'over_custom_provider_quota']);
      const answer = await off.request('GET', '/admin/custom-providers', call());
      expect([answer.status, answer.body.code]).toEqual([404, 'feature_disabled']);
    } finally {
      await few.stop();
      await off.stop();
    }
  });
});
