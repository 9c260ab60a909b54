import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';
import { startHookReceiver } from './testing/hook-receiver.ts';
import { codeAt } from './testing/totp-app.ts';

const password = 'correct horse';
const path = '/factors/recovery-codes';
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
const settings = {
  ENABLE_EMAIL_AUTOCONFIRM: 'true',
  ENABLE_ANONYMOUS_USERS: 'true',
  GOTRUE_MFA_RECOVERY_CODES_ENROLL_ENABLED: 'true',
  GOTRUE_MFA_RECOVERY_CODES_VERIFY_ENABLED: 'true',
  GOTRUE_MFA_RECOVERY_CODES_MAX_VERIFY_ATTEMPTS: '3',
  GOTRUE_MAILER_NOTIFICATIONS_MFA_FACTOR_ENROLLED_ENABLED: 'true',
  GOTRUE_MAILER_NOTIFICATIONS_MFA_FACTOR_UNENROLLED_ENABLED: 'true',
};

let count = 0;
async function someone(auth: AuthUnderTest) {
  const email = `user${++count}@example.com`;
  const { body } = await auth.post('/signup', { email, password });
  const signIn = async (): Promise<string> =>
    (await auth.post('/token?grant_type=password', { email, password })).body.access_token;
  return { email, id: body.user.id as string, token: body.access_token as string, signIn };
}

async function proven(auth: AuthUnderTest, token: string, name = 'app'): Promise<string> {
  const { body } = await auth.post('/factors', { factor_type: 'totp', friendly_name: name }, { token });
  const challenge = await auth.post(`/factors/${body.id}/challenge`, {}, { token });
  const answer = { challenge_id: challenge.body.id, code: codeAt(body.totp.secret, auth.now()) };
  expect((await auth.post(`/factors/${body.id}/verify`, answer, { token })).status).toBe(200);
  return body.id;
}

/** A user with an authenticator app and recovery codes, at the second level. */
async function withCodes(auth: AuthUnderTest) {
  const user = await someone(auth);
  const app = await proven(auth, user.token);
  const { body } = await auth.post(path, undefined, { token: user.token });
  const use = (code: unknown, token: string) => auth.post(`${path}/verify`, { code }, { token });
  const status = async () => (await auth.request('GET', path, { token: user.token })).body;
  return { ...user, app, factor: body.id as string, codes: body.codes as string[], use, status };
}

describe('recovery codes', () => {
  let auth: AuthUnderTest;
  beforeAll(async () => {
    auth = await startAuth(settings);
    auth.freeze();
  });
  afterAll(() => auth?.stop());

  it('are shown once, to who has proved another factor, and stored as digests', async () => {
    const { token, email } = await someone(auth);
    const make = (body?: object) => auth.post(path, body, { token });
    expect(await make()).toMatchObject({ status: 403, body: { code: 'insufficient_aal' } });
    expect(await auth.request('GET', path, { token })).toMatchObject({
      status: 404,
      body: { code: 'mfa_factor_not_found' },
    });
    await proven(auth, token);
    expect(await make({ friendly_name: 'app' })).toMatchObject({
      status: 422,
      body: { code: 'mfa_factor_name_conflict' },
    });
    const made = await make({ friendly_name: '  ' });
    expect(made).toMatchObject({
      status: 200,
      body: { id: expect.any(String), type: 'recovery_code', friendly_name: 'Recovery codes', total: 10 },
    });
    expect(made.headers.get('cache-control')).toBe('no-store');
    const { id, codes } = made.body;
    expect(Object.keys(made.body)).toEqual(['id', 'type', 'friendly_name', 'total', 'codes']);
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(code).toMatch(/^[a-z2-7]{16}$/);
    expect((await auth.request('GET', path, { token })).body).toEqual({
      id,
      type: 'recovery_code',
      total: 10,
      remaining: 10,
    });
    expect(await make()).toMatchObject({ status: 422, body: { code: 'mfa_verified_factor_exists' } });
    const { body: user } = await auth.request('GET', '/user', { token });
    expect(user.factors.find((factor: { id: string }) => factor.id === id)).toEqual({
      id,
      created_at: expect.any(String),
      updated_at: expect.any(String),
      status: 'verified',
      friendly_name: 'Recovery codes',
      factor_type: 'recovery_code',
      phone: null,
    });
    const stored = JSON.stringify(await auth.db.query('select * from auth.mfa_factors'));
    const told = stored + auth.logLines().join('') + JSON.stringify(auth.mails(email));
    for (const code of codes) expect(told).not.toContain(code);
    expect(auth.mails(email).some(({ html }) => html.includes('recovery_code'))).toBe(true);
  });

  it('raise a session once each, however they are typed, and end the others at the first level', async () => {
    const user = await withCodes(auth);
    const other = await user.signIn();
    const token = await user.signIn();
    const typed = (user.codes[0] as string).toUpperCase().replace(/(.{4})(?=.)/g, '$1-');
    const raised = await user.use(` ${typed} `, token);
    expect(raised.status).toBe(200);
    expect(claimsOf(raised.body.access_token)).toMatchObject({
      aal: 'aal2',
      amr: expect.arrayContaining([expect.objectContaining({ method: 'mfa/recovery_code' })]),
    });
    expect(raised.body.refresh_token).toEqual(expect.any(String));
    expect((await auth.request('GET', '/user', { token: other })).status).toBe(403);
    expect((await auth.request('GET', '/user', { token })).status).toBe(200);
    expect(await user.status()).toMatchObject({ total: 10, remaining: 9 });
    const again = await user.use(user.codes[0], token);
    const foreign = await user.use((await withCodes(auth)).codes[0], token);
    const none = await auth.post(`${path}/verify`, { code: 'abcdefgh' }, { token: (await someone(auth)).token });
    expect(again).toMatchObject({ status: 422, body: { code: 'mfa_verification_failed' } });
    expect([foreign.body, none.body]).toEqual([again.body, again.body]);
    for (const bad of ['', ' -- - ', undefined, 5]) expect((await user.use(bad, token)).status, String(bad)).toBe(400);
  });

  it('that are tried at once count once, a right one too, and the lock opens by itself or by new codes', async () => {
    const user = await withCodes(auth);
    const token = await user.signIn();
    const codes = user.codes as string[];
    const same = await Promise.all(Array.from({ length: 4 }, () => user.use(codes[0], token)));
    const statuses = (replies: readonly { status: number }[]) => replies.map(({ status }) => status).sort();
    // One is right; the rest are wrong, as many as are allowed, and from then on none is looked at.
    expect(statuses(same)).toEqual([200, 422, 422, 422]);
    const locked = await user.use(codes[1], token);
    expect(locked).toMatchObject({ status: 429, body: { code: 'mfa_recovery_codes_locked' } });
    expect(await user.status()).toMatchObject({ remaining: 9 });
    auth.advance(900_001);
    expect((await user.use('wrong', token)).status).toBe(422);
    expect((await user.use(codes[1], token)).status).toBe(200);
    const guesses = await Promise.all(Array.from({ length: 8 }, (_, index) => user.use(`wrong${index}`, token)));
    expect(statuses(guesses)).toEqual([422, 422, 422, 429, 429, 429, 429, 429]);
    const fresh = await auth.post(`${path}/regenerate`, undefined, { token: user.token });
    expect(fresh).toMatchObject({
      status: 200,
      body: { id: user.factor, type: 'recovery_code', friendly_name: 'Recovery codes', total: 10 },
    });
    expect((await user.use(codes[2], token)).status).toBe(422);
    expect((await user.use(fresh.body.codes[0], token)).status).toBe(200);
  });

  it('are no factor for the common ways', async () => {
    const { token, factor, codes, status } = await withCodes(auth);
    const refused = (reply: object, code: number) =>
      expect(reply).toMatchObject({ status: code, body: { code: 'validation_failed' } });
    refused(await auth.post('/factors', { factor_type: 'recovery_code' }, { token }), 400);
    refused(await auth.post(`/factors/${factor}/challenge`, {}, { token }), 400);
    refused(await auth.post(`/factors/${factor}/verify`, { code: codes[0] }, { token }), 400);
    refused(await auth.request('DELETE', `/factors/${factor}`, { token }), 422);
    expect(await status()).toMatchObject({ remaining: 10 });
    expect((await auth.request('PUT', path, { token })).status).toBe(405);
  });

  it('are never all that is left, not even of two removals at once', async () => {
    const { token, app, status, use, codes } = await withCodes(auth);
    const remove = (id: string) => auth.request('DELETE', `/factors/${id}`, { token });
    const sole = { status: 422, body: { code: 'mfa_recovery_codes_sole_factor' } };
    expect(await remove(app)).toMatchObject(sole);
    const { body: pending } = await auth.post('/factors', { factor_type: 'totp', friendly_name: 'p' }, { token });
    expect((await remove(pending.id)).status).toBe(200);
    auth.advance(60_000);
    const second = await proven(auth, token, 'second');
    const both = await Promise.all([remove(app), remove(second)]);
    expect(both.map(({ status: code }) => code).sort()).toEqual([200, 422]);
    expect(await status()).toMatchObject({ remaining: 10 });
    // The session may have been at the second level by the one that went.
    expect((await use(codes[0], token)).status).toBe(200);
    expect((await auth.request('DELETE', path, { token })).status).toBe(200);
  });

  it('take the level with them when they go, by the user or an admin', async () => {
    for (const way of ['user', 'admin'] as const) {
      const user = await withCodes(auth);
      const token = await user.signIn();
      expect((await user.use(user.codes[0], token)).status).toBe(200);
      expect(await auth.request('DELETE', path, { token: (await someone(auth)).token })).toMatchObject({ status: 403 });
      const gone =
        way === 'user'
          ? await auth.request('DELETE', path, { token: user.token })
          : await auth.request('DELETE', `/admin/users/${user.id}/factors/${user.factor}`, { token: auth.serviceKey });
      expect(gone).toMatchObject({ status: 200, body: { id: user.factor } });
      const [row] = await auth.db.query<{ raised: number; by_code: number }>(
        `select count(*) filter (where aal = 'aal2')::int as raised,
           (select count(*) from auth.mfa_amr_claims c join auth.sessions s on s.id = c.session_id
            where s.user_id = $1 and authentication_method = 'mfa/recovery_code')::int as by_code
         from auth.sessions where user_id = $1`,
        [user.id],
      );
      expect(row).toEqual({ raised: 1, by_code: 0 });
      expect(auth.mails(user.email).filter(({ html }) => html.includes('recovery_code')).length).toBe(2);
    }
  });

  it('are not for anonymous users', async () => {
    const { body } = await auth.post('/signup', {});
    for (const method of ['GET', 'POST', 'DELETE'])
      expect(await auth.request(method, path, { token: body.access_token })).toMatchObject({
        status: 403,
        body: { code: 'no_authorization' },
      });
  });
});

describe('recovery codes by settings', () => {
  it('are off unless they are turned on, each half alone', async () => {
    const off = await startAuth({ ENABLE_EMAIL_AUTOCONFIRM: 'true' });
    const { token } = await someone(off);
    await proven(off, token);
    expect((await off.post(path, {}, { token })).body.code).toBe('mfa_recovery_codes_enroll_not_enabled');
    expect((await off.post(`${path}/verify`, { code: 'a' }, { token })).body.code).toBe(
      'mfa_recovery_codes_verify_not_enabled',
    );
    const kinds = await off.db.query(`select unnest(enum_range(null::auth.factor_type))::text as kind`);
    expect(kinds).toHaveLength(3);
    await off.stop();
  });

  it('need a factor that may be used', async () => {
    const one = await startAuth({ ...settings, GOTRUE_MFA_TOTP_VERIFY_ENABLED: 'false' });
    const { token, id } = await someone(one);
    await one.post('/factors', { factor_type: 'totp' }, { token });
    await one.db.query(`update auth.mfa_factors set status = 'verified' where user_id = $1`, [id]);
    await one.db.query(`update auth.sessions set aal = 'aal2' where user_id = $1`, [id]);
    expect((await one.post(path, {}, { token })).body.code).toBe('mfa_recovery_codes_sole_factor');
    await one.stop();
  });

  it('are told to the application, whose refusal takes no code and ends all sessions', async () => {
    const hook = await startHookReceiver();
    const secret = `v1,whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    const auth = await startAuth({
      ...settings,
      GOTRUE_HOOK_MFA_VERIFICATION_ATTEMPT_ENABLED: 'true',
      GOTRUE_HOOK_MFA_VERIFICATION_ATTEMPT_URI: `${hook.url}`,
      GOTRUE_HOOK_MFA_VERIFICATION_ATTEMPT_SECRETS: secret,
    });
    hook.answer = () => ({ body: { decision: 'continue' } });
    const user = await withCodes(auth);
    const token = await user.signIn();
    const before = hook.calls.length;
    expect((await user.use('wrong', token)).status).toBe(422);
    hook.answer = () => ({ body: { decision: 'reject', message: 'not here' } });
    expect(await user.use(user.codes[0], token)).toMatchObject({
      status: 403,
      body: { code: 'mfa_verification_rejected', message: 'not here' },
    });
    expect(hook.calls.slice(before).map(({ body }) => body)).toMatchObject([
      { user_id: user.id, factor_id: user.factor, factor_type: 'recovery_code', valid: false },
      { user_id: user.id, factor_id: user.factor, factor_type: 'recovery_code', valid: true },
    ]);
    expect((await auth.request('GET', '/user', { token })).status).toBe(403);
    hook.answer = () => ({ body: { decision: 'continue' } });
    const again = await user.signIn();
    expect((await user.use(user.codes[0], again)).status).toBe(200);
    await auth.stop();
    await hook.stop();
  });
});
