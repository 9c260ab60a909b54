import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AuthUnderTest, codeIn, linkIn, startAuth } from './testing/auth-under-test.ts';

const password = 'correct horse';
const gone = { status: 403, body: { code: 'otp_expired', message: 'Token has expired or is invalid' } };

let auth: AuthUnderTest;
let email: string;
let count = 0;

/** A confirmed user whose mails nobody else gets. */
async function newUser(): Promise<string> {
  const address = `user${++count}@example.com`;
  await auth.request('POST', '/admin/users', {
    token: auth.serviceKey,
    body: { email: address, password, email_confirm: true },
  });
  return address;
}
const verify = (body: Record<string, unknown>) => auth.post('/verify', body);
const mail = (to = email) => auth.mails(to)[0];
const fragment = (location: string | null) => Object.fromEntries(new URLSearchParams((location ?? '').split('#')[1]));
const signIn = async (address = email) =>
  (await auth.post('/token?grant_type=password', { email: address, password })).body.access_token as string;

beforeAll(async () => {
  auth = await startAuth({
    GOTRUE_MAILER_NOTIFICATIONS_EMAIL_CHANGED_ENABLED: 'true',
    ADDITIONAL_REDIRECT_URLS: 'com.app://**,http://localhost:8000/*',
  });
});
beforeEach(async () => {
  email = await newUser();
});
afterAll(() => auth?.stop());

describe('recovery', () => {
  it('sends a link that signs in once, wherever it was asked to lead', async () => {
    expect(await auth.post('/recover?redirect_to=com.app%3A%2F%2Freset', { email })).toMatchObject({
      status: 200,
      body: {},
    });
    expect(mail()).toMatchObject({ kind: 'recovery', subject: 'Reset Your Password' });
    const link = linkIn(mail());
    expect(link).toContain('redirect_to=com.app://reset');
    const head = await fetch(auth.url + link, { method: 'HEAD', redirect: 'manual' });
    expect(head.status).toBe(405);
    const [first, second] = await Promise.all([auth.request('GET', link), auth.request('GET', link)]);
    const locations = [first.headers.get('location'), second.headers.get('location')];
    expect(locations.filter((location) => location?.startsWith('com.app://reset#access_token='))).toHaveLength(1);
    expect(locations.filter((location) => location?.includes('error_code=otp_expired'))).toHaveLength(1);
  });

  it('never leads to an address that is not allowed', async () => {
    await auth.post(
      '/recover?redirect_to=https%3A%2F%2Fevil.test',
      { email },
      { headers: { referer: 'https://evil.test/x' } },
    );
    const followed = await auth.request(
      'GET',
      linkIn(mail()).replace(/redirect_to=.*/, 'redirect_to=https://evil.test'),
    );
    expect(followed.headers.get('location')).toMatch(/^https:\/\/example\.com#access_token=/);
  });

  it('is not poisoned by forwarded hosts', async () => {
    await auth.post(
      '/recover',
      { email },
      { headers: { 'x-forwarded-host': 'evil.test', 'x-forwarded-proto': 'https' } },
    );
    expect(mail()?.html).toContain('href="http://localhost:8000/auth/v1/verify?');
    expect(mail()?.html).not.toContain('evil.test');
  });

  it('answers unknown addresses alike, twice in a row, too', async () => {
    const known = [await auth.post('/recover', { email }), await auth.post('/recover', { email })];
    const unknown = [
      await auth.post('/recover', { email: 'nobody@example.com' }),
      await auth.post('/recover', { email: 'nobody@example.com' }),
    ];
    expect(known.map(({ status }) => status)).toEqual([200, 429]);
    const plain = ({ status, body }: { status: number; body: { message?: string } }) => ({
      status,
      body: { ...body, message: body.message?.replace(/\d+/, 'N') },
    });
    expect(unknown.map(plain)).toEqual(known.map(plain));
  });

  it('sends one mail for many requests at once', async () => {
    const replies = await Promise.all(Array.from({ length: 8 }, () => auth.post('/recover', { email })));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 429, 429, 429, 429, 429, 429, 429]);
    expect(auth.mails(email)).toHaveLength(1);
  });

  it('codes work by hand and as token_hash', async () => {
    await auth.post('/recover', { email });
    const code = codeIn(mail());
    expect(await verify({ type: 'recovery', email, token: code === '000000' ? '000001' : '000000' })).toMatchObject(
      gone,
    );
    expect(await verify({ type: 'signup', email, token: code })).toMatchObject(gone);
    expect(await verify({ type: 'recovery', email: 'other@example.com', token: code })).toMatchObject(gone);
    expect(await verify({ type: 'recovery', email, token: `${code.slice(0, 3)}-${code.slice(3)}` })).toMatchObject({
      status: 200,
      body: { user: { email } },
    });
    expect(await verify({ type: 'recovery', email, token: code })).toMatchObject(gone);
    auth.advance(61_000);
    await auth.post('/recover', { email });
    const hash = new URLSearchParams(linkIn(mail()).split('?')[1]).get('token');
    expect(await verify({ type: 'recovery', token_hash: hash })).toMatchObject({
      status: 200,
      body: { user: { email } },
    });
    expect(await verify({ type: 'recovery', token_hash: hash })).toMatchObject({
      status: 403,
      body: { code: 'otp_expired', message: 'Email link is invalid or has expired' },
    });
  });

  it('codes expire', async () => {
    await auth.post('/recover', { email });
    const code = codeIn(mail());
    auth.advance(24 * 3_600_000 + 1_000);
    expect(await verify({ type: 'recovery', email, token: code })).toMatchObject(gone);
    const location = (await auth.request('GET', linkIn(mail()))).headers.get('location');
    expect(fragment(location)).toMatchObject({ error: 'access_denied', error_code: 'otp_expired' });
  });

  it('codes give way to newer ones', async () => {
    await auth.post('/recover', { email });
    const [old, link] = [codeIn(mail()), linkIn(mail())];
    auth.advance(61_000);
    await auth.post('/recover', { email });
    const code = codeIn(mail());
    // One in a million is the same again.
    if (old !== code) expect(await verify({ type: 'recovery', email, token: old })).toMatchObject(gone);
    if (old !== code)
      expect(fragment((await auth.request('GET', link)).headers.get('location'))).toMatchObject({
        error_code: 'otp_expired',
      });
    expect(await verify({ type: 'recovery', email, token: code })).toMatchObject({ status: 200 });
  });

  it('codes do not help who is banned', async () => {
    await auth.post('/recover', { email });
    await auth.db.query(`update auth.users set banned_until = 'infinity' where email = $1`, [email]);
    expect(await verify({ type: 'recovery', email, token: codeIn(mail()) })).toMatchObject({
      status: 403,
      body: { code: 'user_banned' },
    });
    expect(fragment((await auth.request('GET', linkIn(mail()))).headers.get('location'))).toMatchObject({
      error_code: 'user_banned',
    });
  });

  it('codes die with a change of password', async () => {
    await auth.post('/recover', { email });
    const token = await signIn();
    expect(await auth.request('PUT', '/user', { token, body: { password: 'something else' } })).toMatchObject({
      status: 200,
    });
    expect(await verify({ type: 'recovery', email, token: codeIn(mail()) })).toMatchObject(gone);
  });

  it('takes codes that another server stored', async () => {
    const stored = createHash('sha224').update(`${email}123456`).digest('hex');
    const [user] = await auth.db.query<{ id: string }>(
      'update auth.users set recovery_token = $1, recovery_sent_at = $3 where email = $2 returning id',
      [stored, email, new Date(auth.now())],
    );
    await auth.db.query(
      `insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to) values (gen_random_uuid(), $1, 'recovery_token', $2, $3)`,
      [user?.id, stored, email],
    );
    expect(await verify({ type: 'recovery', email, token: '123456' })).toMatchObject({ status: 200 });
  });
});

describe('wrong codes', () => {
  it('void the right one after ten tries', async () => {
    await auth.post('/recover', { email });
    const code = codeIn(mail());
    const wrong = code === '000000' ? '000001' : '000000';
    for (let tries = 0; tries < 9; tries++)
      expect(await verify({ type: 'recovery', email, token: wrong })).toMatchObject(gone);
    await auth.post('/otp', { email: 'somebody@example.com' });
    expect(await verify({ type: 'recovery', email, token: wrong })).toMatchObject(gone);
    expect(await verify({ type: 'recovery', email, token: code })).toMatchObject(gone);
    expect(await auth.db.query('select recovery_token from auth.users where email = $1', [email])).toEqual([
      { recovery_token: '' },
    ]);
    auth.advance(61_000);
    await auth.post('/recover', { email });
    expect(await verify({ type: 'recovery', email, token: codeIn(mail()) })).toMatchObject({ status: 200 });
  });

  it('are counted by all nodes together, and codes for changing a password as well', async () => {
    const env = { GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION: 'true', STACK_AUTH_OTP_ATTEMPTS: '4' };
    const nodes = await Promise.all([startAuth(env, auth.db), startAuth(env, auth.db)]);
    const token = async (column: string) =>
      (await auth.db.query(`select ${column} as token from auth.users where email = $1`, [email]))[0]?.token;
    try {
      auth.advance(61_000);
      await auth.post('/recover', { email });
      for (const place of [0, 1, 0, 1]) {
        expect(await token('recovery_token')).not.toBe('');
        const reply = await nodes[place]?.post('/verify', { type: 'recovery', email, token: '1234567' });
        expect(reply).toMatchObject(gone);
      }
      expect(await token('recovery_token')).toBe('');

      auth.advance(61_000);
      await auth.post('/recover', { email });
      const { access_token } = (await verify({ type: 'recovery', email, token: codeIn(mail()) })).body;
      await auth.db.query(`update auth.sessions set created_at = created_at - interval '30 days'`);
      await auth.request('GET', '/reauthenticate', { token: access_token });
      for (const place of [0, 1, 0, 1]) {
        expect(await token('reauthentication_token')).not.toBe('');
        const body = { password: 'another horse', nonce: '1234567' };
        expect(await nodes[place]?.request('PUT', '/user', { token: access_token, body })).toMatchObject({
          status: 422,
          body: { code: 'reauthentication_not_valid' },
        });
      }
      expect(await token('reauthentication_token')).toBe('');
    } finally {
      for (const node of nodes) await node.stop();
    }
  });
});

describe('parameters of verify', () => {
  it.each([
    [{}, 'Verify requires a verification type'],
    [{ type: 'signup' }, 'Verify requires either a token or a token hash'],
    [{ type: 'signup', token: '1', token_hash: '2' }, 'Verify requires either a token or a token hash'],
    [{ type: 'signup', token: '1' }, 'Only an email address or phone number should be provided on verify'],
    [
      { type: 'signup', token: '1', email: 'a@b.c', phone: '123' },
      'Only an email address or phone number should be provided on verify',
    ],
    [{ type: 'signup', token_hash: '2', email: 'a@b.c' }, 'Only the token_hash and type should be provided'],
    [{ type: 'signup', token_hash: '2', redirect_to: 'x' }, 'Only the token_hash and type should be provided'],
    [{ type: 'magic', token_hash: '2' }, 'Invalid email verification type'],
    [{ type: 'sms', token: '1', phone: 'x' }, 'Invalid phone number format (E.164 required)'],
  ])('%j is refused', async (body, message) => {
    expect(await verify(body)).toMatchObject({ status: 400, body: { code: 'validation_failed', message } });
  });

  it('are 422 for an address that is none, and JSON for links that lack something', async () => {
    expect(await verify({ type: 'signup', token: '1', email: 'a@' })).toMatchObject({
      status: 422,
      body: { message: 'Invalid email format' },
    });
    expect(await auth.request('GET', '/verify?type=signup')).toMatchObject({
      status: 400,
      body: { code: 'validation_failed' },
    });
    expect(await auth.request('GET', '/verify?token=x')).toMatchObject({
      status: 400,
      body: { code: 'validation_failed' },
    });
    expect((await auth.request('GET', '/verify?token=%00&type=signup')).status).toBe(303);
  });
});

describe('sign-in by code', () => {
  it('works for who is there', async () => {
    expect(await auth.post('/otp', { email, create_user: false })).toMatchObject({ status: 200, body: {} });
    expect(mail()).toMatchObject({ kind: 'magic_link' });
    expect(linkIn(mail())).toContain('type=magiclink');
    const reply = await verify({ type: 'email', email, token: codeIn(mail()) });
    expect(reply).toMatchObject({ status: 200, body: { user: { email } } });
  });

  it('makes who is not, by a confirmation mail', async () => {
    const fresh = 'fresh@example.com';
    expect(await auth.post('/otp', { email: fresh, create_user: false })).toMatchObject({
      status: 422,
      body: { code: 'otp_disabled', message: 'Signups not allowed for otp' },
    });
    expect(await auth.post('/otp', { email: fresh, data: { a: 1 } })).toMatchObject({ status: 200, body: {} });
    expect(mail(fresh)).toMatchObject({ kind: 'confirmation' });
    const reply = await verify({ type: 'email', email: fresh, token: codeIn(mail(fresh)) });
    expect(reply).toMatchObject({
      status: 200,
      body: { user: { email: fresh, user_metadata: { a: 1, email_verified: true } } },
    });
  });

  it('has an older name', async () => {
    expect(await auth.post('/magiclink', { email })).toMatchObject({ status: 200, body: {} });
    expect(mail()?.kind).toBe('magic_link');
    expect(await auth.post('/magiclink', {})).toMatchObject({ status: 422 });
  });

  it('needs one address', async () => {
    expect(await auth.post('/otp', {})).toMatchObject({
      status: 400,
      body: { message: 'One of email or phone must be set' },
    });
    expect(await auth.post('/otp', { email, phone: '123' })).toMatchObject({
      status: 400,
      body: { message: 'Only an email address or phone number should be provided' },
    });
    expect(await auth.post('/otp', { phone: '4915112345' })).toMatchObject({
      status: 400,
      body: { code: 'phone_provider_disabled' },
    });
  });
});

describe('resend', () => {
  it('sends to who waits and keeps silent to others', async () => {
    await auth.post('/signup', { email: 'wait@example.com', password });
    auth.advance(61_000);
    for (const address of ['wait@example.com', email, 'nobody2@example.com'])
      expect(await auth.post('/resend', { type: 'signup', email: address })).toMatchObject({ status: 200, body: {} });
    expect([auth.mails('wait@example.com').length, auth.mails(email).length]).toEqual([2, 0]);
    expect(
      await verify({ type: 'signup', email: 'wait@example.com', token: codeIn(mail('wait@example.com')) }),
    ).toMatchObject({ status: 200 });
  });

  it.each([
    [{ email: 'a@b.c' }, 'Missing one of these types: signup, email_change, sms, phone_change'],
    [{ type: 'signup' }, 'Type provided requires an email address'],
    [{ type: 'sms' }, 'Type provided requires a phone number'],
  ])('refuses %j', async (body, message) => {
    expect(await auth.post('/resend', body)).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', message },
    });
  });
});

describe('change of address', () => {
  const half = 'Confirmation link accepted. Please proceed to confirm link sent to the other email';

  it.each(['current', 'new'] as const)('needs both addresses, the %s one first', async (order) => {
    const token = await signIn();
    const next = `next${count}@example.com`;
    const asked = await auth.request('PUT', '/user', { token, body: { email: next } });
    expect(asked).toMatchObject({
      status: 200,
      body: { email, new_email: next, email_change_sent_at: expect.any(String) },
    });
    const [first, second] = order === 'current' ? [email, next] : [next, email];
    expect(await verify({ type: 'email_change', email: first, token: codeIn(mail(first)) })).toMatchObject({
      status: 200,
      body: { msg: half, code: '200' },
    });
    expect(await verify({ type: 'email_change', email: first, token: codeIn(mail(first)) })).toMatchObject(gone);
    expect((await auth.request('GET', '/user', { token })).body.email).toBe(email);
    const done = await verify({ type: 'email_change', email: second, token: codeIn(mail(second)) });
    expect(done).toMatchObject({ status: 200, body: { user: { email: next } } });
    expect(done.body.user).not.toHaveProperty('new_email');
    expect(done.body.user.identities).toMatchObject([
      { email: next, identity_data: { email: next, email_verified: true } },
    ]);
    expect(await auth.post('/token?grant_type=password', { email, password })).toMatchObject({ status: 400 });
    expect(await auth.post('/token?grant_type=password', { email: next, password })).toMatchObject({ status: 200 });
    expect(auth.mails(email)[0]).toMatchObject({ kind: 'email_changed_notification' });
  });

  it('goes by links, too', async () => {
    const token = await signIn();
    const next = `next${count}@example.com`;
    await auth.request('PUT', '/user', { token, body: { email: next } });
    const first = await auth.request('GET', linkIn(mail(email)));
    expect(fragment(first.headers.get('location'))).toEqual({ message: half, sb: '' });
    const second = await auth.request('GET', linkIn(mail(next)));
    expect(fragment(second.headers.get('location'))).toMatchObject({ type: 'email_change', token_type: 'bearer' });
  });

  it('belongs to the audience of its user', async () => {
    const [next, there] = [`next${count}@example.com`, { headers: { 'x-jwt-aud': 'elsewhere' } }];
    await auth.db.query(`update auth.users set aud = 'elsewhere' where email = $1`, [email]);
    const { body } = await auth.post('/token?grant_type=password', { email, password }, there);
    await auth.request('PUT', '/user', { token: body.access_token, body: { email: next }, ...there });
    for (const address of [email, next]) {
      const answer = { type: 'email_change', email: address, token: codeIn(mail(address)) };
      expect(await verify(answer)).toMatchObject(gone);
      expect(await auth.post('/verify', answer, there)).toMatchObject({ status: 200 });
    }
  });

  it('is refused for an address somebody has', async () => {
    const token = await signIn();
    const other = await newUser();
    expect(await auth.request('PUT', '/user', { token, body: { email: other } })).toMatchObject({
      status: 422,
      body: { code: 'email_exists', message: 'A user with this email address has already been registered' },
    });
  });

  it('is refused when somebody took the address in the meantime', async () => {
    const token = await signIn();
    const next = `next${count}@example.com`;
    await auth.request('PUT', '/user', { token, body: { email: next } });
    await verify({ type: 'email_change', email, token: codeIn(mail(email)) });
    await auth.request('POST', '/admin/users', { token: auth.serviceKey, body: { email: next } });
    expect(await verify({ type: 'email_change', email: next, token: codeIn(mail(next)) })).toMatchObject({
      status: 422,
      body: { code: 'email_exists' },
    });
  });
});

describe('PKCE', () => {
  const newVerifier = () => randomBytes(32).toString('base64url');
  const challengeFor = (verifier: string) => ({
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 's256',
  });
  const exchange = (auth_code: string, code_verifier: string) =>
    auth.post('/token?grant_type=pkce', { auth_code, code_verifier });
  const codeFrom = (location: string | null) => new URL(location ?? '').searchParams.get('code') ?? '';

  it('turns a recovery link into a code that works once, for its verifier', async () => {
    const verifier = newVerifier();
    await auth.post('/recover?redirect_to=https%3A%2F%2Fexample.com%2Fcb%3Fa%3Db', {
      email,
      ...challengeFor(verifier),
    });
    const link = linkIn(mail());
    expect(link).toMatch(/token=pkce_[0-9a-f]{56}&/);
    const followed = await auth.request('GET', link);
    const location = followed.headers.get('location');
    expect(location).toMatch(/^https:\/\/example\.com\/cb\?a=b&code=[0-9a-f-]{36}$/);
    const code = codeFrom(location);
    expect(await exchange(code, newVerifier())).toMatchObject({ status: 400, body: { code: 'bad_code_verifier' } });
    const replies = await Promise.all([exchange(code, verifier), exchange(code, verifier)]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 404]);
    const good = replies.find(({ status }) => status === 200);
    const claims = JSON.parse(Buffer.from(good?.body.access_token.split('.')[1], 'base64url').toString());
    expect(claims.amr).toMatchObject([{ method: 'recovery' }]);
    expect(await exchange(code, verifier)).toMatchObject({ status: 404, body: { code: 'flow_state_not_found' } });
    const failed = await auth.request('GET', link);
    expect(new URL(failed.headers.get('location') as string).searchParams.get('error_code')).toBe('otp_expired');
    expect(fragment(failed.headers.get('location'))).toMatchObject({ error_code: 'otp_expired' });
  });

  it('covers sign-up, and codes may be typed all the same', async () => {
    const verifier = newVerifier();
    await auth.post('/signup', { email: 'pkce@example.com', password, ...challengeFor(verifier) });
    const code = codeFrom((await auth.request('GET', linkIn(mail('pkce@example.com')))).headers.get('location'));
    expect(await exchange(code, verifier)).toMatchObject({
      status: 200,
      body: { user: { email: 'pkce@example.com' } },
    });
    await auth.post('/otp', { email, ...challengeFor(newVerifier()) });
    expect(await verify({ type: 'magiclink', email, token: codeIn(mail()) })).toMatchObject({ status: 200 });
  });

  it('codes expire five minutes after they were handed out', async () => {
    const verifier = newVerifier();
    await auth.post('/otp', { email, ...challengeFor(verifier) });
    auth.advance(3_600_000);
    const code = codeFrom((await auth.request('GET', linkIn(mail()))).headers.get('location'));
    auth.advance(299_000);
    expect(await exchange(code, newVerifier())).toMatchObject({ body: { code: 'bad_code_verifier' } });
    auth.advance(2_000);
    expect(await exchange(code, verifier)).toMatchObject({ status: 422, body: { code: 'flow_state_expired' } });
    expect(await exchange(code, verifier)).toMatchObject({ status: 404 });
  });

  it('needs both parts', async () => {
    expect(await exchange('', 'x')).toMatchObject({
      status: 400,
      body: { message: 'invalid request: both auth code and code verifier should be non-empty' },
    });
  });
});

describe('reauthentication', () => {
  it('asks for a code by mail where the session is old', async () => {
    const strict = await startAuth(
      { GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION: 'true', JWT_EXPIRY: '200000' },
      auth.db,
    );
    const token = (await strict.post('/token?grant_type=password', { email, password })).body.access_token;
    const change = (body: object) => strict.request('PUT', '/user', { token, body });
    expect(await change({ password: 'changed once' })).toMatchObject({ status: 200 });
    strict.advance(25 * 3_600_000);
    expect(await change({ password: 'changed twice' })).toMatchObject({
      status: 400,
      body: { code: 'reauthentication_needed' },
    });
    expect(await strict.request('GET', '/reauthenticate', { token })).toMatchObject({ status: 200, body: {} });
    const sent = strict.mails(email)[0];
    expect(sent).toMatchObject({ kind: 'reauthentication', subject: expect.stringMatching(/^\d{6} /) });
    expect(await change({ password: 'changed twice', nonce: 'wrong' })).toMatchObject({
      status: 422,
      body: { code: 'reauthentication_not_valid', message: 'Nonce has expired or is invalid' },
    });
    expect(await change({ password: 'changed twice', nonce: codeIn(sent) })).toMatchObject({ status: 200 });
    expect(await change({ password: 'changed thrice', nonce: codeIn(sent) })).toMatchObject({ status: 422 });
    await strict.stop();
  });
});
