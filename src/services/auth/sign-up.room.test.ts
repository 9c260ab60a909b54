import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthUnderTest, codeIn, linkIn, startAuth } from './testing/auth-under-test.ts';

const password = 'correct horse';

describe('sign-up with confirmation', () => {
  let auth: AuthUnderTest;
  beforeAll(async () => {
    auth = await startAuth();
  });
  afterAll(() => auth?.stop());

  it('makes an unconfirmed user and sends a mail', async () => {
    const reply = await auth.post('/signup', {
      email: 'Ann@Example.com',
      password,
      data: { name: 'Ann', sub: 'forged' },
    });
    expect(reply.status).toBe(200);
    expect(Object.keys(reply.body)).toEqual([
      'id',
      'aud',
      'role',
      'email',
      'phone',
      'confirmation_sent_at',
      'app_metadata',
      'user_metadata',
      'identities',
      'created_at',
      'updated_at',
      'is_anonymous',
    ]);
    expect(reply.body).toMatchObject({
      aud: 'authenticated',
      role: 'authenticated',
      email: 'ann@example.com',
      phone: '',
      app_metadata: { provider: 'email', providers: ['email'] },
      user_metadata: {
        name: 'Ann',
        sub: reply.body.id,
        email: 'ann@example.com',
        email_verified: false,
        phone_verified: false,
      },
      is_anonymous: false,
    });
    expect(reply.body.identities).toHaveLength(1);
    expect(reply.body.identities[0]).toMatchObject({
      id: reply.body.id,
      user_id: reply.body.id,
      provider: 'email',
      email: 'ann@example.com',
      identity_data: { sub: reply.body.id, name: 'Ann', email_verified: false },
    });
    expect(reply.body.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(auth.mails('ann@example.com')).toHaveLength(1);
    expect(auth.mails('ann@example.com')[0]).toMatchObject({ kind: 'confirmation', subject: 'Confirm Your Email' });
    const actions = await auth.db.query(
      `select payload ->> 'action' as action, payload ->> 'log_type' as type from auth.audit_log_entries`,
    );
    expect(actions).toEqual([{ action: 'user_confirmation_requested', type: 'user' }]);
  });

  it('refuses a sign-in until the address is confirmed, and says so only to who knows the password', async () => {
    const wrong = await auth.post('/token?grant_type=password', { email: 'ann@example.com', password: 'wrong' });
    expect(wrong).toMatchObject({ status: 400, body: { code: 'invalid_credentials' } });
    const right = await auth.post('/token?grant_type=password', { email: 'ann@example.com', password });
    expect(right).toMatchObject({ status: 400, body: { code: 'email_not_confirmed', message: 'Email not confirmed' } });
  });

  it('confirms by link and sends the browser on with a session', async () => {
    const link = linkIn(auth.mails('ann@example.com')[0]);
    expect(link).toMatch(/^\/auth\/v1\/verify\?token=[0-9a-f]{56}&type=signup&redirect_to=https:\/\/example\.com$/);
    const followed = await auth.request('GET', link);
    expect(followed.status).toBe(303);
    const location = followed.headers.get('location') as string;
    expect(location).toMatch(
      /^https:\/\/example\.com#access_token=[^&]+&expires_at=\d+&expires_in=3600&refresh_token=[a-z2-7]{12}&sb=&token_type=bearer&type=signup$/,
    );
    const token = new URLSearchParams(location.split('#')[1]).get('access_token') as string;
    const user = await auth.request('GET', '/user', { token });
    expect(user.body.user_metadata.email_verified).toBe(true);
    expect(user.body.identities[0].identity_data.email_verified).toBe(true);
    expect(user.body.confirmed_at).toBe(user.body.email_confirmed_at);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString());
    expect(claims.amr).toMatchObject([{ method: 'otp' }]);

    const again = await auth.request('GET', link);
    expect(again.headers.get('location')).toBe(
      'https://example.com#error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid+or+has+expired&sb=',
    );
  });

  it('answers a second sign-up like a first one, with nothing behind it', async () => {
    const first = await auth.post('/signup', { email: 'bea@example.com', password });
    const second = await auth.post('/signup', { email: 'ann@example.com', password });
    expect(second.status).toBe(first.status);
    expect(Object.keys(second.body)).toEqual(Object.keys(first.body));
    for (const key of Object.keys(first.body)) expect(typeof second.body[key]).toBe(typeof first.body[key]);
    expect(second.body).toMatchObject({ role: '', identities: [], email: 'ann@example.com' });
    const users = await auth.db.query('select id from auth.users where id = $1', [second.body.id]);
    expect(users).toEqual([]);
    expect(auth.mails('ann@example.com')).toHaveLength(1);
  });

  it('leaves password and data of an unconfirmed user alone, and sends again after the pause', async () => {
    const before = await auth.db.query(
      `select encrypted_password, raw_user_meta_data from auth.users where email = 'bea@example.com'`,
    );
    const soon = await auth.post('/signup', {
      email: 'bea@example.com',
      password: 'another one',
      data: { evil: true },
    });
    expect(soon).toMatchObject({ status: 429, body: { code: 'over_email_send_rate_limit' } });
    expect(soon.body.message).toMatch(/^For security purposes, you can only request this after \d+ seconds\.$/);
    auth.advance(61_000);
    const later = await auth.post('/signup', {
      email: 'bea@example.com',
      password: 'another one',
      data: { evil: true },
    });
    expect(later.status).toBe(200);
    expect(
      await auth.db.query(
        `select encrypted_password, raw_user_meta_data from auth.users where email = 'bea@example.com'`,
      ),
    ).toEqual(before);
    expect(auth.mails('bea@example.com')).toHaveLength(2);
    const [, old] = auth.mails('bea@example.com');
    const superseded = await auth.post('/verify', { type: 'signup', email: 'bea@example.com', token: codeIn(old) });
    expect(superseded).toMatchObject({ status: 403, body: { code: 'otp_expired' } });
    const fresh = await auth.post('/verify', {
      type: 'signup',
      email: 'bea@example.com',
      token: codeIn(auth.mails('bea@example.com')[0]),
    });
    expect(fresh).toMatchObject({ status: 200, body: { token_type: 'bearer', user: { email: 'bea@example.com' } } });
  });

  it.each([
    [{ email: 'x@example.com' }, 400, 'validation_failed', 'Signup requires a valid password'],
    [{ email: 'x@example.com', password: '12345' }, 422, 'weak_password', 'Password should be at least 6 characters.'],
    [
      { email: 'x@example.com', password: 'x'.repeat(73) },
      400,
      'validation_failed',
      'Password cannot be longer than 72 characters',
    ],
    [
      { email: 'x@example.com', password: 'ä'.repeat(37) },
      400,
      'validation_failed',
      'Password cannot be longer than 72 characters',
    ],
    [{ email: 'x@', password }, 400, 'validation_failed', 'Unable to validate email address: invalid format'],
    [
      { email: 'x@example.com', phone: '1234567', password },
      400,
      'validation_failed',
      'Only an email address or phone number should be provided on signup.',
    ],
    [{ phone: '1234567', password }, 400, 'phone_provider_disabled', 'Phone signups are disabled'],
    [
      { email: 'x@example.com', password, code_challenge: 'x' },
      400,
      'validation_failed',
      'PKCE flow requires code_challenge_method and code_challenge',
    ],
    [{}, 422, 'anonymous_provider_disabled', 'Anonymous sign-ins are disabled'],
  ])('refuses %j', async (body, status, code, message) => {
    expect(await auth.post('/signup', body)).toMatchObject({ status, body: { code, message } });
  });

  it('makes one user of many sign-ups at once', async () => {
    const replies = await Promise.all(
      Array.from({ length: 4 }, () => auth.post('/signup', { email: 'cy@example.com', password })),
    );
    // The first sends a mail; the others come within the pause.
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 429, 429, 429]);
    expect(await auth.db.query(`select count(*)::int as n from auth.users where email = 'cy@example.com'`)).toEqual([
      { n: 1 },
    ]);
  });
});

describe('sign-up with autoconfirm', () => {
  let auth: AuthUnderTest;
  beforeAll(async () => {
    auth = await startAuth({
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
      ENABLE_ANONYMOUS_USERS: 'true',
      ENABLE_PHONE_SIGNUP: 'true',
      ENABLE_PHONE_AUTOCONFIRM: 'true',
    });
  });
  afterAll(() => auth?.stop());

  it('signs in at once', async () => {
    const reply = await auth.post('/signup', { email: 'ann@example.com', password });
    expect(reply.status).toBe(200);
    expect(Object.keys(reply.body)).toEqual([
      'access_token',
      'token_type',
      'expires_in',
      'expires_at',
      'refresh_token',
      'user',
    ]);
    expect(reply.body.user.last_sign_in_at).toBeTruthy();
    expect(reply.headers.get('sb-auth-user-id')).toBe(reply.body.user.id);
    const claims = JSON.parse(Buffer.from(reply.body.access_token.split('.')[1], 'base64url').toString());
    expect(Object.keys(claims)).toEqual([
      'sub',
      'aud',
      'exp',
      'iat',
      'email',
      'phone',
      'app_metadata',
      'user_metadata',
      'role',
      'aal',
      'amr',
      'session_id',
      'is_anonymous',
    ]);
    expect(claims).toMatchObject({
      aud: 'authenticated',
      phone: '',
      role: 'authenticated',
      aal: 'aal1',
      amr: [{ method: 'password' }],
      is_anonymous: false,
    });
    expect(claims.session_id).toBe(reply.headers.get('sb-auth-session-id'));
    const actions = await auth.db.query(
      `select payload ->> 'action' as action from auth.audit_log_entries order by created_at`,
    );
    expect(actions.map(({ action }) => action)).toEqual(['user_signedup', 'login']);
    expect(auth.mails()).toEqual([]);
  });

  it('says that a user is there already', async () => {
    expect(await auth.post('/signup', { email: 'ann@example.com', password })).toMatchObject({
      status: 422,
      body: { code: 'user_already_exists', message: 'User already registered' },
    });
  });

  it('lets nobody into an unconfirmed account without its password', async () => {
    await auth.request('POST', '/admin/users', {
      token: auth.serviceKey,
      body: { email: 'boss@example.com', password, app_metadata: { role: 'boss' } },
    });
    expect(await auth.post('/signup', { email: 'boss@example.com', password: 'a guess' })).toMatchObject({
      status: 422,
      body: { code: 'user_already_exists' },
    });
    expect(await auth.post('/signup', { email: 'boss@example.com', password })).toMatchObject({
      status: 200,
      body: { token_type: 'bearer' },
    });
  });

  it('takes phone numbers at their word', async () => {
    const reply = await auth.post('/signup', { phone: '+49 151 1234567', password });
    expect(reply).toMatchObject({
      status: 200,
      body: { user: { phone: '491511234567', email: '', app_metadata: { provider: 'phone' } } },
    });
    expect(await auth.post('/token?grant_type=password', { phone: '+491511234567', password })).toMatchObject({
      status: 200,
    });
  });

  it('makes anonymous users, who become permanent with an address', async () => {
    const reply = await auth.post('/signup', { data: { theme: 'dark' } });
    expect(reply).toMatchObject({
      status: 200,
      body: {
        user: {
          is_anonymous: true,
          email: '',
          identities: [],
          app_metadata: {},
          user_metadata: { theme: 'dark' },
          role: 'authenticated',
        },
      },
    });
    const token = reply.body.access_token;
    expect(await auth.request('PUT', '/user', { token, body: { password: 'long enough' } })).toMatchObject({
      status: 422,
    });
    const changed = await auth.request('PUT', '/user', {
      token,
      body: { email: 'anon@example.com', password: 'long enough' },
    });
    expect(changed).toMatchObject({
      status: 200,
      body: { email: 'anon@example.com', is_anonymous: false, identities: [{ provider: 'email' }] },
    });
    expect(changed.body.app_metadata).toEqual({ provider: 'email', providers: ['email'] });
    expect(
      await auth.post('/token?grant_type=password', { email: 'anon@example.com', password: 'long enough' }),
    ).toMatchObject({ status: 200 });
  });
});

describe('sign-up switched off', () => {
  let auth: AuthUnderTest;
  beforeAll(async () => {
    auth = await startAuth({ DISABLE_SIGNUP: 'true' });
  });
  afterAll(() => auth?.stop());

  it('is refused before anything is looked at', async () => {
    for (const body of [
      { email: 'ann@example.com', password },
      { email: 'nonsense', password: '' },
    ])
      expect(await auth.post('/signup', body)).toMatchObject({
        status: 422,
        body: { code: 'signup_disabled', message: 'Signups not allowed for this instance' },
      });
    expect(await auth.post('/otp', { email: 'ann@example.com' })).toMatchObject({
      status: 422,
      body: { code: 'signup_disabled' },
    });
  });
});

describe('triggers of applications', () => {
  let auth: AuthUnderTest;
  beforeAll(async () => {
    auth = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true' });
    await auth.db.query(`
      create table public.seen (n serial, what text, role text, confirmed boolean, path text);
      grant all on public.seen, public.seen_n_seq to supabase_auth_admin;
      create function public.note() returns trigger language plpgsql security definer set search_path = '' as $$
      begin
        insert into public.seen (what, role, confirmed, path) values
          (tg_op, new.role, new.email_confirmed_at is not null, session_user);
        if new.email = 'no@example.com' then raise exception 'not you' using hint = 'go away'; end if;
        return new;
      end $$;
      create trigger note after insert or update on auth.users for each row execute function public.note();
      create function public.stamp() returns trigger language plpgsql as $$
      begin new.raw_app_meta_data := new.raw_app_meta_data || '{"stamped":true}'; return new; end $$;
      create trigger stamp before insert on auth.users for each row execute function public.stamp();`);
  });
  afterAll(() => auth?.stop());

  it('see the insert first and the confirmation in a later update', async () => {
    const reply = await auth.post('/signup', { email: 'ann@example.com', password });
    expect(reply.body.user.app_metadata.stamped).toBe(true);
    const seen = await auth.db.query<{ what: string; role: string; confirmed: boolean; path: string }>(
      'select what, role, confirmed, path from public.seen order by n',
    );
    expect(seen[0]).toEqual({ what: 'INSERT', role: '', confirmed: false, path: 'supabase_auth_admin' });
    expect(seen[1]).toMatchObject({ what: 'UPDATE', role: 'authenticated', confirmed: false });
    const confirmedAt = seen.findIndex(({ confirmed }) => confirmed);
    expect(confirmedAt).toBeGreaterThan(1);
    expect(seen.slice(1).every(({ what }) => what === 'UPDATE')).toBe(true);
  });

  it('that raise make the sign-up fail, with their words in the old shape only', async () => {
    const modern = await auth.post('/signup', { email: 'no@example.com', password });
    expect(modern).toMatchObject({
      status: 500,
      body: { code: 'unexpected_failure', message: 'Database error saving new user' },
    });
    const legacy = await auth.post(
      '/signup',
      { email: 'no@example.com', password },
      { headers: { 'x-supabase-api-version': '' } },
    );
    expect(legacy).toMatchObject({ status: 500, body: { code: 'P0001', message: 'not you', hint: 'go away' } });
    expect(await auth.db.query(`select 1 from auth.users where email = 'no@example.com'`)).toEqual([]);
  });
});
