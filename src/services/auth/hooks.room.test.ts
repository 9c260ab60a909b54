import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';
import { type HookReceiver, startHookReceiver } from './testing/hook-receiver.ts';

const password = 'correct horse';
const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)].map((key) => key.toString('base64')) as [
  string,
  string,
];
const secrets = `v1,whsec_${first}|v1,whsec_${second}`;

const hook = (point: string, uri: string): Record<string, string> => ({
  [`GOTRUE_HOOK_${point}_ENABLED`]: 'true',
  [`GOTRUE_HOOK_${point}_URI`]: uri,
  [`GOTRUE_HOOK_${point}_SECRETS`]: secrets,
});

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

/** A function of the database that the room may call. */
const hookFunction = (name: string, body: string) => `
  create or replace function public.${name}(event jsonb) returns jsonb language plpgsql as $$ begin ${body} end $$;
  grant usage on schema public to supabase_auth_admin;
  grant execute on function public.${name} to supabase_auth_admin;`;

describe('hooks by HTTP', () => {
  let auth: AuthUnderTest;
  let receiver: HookReceiver;
  beforeAll(async () => {
    receiver = await startHookReceiver([first, second]);
    auth = await startAuth({
      SMTP_MAX_FREQUENCY: '1m',
      STACK_AUTH_MAIL_RETRY_FIRST: '50ms',
      ...hook('SEND_EMAIL', receiver.url),
      ...hook('BEFORE_USER_CREATED', receiver.url),
      ...hook('AFTER_USER_CREATED', receiver.url),
      ...hook('PASSWORD_VERIFICATION_ATTEMPT', receiver.url),
      ...hook('CUSTOM_ACCESS_TOKEN', receiver.url),
    });
  });
  afterEach(() => {
    receiver.calls.length = 0;
    receiver.answer = echo;
  });
  afterAll(async () => {
    await auth?.stop();
    await receiver?.stop();
  });

  const echo: HookReceiver['answer'] = ({ body }) => ({ body: body.claims ? { claims: body.claims } : {} });
  const names = () => receiver.calls.map(({ body }) => body.metadata.name);
  const confirmed = async (email: string): Promise<{ id: string; token: string }> => {
    receiver.answer = echo;
    const made = await auth.request('POST', '/admin/users', {
      token: auth.serviceKey,
      body: { email, password, email_confirm: true },
    });
    const { body } = await auth.post('/token?grant_type=password', { email, password });
    receiver.calls.length = 0;
    return { id: made.body.id, token: body.access_token };
  };

  it('are asked before and after a user is made and to send the mail, signed with every secret', async () => {
    receiver.answer = echo;
    const reply = await auth.post(
      '/signup',
      { email: 'ann@example.com', password, data: { name: 'Ann' } },
      { headers: { redirect_to: 'https://example.com/welcome' } },
    );
    expect(reply.status).toBe(200);
    // The mail is asked for after the answer.
    await vi.waitFor(
      () => expect(names().sort()).toEqual(['after-user-created', 'before-user-created', 'send-email']),
      30_000,
    );
    for (const { verifiedBy, headers } of receiver.calls) {
      expect(verifiedBy).toEqual([first, second]);
      expect(headers['webhook-signature']).toMatch(/^v1,[\w+/=]{44}, v1,[\w+/=]{44}$/);
      expect(headers['content-type']).toBe('application/json');
    }
    const told = (name: string) => receiver.calls.find(({ body }) => body.metadata.name === name)?.body;
    const [before, mail, after] = ['before-user-created', 'send-email', 'after-user-created'].map(told);
    expect(before).toEqual({
      metadata: {
        uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        time: expect.any(String),
        name: 'before-user-created',
        ip_address: '127.0.0.1',
      },
      user: {
        id: reply.body.id,
        aud: 'authenticated',
        role: '',
        email: 'ann@example.com',
        phone: '',
        app_metadata: { provider: 'email', providers: ['email'] },
        user_metadata: { name: 'Ann' },
        identities: [],
        created_at: '0001-01-01T00:00:00Z',
        updated_at: '0001-01-01T00:00:00Z',
        is_anonymous: false,
      },
    });
    expect(mail.email_data).toEqual({
      token: expect.stringMatching(/^\d{6}$/),
      token_hash: expect.stringMatching(/^[0-9a-f]{56}$/),
      redirect_to: 'https://example.com/welcome',
      email_action_type: 'signup',
      site_url: expect.stringMatching(/^http/),
      token_new: '',
      token_hash_new: '',
      old_email: '',
      old_phone: '',
      provider: '',
      factor_type: '',
    });
    expect(mail.user).toMatchObject({ id: reply.body.id, email: 'ann@example.com' });
    expect(after.user).toMatchObject({ id: reply.body.id, role: 'authenticated', identities: [{ provider: 'email' }] });
    expect(auth.mails()).toEqual([]);
    // What the hook was told is what signs in.
    const { email_data } = mail;
    const verified = await auth.post('/verify', { type: 'signup', token_hash: email_data.token_hash });
    expect(verified).toMatchObject({ status: 200, body: { user: { email: 'ann@example.com' } } });
  });

  it('that refuse to send the mail of a sign-up are not heard, since they are asked for new users alone', async () => {
    await confirmed('taken@example.com');
    receiver.answer = (call) =>
      call.body.metadata.name === 'send-email'
        ? { body: { error: { http_code: 422, message: 'no mail today' } } }
        : echo(call);
    const [fresh, taken] = [
      await auth.post('/signup', { email: 'unheard@example.com', password }),
      await auth.post('/signup', { email: 'taken@example.com', password }),
    ];
    expect([fresh.status, taken.status]).toEqual([200, 200]);
    expect(Object.keys(fresh.body).sort()).toEqual(Object.keys(taken.body).sort());
    // A refusal is for good.
    await vi.waitFor(() => expect(names()).toContain('send-email'), 30_000);
    const waiting = async () => (await auth.db.query('select from _pmoves.auth_outbox')).length;
    await vi.waitFor(async () => expect(await waiting()).toBe(0), 30_000);
    expect(names().filter((name) => name === 'send-email')).toHaveLength(1);
  });

  it('are not asked about users who are there already', async () => {
    await confirmed('there@example.com');
    const reply = await auth.post('/signup', { email: 'there@example.com', password });
    expect(reply).toMatchObject({ status: 200, body: { identities: [] } });
    expect(names()).toEqual([]);
  });

  it.each([
    [{ status: 200, body: { error: { http_code: 403, message: 'Not from here.' } } }, 403, 'unknown', 'Not from here.'],
    [{ status: 200, body: { error: { message: 'No.' } } }, 500, 'unexpected_failure', 'No.'],
    [
      { status: 400, body: { error: { http_code: 403, message: 'x' } } },
      500,
      'unexpected_failure',
      'Invalid payload sent to hook',
    ],
    [{ status: 401 }, 500, 'unexpected_failure', 'Hook requires authorization token'],
    [{ status: 500 }, 500, 'unexpected_failure', 'Unexpected status code returned from hook: 500'],
    [
      { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
      500,
      'unexpected_failure',
      'Unexpected status code returned from hook: 302',
    ],
    [
      { headers: { 'content-type': 'text/plain' } },
      400,
      'hook_payload_invalid_content_type',
      'Invalid JSON response. Received content-type: application/json is expected',
    ],
    [
      { body: JSON.stringify({ x: 'y'.repeat(210_000) }) },
      422,
      'hook_payload_over_size_limit',
      'Payload size exceeded size limit of 204800 bytes',
    ],
  ])('that answer %j keep a user from being made', async (answer, status, code, message) => {
    receiver.answer = () => answer;
    expect(await auth.post('/signup', { email: 'no@example.com', password })).toMatchObject({
      status,
      body: { code, message },
    });
    expect(await auth.db.query(`select 1 from auth.users where email = 'no@example.com'`)).toEqual([]);
    expect(names()).toEqual(['before-user-created']);
  });

  it('may ask for another attempt, which has an id and a signature of its own', async () => {
    receiver.answer = (call) =>
      receiver.calls.length === 1 ? { status: 503, headers: { 'retry-after': 'true' } } : echo(call);
    const reply = await auth.post('/signup', { email: 'again@example.com', password });
    expect(reply.status).toBe(200);
    const all = ['after-user-created', 'before-user-created', 'before-user-created', 'send-email'];
    await vi.waitFor(() => expect(names().sort()).toEqual(all), 30_000);
    const ids = receiver.calls.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(4);
    expect(receiver.calls.every(({ verifiedBy }) => verifiedBy.length === 2)).toBe(true);
  });

  it('that say nothing for five seconds are given up', async () => {
    receiver.answer = () => undefined;
    expect(await auth.post('/signup', { email: 'late@example.com', password })).toMatchObject({
      status: 422,
      body: { code: 'hook_timeout', message: 'Failed to reach hook within maximum time of 5.000000 seconds' },
    });
  }, 15_000);

  it('that cannot send a mail leave the next try free at once', async () => {
    await confirmed('mail@example.com');
    receiver.answer = ({ body }) =>
      body.metadata.name === 'send-email' ? { body: { error: { http_code: 422, message: 'no mail today' } } } : {};
    const ask = () => auth.post('/otp', { email: 'mail@example.com', create_user: false });
    expect(await ask()).toMatchObject({
      status: 422,
      body: { message: 'no mail today' },
    });
    receiver.answer = echo;
    expect(await ask()).toMatchObject({ status: 200 });
    expect(receiver.calls.at(-1)?.body.email_data.email_action_type).toBe('magiclink');
  });

  it('are asked for a mail that is requested by address alone after the answer, which is the same for everybody', async () => {
    await confirmed('recover@example.com');
    let calls = 0;
    receiver.answer = ({ body }) => {
      if (body.metadata.name !== 'send-email') return { body: {} };
      // An application that does not take it is asked again; one that refuses is not.
      return ++calls === 1 ? { status: 500 } : { body: { error: { http_code: 422, message: 'no mail today' } } };
    };
    for (const email of ['recover@example.com', 'nobody@example.com'])
      expect(await auth.post('/recover', { email })).toMatchObject({ status: 200, body: {} });
    await vi.waitFor(() => expect(calls).toBe(2), 20_000);
    const mails = receiver.calls.filter(({ body }) => body.metadata.name === 'send-email');
    expect(mails.map(({ body }) => body.user.email)).toEqual(['recover@example.com', 'recover@example.com']);
    expect(auth.logLines().join('')).toContain('a request for a mail failed; it is tried again');
    await vi.waitFor(async () => expect(await auth.db.query('select from _pmoves.auth_outbox')).toEqual([]), 10_000);
  });

  it('tell of both mails of a change of address at once, each code beside the hash of the other', async () => {
    const { token } = await confirmed('old@example.com');
    const reply = await auth.request('PUT', '/user', { token, body: { email: 'new@example.com' } });
    expect(reply.status).toBe(200);
    expect(names()).toEqual(['send-email']);
    const { email_data } = receiver.calls[0]?.body ?? {};
    expect(email_data).toMatchObject({ email_action_type: 'email_change', old_email: '' });
    const [row] = await auth.db.query<{ current: string; fresh: string }>(
      `select email_change_token_current as current, email_change_token_new as fresh from auth.users where email = 'old@example.com'`,
    );
    expect(email_data).toMatchObject({ token_hash: row?.fresh, token_hash_new: row?.current });
    expect(
      await auth.post('/verify', { type: 'email_change', email: 'old@example.com', token: email_data.token }),
    ).toMatchObject({ status: 200, body: { code: '200' } });
    expect(
      await auth.post('/verify', { type: 'email_change', email: 'new@example.com', token: email_data.token_new }),
    ).toMatchObject({ status: 200, body: { user: { email: 'new@example.com' } } });
  });

  it('judge passwords, right and wrong, and may end all sessions', async () => {
    const { id, token } = await confirmed('judge@example.com');
    receiver.answer = ({ body }) => (body.claims ? echo({ body } as never) : { body: { decision: 'continue' } });
    expect(
      await auth.post('/token?grant_type=password', { email: 'judge@example.com', password: 'wrong' }),
    ).toMatchObject({
      status: 400,
      body: { code: 'invalid_credentials', message: 'Invalid login credentials' },
    });
    expect(receiver.calls[0]?.body).toMatchObject({ user_id: id, valid: false });
    receiver.answer = () => ({ body: { decision: 'reject', should_logout_user: true } });
    expect(await auth.post('/token?grant_type=password', { email: 'judge@example.com', password })).toMatchObject({
      status: 400,
      body: { code: 'invalid_credentials', message: 'Further password verification attempts will be rejected.' },
    });
    expect(receiver.calls[1]?.body).toMatchObject({ user_id: id, valid: true });
    expect(await auth.request('GET', '/user', { token })).toMatchObject({ body: { code: 'session_not_found' } });
    receiver.answer = () => ({ body: { decision: 'reject', message: 'Try tomorrow.' } });
    expect(await auth.post('/token?grant_type=password', { email: 'judge@example.com', password })).toMatchObject({
      body: { message: 'Try tomorrow.' },
    });
    receiver.calls.length = 0;
    await auth.post('/token?grant_type=password', { email: 'nobody@example.com', password });
    expect(names()).toEqual([]);
  });

  it('make claims; when they make none, no session is left behind', async () => {
    const { id } = await confirmed('claims@example.com');
    const signIn = () => auth.post('/token?grant_type=password', { email: 'claims@example.com', password });
    receiver.answer = ({ body }) => ({
      body: body.claims ? { claims: { ...body.claims, plan: 'pro', exp: 4102444800 } } : {},
    });
    const { body } = await signIn();
    expect(claimsOf(body.access_token)).toMatchObject({ sub: id, plan: 'pro', exp: 4102444800 });
    expect(body.expires_at).toBe(4102444800);
    const call = receiver.calls.at(-1)?.body;
    expect(call).toMatchObject({ user_id: id, authentication_method: 'password', claims: { sub: id, aal: 'aal1' } });
    const refreshed = await auth.post('/token?grant_type=refresh_token', { refresh_token: body.refresh_token });
    expect(claimsOf(refreshed.body.access_token)).toMatchObject({ plan: 'pro' });
    expect(receiver.calls.at(-1)?.body.authentication_method).toBe('token_refresh');

    const sessions = async () => (await auth.db.query('select 1 from auth.sessions where user_id = $1', [id])).length;
    const before = await sessions();
    receiver.answer = ({ body }) => ({ body: body.claims ? { claims: { ...body.claims, role: undefined } } : {} });
    expect(await signIn()).toMatchObject({
      status: 500,
      body: { message: 'output claims do not conform to the expected schema: \n- role is required' },
    });
    expect(await sessions()).toBe(before);
    // A refresh that fails costs nothing: the token before is good for the one it was exchanged for.
    expect(
      await auth.post('/token?grant_type=refresh_token', { refresh_token: refreshed.body.refresh_token }),
    ).toMatchObject({ status: 500 });
    receiver.answer = echo;
    expect(
      await auth.post('/token?grant_type=refresh_token', { refresh_token: refreshed.body.refresh_token }),
    ).toMatchObject({ status: 200 });
  });

  it('leave their secrets out of the log', () => {
    expect(auth.logLines().join('\n')).not.toMatch(new RegExp(`${first}|${second}|whsec_`));
  });
});

describe('hooks in the database', () => {
  it('make claims inside the transaction, which their failure undoes', async () => {
    const auth = await startAuth({
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
      GOTRUE_API_MAX_REQUEST_DURATION: '20s',
      ...hook('CUSTOM_ACCESS_TOKEN', 'pg-functions://postgres/public/claims_hook'),
    });
    await auth.db.query(
      hookFunction('claims_hook', `return jsonb_build_object('claims', (event->'claims') || '{"team":"red"}');`),
    );
    const made = await auth.post('/signup', { email: 'ann@example.com', password });
    expect(claimsOf(made.body.access_token)).toMatchObject({ team: 'red' });
    const refreshed = await auth.post('/token?grant_type=refresh_token', { refresh_token: made.body.refresh_token });
    expect(claimsOf(refreshed.body.access_token)).toMatchObject({ team: 'red' });

    await auth.db.query(hookFunction('claims_hook', `raise exception 'broken'; return event;`));
    expect(await auth.post('/signup', { email: 'bob@example.com', password })).toMatchObject({
      status: 500,
      body: {
        code: 'unexpected_failure',
        message: 'Error running hook URI: pg-functions://postgres/public/claims_hook',
      },
    });
    expect(await auth.db.query(`select 1 from auth.users where email = 'bob@example.com'`)).toEqual([]);
    const legacy = await auth.post(
      '/token?grant_type=password',
      { email: 'ann@example.com', password },
      { headers: { 'x-supabase-api-version': '2020-01-01' } },
    );
    expect(legacy).toMatchObject({ status: 500, body: { code: 'P0001', message: 'broken' } });

    await auth.db.query(hookFunction('claims_hook', `perform pg_sleep(50); return event;`));
    // Without a bound of its own it would run into that of the request, which is another answer.
    expect(await auth.post('/token?grant_type=password', { email: 'ann@example.com', password })).toMatchObject({
      status: 500,
    });
    await auth.stop();
  });

  it('say what is wrong as those behind HTTP do', async () => {
    const auth = await startAuth(hook('BEFORE_USER_CREATED', 'pg-functions://postgres/public/before_hook'));
    await auth.db.query(
      hookFunction(
        'before_hook',
        `if event->'user'->>'email' like '%@evil.example' then
           return '{"error":{"http_code":418,"message":"not you"}}'; end if; return '{}';`,
      ),
    );
    expect(await auth.post('/signup', { email: 'a@evil.example', password })).toMatchObject({
      status: 418,
      body: { code: 'unknown', message: 'not you' },
    });
    expect(await auth.post('/signup', { email: 'a@good.example', password })).toMatchObject({ status: 200 });
    // Invitations make users, too.
    const invited = await auth.request('POST', '/invite', {
      token: auth.serviceKey,
      body: { email: 'b@evil.example' },
    });
    expect(invited.status).toBe(418);
    const link = await auth.request('POST', '/admin/generate_link', {
      token: auth.serviceKey,
      body: { type: 'magiclink', email: 'c@evil.example' },
    });
    expect(link.status).toBe(418);
    await auth.stop();
  });

  it('and by HTTP need an address that can be used', async () => {
    await expect(startAuth(hook('SEND_SMS', 'http://example.com/'))).rejects.toThrow(/GOTRUE_HOOK_SEND_SMS_URI/);
    await expect(startAuth({ GOTRUE_HOOK_SEND_SMS_ENABLED: 'true' })).rejects.toThrow(/GOTRUE_HOOK_SEND_SMS_URI/);
    await expect(
      startAuth({ ...hook('SEND_SMS', 'https://example.com/'), GOTRUE_HOOK_SEND_SMS_SECRETS: 'v1,whsec_x' }),
    ).rejects.toThrow(/v1,whsec_</);
  });

  it('never reach where clouds keep their credentials', async () => {
    const auth = await startAuth(hook('BEFORE_USER_CREATED', 'https://169.254.169.254/latest/meta-data'));
    expect(await auth.post('/signup', { email: 'a@example.com', password })).toMatchObject({
      status: 500,
      body: { message: 'Failed to trigger auth hook, error making HTTP request' },
    });
    await auth.stop();
  });
});
