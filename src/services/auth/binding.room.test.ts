import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';
import { type FakeWeb, fakeWeb } from './testing/fake-web.ts';

const env = {
  API_EXTERNAL_URL: 'https://api.example.com',
  GITHUB_ENABLED: 'true',
  GITHUB_CLIENT_ID: 'gh',
  GITHUB_SECRET: 'gh-secret',
};
const challenge = `code_challenge=${'a'.repeat(43)}&code_challenge_method=s256`;
/** What a browser says of itself where it goes somewhere. */
const browser = { host: 'api.example.com', 'sec-fetch-mode': 'navigate' };

/** A request with headers that `fetch` keeps to itself. */
function go(
  auth: AuthUnderTest,
  path: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: IncomingHttpHeaders; location: URL }> {
  return new Promise((resolve, reject) => {
    httpRequest(new URL(path, auth.url), { headers }, (response) => {
      response.resume();
      const location = new URL(response.headers.location ?? 'none:');
      resolve({ status: response.statusCode ?? 0, headers: response.headers, location });
    })
      .on('error', reject)
      .end();
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
    web.on('https://api.github.com/user', { id: 1, login: 'me' });
    web.on('https://api.github.com/user/emails', [{ email: 'me@gh.test', verified: true, primary: true }]);
    auth = await startAuth(env, undefined, web.egress);
    strict = await startAuth({ ...env, STACK_AUTH_BIND_SIGN_INS: 'all' }, auth.db, web.egress);
    free = await startAuth({ ...env, STACK_AUTH_BIND_SIGN_INS: 'off' }, auth.db, web.egress);
  });
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

  it('is bound to nothing where that is off', async () => {
    const { state, cookie } = await begin(free);
    expect(cookie).toBeUndefined();
    expect(await end(free, state)).toBe('in');
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
