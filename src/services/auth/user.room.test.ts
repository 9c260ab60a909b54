import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';

const password = 'correct horse';
let auth: AuthUnderTest;
let email: string;
let token: string;
let count = 0;

const signIn = async (given = password) =>
  (await auth.post('/token?grant_type=password', { email, password: given })).body.access_token as string;
const get = (given = token) => auth.request('GET', '/user', { token: given });
const put = (body: unknown, given = token) => auth.request('PUT', '/user', { token: given, body });

beforeAll(async () => {
  auth = await startAuth({
    ENABLE_EMAIL_AUTOCONFIRM: 'true',
    GOTRUE_SECURITY_MANUAL_LINKING_ENABLED: 'true',
    GOTRUE_MAILER_NOTIFICATIONS_PASSWORD_CHANGED_ENABLED: 'true',
  });
});
beforeEach(async () => {
  email = `user${++count}@example.com`;
  token = (await auth.post('/signup', { email, password, data: { a: 1, b: 2 } })).body.access_token;
});
afterAll(() => auth?.stop());

describe('users about themselves', () => {
  it('merge data at the top level; null removes', async () => {
    const reply = await put({ data: { b: null, c: { d: 1 }, __proto__x: 1 } });
    expect(reply.body.user_metadata).toMatchObject({ a: 1, c: { d: 1 } });
    expect(reply.body.user_metadata).not.toHaveProperty('b');
    expect((await get()).body.user_metadata).toEqual(reply.body.user_metadata);
  });

  it('may not touch app_metadata', async () => {
    expect(await put({ app_metadata: { role: 'admin' } })).toMatchObject({ status: 403, body: { code: 'not_admin' } });
  });

  it('change their password, which ends their other sessions and tells them', async () => {
    const other = await signIn();
    expect(await put({ password })).toMatchObject({
      status: 422,
      body: { code: 'same_password', message: 'New password should be different from the old password.' },
    });
    expect(await put({ password: 'short' })).toMatchObject({
      status: 422,
      body: { code: 'weak_password', weak_password: { reasons: ['length'] } },
    });
    expect(await put({ password: 'another horse' })).toMatchObject({ status: 200 });
    expect((await get()).status).toBe(200);
    expect(await get(other)).toMatchObject({ status: 403, body: { code: 'session_not_found' } });
    expect(await auth.post('/token?grant_type=password', { email, password })).toMatchObject({ status: 400 });
    expect(await signIn('another horse')).toBeTruthy();
    expect(auth.mails(email)).toMatchObject([{ kind: 'password_changed_notification' }]);
  });

  it('with a second factor need it for what matters', async () => {
    const [user] = await auth.db.query<{ id: string }>('select id from auth.users where email = $1', [email]);
    await auth.db.query(
      `insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, status, created_at, updated_at, secret) values (gen_random_uuid(), $1, 'phone app', 'totp', 'verified', now(), now(), 'S3CRET')`,
      [user?.id],
    );
    expect(await put({ password: 'another horse' })).toMatchObject({ status: 401, body: { code: 'insufficient_aal' } });
    expect(await put({ data: { x: 1 } })).toMatchObject({ status: 200 });
    const { body } = await get();
    expect(body.factors).toMatchObject([{ friendly_name: 'phone app', factor_type: 'totp', status: 'verified' }]);
    expect(JSON.stringify(body)).not.toContain('S3CRET');
    const factor = `/factors/${body.factors[0].id}`;
    expect(await auth.request('DELETE', factor, { token })).toMatchObject({
      status: 422,
      body: { code: 'insufficient_aal' },
    });
    expect(await auth.request('DELETE', '/factors/x', { token })).toMatchObject({
      status: 404,
      body: { code: 'validation_failed' },
    });
    expect(await auth.request('DELETE', '/factors/11111111-1111-4111-8111-111111111111', { token })).toMatchObject({
      status: 404,
      body: { code: 'mfa_factor_not_found' },
    });
    await auth.db.query(`update auth.sessions set aal = 'aal2', factor_id = $1 where user_id = $2`, [
      body.factors[0].id,
      user?.id,
    ]);
    expect(await put({ password: 'another horse' })).toMatchObject({ status: 200 });
    expect(await auth.request('DELETE', factor, { token })).toMatchObject({
      status: 200,
      body: { id: body.factors[0].id },
    });
    expect(await auth.db.query('select aal, factor_id from auth.sessions where user_id = $1', [user?.id])).toEqual([
      { aal: 'aal1', factor_id: null },
    ]);
  });

  it('of an identity provider are managed there', async () => {
    await auth.db.query('update auth.users set is_sso_user = true where email = $1', [email]);
    for (const body of [{ password: 'another horse' }, { email: 'x@example.com' }, { nonce: '1' }])
      expect(await put(body)).toMatchObject({ status: 422, body: { code: 'user_sso_managed' } });
  });
});

describe('current password', () => {
  it('is asked for where that is set', async () => {
    const strict = await startAuth({ GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD: 'true' }, auth.db);
    const change = (body: object) => strict.request('PUT', '/user', { token, body });
    expect(await change({ password: 'another horse' })).toMatchObject({
      status: 400,
      body: { code: 'current_password_required' },
    });
    expect(await change({ password: 'another horse', current_password: 'wrong' })).toMatchObject({
      status: 400,
      body: { code: 'current_password_invalid' },
    });
    expect(await change({ password: 'another horse', current_password: password })).toMatchObject({ status: 200 });
    await strict.stop();
  });
});

describe('logout', () => {
  const logout = (scope: string, given = token) => auth.request('POST', `/logout${scope}`, { token: given });

  it('ends all sessions, this one, or all others', async () => {
    let other = await signIn();
    expect(await logout('?scope=others')).toMatchObject({ status: 204, body: '' });
    expect([(await get()).status, (await get(other)).status]).toEqual([200, 403]);
    other = await signIn();
    expect((await logout('?scope=local')).status).toBe(204);
    expect([(await get()).status, (await get(other)).status]).toEqual([403, 200]);
    const third = await signIn();
    expect((await logout('', third)).status).toBe(204);
    expect([(await get(other)).status, (await get(third)).status]).toEqual([403, 403]);
    const left = await auth.db.query(
      'select 1 from auth.refresh_tokens t join auth.users u on u.id::text = t.user_id where u.email = $1',
      [email],
    );
    expect(left).toEqual([]);
  });

  it('refuses other scopes and tokens that are over', async () => {
    expect(await logout('?scope=some')).toMatchObject({
      status: 400,
      body: { code: 'validation_failed', message: 'Unsupported logout scope "some"' },
    });
    await logout('');
    expect(await logout('')).toMatchObject({ status: 403, body: { code: 'session_not_found' } });
  });
});

describe('identities', () => {
  it('can be unlinked while one remains', async () => {
    const { body } = await get();
    const unlink = (id: string) => auth.request('DELETE', `/user/identities/${id}`, { token });
    expect(await unlink(body.identities[0].identity_id)).toMatchObject({
      status: 422,
      body: { code: 'single_identity_not_deletable' },
    });
    expect(await unlink('x')).toMatchObject({ status: 404, body: { code: 'validation_failed' } });
    const [extra] = await auth.db.query<{ id: string }>(
      `insert into auth.identities (provider_id, user_id, identity_data, provider, created_at) values ($1, $2, $3, 'github', now()) returning id`,
      [`gh${count}`, body.id, JSON.stringify({ email: `gh${count}@example.com`, email_verified: true })],
    );
    expect(await unlink('11111111-1111-4111-8111-111111111111')).toMatchObject({
      status: 422,
      body: { code: 'identity_not_found' },
    });
    expect(await unlink(body.identities[0].identity_id)).toMatchObject({ status: 200, body: {} });
    const after = (await get()).body;
    expect(after).toMatchObject({
      email: `gh${count}@example.com`,
      app_metadata: { provider: 'github', providers: ['github'] },
      identities: [{ identity_id: extra?.id }],
    });
  });

  it('are left alone where that is off', async () => {
    const plain = await startAuth({}, auth.db);
    expect(await plain.request('DELETE', '/user/identities/x', { token })).toMatchObject({
      status: 404,
      body: { code: 'manual_linking_disabled' },
    });
    await plain.stop();
  });
});

describe('addresses that no mail can go to', () => {
  let strict: AuthUnderTest;
  beforeAll(async () => {
    strict = await startAuth({
      GOTRUE_MAILER_EMAIL_VALIDATION_EXTENDED: 'true',
      GOTRUE_EXPERIMENTAL_CREATE_EMAIL_IDENTITY_ON_PASSWORD_SET_ENABLED: 'true',
    });
  });
  afterAll(() => strict?.stop());
  const bad = 'someone@shop.invalid';

  it('are refused wherever one would go there, known or not', async () => {
    const refused = {
      status: 400,
      body: { code: 'email_address_invalid', message: `Email address "${bad}" is invalid` },
    };
    for (const known of [false, true]) {
      if (known) await strict.post('/admin/users', { email: bad, email_confirm: true }, { token: strict.serviceKey });
      expect(await strict.post('/signup', { email: bad, password })).toMatchObject(refused);
      expect(await strict.post('/otp', { email: bad })).toMatchObject(refused);
      expect(await strict.post('/recover', { email: bad })).toMatchObject(refused);
      expect(await strict.post('/resend', { type: 'signup', email: bad })).toMatchObject(refused);
      expect(await strict.post('/invite', { email: bad }, { token: strict.serviceKey })).toMatchObject(refused);
    }
    expect(strict.mails()).toEqual([]);
  });

  it('a password makes an identity of the address, where that is wanted', async () => {
    const asAdmin = { token: strict.serviceKey };
    const made = await strict.post(
      '/admin/users',
      { email: 'via@provider.invalid', email_confirm: true, password },
      asAdmin,
    );
    await strict.db.query(`update auth.identities set provider = 'github', provider_id = '1' where user_id = $1`, [
      made.body.id,
    ]);
    const { body } = await strict.post('/token?grant_type=password', { email: 'via@provider.invalid', password });
    const call = { token: body.access_token };
    const moved = await strict.request('PUT', '/user', { ...call, body: { email: bad.replace('someone', 'other') } });
    expect(moved).toMatchObject({ status: 400, body: { code: 'email_address_invalid' } });
    const { body: user } = await strict.request('PUT', '/user', { ...call, body: { password: 'another horse' } });
    expect(user.identities.map(({ provider }: { provider: string }) => provider)).toEqual(['github', 'email']);
    expect(user.app_metadata.providers).toEqual(['github', 'email']);
  });
});
