import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';
import { type HookReceiver, startHookReceiver } from './testing/hook-receiver.ts';
import { codeAt } from './testing/totp-app.ts';

const password = 'correct horse';
const step = 30_000;
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

let count = 0;
/** A user, signed in. */
async function someone(auth: AuthUnderTest) {
  const email = `user${++count}@example.com`;
  const { body } = await auth.post('/signup', { email, password });
  return {
    email,
    id: body.user.id as string,
    token: body.access_token as string,
    refresh: body.refresh_token as string,
  };
}

async function enrolled(auth: AuthUnderTest, token: string, name = '') {
  const { body } = await auth.post('/factors', { factor_type: 'totp', friendly_name: name }, { token });
  return { id: body.id as string, secret: body.totp.secret as string };
}

/** Proves a factor with a code that was not used yet. */
async function prove(auth: AuthUnderTest, token: string, factor: { id: string; secret: string }) {
  auth.advance(2 * step);
  const challenge = await auth.post(`/factors/${factor.id}/challenge`, {}, { token });
  const code = codeAt(factor.secret, auth.now());
  return auth.post(`/factors/${factor.id}/verify`, { challenge_id: challenge.body.id, code }, { token });
}

describe('authenticator apps', () => {
  let auth: AuthUnderTest;
  beforeAll(async () => {
    auth = await startAuth({
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
      ENABLE_ANONYMOUS_USERS: 'true',
      GOTRUE_MFA_MAX_ENROLLED_FACTORS: '3',
      GOTRUE_MAILER_NOTIFICATIONS_MFA_FACTOR_ENROLLED_ENABLED: 'true',
      GOTRUE_MAILER_NOTIFICATIONS_MFA_FACTOR_UNENROLLED_ENABLED: 'true',
    });
  });
  afterAll(() => auth?.stop());

  it('are added with a secret as text, address and picture, which is shown once', async () => {
    const { email, token } = await someone(auth);
    const reply = await auth.post('/factors', { factor_type: 'totp', friendly_name: 'phone' }, { token });
    expect(reply).toMatchObject({
      status: 200,
      body: { id: expect.any(String), type: 'totp', friendly_name: 'phone' },
    });
    const { totp } = reply.body;
    expect(totp.secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(totp.uri).toBe(
      `otpauth://totp/example.com:${encodeURIComponent(email)}?algorithm=SHA1&digits=6&issuer=example.com&period=30&secret=${totp.secret}`,
    );
    expect(totp.qr_code).toMatch(/^<svg [\s\S]*<\/svg>$/);
    expect(totp.qr_code).not.toContain('#');
    expect(reply.headers.get('cache-control')).toBe('no-store');
    const { body: user } = await auth.request('GET', '/user', { token });
    expect(user.factors).toEqual([
      {
        id: reply.body.id,
        created_at: expect.any(String),
        updated_at: expect.any(String),
        status: 'unverified',
        friendly_name: 'phone',
        factor_type: 'totp',
        phone: null,
      },
    ]);
    expect(JSON.stringify(user)).not.toContain(totp.secret);
    expect(auth.logLines().join('')).not.toContain(totp.secret);
  });

  it('raise the session when they are proved; others at the first level end, and the refresh token changes', async () => {
    const { email, id, token, refresh } = await someone(auth);
    const other = await auth.post('/token?grant_type=password', { email, password });
    const factor = await enrolled(auth, token, 'a');
    const spare = await enrolled(auth, token, 'b');
    const challenge = await auth.post(`/factors/${factor.id}/challenge`, {}, { token });
    expect(challenge).toMatchObject({
      status: 200,
      body: { id: expect.any(String), type: 'totp', expires_at: Math.floor(auth.now() / 1_000) + 300 },
    });
    const verified = await auth.post(
      `/factors/${factor.id}/verify`,
      { challenge_id: challenge.body.id, code: codeAt(factor.secret, auth.now()) },
      { token },
    );
    expect(verified).toMatchObject({
      status: 200,
      body: { token_type: 'bearer', user: { id, factors: [{ id: factor.id, status: 'verified' }] } },
    });
    expect(verified.body.user.factors.map((f: { id: string }) => f.id)).not.toContain(spare.id);
    const claims = claimsOf(verified.body.access_token);
    expect(claims).toMatchObject({ aal: 'aal2', amr: [{ method: 'totp' }, { method: 'password' }] });
    expect(claims.session_id).toBe(claimsOf(token).session_id);
    expect(verified.body.refresh_token).not.toBe(refresh);
    expect(await auth.request('GET', '/user', { token: other.body.access_token })).toMatchObject({
      status: 403,
      body: { code: 'session_not_found' },
    });
    const refreshed = await auth.post('/token?grant_type=refresh_token', {
      refresh_token: verified.body.refresh_token,
    });
    expect(claimsOf(refreshed.body.access_token)).toMatchObject({ aal: 'aal2' });
    expect(auth.mails(email).map(({ kind }) => kind)).toContain('mfa_factor_enrolled_notification');
    const audits = await auth.db.query<{ action: string; ip: string }>(
      `select payload->>'action' as action, ip_address as ip from auth.audit_log_entries
       where payload->>'actor_id' = $1 and payload->>'log_type' = 'factor' order by created_at`,
      [id],
    );
    expect(audits).toEqual([
      { action: 'factor_in_progress', ip: '127.0.0.1' },
      { action: 'factor_in_progress', ip: '127.0.0.1' },
      { action: 'challenge_created', ip: '127.0.0.1' },
      { action: 'verification_attempted', ip: '127.0.0.1' },
    ]);
  });

  it('take no code twice, not even by another challenge, another node or at the same moment', async () => {
    auth.freeze();
    const { token } = await someone(auth);
    const factor = await enrolled(auth, token);
    const challenges = await Promise.all(
      Array.from({ length: 4 }, () => auth.post(`/factors/${factor.id}/challenge`, {}, { token })),
    );
    const code = codeAt(factor.secret, auth.now());
    const other = await startAuth({}, auth.db);
    const replies = await Promise.all(
      challenges.map(({ body }, index) =>
        [auth, other][index % 2]?.post(`/factors/${factor.id}/verify`, { challenge_id: body.id, code }, { token }),
      ),
    );
    expect(replies.map((reply) => reply?.status).sort()).toEqual([200, 422, 422, 422]);
    const late = replies.filter((reply) => reply?.status === 422);
    for (const reply of late) expect(reply?.body.code).toBe('mfa_verification_failed');
    // An earlier code is no better; the next one is.
    auth.advance(step);
    const fresh = await auth.post(`/factors/${factor.id}/challenge`, {}, { token });
    const answer = (offset: number) =>
      auth.post(
        `/factors/${factor.id}/verify`,
        { challenge_id: fresh.body.id, code: codeAt(factor.secret, auth.now(), offset) },
        { token },
      );
    expect(await answer(-1)).toMatchObject({ status: 422, body: { code: 'mfa_verification_failed' } });
    expect(await answer(0)).toMatchObject({ status: 200 });
    await other.stop();
  });

  it('cannot be guessed: wrong codes use up the turns, and then even the right one waits', async () => {
    auth.freeze();
    const { token } = await someone(auth);
    const factor = await enrolled(auth, token);
    const challenge = await auth.post(`/factors/${factor.id}/challenge`, {}, { token });
    const answer = (code: string) =>
      auth.post(`/factors/${factor.id}/verify`, { challenge_id: challenge.body.id, code }, { token });
    const right = codeAt(factor.secret, auth.now());
    const wrong = right === '000000' ? '000001' : '000000';
    const statuses: number[] = [];
    for (let tries = 0; tries < 12; tries++) statuses.push((await answer(wrong)).status);
    expect(statuses).toEqual([...Array(10).fill(422), 429, 429]);
    expect(await answer(right)).toMatchObject({ status: 429, body: { code: 'over_request_rate_limit' } });
    auth.advance(61_000);
    expect(await answer(codeAt(factor.secret, auth.now()))).toMatchObject({ status: 200 });
    expect(
      await auth.post(`/factors/${factor.id}/verify`, { challenge_id: challenge.body.id, code: wrong }, { token }),
    ).not.toMatchObject({ status: 200 });
  });

  it('cannot be guessed at two nodes, either: turns and rates are shared where rates are', async () => {
    const env = {
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
      GOTRUE_RATE_LIMIT_HEADER: 'x-client',
      GOTRUE_RATE_LIMIT_TOKEN_REFRESH: '1000',
    };
    const one = await startAuth(env);
    const two = await startAuth(env, one.db);
    for (const node of [one, two]) node.freeze();
    const headers = { 'x-client': 'a' };
    const { token } = await someone(one);
    const factor = await enrolled(one, token);
    const challenge = await one.post(`/factors/${factor.id}/challenge`, {}, { token, headers });
    const body = {
      challenge_id: challenge.body.id,
      code: codeAt(factor.secret, one.now()) === '000000' ? '000001' : '000000',
    };
    const statuses: number[] = [];
    for (let tries = 0; tries < 12; tries++)
      statuses.push(
        (await [one, two][tries % 2]?.post(`/factors/${factor.id}/verify`, body, { token, headers }))?.status ?? 0,
      );
    expect(statuses).toEqual([...Array(10).fill(422), 429, 429]);
    // A client may ask for thirty challenges in a row.
    const asked: number[] = [];
    for (let tries = 0; tries < 31; tries++)
      asked.push((await one.post(`/factors/${factor.id}/challenge`, {}, { token, headers })).status);
    expect(asked).toEqual([...Array(29).fill(200), 429, 429]);
    await two.stop();
    await one.stop();
  });

  it.each([
    [{}, 400, 'validation_failed', 'factor_type needs to be totp, phone, or webauthn'],
    [{ factor_type: 'toString' }, 400, 'validation_failed', 'factor_type needs to be totp, phone, or webauthn'],
    [
      { factor_type: 'phone', phone: '+4915112345' },
      422,
      'mfa_phone_enroll_not_enabled',
      'MFA enroll is disabled for Phone',
    ],
    [{ factor_type: 'webauthn' }, 422, 'mfa_webauthn_enroll_not_enabled', 'MFA enroll is disabled for WebAuthn'],
  ])('are not added by %j', async (body, status, code, message) => {
    const { token } = await someone(auth);
    expect(await auth.post('/factors', body, { token })).toMatchObject({ status, body: { code, message } });
  });

  it('have names of their own and are so many at most; forgotten ones make room', async () => {
    const { token } = await someone(auth);
    const add = (name?: string) => auth.post('/factors', { factor_type: 'totp', friendly_name: name }, { token });
    expect(await add()).toMatchObject({ status: 200 });
    expect(await add()).toMatchObject({
      status: 422,
      body: {
        code: 'mfa_factor_name_conflict',
        message: 'A factor with the friendly name "" for this user already exists',
      },
    });
    expect(await add('a')).toMatchObject({ status: 200 });
    expect(await add('a')).toMatchObject({ status: 422, body: { code: 'mfa_factor_name_conflict' } });
    const rivals = await Promise.all([add('b'), add('c'), add('d')]);
    expect(rivals.map(({ status }) => status).sort()).toEqual([200, 422, 422]);
    expect(await add('e')).toMatchObject({ status: 422, body: { code: 'too_many_enrolled_mfa_factors' } });
    auth.advance(301_000);
    expect(await add()).toMatchObject({ status: 200 });
    const { body } = await auth.request('GET', '/user', { token });
    expect(body.factors).toHaveLength(1);
  });

  it('protect what matters from sessions at the first level', async () => {
    const { email, token } = await someone(auth);
    const factor = await enrolled(auth, token, 'first');
    const high = (await prove(auth, token, factor)).body.access_token;
    const low = (await auth.post('/token?grant_type=password', { email, password })).body.access_token;
    expect(claimsOf(low)).toMatchObject({ aal: 'aal1', amr: [{ method: 'password' }] });

    const second = { factor_type: 'totp', friendly_name: 'second' };
    expect(await auth.post('/factors', second, { token: low })).toMatchObject({
      status: 403,
      body: { code: 'insufficient_aal', message: 'AAL2 required to enroll a new factor' },
    });
    expect(await auth.request('DELETE', `/factors/${factor.id}`, { token: low })).toMatchObject({
      status: 422,
      body: { code: 'insufficient_aal' },
    });
    for (const body of [{ password: 'another one' }, { email: 'other@example.com' }, { phone: '4915112345' }])
      expect(await auth.request('PUT', '/user', { token: low, body })).toMatchObject({
        status: 401,
        body: { code: 'insufficient_aal' },
      });
    // A claim in the body, or a token somebody made up, changes nothing.
    const [header, payload, signature] = low.split('.');
    const forged = Buffer.from(JSON.stringify({ ...claimsOf(low), aal: 'aal2' })).toString('base64url');
    expect(await auth.post('/factors', second, { token: `${header}.${forged}.${signature}` })).toMatchObject({
      status: 403,
      body: { code: 'bad_jwt' },
    });
    expect(payload).not.toBe(forged);
    expect(await auth.post('/factors', second, { token: high })).toMatchObject({ status: 200 });
    expect(await auth.request('PUT', '/user', { token: high, body: { password: 'another one' } })).toMatchObject({
      status: 200,
    });
  });

  it('that are removed take the level along', async () => {
    const { email, token } = await someone(auth);
    const factor = await enrolled(auth, token);
    const { body } = await prove(auth, token, factor);
    const reply = await auth.request('DELETE', `/factors/${factor.id}`, { token: body.access_token });
    expect(reply).toMatchObject({ status: 200, body: { id: factor.id } });
    const refreshed = await auth.post('/token?grant_type=refresh_token', { refresh_token: body.refresh_token });
    expect(claimsOf(refreshed.body.access_token)).toMatchObject({ aal: 'aal1', amr: [{ method: 'password' }] });
    expect(refreshed.body.user.factors).toBeUndefined();
    expect(auth.mails(email).map(({ kind }) => kind)).toContain('mfa_factor_unenrolled_notification');
  });

  it('have challenges that end, work once, and only from where they were asked for', async () => {
    const { token } = await someone(auth);
    const factor = await enrolled(auth, token);
    const open = async (headers = {}) =>
      (await auth.post(`/factors/${factor.id}/challenge`, {}, { token, headers })).body.id;
    const answer = (challenge_id: string, headers = {}) =>
      auth.post(
        `/factors/${factor.id}/verify`,
        { challenge_id, code: codeAt(factor.secret, auth.now()) },
        { token, headers },
      );
    for (const id of ['', 'x', '00000000-0000-4000-8000-000000000000'])
      expect(await answer(id)).toMatchObject({ status: 422, body: { code: 'mfa_factor_not_found' } });
    const elsewhere = await open({ 'x-forwarded-for': '203.0.113.7' });
    expect(await answer(elsewhere)).toMatchObject({ status: 422, body: { code: 'mfa_ip_address_mismatch' } });
    const expired = await open();
    auth.advance(301_000);
    expect(await answer(expired)).toMatchObject({ status: 422, body: { code: 'mfa_challenge_expired' } });
    expect(await answer(expired)).toMatchObject({ status: 422, body: { code: 'mfa_factor_not_found' } });
    // One IPv6 address in two spellings is one address.
    const six = await open({ 'x-forwarded-for': '2001:db8:0:0::1' });
    expect(await answer(six, { 'x-forwarded-for': '2001:0DB8::1' })).toMatchObject({ status: 200 });
    expect(await answer(six, { 'x-forwarded-for': '2001:db8::1' })).toMatchObject({
      status: 422,
      body: { code: 'mfa_ip_address_mismatch' },
    });
  });

  it("are nobody else's", async () => {
    const [ann, bob] = [await someone(auth), await someone(auth)];
    const factor = await enrolled(auth, ann.token);
    const own = await enrolled(auth, bob.token);
    const call = (path: string, body = {}) => auth.post(path, body, { token: bob.token });
    expect(await call(`/factors/${factor.id}/challenge`)).toMatchObject({
      status: 404,
      body: { code: 'mfa_factor_not_found' },
    });
    expect(await call('/factors/nothing/challenge')).toMatchObject({
      status: 404,
      body: { code: 'validation_failed' },
    });
    const challenge = await auth.post(`/factors/${factor.id}/challenge`, {}, { token: ann.token });
    // A challenge of another's factor, answered with one's own code.
    expect(
      await call(`/factors/${own.id}/verify`, {
        challenge_id: challenge.body.id,
        code: codeAt(own.secret, auth.now()),
      }),
    ).toMatchObject({ status: 422, body: { code: 'mfa_factor_not_found' } });
    expect(await call(`/factors/${own.id}/verify`, { challenge_id: challenge.body.id })).toMatchObject({
      status: 400,
      body: { message: 'Code needs to be non-empty' },
    });
  });

  it('are not for anonymous users', async () => {
    const { body } = await auth.post('/signup', {});
    expect(await auth.post('/factors', { factor_type: 'totp' }, { token: body.access_token })).toMatchObject({
      status: 403,
      body: { code: 'no_authorization' },
    });
  });

  it('can be switched off', async () => {
    const { token } = await someone(auth);
    const factor = await enrolled(auth, token);
    const off = await startAuth(
      { GOTRUE_MFA_TOTP_ENROLL_ENABLED: 'false', GOTRUE_MFA_TOTP_VERIFY_ENABLED: 'false' },
      auth.db,
    );
    expect(await off.post('/factors', { factor_type: 'totp' }, { token })).toMatchObject({
      status: 422,
      body: { code: 'mfa_totp_enroll_not_enabled' },
    });
    for (const action of ['challenge', 'verify'])
      expect(await off.post(`/factors/${factor.id}/${action}`, {}, { token })).toMatchObject({
        status: 422,
        body: { code: 'mfa_totp_verify_not_enabled' },
      });
    await off.stop();
  });

  it('are taken away by admins, with the level they gave', async () => {
    const { id, token } = await someone(auth);
    const factor = await enrolled(auth, token);
    const { body } = await prove(auth, token, factor);
    const path = `/admin/users/${id}/factors`;
    const listed = await auth.request('GET', path, { token: auth.serviceKey });
    expect(listed.body).toMatchObject([{ id: factor.id, status: 'verified', factor_type: 'totp' }]);
    expect(JSON.stringify(listed.body)).not.toContain(factor.secret);
    expect(await auth.request('DELETE', `${path}/${factor.id}`, { token: auth.serviceKey })).toMatchObject({
      status: 200,
    });
    const refreshed = await auth.post('/token?grant_type=refresh_token', { refresh_token: body.refresh_token });
    expect(claimsOf(refreshed.body.access_token).aal).toBe('aal1');
  });
});

describe('the hook for second factors', () => {
  let auth: AuthUnderTest;
  let receiver: HookReceiver;
  beforeAll(async () => {
    receiver = await startHookReceiver();
    auth = await startAuth({
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
      GOTRUE_HOOK_MFA_VERIFICATION_ATTEMPT_ENABLED: 'true',
      GOTRUE_HOOK_MFA_VERIFICATION_ATTEMPT_URI: receiver.url,
    });
  });
  afterEach(() => {
    receiver.calls.length = 0;
  });
  afterAll(async () => {
    await auth?.stop();
    await receiver?.stop();
  });

  it('is asked about right and wrong codes; when it refuses, all sessions end and nothing counts', async () => {
    receiver.answer = () => ({ body: { decision: 'continue' } });
    const { id, token } = await someone(auth);
    const factor = await enrolled(auth, token);
    const challenge = await auth.post(`/factors/${factor.id}/challenge`, {}, { token });
    const right = codeAt(factor.secret, auth.now());
    const answer = (code: string) =>
      auth.post(`/factors/${factor.id}/verify`, { challenge_id: challenge.body.id, code }, { token });
    expect(await answer(right === '000000' ? '000001' : '000000')).toMatchObject({ status: 422 });
    expect(receiver.calls[0]?.body).toMatchObject({
      metadata: { name: 'mfa-verification', ip_address: '127.0.0.1' },
      user_id: id,
      factor_id: factor.id,
      factor_type: 'totp',
      valid: false,
    });
    receiver.answer = () => ({ body: { decision: 'reject' } });
    expect(await answer(right)).toMatchObject({
      status: 403,
      body: { code: 'mfa_verification_rejected', message: 'Further MFA verification attempts will be rejected.' },
    });
    expect(receiver.calls[1]?.body).toMatchObject({ valid: true });
    expect(await auth.request('GET', '/user', { token })).toMatchObject({ body: { code: 'session_not_found' } });
    const [row] = await auth.db.query<{ status: string }>('select status from auth.mfa_factors where id = $1', [
      factor.id,
    ]);
    expect(row?.status).toBe('unverified');
  });

  it('that breaks lets nobody through', async () => {
    const { token } = await someone(auth);
    receiver.answer = () => ({ status: 500 });
    const factor = await enrolled(auth, token);
    const challenge = await auth.post(`/factors/${factor.id}/challenge`, {}, { token });
    const body = { challenge_id: challenge.body.id, code: codeAt(factor.secret, auth.now()) };
    expect(await auth.post(`/factors/${factor.id}/verify`, body, { token })).toMatchObject({ status: 500 });
    receiver.answer = () => ({ body: { decision: 'continue' } });
    expect(await auth.post(`/factors/${factor.id}/verify`, body, { token })).toMatchObject({ status: 200 });
  });
});
