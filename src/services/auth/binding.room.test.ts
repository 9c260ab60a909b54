import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';
import { type FakeWeb, fakeWeb } from './testing/fake-web.ts';
import { createSamlIdp, newSamlKey, requestIn } from './testing/saml-idp.ts';

const env = {
  API_EXTERNAL_URL: 'https://api.example.com',
  GITHUB_ENABLED: 'true',
  GITHUB_CLIENT_ID: 'gh',
  GITHUB_SECRET: 'gh-secret',
  ENABLE_ANONYMOUS_USERS: 'true',
  GOTRUE_SECURITY_MANUAL_LINKING_ENABLED: 'true',
};
const challenge = `code_challenge=${'a'.repeat(43)}&code_challenge_method=s256`;
/** What a browser says of itself where it goes somewhere. */
const browser = { host: 'api.example.com', 'sec-fetch-mode': 'navigate' };

/** A request with headers that `fetch` keeps to itself; a POST where it has a body. */
function go(
  auth: AuthUnderTest,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<{ status: number; headers: IncomingHttpHeaders; location: URL }> {
  return new Promise((resolve, reject) => {
    httpRequest(new URL(path, auth.url), { headers, method: body === undefined ? 'GET' : 'POST' }, (response) => {
      response.resume();
      const location = new URL(response.headers.location ?? 'none:');
      resolve({ status: response.statusCode ?? 0, headers: response.headers, location });
    })
      .on('error', reject)
      .end(body);
  });
}

async function begin(auth: AuthUnderTest, query = '', headers: Record<string, string> = browser) {
  const reply = await go(auth, `/authorize?provider=github&${query}`, headers);
  const cookie = reply.headers['set-cookie']?.[0];
  return { state: reply.location.searchParams.get('state') ?? '', cookie: cookie?.split(';')[0] };
}
const end = async (auth: AuthUnderTest, state: string, cookie?: string) => {
  const headers = { ...browser, ...(cookie && { cookie }) };
  const { location } = await go(auth, `/callback?code=c&state=${state}`, headers);
  const fragment = new URLSearchParams(location.hash.slice(1));
  return fragment.get('error_code') ?? (fragment.has('access_token') || location.searchParams.has('code') ? 'in' : '?');
};

describe('a sign-in with a provider', () => {
  let web: FakeWeb;
  let auth: AuthUnderTest;
  let strict: AuthUnderTest;
  let free: AuthUnderTest;

  beforeAll(async () => {
    web = fakeWeb();
    web.on('https://github.com/login/oauth/access_token', { access_token: 'at' });
    web.on('https://api.github.com/user/emails', [{ email: 'me@gh.test', verified: true, primary: true }]);
    auth = await startAuth(env, undefined, web.egress);
    strict = await startAuth({ ...env, STACK_AUTH_BIND_SIGN_INS: 'all' }, auth.db, web.egress);
    free = await startAuth({ ...env, STACK_AUTH_BIND_SIGN_INS: 'off' }, auth.db, web.egress);
  });
  beforeEach(() => web.on('https://api.github.com/user', { id: 1, login: 'me' }));
  afterAll(async () => {
    await free?.stop();
    await strict?.stop();
    await auth?.stop();
  });

  it('that a browser begins ends in that browser, once, on any node', async () => {
    const { state, cookie } = await begin(auth);
    const other = await begin(auth);
    expect(await end(auth, state)).toBe('bad_oauth_state');
    expect(await end(auth, state, other.cookie)).toBe('bad_oauth_state');
    // Nobody else has used it up.
    expect(await end(strict, state, `a=b; ${cookie}`)).toBe('in');
    expect(await end(auth, state, cookie)).toBe('flow_state_already_used');
  });

  it('with a code challenge is its client’s, wherever the browser is', async () => {
    for (const node of [auth, strict]) {
      const { state, cookie } = await begin(node, challenge);
      expect(cookie).toBeUndefined();
      expect(await end(node, state)).toBe('in');
    }
  });

  it('that begins in a program, or at another host than it ends, may end anywhere unless all are bound', async () => {
    for (const headers of [{}, { ...browser, host: '127.0.0.1:8000' }]) {
      const { state, cookie } = await begin(auth, '', headers);
      expect(cookie).toBeUndefined();
      expect(await end(auth, state)).toBe('in');
      expect(await end(strict, (await begin(strict, '', headers)).state)).toBe('bad_oauth_state');
    }
  });

  it('that adds an identity is bound, with a challenge too, where a page of the same origin begins', async () => {
    const page = { host: 'api.example.com', 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' };
    const elsewhere = { ...page, 'sec-fetch-site': 'cross-site' };
    let count = 0;
    async function beginLink(node: AuthUnderTest, headers: Record<string, string>) {
      web.on('https://api.github.com/user', { id: `linked-${++count}`, login: 'me' });
      const { access_token: token } = (await node.post('/signup', {})).body;
      const path = `/user/identities/authorize?provider=github&${challenge}`;
      const reply = await go(node, path, { ...headers, authorization: `Bearer ${token}` });
      const state = reply.location.searchParams.get('state') ?? '';
      return { state, cookie: reply.headers['set-cookie']?.[0]?.split(';')[0] };
    }
    const { state, cookie } = await beginLink(auth, page);
    expect(await end(auth, state)).toBe('bad_oauth_state');
    expect(await auth.db.query(`select from auth.identities where provider_id like 'linked-%'`)).toEqual([]);
    expect(await end(auth, state, cookie)).toBe('in');
    expect(await auth.db.query(`select from auth.identities where provider_id like 'linked-%'`)).toHaveLength(1);
    const free = await beginLink(auth, elsewhere);
    expect(free.cookie).toBeUndefined();
    expect(await end(auth, free.state)).toBe('in');
    const refused = await beginLink(strict, elsewhere);
    expect(await end(strict, refused.state)).toBe('bad_oauth_state');
  });

  it('is bound to nothing where that is off', async () => {
    const { state, cookie } = await begin(free);
    expect(cookie).toBeUndefined();
    expect(await end(free, state)).toBe('in');
  });
});

describe('single sign-on', () => {
  const entity = 'https://api.example.com/auth/v1/sso/saml/metadata';
  const acs = 'https://api.example.com/auth/v1/sso/saml/acs';
  const idp = createSamlIdp('https://idp.corp.test/saml');
  const saml = { GOTRUE_SAML_ENABLED: 'true', GOTRUE_SAML_PRIVATE_KEY: newSamlKey() };
  let auth: AuthUnderTest;
  let strict: AuthUnderTest;
  beforeAll(async () => {
    auth = await startAuth({ ...env, ...saml });
    strict = await startAuth({ ...env, ...saml, STACK_AUTH_BIND_SIGN_INS: 'all' }, auth.db);
    const body = { type: 'saml', metadata_xml: idp.metadata, domains: ['corp.test'] };
    expect(await auth.post('/admin/sso/providers', body, { token: auth.serviceKey })).toMatchObject({ status: 201 });
  });
  afterAll(async () => {
    await strict?.stop();
    await auth?.stop();
  });

  async function beginSso(node: AuthUnderTest, headers: Record<string, string>, more: object = {}) {
    const reply = await go(node, '/sso', headers, JSON.stringify({ domain: 'corp.test', ...more }));
    const { id, relayState } = requestIn(reply.location.href);
    return { id, relayState, cookie: reply.headers['set-cookie']?.[0]?.split(';')[0] };
  }
  async function answer(node: AuthUnderTest, id: string | undefined, relayState: string, cookie?: string) {
    const response = idp.answer({ acs, audience: entity, ...(id !== undefined && { inResponseTo: id }) });
    const form = new URLSearchParams({ SAMLResponse: response, RelayState: relayState }).toString();
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const headers = { ...browser, ...type, ...(cookie && { cookie }) };
    const { location } = await go(node, '/sso/saml/acs', headers, form);
    if (new URLSearchParams(location.hash.slice(1)).has('access_token')) return 'in';
    return location.searchParams.has('code') ? 'code' : location.searchParams.get('error_code');
  }

  it('that a browser begins ends in that browser', async () => {
    const { id, relayState, cookie } = await beginSso(auth, browser);
    expect(await answer(auth, id, relayState)).toBe('saml_relay_state_not_found');
    expect(await answer(auth, id, relayState, (await beginSso(auth, browser)).cookie)).toBe(
      'saml_relay_state_not_found',
    );
    expect(await answer(strict, id, relayState, cookie)).toBe('in');
  });

  it('that a program or an identity provider begins may end anywhere, unless all are bound', async () => {
    const { id, relayState, cookie } = await beginSso(auth, {});
    expect(cookie).toBeUndefined();
    expect(await answer(auth, id, relayState)).toBe('in');
    expect(await answer(auth, undefined, '')).toBe('in');
    const unbound = await beginSso(strict, {});
    expect(await answer(strict, unbound.id, unbound.relayState)).toBe('saml_relay_state_not_found');
    expect(await answer(strict, undefined, '')).toBe('saml_relay_state_not_found');
    const code = { code_challenge: 'a'.repeat(43), code_challenge_method: 's256' };
    const withCode = await beginSso(strict, browser, code);
    expect(withCode.cookie).toBeUndefined();
    expect(await answer(strict, withCode.id, withCode.relayState)).toBe('code');
  });
});

it('access tokens live a week at most, or as long as a setting allows', async () => {
  const signUp = async (auth: AuthUnderTest) =>
    (await auth.post('/signup', { email: 'ann@example.com', password: 'correct horse' })).body;
  for (const [more, life] of [
    [{}, 604_800],
    [{ STACK_AUTH_JWT_MAX_EXPIRY: '1000000' }, 1_000_000],
  ] as const) {
    const auth = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true', JWT_EXPIRY: '31536000', ...more });
    const { access_token: token, expires_in } = await signUp(auth);
    const { exp, iat } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
    expect([expires_in, exp - iat]).toEqual([life, life]);
    expect(auth.logLines().join('')).toContain('JWT_EXPIRY is longer');
    await auth.stop();
  }
});
