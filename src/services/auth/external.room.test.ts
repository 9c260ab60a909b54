import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectClient } from '#kernel/sql';
import { type AuthUnderTest, codeIn, startAuth } from './testing/auth-under-test.ts';
import { type FakeWeb, fakeWeb } from './testing/fake-web.ts';

let web: FakeWeb;
let auth: AuthUnderTest;
const target = 'https://example.com/after';

beforeAll(async () => {
  web = fakeWeb();
  auth = await startAuth(
    {
      API_EXTERNAL_URL: 'https://api.example.com',
      GITHUB_ENABLED: 'true',
      GITHUB_CLIENT_ID: 'gh',
      GITHUB_SECRET: 'gh-secret',
      GOTRUE_EXTERNAL_SPOTIFY_ENABLED: 'true',
      GOTRUE_EXTERNAL_SPOTIFY_CLIENT_ID: 'sp',
      GOTRUE_EXTERNAL_SPOTIFY_SECRET: 'sp-secret',
      GOTRUE_EXTERNAL_X_ENABLED: 'true',
      GOTRUE_EXTERNAL_X_CLIENT_ID: 'x',
      GOTRUE_EXTERNAL_X_SECRET: 'x-secret',
      GOTRUE_EXTERNAL_WORKOS_ENABLED: 'true',
      GOTRUE_EXTERNAL_WORKOS_CLIENT_ID: 'w',
      GOTRUE_EXTERNAL_WORKOS_SECRET: 'w-secret',
      GOTRUE_EXTERNAL_ZOOM_ENABLED: 'true',
      GOTRUE_SECURITY_MANUAL_LINKING_ENABLED: 'true',
      ENABLE_ANONYMOUS_USERS: 'true',
      SMTP_MAX_FREQUENCY: '0s',
    },
    undefined,
    web.egress,
  );
});
afterAll(() => auth.stop());
beforeEach(async () => {
  await auth.db.query('delete from auth.users');
  await auth.db.query('delete from auth.flow_state');
  github('1', [{ email: 'me@gh.test', verified: true, primary: true }]);
  web.on('https://accounts.spotify.com/api/token', { access_token: 'at' });
  spotify('s1', 'me@gh.test');
});

function github(id: unknown, emails: readonly object[], name = 'Me'): void {
  web.on('https://github.com/login/oauth/access_token', { access_token: 'at', refresh_token: 'rt' });
  web.on('https://api.github.com/user', { id, login: 'me', name });
  web.on('https://api.github.com/user/emails', emails);
}
const spotify = (id: string, email: string): void => web.on('https://api.spotify.com/v1/me', { id, email });

async function begin(query: string, path = '/authorize'): Promise<URL> {
  const { status, headers, body } = await auth.request('GET', `${path}?${query}`);
  expect(`${status} ${JSON.stringify(body)}`).toMatch(/^302/);
  return new URL(headers.get('location') ?? '');
}
async function come(
  state: string | null,
  more = 'code=c',
): Promise<{ status: number; url: URL; fragment: URLSearchParams }> {
  const { status, headers } = await auth.request('GET', `/callback?${more}&state=${state}`);
  const url = new URL(headers.get('location') ?? '');
  return { status, url, fragment: new URLSearchParams(url.hash.slice(1)) };
}
async function signIn(provider = 'github', query = ''): ReturnType<typeof come> {
  const there = await begin(`provider=${provider}&redirect_to=${target}${query}`);
  return come(there.searchParams.get('state'));
}
const userOf = async (token: string | null) => (await auth.request('GET', '/user', { token: token ?? '' })).body;
const signUp = async (email: string) => (await auth.post('/signup', { email, password: 'attacker 12345' })).body;
const users = () =>
  auth.db.query('select id, email, email_confirmed_at, encrypted_password from auth.users order by created_at');

describe('beginning', () => {
  it.each([
    ['', 'Unsupported provider: Provider "" could not be found'],
    ['provider=nobody', 'Unsupported provider: Provider "nobody" could not be found'],
    ['provider=__proto__', 'Unsupported provider: Provider "__proto__" could not be found'],
    ['provider=google', 'Unsupported provider: provider is not enabled'],
    ['provider=zoom', 'Unsupported provider: missing OAuth client ID'],
    ['provider=custom:nope', 'Unsupported provider: Provider "custom:nope" could not be found'],
    ['provider=github&code_challenge=x', 'PKCE flow requires code_challenge_method and code_challenge'],
  ])('%s is refused', async (query, message) => {
    const { status, body } = await auth.request('GET', `/authorize?${query}`);
    expect([status, body.code, body.message]).toEqual([400, 'validation_failed', message]);
  });

  it('passes parameters through, but none that are ours to set', async () => {
    const there = await begin(
      'provider=GitHub&scopes=repo,gist%20user:email&prompt=consent&login_hint=a%26b&client_id=evil&Redirect_URI=https://evil&STATE=s' +
        '&response_type=token&code_verifier=v&client_secret=x&skip_http_redirect=true&redirect_to=https://evil.example',
    );
    expect(Object.fromEntries(there.searchParams)).toEqual({
      client_id: 'gh',
      redirect_uri: 'https://api.example.com/auth/v1/callback',
      response_type: 'code',
      scope: 'user:email repo gist',
      prompt: 'consent',
      login_hint: 'a&b',
      state: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect((await begin('provider=workos&workos_provider=GoogleOAuth')).searchParams.get('provider')).toBe(
      'GoogleOAuth',
    );
  });

  it('an unknown invitation', async () => {
    const { status, body } = await auth.request('GET', '/authorize?provider=github&invite_token=x');
    expect([status, body.code]).toEqual([404, 'invite_not_found']);
  });
});

describe('coming back', () => {
  it('implicitly, with tokens in the fragment of the address that was asked for', async () => {
    const { status, url, fragment } = await signIn();
    expect([status, url.origin + url.pathname, url.search]).toEqual([302, target, '']);
    expect([...fragment.keys()]).toEqual([
      'access_token',
      'expires_at',
      'expires_in',
      'provider_refresh_token',
      'provider_token',
      'refresh_token',
      'sb',
      'token_type',
    ]);
    const user = await userOf(fragment.get('access_token'));
    expect(user).toMatchObject({ email: 'me@gh.test', app_metadata: { provider: 'github', providers: ['github'] } });
    const claims = JSON.parse(Buffer.from(fragment.get('access_token')?.split('.')[1] ?? '', 'base64url').toString());
    expect(claims.amr).toMatchObject([{ method: 'oauth' }]);
  });

  it('with a code, exchanged once by who has the verifier', async () => {
    const verifier = 'v'.repeat(50);
    const challenge = createHash('sha256').update(verifier).digest('base64url');
    const { url } = await signIn('github', `&code_challenge=${challenge}&code_challenge_method=s256`);
    const auth_code = url.searchParams.get('code');
    expect(url.hash).toBe('');
    const wrong = await auth.post('/token?grant_type=pkce', { auth_code, code_verifier: 'w'.repeat(50) });
    expect(wrong.body.code).toBe('bad_code_verifier');
    const right = await auth.post('/token?grant_type=pkce', { auth_code, code_verifier: verifier });
    expect(right.body).toMatchObject({
      provider_token: 'at',
      provider_refresh_token: 'rt',
      user: { email: 'me@gh.test' },
    });
    const again = await auth.post('/token?grant_type=pkce', { auth_code, code_verifier: verifier });
    expect(again.body.code).toBe('flow_state_not_found');
  });

  it('a state works once, in one browser or two at a time', async () => {
    const state = (await begin(`provider=github&redirect_to=${target}`)).searchParams.get('state');
    const both = await Promise.all([come(state), come(state)]);
    const codes = both.map(({ fragment }) => fragment.get('error_code') ?? 'in').sort();
    expect(codes).toEqual(['flow_state_already_used', 'in']);
    const third = await come(state);
    expect([third.status, third.url.origin, third.fragment.get('error')]).toEqual([
      303,
      'https://example.com',
      'invalid_request',
    ]);
    expect(third.url.searchParams.get('error_code')).toBe('flow_state_already_used');
    expect(await users()).toHaveLength(1);
  });

  it.each([
    ['', 'bad_oauth_callback'],
    ['state=x', 'bad_oauth_state'],
    ['state=00000000-0000-4000-8000-000000000000', 'bad_oauth_state'],
    ['state=eyJhbGciOiJIUzI1NiJ9.e30.c2ln', 'bad_oauth_state'],
    ["state=' or 1=1 --", 'bad_oauth_state'],
  ])('with %s goes to the site, not anywhere else', async (query, code) => {
    const { status, headers } = await auth.request('GET', `/callback?code=c&redirect_to=https://evil.example&${query}`);
    const url = new URL(headers.get('location') ?? '');
    expect([status, url.origin, url.searchParams.get('error_code')]).toEqual([303, 'https://example.com', code]);
  });

  it('too late', async () => {
    const state = (await begin('provider=github')).searchParams.get('state');
    auth.advance(301_000);
    expect((await come(state)).fragment.get('error_code')).toBe('bad_oauth_state');
  });

  it('a state of another kind of flow is none of a provider', async () => {
    const challenge = 'c'.repeat(43);
    await auth.post('/otp', { email: 'm@x.test', code_challenge: challenge, code_challenge_method: 'plain' });
    const [flow] = await auth.db.query('select id from auth.flow_state');
    expect((await come(String(flow?.id))).fragment.get('error_code')).toBe('bad_oauth_state');
  });

  it("with the provider's error", async () => {
    const state = (await begin(`provider=github&redirect_to=${target}`)).searchParams.get('state');
    const { status, url, fragment } = await come(state, 'error=access_denied&error_description=No+way%0Ax');
    expect([status, url.origin + url.pathname]).toEqual([302, target]);
    expect(Object.fromEntries(fragment)).toMatchObject({ error: 'access_denied', error_description: 'No way\nx' });
    expect(url.searchParams.get('error')).toBe('access_denied');
  });

  it.each([
    ['no code', () => undefined, 'x=1', 'bad_oauth_callback', 'invalid_request'],
    [
      'no token',
      () => web.on('https://github.com/login/oauth/access_token', { error: 'bad_verification_code' }),
      'code=c',
      'unexpected_failure',
      'server_error',
    ],
    [
      'a provider that is down',
      () => web.on('https://github.com/login/oauth/access_token', 503),
      'code=c',
      'unexpected_failure',
      'server_error',
    ],
    [
      'a profile that is down',
      () => web.on('https://api.github.com/user', 500),
      'code=c',
      'unexpected_failure',
      'server_error',
    ],
    [
      'a profile that names nobody',
      () => web.on('https://api.github.com/user', { login: 'x' }),
      'code=c',
      'unexpected_failure',
      'server_error',
    ],
    [
      'a profile that is null',
      () => web.on('https://api.github.com/user', 'null'),
      'code=c',
      'unexpected_failure',
      'server_error',
    ],
    ['no address', () => github('1', []), 'code=c', 'unexpected_failure', 'server_error'],
  ])('with %s', async (_name, prepare, query, code, error) => {
    prepare();
    const state = (await begin(`provider=github&redirect_to=${target}`)).searchParams.get('state');
    const { url, fragment } = await come(state, query);
    expect([url.origin + url.pathname, fragment.get('error_code'), fragment.get('error')]).toEqual([
      target,
      code,
      error,
    ]);
    expect(url.search + url.hash).not.toContain('secret');
    expect(await users()).toEqual([]);
  });

  it('proves itself to providers that want it', async () => {
    web.on('https://api.x.com/2/oauth2/token', { access_token: 'at' });
    web.on('https://api.x.com/2/users/me', { data: { id: 'x1', username: 'u', confirmed_email: 'x@x.test' } });
    const there = await begin('provider=x');
    expect(there.searchParams.get('code_challenge_method')).toBe('S256');
    await come(there.searchParams.get('state'));
    const verifier = web.last('https://api.x.com/2/oauth2/token').form.get('code_verifier') ?? '';
    expect(createHash('sha256').update(verifier).digest('base64url')).toBe(there.searchParams.get('code_challenge'));
    expect(await auth.db.query('select * from auth.oauth_client_states')).toEqual([]);
  });
});

describe('whose account it is', () => {
  it('the same identity is the same account, with what the provider tells today', async () => {
    const first = await userOf((await signIn()).fragment.get('access_token'));
    github('1', [{ email: 'new@gh.test', verified: true, primary: true }], 'Renamed');
    const second = await userOf((await signIn()).fragment.get('access_token'));
    expect(second.id).toBe(first.id);
    expect(second).toMatchObject({ email: 'me@gh.test', user_metadata: { name: 'Renamed' } });
    expect(second.identities[0].identity_data.email).toBe('new@gh.test');
  });

  it('a checked address joins a confirmed account', async () => {
    await signUp('me@gh.test');
    const mail = auth.mails('me@gh.test')[0];
    await auth.post('/verify', { type: 'signup', email: 'me@gh.test', token: codeIn(mail) });
    const user = await userOf((await signIn()).fragment.get('access_token'));
    expect(user.app_metadata).toMatchObject({ provider: 'email', providers: ['email', 'github'] });
    expect(user.identities).toHaveLength(2);
    const password = await auth.post('/token?grant_type=password', { email: 'me@gh.test', password: 'attacker 12345' });
    expect(password.status).toBe(200);
  });

  it('whoever signed up first with an address that is not theirs loses everything when its owner comes', async () => {
    await signUp('me@gh.test');
    const user = await userOf((await signIn()).fragment.get('access_token'));
    expect(user.identities.map(({ provider }: { provider: string }) => provider)).toEqual(['github']);
    expect(user.app_metadata.providers).toEqual(['github']);
    expect(user.email_confirmed_at).toBeTruthy();
    const [row] = await users();
    expect(row?.encrypted_password).toBeNull();
    const password = await auth.post('/token?grant_type=password', { email: 'me@gh.test', password: 'attacker 12345' });
    expect(password.body.code).toBe('invalid_credentials');
    const [tokens] = await auth.db.query('select count(*)::int as n from auth.one_time_tokens');
    expect(tokens?.n).toBe(0);
  });

  it('an address the provider has not checked joins nothing, and is not given away twice', async () => {
    const owner = await userOf((await signIn()).fragment.get('access_token'));
    const mails = auth.mails('me@gh.test').length;
    const { fragment } = await signIn('spotify');
    expect([fragment.get('error'), fragment.get('error_code')]).toEqual([
      'access_denied',
      'provider_email_needs_verification',
    ]);
    const rows = await users();
    expect(rows.map(({ email }) => email)).toEqual(['me@gh.test', null]);
    const identities = await auth.db.query(`select user_id from auth.identities where provider = 'spotify'`);
    expect(identities[0]?.user_id).not.toBe(owner.id);
    expect(auth.mails('me@gh.test')).toHaveLength(mails);
  });

  it('an address nobody has checked is confirmed by mail first', async () => {
    spotify('s2', 'listener@sp.test');
    const refused = await signIn('spotify');
    expect(refused.fragment.get('error_description')).toContain(
      'A confirmation email has been sent to your spotify email',
    );
    const mail = auth.mails('listener@sp.test')[0];
    const verified = await auth.post('/verify', { type: 'signup', email: 'listener@sp.test', token: codeIn(mail) });
    expect(verified.status).toBe(200);
    const { fragment } = await signIn('spotify');
    expect((await userOf(fragment.get('access_token'))).id).toBe(verified.body.user.id);
  });

  it("an identity whose address was never checked does not lead its owner into a stranger's account", async () => {
    // The stranger has an account of their own and, unchecked, the owner's address at another provider.
    const stranger = await auth.db.query(
      `insert into auth.users (instance_id, id, aud, role, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
       values ('00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated', 'stranger@x.test', now(), '{}', '{}', now(), now())
       returning id`,
    );
    await auth.db.query(
      `insert into auth.identities (provider_id, user_id, identity_data, provider, created_at, updated_at)
       values ('s9', $1, '{"sub":"s9","email":"me@gh.test","email_verified":false}', 'spotify', now(), now())`,
      [stranger[0]?.id],
    );
    const { fragment } = await signIn();
    const token = fragment.get('access_token');
    if (token) expect((await userOf(token)).id).not.toBe(stranger[0]?.id);
    const rows = await auth.db.query(`select user_id from auth.identities where provider = 'github'`);
    expect(rows[0]?.user_id).not.toBe(stranger[0]?.id);
  });

  it('is let in neither banned nor where sign-ups are closed', async () => {
    await signIn();
    await auth.db.query(`update auth.users set banned_until = now() + interval '1 hour'`);
    const { fragment } = await signIn();
    expect([fragment.get('error'), fragment.get('error_code')]).toEqual(['access_denied', 'user_banned']);
    const closed = await startAuth(
      { DISABLE_SIGNUP: 'true', GITHUB_ENABLED: 'true', GITHUB_CLIENT_ID: 'g', GITHUB_SECRET: 's' },
      auth.db,
      web.egress,
    );
    try {
      github('77', [{ email: 'late@gh.test', verified: true, primary: true }]);
      const there = await closed.request('GET', '/authorize?provider=github');
      const state = new URL(there.headers.get('location') ?? '').searchParams.get('state');
      const back = await closed.request('GET', `/callback?code=c&state=${state}`);
      const answer = new URL(back.headers.get('location') ?? '').searchParams;
      expect([answer.get('error'), answer.get('error_code')]).toEqual(['access_denied', 'signup_disabled']);
    } finally {
      await closed.stop();
    }
  });

  it('two first sign-ins at once make one account', async () => {
    const states = await Promise.all([begin('provider=github'), begin('provider=github'), begin('provider=github')]);
    const answers = await Promise.all(states.map(({ searchParams }) => come(searchParams.get('state'))));
    const ids = await Promise.all(answers.map(async ({ fragment }) => (await userOf(fragment.get('access_token'))).id));
    expect(new Set(ids).size).toBe(1);
    expect(await users()).toHaveLength(1);
  });

  it("waits for who adds an identity to the account, and stands in nobody's way meanwhile", async () => {
    await signIn();
    const rival = await connectClient(auth.db.connection('supabase_auth_admin'));
    try {
      await rival.pg.query('begin');
      await rival.pg.query('select from auth.users for update');
      const coming = signIn();
      await vi.waitFor(async () => {
        const waiting = await auth.db.query('select from pg_locks where not granted');
        expect(waiting.length).toBeGreaterThan(0);
      }, 20_000);
      // What another sign-in does that found the account by its address.
      const added = rival.pg.query(`insert into auth.identities (provider_id, user_id, identity_data, provider)
        select provider_id, user_id, identity_data, provider from auth.identities`);
      await expect(added).rejects.toMatchObject({ code: '23505' });
      await rival.pg.query('rollback');
      expect((await userOf((await coming).fragment.get('access_token'))).email).toBe('me@gh.test');
    } finally {
      await rival.pg.end();
    }
  });

  it('the application is asked before somebody new is made', async () => {
    await auth.db.query(
      `create or replace function public.no_evil(event jsonb) returns jsonb language sql as $$
         select case when event -> 'user' ->> 'email' like '%@evil.test'
           and event -> 'user' -> 'app_metadata' ->> 'provider' = 'github'
         then '{"error":{"http_code":403,"message":"not you"}}'::jsonb else '{}'::jsonb end $$`,
    );
    await auth.db.query('grant execute on function public.no_evil(jsonb) to supabase_auth_admin');
    const asking = await startAuth(
      {
        GITHUB_ENABLED: 'true',
        GITHUB_CLIENT_ID: 'g',
        GITHUB_SECRET: 's',
        GOTRUE_HOOK_BEFORE_USER_CREATED_ENABLED: 'true',
        GOTRUE_HOOK_BEFORE_USER_CREATED_URI: 'pg-functions://postgres/public/no_evil',
      },
      auth.db,
      web.egress,
    );
    try {
      for (const [id, email, code] of [
        ['91', 'x@evil.test', 'unknown'],
        ['92', 'x@good.test', null],
      ] as const) {
        github(id, [{ email, verified: true, primary: true }]);
        const there = await asking.request('GET', '/authorize?provider=github');
        const state = new URL(there.headers.get('location') ?? '').searchParams.get('state');
        const back = await asking.request('GET', `/callback?code=c&state=${state}`);
        expect(new URL(back.headers.get('location') ?? '').searchParams.get('error_code')).toBe(code);
      }
      expect((await users()).map(({ email }) => email)).toEqual(['x@good.test']);
    } finally {
      await asking.stop();
    }
  });

  it('an invitation is for the address it went to', async () => {
    await auth.post('/invite', { email: 'guest@x.test' }, { token: auth.serviceKey });
    const [row] = await auth.db.query(`select confirmation_token from auth.users where email = 'guest@x.test'`);
    const wrong = await signIn('github', `&invite_token=${row?.confirmation_token}`);
    expect(wrong.fragment.get('error_description')).toBe('Invited email does not match emails from external provider');
    github('5', [{ email: 'guest@x.test', verified: true, primary: true }]);
    const right = await signIn('github', `&invite_token=${row?.confirmation_token}`);
    const user = await userOf(right.fragment.get('access_token'));
    expect([user.email, Boolean(user.email_confirmed_at)]).toEqual(['guest@x.test', true]);
  });
});

describe('linking by hand', () => {
  async function link(token: string): ReturnType<typeof come> {
    const asked = await auth.request(
      'GET',
      `/user/identities/authorize?provider=github&redirect_to=${target}&skip_http_redirect=true`,
      { token },
    );
    expect(asked.status).toBe(200);
    return come(new URL(asked.body.url).searchParams.get('state'));
  }

  it('makes an anonymous user a permanent one', async () => {
    const anonymous = (await auth.post('/signup', {})).body;
    const { fragment } = await link(anonymous.access_token);
    const user = await userOf(fragment.get('access_token'));
    expect(user).toMatchObject({ id: anonymous.user.id, is_anonymous: false, email: 'me@gh.test' });
    expect(user.app_metadata.providers).toEqual(['github']);
    const { body } = await auth.request('DELETE', `/user/identities/${user.identities[0].identity_id}`, {
      token: fragment.get('access_token') ?? '',
    });
    expect(body.code).toBe('single_identity_not_deletable');
  });

  it('takes an identity that nobody has, and no other', async () => {
    const owner = await userOf((await signIn()).fragment.get('access_token'));
    const anonymous = (await auth.post('/signup', {})).body;
    const { fragment } = await link(anonymous.access_token);
    expect([fragment.get('error_code'), fragment.get('error_description')]).toEqual([
      'identity_already_exists',
      'Identity is already linked to another user',
    ]);
    expect(await auth.db.query('select user_id from auth.identities')).toEqual([{ user_id: owner.id }]);
  });

  it('needs somebody who is signed in', async () => {
    expect((await auth.request('GET', '/user/identities/authorize?provider=github')).status).toBe(401);
  });
});

it('secrets of providers stay out of the log', () => {
  const log = auth.logLines().join('\n');
  expect(log).not.toContain('gh-secret');
  expect(log).not.toContain('"rt"');
});
