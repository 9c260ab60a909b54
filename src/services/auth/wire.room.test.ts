import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { routes } from './routes/table.ts';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';

const password = 'correct horse';

/** All endpoints, which are looked at and not called. */
function routeTable() {
  const never = undefined as never;
  return routes({ context: { settings: {} }, limits: never, verifier: never, afterWrite: never } as never, never);
}

describe('the wire', () => {
  let auth: AuthUnderTest;
  beforeAll(async () => {
    auth = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true', GOTRUE_API_MAX_REQUEST_DURATION: '2s' });
  });
  afterAll(() => auth?.stop());

  it('says who is there and what is on', async () => {
    expect(await auth.request('GET', '/health')).toMatchObject({
      status: 200,
      body: { name: 'GoTrue', version: expect.stringMatching(/^v2\./) },
    });
    const { body } = await auth.request('GET', '/settings');
    expect(Object.keys(body)).toEqual([
      'external',
      'disable_signup',
      'mailer_autoconfirm',
      'phone_autoconfirm',
      'sms_provider',
      'saml_enabled',
      'saml_private_key_next_configured',
      'passkeys_enabled',
    ]);
    expect(Object.keys(body.external).sort()).toEqual([
      'anonymous_users',
      'apple',
      'azure',
      'bitbucket',
      'discord',
      'email',
      'facebook',
      'figma',
      'fly',
      'github',
      'gitlab',
      'google',
      'kakao',
      'keycloak',
      'linkedin',
      'linkedin_oidc',
      'notion',
      'phone',
      'slack',
      'slack_oidc',
      'snapchat',
      'spotify',
      'twitch',
      'twitter',
      'workos',
      'zoom',
    ]);
    expect(body).toMatchObject({
      disable_signup: false,
      mailer_autoconfirm: true,
      external: { email: true, phone: false, google: false },
    });
  });

  it('publishes keys and discovery', async () => {
    expect(await auth.request('GET', '/.well-known/jwks.json')).toMatchObject({ status: 200, body: { keys: [] } });
    const { body, headers } = await auth.request('GET', '/.well-known/openid-configuration');
    expect(body).toMatchObject({
      issuer: 'http://localhost:8000/auth/v1',
      jwks_uri: 'http://localhost:8000/auth/v1/.well-known/jwks.json',
    });
    expect(headers.get('cache-control')).toContain('max-age=600');
  });

  it('answers in the old shape to clients that name no version', async () => {
    const reply = await auth.post(
      '/token?grant_type=password',
      { email: 'x@y.z', password: 'p' },
      { headers: { 'x-supabase-api-version': '' } },
    );
    expect(reply.body).toEqual({ code: 400, error_code: 'invalid_credentials', msg: 'Invalid login credentials' });
    expect(reply.headers.get('x-sb-error-code')).toBe('invalid_credentials');
    expect(reply.headers.get('x-supabase-api-version')).toBeNull();
    const modern = await auth.post(
      '/token?grant_type=password',
      { email: 'x@y.z', password: 'p' },
      { headers: { 'x-supabase-api-version': '2030-01-01' } },
    );
    expect(modern.headers.get('x-supabase-api-version')).toBe('2024-01-01');
  });

  it('knows its paths, with and without a slash or the public prefix, and nothing else', async () => {
    expect((await auth.request('GET', '/health/')).status).toBe(200);
    expect((await auth.request('GET', '/auth/v1/health')).status).toBe(200);
    for (const path of [
      '/',
      '/nothing',
      '//signup',
      '/signup%2f',
      '/admin%2fusers',
      '/Signup',
      '/admin/users/../audit/x',
    ])
      expect(await auth.request('GET', path)).toMatchObject({ status: 404, body: { code: 'unknown' } });
    const wrong = await auth.request('GET', '/signup');
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('POST');
    expect((await auth.request('DELETE', '/user')).headers.get('allow')).toBe('GET, PUT');
  });

  it('takes bodies of any type as JSON', async () => {
    for (const type of [
      'application/json',
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/octet-stream; x=y',
      'nonsense',
    ])
      expect(
        await auth.post(
          '/token?grant_type=password',
          { email: 'x@y.z', password: 'p' },
          { headers: { 'content-type': type } },
        ),
      ).toMatchObject({ status: 400, body: { code: 'invalid_credentials' } });
  });

  it('refuses bodies beyond a megabyte', async () => {
    expect(await auth.post('/signup', { email: 'x@y.z', password, data: { x: 'y'.repeat(1_100_000) } })).toMatchObject({
      status: 413,
      body: { code: 'request_entity_too_large' },
    });
  });

  it('lets browsers in on its own port', async () => {
    const preflight = await auth.request('OPTIONS', '/token', {
      headers: { origin: 'https://app.test', 'access-control-request-method': 'POST' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('*');
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, POST, PUT, PATCH, DELETE');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('X-Client-Info');
    const plain = await auth.request('GET', '/health', { headers: { origin: 'https://app.test' } });
    expect(plain.headers.get('access-control-expose-headers')).toBe('X-Total-Count, Link, X-Supabase-Api-Version');
    expect((await auth.request('GET', '/health')).headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each([
    ['GET', '/authorize?provider=google', 400, 'validation_failed', 'Unsupported provider: provider is not enabled'],
    [
      'GET',
      '/authorize?provider=nobody',
      400,
      'validation_failed',
      'Unsupported provider: Provider "nobody" could not be found',
    ],
    ['POST', '/sso', 404, 'saml_provider_disabled', 'SAML 2.0 is disabled'],
    ['GET', '/sso/saml/metadata', 404, 'saml_provider_disabled', 'SAML 2.0 is disabled'],
    ['POST', '/passkeys/authentication/options', 404, 'passkey_disabled', 'Passkeys are disabled'],
    ['GET', '/oauth/authorize', 404, 'feature_disabled', 'This feature is disabled'],
    ['POST', '/oauth/token', 404, 'feature_disabled', 'This feature is disabled'],
    ['GET', '/admin/oauth/clients', 401, 'no_authorization', 'This endpoint requires a valid Bearer token'],
    ['GET', '/.well-known/oauth-authorization-server', 404, 'feature_disabled', 'This feature is disabled'],
    ['GET', '/admin/custom-providers', 401, 'no_authorization', 'This endpoint requires a valid Bearer token'],
    ['GET', '/passkeys', 401, 'no_authorization', 'This endpoint requires a valid Bearer token'],
  ])('%s %s answers as with the feature off', async (method, path, status, code, message) => {
    expect(await auth.request(method, path)).toMatchObject({ status, body: { code, message } });
  });

  it('sends callbacks of nobody to the site', async () => {
    const reply = await auth.request('GET', '/callback?state=x&code=y');
    expect(reply.status).toBe(303);
    expect(reply.headers.get('location')).toMatch(
      /^https:\/\/example\.com\?error=invalid_request&error_code=bad_oauth_state&.*#error=invalid_request/,
    );
    expect((await auth.request('GET', '/callback')).headers.get('location')).toContain('bad_oauth_callback');
  });

  it('gives up on requests that take too long', async () => {
    await auth.db.query(`create function public.sleepy() returns trigger language plpgsql as $$ begin perform pg_sleep(4); return new; end $$;
      create trigger sleepy before insert on auth.users for each row when (new.email = 'slow@example.com') execute function public.sleepy();`);
    expect(await auth.post('/signup', { email: 'slow@example.com', password })).toMatchObject({
      status: 504,
      body: { code: 'request_timeout' },
    });
  });

  it('logs no passwords, tokens or codes', async () => {
    const { body } = await auth.post('/signup', { email: 'log@example.com', password: 'a very private thing' });
    await auth.post('/token?grant_type=refresh_token', { refresh_token: body.refresh_token });
    const lines = auth.logLines().join('\n');
    for (const secret of ['a very private thing', body.access_token, body.refresh_token])
      expect(lines).not.toContain(secret);
    expect(lines).toContain('"action":"login"');
  });

  it('keeps private answers out of caches', async () => {
    const { body } = await auth.post('/signup', { email: 'cache@example.com', password });
    for (const reply of [
      await auth.post('/signup', { email: 'cache2@example.com', password }),
      await auth.post('/token?grant_type=refresh_token', { refresh_token: body.refresh_token }),
      await auth.post('/factors', { factor_type: 'totp' }, { token: body.access_token }),
      await auth.request('GET', '/user', { token: body.access_token }),
      await auth.request('GET', '/admin/users', { token: auth.serviceKey }),
    ])
      expect([reply.status, reply.headers.get('cache-control')]).toEqual([200, 'no-store']);
  });

  it('lets caches keep what is the same for everybody, and nothing else', () => {
    const open = routeTable().filter((route) => route.method === 'GET' && route.private !== true);
    expect(open.map(({ path }) => path).sort()).toEqual([
      '/.well-known/jwks.json',
      '/.well-known/oauth-authorization-server',
      '/.well-known/oauth-authorization-server/*',
      '/.well-known/openid-configuration',
      '/health',
      '/settings',
      '/sso/saml/metadata',
    ]);
    const handOut =
      /^\/(signup|token|verify|callback|factors$|factors\/:factor_id\/(challenge|verify)|sso\/saml\/acs|passkeys\/\w+\/|oauth\/token)/;
    const sessions = routeTable().filter(({ path }) => handOut.test(path));
    expect(sessions.length).toBeGreaterThan(12);
    expect(sessions.filter((route) => route.private !== true)).toEqual([]);
  });

  it('names the request in every line of its log', async () => {
    const named = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true', STACK_AUTH_REQUEST_ID_HEADER: 'x-my-id' });
    const headers = { 'x-my-id': 'req-7' };
    await named.post('/signup', { email: 'ann@example.com', password }, { headers });
    await named.post('/token?grant_type=password', { email: 'ann@example.com', password: 'wrong' }, { headers });
    const lines = named.logLines().map((line) => JSON.parse(line));
    const audits = lines.filter(({ msg }) => msg === 'audit');
    expect(audits.length).toBeGreaterThan(0);
    for (const line of audits)
      expect(line).toMatchObject({ reqId: 'req-7', auth_event: { action: expect.any(String) } });
    expect(lines).toContainEqual(expect.objectContaining({ reqId: 'req-7', status: 400, level: 'debug' }));
    await named.stop();
  });

  it('reports its health', async () => {
    expect(await auth.room.health()).toMatchObject({ status: 'healthy', detail: { mail: 'inbox' } });
  });
});

describe('every admin endpoint', () => {
  it('is closed to anonymous callers, users and forged tokens', async () => {
    const auth = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true' });
    const { body } = await auth.post('/signup', { email: 'ann@example.com', password });
    const table = routeTable();
    const closed = table.filter(({ access }) => access === 'admin');
    expect(closed.length).toBeGreaterThan(15);
    expect(table.filter(({ path, access }) => /^\/(admin\/(?!oauth)|invite)/.test(path) && access !== 'admin')).toEqual(
      [],
    );
    const someUuid = '11111111-1111-4111-8111-111111111111';
    for (const { method, path } of closed) {
      const concrete = path.replace(/:\w+/g, someUuid);
      expect((await auth.request(method, concrete)).status).toBe(401);
      expect(await auth.request(method, concrete, { token: body.access_token })).toMatchObject({
        status: 403,
        body: { code: 'not_admin' },
      });
      expect(await auth.request(method, concrete, { token: `${auth.serviceKey}x` })).toMatchObject({
        status: 403,
        body: { code: 'bad_jwt' },
      });
    }
    await auth.stop();
  });
});

describe('limits by client', () => {
  it('count per client and endpoint, where a header tells clients apart', async () => {
    const auth = await startAuth({
      GOTRUE_RATE_LIMIT_HEADER: 'X-Real-IP',
      GOTRUE_RATE_LIMIT_OTP: '30',
      ENABLE_ANONYMOUS_USERS: 'true',
    });
    const recover = (ip?: string) =>
      auth.post('/recover', { email: 'nobody@example.com' }, ip === undefined ? {} : { headers: { 'x-real-ip': ip } });
    const first = await Promise.all(Array.from({ length: 31 }, () => recover('1.1.1.1, 9.9.9.9')));
    const limited = first.filter(({ body }) => body.code === 'over_request_rate_limit');
    expect(limited).toMatchObject([{ status: 429, body: { message: 'Request rate limit reached' } }]);
    expect((await recover('2.2.2.2')).body.code).not.toBe('over_request_rate_limit');
    for (let index = 0; index < 40; index++) expect((await recover()).body.code).not.toBe('over_request_rate_limit');
    expect(await auth.post('/otp', {}, { headers: { 'x-real-ip': '1.1.1.1' } })).toMatchObject({ status: 400 });
    auth.advance(11_000);
    expect((await recover('1.1.1.1')).body.code).not.toBe('over_request_rate_limit');
    await auth.stop();
  });

  it('are off without one', async () => {
    const auth = await startAuth();
    const replies = await Promise.all(
      Array.from({ length: 40 }, () => auth.post('/token?grant_type=refresh_token', { refresh_token: 'aaaaaaaaaaaa' })),
    );
    expect(new Set(replies.map(({ body }) => body.code))).toEqual(new Set(['refresh_token_not_found']));
    await auth.stop();
  });
});

describe('limits of mail', () => {
  it('count all mails where a limit is set', async () => {
    const auth = await startAuth({ GOTRUE_RATE_LIMIT_EMAIL_SENT: '2/1h' });
    const replies = [];
    for (const name of ['a', 'b', 'c'])
      replies.push(await auth.post('/signup', { email: `${name}@example.com`, password }));
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 429]);
    expect(replies[2]?.body).toEqual({ code: 'over_email_send_rate_limit', message: 'email rate limit exceeded' });
    expect(await auth.db.query(`select 1 from auth.users where email = 'c@example.com'`)).toEqual([]);
    auth.advance(1_801_000);
    expect((await auth.post('/signup', { email: 'c@example.com', password })).status).toBe(200);
    await auth.stop();
  });

  it('keep to the listed addresses', async () => {
    const auth = await startAuth({ GOTRUE_EXTERNAL_EMAIL_AUTHORIZED_ADDRESSES: 'team@example.com' });
    expect(await auth.post('/signup', { email: 'x@example.com', password })).toMatchObject({
      status: 400,
      body: { code: 'email_address_not_authorized' },
    });
    expect(await auth.post('/signup', { email: 'team+a@example.com', password })).toMatchObject({ status: 200 });
    await auth.stop();
  });
});

describe('settings', () => {
  it.each([
    [{ JWT_KEYS: '[{"kty":"oct","k":"aaaa"}]' }, 'JWT_KEYS'],
    [{ ADDITIONAL_REDIRECT_URLS: 'https://[a' }, 'ADDITIONAL_REDIRECT_URLS'],
    [
      { ENABLE_EMAIL_AUTOCONFIRM: 'true', GOTRUE_MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS: 'true' },
      'ENABLE_EMAIL_AUTOCONFIRM',
    ],
    [{ GOTRUE_MAILER_SUBJECTS_RECOVERY: '{{ if }}' }, 'GOTRUE_MAILER_SUBJECTS_RECOVERY'],
    [{ GOTRUE_RATE_LIMIT_EMAIL_SENT: '3/soon' }, 'GOTRUE_RATE_LIMIT_EMAIL_SENT'],
  ])('that cannot be used keep the room from starting: %j', async (env, setting) => {
    await expect(startAuth(env as unknown as Record<string, string>)).rejects.toMatchObject({
      name: 'StartupError',
      message: expect.stringContaining(setting),
    });
  });

  it('of the log count for this room alone', async () => {
    const levelsOf = async (level: string) => {
      const auth = await startAuth({ GOTRUE_LOG_LEVEL: level, GOTRUE_EXPERIMENTAL_SCIM_ENABLED: 'true' });
      await auth.stop();
      return new Set(auth.logLines().map((line) => JSON.parse(line).level));
    };
    expect(await levelsOf('Warning')).toEqual(new Set(['warn']));
    expect(await levelsOf('panic')).toEqual(new Set());
    await expect(startAuth({ GOTRUE_LOG_LEVEL: 'loud' })).rejects.toThrow('GOTRUE_LOG_LEVEL');
  });

  it('that ask for what is not served are named once each', async () => {
    const auth = await startAuth({
      GOOGLE_ENABLED: 'true',
      GOTRUE_EXPERIMENTAL_SCIM_ENABLED: 'true',
    });
    const warned = auth
      .logLines()
      .map((line) => JSON.parse(line))
      .filter(({ level }) => level === 'warn')
      .map(({ setting }) => setting);
    expect(warned.sort()).toEqual(['GOTRUE_EXPERIMENTAL_SCIM_ENABLED']);
    expect(auth.logLines().join('')).toContain(
      'GOTRUE_EXPERIMENTAL_SCIM_ENABLED is set, but this release does not serve provisioning of users by SCIM',
    );
    expect((await auth.request('GET', '/settings')).body.external.google).toBe(true);
    await auth.stop();
  });

  it('of one room do not reach another in the same process', async () => {
    const [open, closed] = await Promise.all([
      startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true' }),
      startAuth({ DISABLE_SIGNUP: 'true' }),
    ]);
    const body = { email: 'ann@example.com', password };
    expect((await open.post('/signup', body)).status).toBe(200);
    expect((await closed.post('/signup', body)).status).toBe(422);
    await Promise.all([open.stop(), closed.stop()]);
  });
});

describe('the inbox', () => {
  it('shows captured mails as a page and as JSON', async () => {
    const auth = await startAuth();
    const accept = { accept: 'application/json' };
    expect((await auth.request('GET', '/inbox', { headers: accept })).body).toEqual([]);
    await auth.post('/signup', { email: 'ann@example.com', password, data: { name: '<script>alert(1)</script>' } });
    const [mail] = (await auth.request('GET', '/inbox/messages.json')).body;
    expect(mail).toMatchObject({
      id: 1,
      kind: 'confirmation',
      to: 'ann@example.com',
      from: 'admin@example.com',
      subject: 'Confirm Your Email',
    });
    expect(auth.room.api.inbox.list()).toHaveLength(1);
    const page = await auth.request('GET', '/inbox');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.body).toContain('ann@example.com');
    expect(page.body).not.toMatch(/<script/i);
    expect(page.body).toContain('sandbox="allow-popups');
    expect((await auth.request('POST', '/inbox')).status).toBe(405);
    expect((await auth.request('GET', '/inbox/other')).status).toBe(404);
    await auth.stop();
  });

  it('keeps no more than its size', async () => {
    const auth = await startAuth({ STACK_AUTH_INBOX_SIZE: '2' });
    for (const name of ['a', 'b', 'c']) await auth.post('/signup', { email: `${name}@example.com`, password });
    expect(auth.mails().map(({ to }) => to)).toEqual(['c@example.com', 'b@example.com']);
    await auth.stop();
  });
});

describe('cleaning up', () => {
  it('removes what has outlived its use, one statement a write', async () => {
    const auth = await startAuth({
      GOTRUE_DB_CLEANUP_ENABLED: 'true',
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
      ENABLE_ANONYMOUS_USERS: 'true',
      GOTRUE_SESSIONS_TIMEBOX: '1h',
      GOTRUE_SESSIONS_INACTIVITY_TIMEOUT: '1h',
    });
    await auth.post('/signup', { email: 'ann@example.com', password });
    await auth.post('/signup', {});
    auth.advance(40 * 24 * 3_600_000);
    for (let index = 0; index < 26; index++) {
      await auth.post('/recover', { email: `x${index}@example.com` });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(await auth.db.query('select count(*)::int as n from auth.sessions')).toEqual([{ n: 0 }]);
    expect(await auth.db.query('select email from auth.users')).toEqual([{ email: 'ann@example.com' }]);
    expect(auth.logLines().filter((line) => line.includes('cleaning up failed'))).toEqual([]);
    await auth.stop();
  });
});

describe('requests of strangers', () => {
  it('never end in a failure of ours, whatever they hold', async () => {
    const auth = await startAuth({
      ENABLE_ANONYMOUS_USERS: 'true',
      STACK_AUTH_REQUEST_ID_HEADER: 'x-my-id',
      SMTP_MAX_FREQUENCY: '0s',
    });
    const made = await auth.request('POST', '/admin/users', {
      token: auth.serviceKey,
      body: { email: 'ann@example.com', password, email_confirm: true },
    });
    const { body: session } = await auth.post('/token?grant_type=password', { email: 'ann@example.com', password });
    const paths = [
      '/signup',
      '/token?grant_type=password',
      '/token?grant_type=refresh_token',
      '/token?grant_type=pkce',
      '/otp',
      '/magiclink',
      '/recover',
      '/resend',
      '/verify',
      '/invite',
      '/admin/users',
      '/admin/generate_link',
      '/factors',
      '/logout?scope=others',
    ];
    const names = [
      'email',
      'phone',
      'password',
      'data',
      'type',
      'token',
      'token_hash',
      'refresh_token',
      'auth_code',
      'code_verifier',
      'code_challenge',
      'code_challenge_method',
      'id',
      'aud',
      'role',
      'app_metadata',
      'user_metadata',
      'ban_duration',
      'password_hash',
      'new_email',
      'email_confirm',
      'create_user',
      'nonce',
      'redirect_to',
    ];
    const texts = fc.oneof(
      fc.constantFrom(
        'ann@example.com',
        'new@example.com',
        '4915112345',
        'signup',
        'recovery',
        'email_change',
        'magiclink',
        'signup',
        password,
        '24h',
        made.body.id as string,
        'pkce_x',
        '\0',
        '\ud800',
        'x'.repeat(5_000),
        "'; drop table auth.users; --",
        'https://evil.test',
        '',
      ),
      fc.string({ maxLength: 40 }),
    );
    const value = fc.oneof(
      { weight: 6, arbitrary: texts },
      { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
      { weight: 1, arbitrary: fc.boolean() },
    ) as fc.Arbitrary<unknown>;
    const bodies = fc.oneof(
      { weight: 9, arbitrary: fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 6 }) },
      { weight: 1, arbitrary: fc.string() },
    );
    const token = fc.constantFrom(auth.serviceKey, session.access_token as string);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.constantFrom('POST', 'PUT'),
        bodies,
        token,
        async (path, method, body, bearer) => {
          const isUser = method === 'PUT';
          const reply = await auth.request(method, isUser ? '/user' : path, {
            body,
            token: isUser ? (session.access_token as string) : bearer,
            headers: { 'x-my-id': 'req-1', redirect_to: 'https://evil.test' },
          });
          expect(reply.status, JSON.stringify({ path, body, answer: reply.body })).toBeLessThan(500);
          expect(JSON.stringify(reply.body)).not.toContain('https://evil.test');
        },
      ),
      { numRuns: 300, endOnFailure: true },
    );
    for (const query of [
      'token=x&type=signup',
      'token=%00&type=recovery',
      'token=%ff&type=%ff',
      `token=${'a'.repeat(9_000)}&type=email`,
      'token=pkce_&type=invite',
      'type=email_change&token=1&redirect_to=javascript:alert(1)',
    ]) {
      const reply = await auth.request('GET', `/verify?${query}`);
      expect([303, 400, 431]).toContain(reply.status);
      expect(reply.headers.get('location') ?? 'https://example.com').toMatch(/^https:\/\/example\.com/);
    }
    expect(auth.logLines().filter((line) => line.includes('"level":"error"'))).toEqual([]);
    await auth.stop();
  }, 120_000);
});
