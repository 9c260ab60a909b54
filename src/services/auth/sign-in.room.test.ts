import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signHs256 } from '#kernel/jwt';
import { type AuthUnderTest, startAuth, testSecret } from './testing/auth-under-test.ts';

const password = 'correct horse';

describe('password sign-in', () => {
  let auth: AuthUnderTest;
  const signIn = (email: string, given = password) =>
    auth.post('/token?grant_type=password', { email, password: given });

  beforeAll(async () => {
    auth = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true' });
    await auth.post('/signup', { email: 'ann@example.com', password });
  });
  afterAll(() => auth?.stop());

  it('answers with a session', async () => {
    const reply = await signIn('Ann@Example.com');
    expect(reply).toMatchObject({
      status: 200,
      body: { token_type: 'bearer', expires_in: 3600, user: { email: 'ann@example.com' } },
    });
    const late = Math.floor(auth.now() / 1000) + 3600 - reply.body.expires_at;
    expect(late === 0 || late === 1).toBe(true);
    expect(reply.body.refresh_token).toMatch(/^[a-z2-7]{12}$/);
    expect(reply.body).not.toHaveProperty('weak_password');
    expect(reply.headers.get('cache-control')).toBe('no-store');
    const sessions = await auth.db.query<{ user_agent: string; ip: string; aal: string; tag: null }>(
      'select user_agent, host(ip) as ip, aal, tag from auth.sessions order by created_at desc limit 1',
    );
    expect(sessions).toEqual([{ user_agent: expect.any(String), ip: '127.0.0.1', aal: 'aal1', tag: null }]);
  });

  it('hands out a passing token, behind which stands no session', async () => {
    const [row] = await auth.db.query<{ id: string; sessions: number }>(
      `select id, (select count(*)::int from auth.sessions) as sessions from auth.users where email = 'ann@example.com'`,
    );
    const token = (await auth.room.api.userToken(row?.id ?? '')) ?? '';
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect(claims).toMatchObject({ sub: row?.id, role: 'authenticated', aal: 'aal1', email: 'ann@example.com' });
    expect(claims.exp - claims.iat).toBeLessThanOrEqual(60);
    expect(await auth.request('GET', '/user', { token })).toMatchObject({
      status: 403,
      body: { code: 'session_not_found' },
    });
    expect(await auth.db.query('select count(*)::int as sessions from auth.sessions')).toEqual([
      { sessions: row?.sessions },
    ]);
    expect(await auth.room.api.userToken(crypto.randomUUID())).toBeUndefined();
  });

  it('fails with the same words for unknown users, users without password, and wrong passwords', async () => {
    await auth.db.query(`update auth.users set encrypted_password = null where email = 'nopass@example.com'`);
    await auth.db.query(`
      insert into auth.users (instance_id, id, aud, role, email, email_confirmed_at, created_at, updated_at)
      values ('00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated', 'nopass@example.com', now(), now(), now())`);
    const replies = [
      await signIn('ann@example.com', 'wrong'),
      await signIn('nobody@example.com'),
      await signIn('nopass@example.com'),
      await signIn('not an address'),
    ];
    for (const reply of replies)
      expect({ status: reply.status, body: reply.body }).toEqual({
        status: 400,
        body: { code: 'invalid_credentials', message: 'Invalid login credentials' },
      });
    for (const reply of replies) expect(reply.headers.get('x-sb-error-code')).toBe('invalid_credentials');
  });

  it.each([
    [{ password }, 400, 'validation_failed', 'missing email or phone'],
    [
      { email: 'a@b.c', phone: '123', password },
      400,
      'validation_failed',
      'Only an email address or phone number should be provided on login.',
    ],
    [{ phone: '4915112345', password }, 422, 'phone_provider_disabled', 'Phone logins are disabled'],
    ['{"email":', 400, 'bad_json', 'Could not parse request body as JSON: invalid syntax'],
    [
      { email: 5 },
      400,
      'bad_json',
      'Could not parse request body as JSON: cannot unmarshal number into field email of type string',
    ],
    [{ email: 'a\0b', password }, 400, 'validation_failed', 'The request contains a NUL character'],
  ])('refuses %j', async (body, status, code, message) => {
    expect(await auth.post('/token?grant_type=password', body)).toMatchObject({ status, body: { code, message } });
  });

  it('refuses other grants', async () => {
    expect(await auth.post('/token?grant_type=magic')).toMatchObject({
      status: 400,
      body: { code: 'invalid_credentials', message: 'unsupported_grant_type' },
    });
    expect(await auth.post('/token?grant_type=constructor')).toMatchObject({
      status: 400,
      body: { code: 'invalid_credentials' },
    });
    expect(await auth.post('/token')).toMatchObject({ status: 400, body: { message: 'unsupported_grant_type' } });
    expect(await auth.post('/token?grant_type=id_token', { provider: 'google', id_token: 'x' })).toMatchObject({
      status: 400,
      body: { code: 'provider_disabled', message: 'Provider (issuer "google") is not enabled' },
    });
    expect(await auth.post('/token?grant_type=id_token', {})).toMatchObject({
      status: 400,
      body: { error: 'invalid request' },
    });
    expect(await auth.post('/token?grant_type=web3', {})).toMatchObject({
      status: 422,
      body: { code: 'web3_provider_disabled', message: 'Web3 provider is disabled' },
    });
  });

  it('tells of a ban only to who knows the password', async () => {
    const made = await auth.request('POST', '/admin/users', {
      token: auth.serviceKey,
      body: { email: 'ban@example.com', password, email_confirm: true, ban_duration: '24h' },
    });
    expect(made.body.banned_until).toBeTruthy();
    expect(await signIn('ban@example.com', 'wrong')).toMatchObject({ body: { code: 'invalid_credentials' } });
    expect(await signIn('ban@example.com')).toMatchObject({
      status: 400,
      body: { code: 'user_banned', message: 'User is banned' },
    });
    await auth.request('PUT', `/admin/users/${made.body.id}`, {
      token: auth.serviceKey,
      body: { ban_duration: 'none' },
    });
    const free = await signIn('ban@example.com');
    expect(free.status).toBe(200);
    await auth.request('PUT', `/admin/users/${made.body.id}`, { token: auth.serviceKey, body: { ban_duration: '1h' } });
    expect(await auth.request('GET', '/user', { token: free.body.access_token })).toMatchObject({
      status: 403,
      body: { code: 'user_banned' },
    });
    expect(
      await auth.post('/token?grant_type=refresh_token', { refresh_token: free.body.refresh_token }),
    ).toMatchObject({ status: 400, body: { code: 'user_banned' } });
  });

  it('takes users that seed scripts made: NULL tokens, hashes of pgcrypto, no identity, no instance', async () => {
    await auth.db.query(`
      insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data, created_at, updated_at)
      values (gen_random_uuid(), 'authenticated', 'authenticated', 'Seed@example.com', extensions.crypt('seed-password', extensions.gen_salt('bf')), now(), null, null, now(), now())`);
    const [row] = await auth.db.query<{ encrypted_password: string; confirmation_token: null }>(
      `select encrypted_password, confirmation_token from auth.users where email = 'Seed@example.com'`,
    );
    expect(row).toMatchObject({ encrypted_password: expect.stringMatching(/^\$2a\$06\$/), confirmation_token: null });
    const reply = await signIn('seed@example.com', 'seed-password');
    expect(reply).toMatchObject({
      status: 200,
      body: { user: { identities: [], app_metadata: {}, user_metadata: {} } },
    });
    expect(await auth.request('GET', '/user', { token: reply.body.access_token })).toMatchObject({ status: 200 });
    expect(
      await auth.request('PUT', '/user', { token: reply.body.access_token, body: { data: { a: 1 } } }),
    ).toMatchObject({ status: 200, body: { user_metadata: { a: 1 } } });
  });

  it('writes hashes that pgcrypto can check', async () => {
    const [row] = await auth.db.query<{ fits: boolean }>(
      `select encrypted_password = extensions.crypt('${password}', encrypted_password) as fits from auth.users where email = 'ann@example.com'`,
    );
    expect(row?.fits).toBe(true);
  });
});

describe('weak passwords of old', () => {
  it('do not keep their owner out, but are told', async () => {
    const before = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true' });
    await before.post('/signup', { email: 'ann@example.com', password: 'abcdef' });
    const auth = await startAuth(
      { GOTRUE_PASSWORD_MIN_LENGTH: '10', GOTRUE_PASSWORD_REQUIRED_CHARACTERS: 'abc:123' },
      before.db,
    );
    const reply = await auth.post('/token?grant_type=password', { email: 'ann@example.com', password: 'abcdef' });
    expect(reply).toMatchObject({ status: 200, body: { weak_password: { reasons: ['length', 'characters'] } } });
    await auth.stop();
    await before.stop();
  });
});

describe('bearer tokens', () => {
  let auth: AuthUnderTest;
  let token: string;
  let claims: Record<string, unknown>;
  const get = (given: string) => auth.request('GET', '/user', { token: given });
  const forge = (changes: Record<string, unknown>) => signHs256({ ...claims, ...changes }, testSecret);

  beforeAll(async () => {
    auth = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true', GOTRUE_JWT_KEY_ID: 'key-1' });
    token = (await auth.post('/signup', { email: 'ann@example.com', password })).body.access_token;
    claims = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString());
  });
  afterAll(() => auth?.stop());

  it('carry a key id and let their owner in', async () => {
    expect(JSON.parse(Buffer.from(token.split('.')[0] as string, 'base64url').toString())).toEqual({
      alg: 'HS256',
      typ: 'JWT',
      kid: 'key-1',
    });
    expect(await get(token)).toMatchObject({ status: 200, body: { email: 'ann@example.com' } });
    expect(await auth.request('GET', '/user', { headers: { authorization: `bearer ${token}` } })).toMatchObject({
      status: 200,
    });
  });

  it('are missed with 401', async () => {
    for (const headers of [
      {},
      { authorization: 'Basic x' },
      { authorization: 'Bearer' },
      { authorization: `Bearer ${token} x` },
    ])
      expect(await auth.request('GET', '/user', { headers: headers as Record<string, string> })).toMatchObject({
        status: 401,
        body: { code: 'no_authorization', message: 'This endpoint requires a valid Bearer token' },
      });
  });

  it('are refused with 403 when forged, garbled or over', async () => {
    const [, payload] = token.split('.') as [string, string];
    const unsigned = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${payload}.`;
    for (const bad of [
      'x',
      'a.b.c',
      signHs256(claims, 'another secret'),
      unsigned,
      forge({ exp: 1 }),
      forge({ nbf: 99_999_999_999 }),
      forge({ exp: 'soon' }),
    ]) {
      const reply = await get(bad);
      expect(reply).toMatchObject({ status: 403, body: { code: 'bad_jwt' } });
      expect(reply.body.message).toMatch(/^invalid JWT: unable to parse or verify signature, /);
    }
  });

  it('need a subject and a session that are there', async () => {
    const uuid = '11111111-1111-4111-8111-111111111111';
    expect(await get(forge({ sub: undefined }))).toMatchObject({
      status: 403,
      body: { code: 'bad_jwt', message: 'invalid claim: missing sub claim' },
    });
    expect(await get(forge({ sub: 'ann' }))).toMatchObject({
      status: 400,
      body: { code: 'bad_jwt', message: 'invalid claim: sub claim must be a UUID' },
    });
    expect(await get(forge({ sub: uuid }))).toMatchObject({
      status: 403,
      body: { code: 'user_not_found', message: 'User from sub claim in JWT does not exist' },
    });
    expect(await get(forge({ session_id: uuid }))).toMatchObject({
      status: 403,
      body: { code: 'session_not_found', message: 'Session from session_id claim in JWT does not exist' },
    });
    expect(await get(forge({ session_id: 'x' }))).toMatchObject({ status: 403, body: { code: 'bad_jwt' } });
    for (const none of ['', '00000000-0000-0000-0000-000000000000', undefined])
      expect(await get(forge({ session_id: none }))).toMatchObject({ status: 200 });
  });

  it('of another user do not open a session of mine', async () => {
    const other = await auth.post('/signup', { email: 'bea@example.com', password });
    expect(await get(forge({ sub: other.body.user.id }))).toMatchObject({
      status: 403,
      body: { code: 'session_not_found' },
    });
  });

  it('are for their audience', async () => {
    expect(await auth.request('GET', '/user', { token, headers: { 'x-jwt-aud': 'other' } })).toMatchObject({
      status: 400,
      body: { code: 'validation_failed' },
    });
  });

  it("are an admin's by role, without any subject, and good for a session only while it lasts", async () => {
    const list = (given: string) => auth.request('GET', '/admin/users', { token: given });
    expect(await list(token)).toMatchObject({ status: 403, body: { code: 'not_admin', message: 'User not allowed' } });
    expect(await list(signHs256({ role: 'service_role' }, testSecret))).toMatchObject({ status: 200 });
    expect(await list(signHs256({ role: 'supabase_admin', sub: 'not a uuid' }, testSecret))).toMatchObject({
      status: 200,
    });
    expect(await list(signHs256({ role: 'anon' }, testSecret))).toMatchObject({ status: 403 });
    expect(await list(forge({ role: 'service_role' }))).toMatchObject({ status: 200 });
    await auth.post('/logout', undefined, { token });
    expect(await list(forge({ role: 'service_role' }))).toMatchObject({
      status: 403,
      body: { code: 'session_not_found' },
    });
  });
});

it('an admin’s token from a session ends with the session, whatever its own end', async () => {
  const auth = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true', GOTRUE_SESSIONS_TIMEBOX: '1h' });
  const { body } = await auth.post('/signup', { email: 'ann@example.com', password });
  const { sub, session_id } = JSON.parse(Buffer.from(body.access_token.split('.')[1], 'base64url').toString());
  const token = signHs256({ role: 'service_role', sub, session_id }, testSecret);
  expect(await auth.request('GET', '/admin/users', { token })).toMatchObject({ status: 200 });
  auth.advance(3_601_000);
  expect(await auth.request('GET', '/admin/users', { token })).toMatchObject({
    status: 403,
    body: { code: 'session_expired' },
  });
  await auth.request('PUT', `/admin/users/${sub}`, { token: auth.serviceKey, body: { ban_duration: '1h' } });
  expect(await auth.request('GET', '/admin/users', { token })).toMatchObject({
    status: 403,
    body: { code: 'user_banned' },
  });
  await auth.stop();
});

describe('asymmetric keys', () => {
  it('sign tokens that verify by the published key, while old tokens go on working', async () => {
    const { generateKeyPairSync, createVerify, createPublicKey } = await import('node:crypto');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = { ...privateKey.export({ format: 'jwk' }), kid: 'ec-1', alg: 'ES256', key_ops: ['sign', 'verify'] };
    const before = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true' });
    const old = await before.post('/signup', { email: 'ann@example.com', password });
    const auth = await startAuth(
      { JWT_KEYS: JSON.stringify([jwk]), JWT_ISSUER: 'https://api.example.com/auth/v1' },
      before.db,
    );
    expect(await auth.request('GET', '/user', { token: old.body.access_token })).toMatchObject({ status: 200 });
    const { body } = await auth.post('/token?grant_type=password', { email: 'ann@example.com', password });
    const [header, payload, signature] = body.access_token.split('.') as [string, string, string];
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'ec-1' });
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString()).iss).toBe('https://api.example.com/auth/v1');
    const { body: jwks, headers } = await auth.request('GET', '/.well-known/jwks.json');
    expect(jwks.keys).toEqual([
      { kty: 'EC', crv: 'P-256', x: jwk.x, y: jwk.y, kid: 'ec-1', alg: 'ES256', use: 'sig', key_ops: ['verify'] },
    ]);
    expect(headers.get('cache-control')).toBe('public, max-age=600');
    const key = createPublicKey({ key: jwks.keys[0], format: 'jwk' });
    const good = createVerify('sha256')
      .update(`${header}.${payload}`)
      .verify({ key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'));
    expect(good).toBe(true);
    // The public key as an HMAC secret: the oldest trick.
    const pem = key.export({ type: 'spki', format: 'pem' }).toString();
    expect(
      await auth.request('GET', '/user', {
        token: signHs256(JSON.parse(Buffer.from(payload, 'base64url').toString()), pem, 'ec-1'),
      }),
    ).toMatchObject({ status: 403 });
    await auth.stop();
    await before.stop();
  });
});
