import { afterAll, describe, expect, test } from 'vitest';
import { newClient, signedUpClient } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// Accounts through the official client, on a stack that confirms addresses at once.
const stack = sharedStack();
const password = 'correct horse 1';
const anonymous = () => newClient(stack, stack.env.anonKey);
const admin = newClient(stack, stack.env.serviceKey).auth.admin;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as Record<string, unknown>;

afterAll(async () => {
  await runSql(stack, `delete from auth.users where email like '%@accounts.example'`);
});

describe('sign-up and sign-in', () => {
  test('a new user gets a session whose token says who it is', async () => {
    const client = anonymous();
    const { data, error } = await client.auth.signUp({
      email: 'New.User@accounts.example',
      password,
      options: { data: { full_name: 'New User' } },
    });
    expect(error).toBeNull();
    expect(data.user).toMatchObject({
      id: expect.stringMatching(uuid),
      aud: 'authenticated',
      role: 'authenticated',
      email: 'new.user@accounts.example',
      phone: '',
      app_metadata: { provider: 'email', providers: ['email'] },
      user_metadata: { full_name: 'New User', email: 'new.user@accounts.example', email_verified: true },
      identities: [{ provider: 'email', user_id: data.user?.id, id: data.user?.id }],
      is_anonymous: false,
    });
    expect(data.session).toMatchObject({ token_type: 'bearer', expires_in: 3600 });
    expect(claimsOf(data.session?.access_token ?? '')).toMatchObject({
      sub: data.user?.id,
      aud: 'authenticated',
      role: 'authenticated',
      email: 'new.user@accounts.example',
      aal: 'aal1',
      amr: [{ method: 'password' }],
      session_id: expect.stringMatching(uuid),
      is_anonymous: false,
      user_metadata: { full_name: 'New User' },
    });
    const { data: seen } = await client.auth.getUser();
    expect(seen.user?.id).toBe(data.user?.id);
  });

  test('signing up twice is refused, with a password too weak too', async () => {
    const email = 'twice@accounts.example';
    await signedUpClient(stack, email);
    const again = await anonymous().auth.signUp({ email, password: 'another password 2' });
    expect(again.error).toMatchObject({ status: 422, code: 'user_already_exists', message: 'User already registered' });
    const weak = await anonymous().auth.signUp({ email: 'weak@accounts.example', password: '12345' });
    expect(weak.error).toMatchObject({ status: 422, code: 'weak_password', reasons: ['length'] });
    const invalid = await anonymous().auth.signUp({ email: 'no address', password });
    expect(invalid.error).toMatchObject({ status: 400, code: 'validation_failed' });
  });

  test('a wrong password and an unknown user are told the same', async () => {
    const email = 'wrong@accounts.example';
    await signedUpClient(stack, email);
    const refused = { status: 400, code: 'invalid_credentials', message: 'Invalid login credentials' };
    const wrong = await anonymous().auth.signInWithPassword({ email, password: 'wrong password' });
    const unknown = await anonymous().auth.signInWithPassword({ email: 'nobody@accounts.example', password });
    expect(wrong.error).toMatchObject(refused);
    expect(unknown.error).toMatchObject(refused);
    const right = await anonymous().auth.signInWithPassword({ email: 'WRONG@accounts.example', password });
    expect(right.error).toBeNull();
    expect(right.data.user?.last_sign_in_at).toBeTruthy();
  });

  test('a token nobody issued is refused', async () => {
    const { error } = await anonymous().auth.getUser('eyJhbGciOiJIUzI1NiJ9.e30.c2ln');
    expect(error).toMatchObject({ status: 403, code: 'bad_jwt' });
  });
});

describe('sessions', () => {
  test('a refresh rotates; the token before last gives the present one; an older one ends the session', async () => {
    const { client } = await signedUpClient(stack, 'rotate@accounts.example');
    const first = (await client.auth.getSession()).data.session?.refresh_token ?? '';
    const second = (await client.auth.refreshSession()).data.session?.refresh_token ?? '';
    expect(second).not.toBe(first);
    const lost = await anonymous().auth.refreshSession({ refresh_token: first });
    expect(lost.error).toBeNull();
    expect(lost.data.session?.refresh_token).toBe(second);
    const third = (await anonymous().auth.refreshSession({ refresh_token: second })).data.session?.refresh_token ?? '';
    expect(third).not.toBe(second);
    const stolen = await anonymous().auth.refreshSession({ refresh_token: first });
    expect(stolen.error).toMatchObject({ status: 400, code: 'refresh_token_already_used' });
    const afterwards = await anonymous().auth.refreshSession({ refresh_token: third });
    expect(afterwards.error).toMatchObject({ status: 400, code: 'refresh_token_already_used' });
  });

  test('an unknown refresh token', async () => {
    const { error } = await anonymous().auth.refreshSession({ refresh_token: 'abcdefghijkl' });
    expect(error).toMatchObject({ status: 400, code: 'refresh_token_not_found' });
  });

  test('signing out: locally, elsewhere, everywhere', async () => {
    const email = 'leave@accounts.example';
    await signedUpClient(stack, email);
    const [a, b, c] = await Promise.all(
      [anonymous(), anonymous(), anonymous()].map(async (client) => {
        const { data } = await client.auth.signInWithPassword({ email, password });
        return { client, refresh: data.session?.refresh_token ?? '', token: data.session?.access_token ?? '' };
      }),
    );
    if (!a || !b || !c) throw new Error('no sessions');
    const alive = async (refresh: string) =>
      (await anonymous().auth.refreshSession({ refresh_token: refresh })).error === null;

    expect((await a.client.auth.signOut({ scope: 'local' })).error).toBeNull();
    expect((await a.client.auth.getSession()).data.session).toBeNull();
    const gone = await anonymous().auth.getUser(a.token);
    expect(gone.error?.name).toBe('AuthSessionMissingError');
    expect(await alive(a.refresh)).toBe(false);

    expect((await b.client.auth.signOut({ scope: 'others' })).error).toBeNull();
    expect(await alive(c.refresh)).toBe(false);
    const renewed = await b.client.auth.refreshSession();
    expect(renewed.error).toBeNull();

    expect((await b.client.auth.signOut()).error).toBeNull();
    expect(await alive(renewed.data.session?.refresh_token ?? '')).toBe(false);
  });
});

describe('users change themselves', () => {
  test('metadata is merged, null removes', async () => {
    const { client } = await signedUpClient(stack, 'meta@accounts.example');
    await client.auth.updateUser({ data: { colour: 'red', size: 3 } });
    const { data, error } = await client.auth.updateUser({ data: { size: null, shape: 'round' } });
    expect(error).toBeNull();
    expect(data.user?.user_metadata).toMatchObject({ colour: 'red', shape: 'round' });
    expect(data.user?.user_metadata).not.toHaveProperty('size');
  });

  test('a new password ends other sessions and the old password', async () => {
    const email = 'renew@accounts.example';
    const { client } = await signedUpClient(stack, email);
    const other = anonymous();
    await other.auth.signInWithPassword({ email, password });
    const same = await client.auth.updateUser({ password });
    expect(same.error).toMatchObject({ status: 422, code: 'same_password' });
    expect((await client.auth.updateUser({ password: 'a new password 2' })).error).toBeNull();
    expect((await other.auth.refreshSession()).error).not.toBeNull();
    expect((await client.auth.refreshSession()).error).toBeNull();
    expect((await anonymous().auth.signInWithPassword({ email, password })).error?.code).toBe('invalid_credentials');
    const fresh = await anonymous().auth.signInWithPassword({ email, password: 'a new password 2' });
    expect(fresh.error).toBeNull();
  });

  test('an address somebody else has is refused; app_metadata is not theirs to change', async () => {
    const { client, token } = await signedUpClient(stack, 'mover@accounts.example');
    await signedUpClient(stack, 'settled@accounts.example');
    const taken = await client.auth.updateUser({ email: 'settled@accounts.example' });
    expect(taken.error).toMatchObject({ status: 422, code: 'email_exists' });
    const promoted = await fetch(`${stack.url}/auth/v1/user`, {
      method: 'PUT',
      headers: { apikey: stack.env.anonKey, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ app_metadata: { role: 'admin' } }),
    });
    expect(promoted.status).toBe(403);
    expect(await promoted.json()).toMatchObject({ error_code: 'not_admin' });
  });
});

describe('the admin interface', () => {
  test('create, read, list, change and delete', async () => {
    const created = await admin.createUser({
      email: 'managed@accounts.example',
      password,
      email_confirm: true,
      user_metadata: { team: 'blue' },
      app_metadata: { plan: 'pro' },
    });
    expect(created.error).toBeNull();
    const id = created.data.user?.id ?? '';
    expect(created.data.user).toMatchObject({
      email_confirmed_at: expect.any(String),
      app_metadata: { provider: 'email', providers: ['email'], plan: 'pro' },
      user_metadata: { team: 'blue' },
    });
    expect((await admin.createUser({ email: 'managed@accounts.example' })).error).toMatchObject({
      status: 422,
      code: 'email_exists',
    });
    expect((await admin.getUserById(id)).data.user?.email).toBe('managed@accounts.example');

    const all = await admin.listUsers({ page: 1, perPage: 1000 });
    expect(all.error).toBeNull();
    const emails = all.data.users.map(({ email }) => email);
    expect(emails).toContain('managed@accounts.example');
    const page = await admin.listUsers({ page: 1, perPage: 1 });
    expect(page.data.users).toHaveLength(1);
    expect(page.data).toMatchObject({ total: all.data.users.length, nextPage: 2 });

    const client = anonymous();
    const signedIn = await client.auth.signInWithPassword({ email: 'managed@accounts.example', password });
    expect(claimsOf(signedIn.data.session?.access_token ?? '')).toMatchObject({ app_metadata: { plan: 'pro' } });
    const changed = await admin.updateUserById(id, { app_metadata: { plan: 'free' }, password: 'by the admin 3' });
    expect(changed.data.user?.app_metadata).toMatchObject({ plan: 'free', provider: 'email' });
    expect((await client.auth.refreshSession()).error).not.toBeNull();

    expect((await admin.deleteUser(id)).error).toBeNull();
    expect((await admin.getUserById(id)).error).toMatchObject({ status: 404, code: 'user_not_found' });
    const gone = await anonymous().auth.signInWithPassword({
      email: 'managed@accounts.example',
      password: 'by the admin 3',
    });
    expect(gone.error?.code).toBe('invalid_credentials');
  });

  test('links are made without sending mail, and work once', async () => {
    const email = 'linked@accounts.example';
    await signedUpClient(stack, email);
    const { data, error } = await admin.generateLink({
      type: 'magiclink',
      email,
      options: { redirectTo: 'http://localhost:3000/welcome' },
    });
    expect(error).toBeNull();
    expect(data.properties).toMatchObject({
      email_otp: expect.stringMatching(/^\d{6}$/),
      hashed_token: expect.stringMatching(/^[0-9a-f]{56}$/),
      verification_type: 'magiclink',
      redirect_to: 'http://localhost:3000/welcome',
    });
    const link = new URL(data.properties?.action_link ?? '');
    expect(link.pathname).toBe('/auth/v1/verify');
    expect(link.searchParams.get('type')).toBe('magiclink');
    const token_hash = data.properties?.hashed_token ?? '';
    const verified = await anonymous().auth.verifyOtp({ token_hash, type: 'magiclink' });
    expect(verified.data.session?.user.email).toBe(email);
    const twice = await anonymous().auth.verifyOtp({ token_hash, type: 'magiclink' });
    expect(twice.error).toMatchObject({ status: 403, code: 'otp_expired' });

    const recovery = await admin.generateLink({ type: 'recovery', email: 'nobody@accounts.example' });
    expect(recovery.error).toMatchObject({ status: 404, code: 'user_not_found' });
    const signup = await admin.generateLink({ type: 'signup', email: 'fresh@accounts.example', password });
    expect(signup.data.properties?.verification_type).toBe('signup');
  });

  test('is for the service key alone', async () => {
    const { token } = await signedUpClient(stack, 'climber@accounts.example');
    const refused = { status: 403, code: 'not_admin' };
    expect((await anonymous().auth.admin.listUsers()).error).toMatchObject(refused);
    const asUser = newClient(stack, stack.env.anonKey);
    const answer = await fetch(`${stack.url}/auth/v1/admin/users`, {
      headers: { apikey: stack.env.anonKey, authorization: `Bearer ${token}` },
    });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: 403, error_code: 'not_admin', msg: 'User not allowed' });
    expect((await asUser.auth.admin.deleteUser('00000000-0000-4000-8000-000000000000')).error).toMatchObject(refused);
  });
});

describe('public endpoints', () => {
  const get = async (path: string, key = stack.env.anonKey) => {
    const answer = await fetch(`${stack.url}/auth/v1${path}`, { headers: key === '' ? {} : { apikey: key } });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Record<string, unknown> };
  };

  test('health, settings and the key set', async () => {
    expect(await get('/health')).toMatchObject({ status: 200, body: { name: 'GoTrue' } });
    expect(await get('/settings')).toMatchObject({
      status: 200,
      body: { external: { email: true, google: false }, disable_signup: false, mailer_autoconfirm: true },
    });
    const keys = await get('/.well-known/jwks.json', '');
    expect(keys).toMatchObject({ status: 200, body: { keys: [] } });
    expect(keys.headers.get('cache-control')).toBe('public, max-age=600');
  });

  test('an unknown grant, and a body that is no JSON', async () => {
    const post = async (path: string, body: string) => {
      const answer = await fetch(`${stack.url}/auth/v1${path}`, {
        method: 'POST',
        headers: { apikey: stack.env.anonKey },
        body,
      });
      return { status: answer.status, body: await answer.json(), code: answer.headers.get('x-sb-error-code') };
    };
    expect(await post('/token?grant_type=telepathy', '{}')).toMatchObject({
      status: 400,
      body: { error_code: 'invalid_credentials', msg: 'unsupported_grant_type' },
    });
    expect(await post('/signup', '{"email":')).toMatchObject({
      status: 400,
      code: 'bad_json',
      body: { code: 400, error_code: 'bad_json', msg: expect.stringMatching(/^Could not parse request body as JSON/) },
    });
  });
});
