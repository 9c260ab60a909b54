import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';
import { startHookReceiver } from './testing/hook-receiver.ts';
import { type SmsProviderDouble, startSmsProvider } from './testing/sms-provider.ts';

const password = 'correct horse';
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

let last = 15550000000;
const newPhone = () => String(++last);
/** The code in the latest message to a number. */
const codeTo = (auth: AuthUnderTest, phone: string) =>
  /\d{6,}/.exec(auth.mails(`+${phone}`)[0]?.subject ?? '')?.[0] ?? '';
const wrong = (code: string) => (code === '000000' ? '000001' : '000000');

describe('sign-in by phone', () => {
  let auth: AuthUnderTest;
  beforeAll(async () => {
    auth = await startAuth({
      ENABLE_PHONE_SIGNUP: 'true',
      ENABLE_ANONYMOUS_USERS: 'true',
      GOTRUE_SMS_MAX_FREQUENCY: '60s',
      GOTRUE_SMS_TEMPLATE: 'Hello, {{ .Code }} it is',
      GOTRUE_SMS_TEST_OTP: '15559990001:424242',
      GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION: 'true',
    });
  });
  afterAll(() => auth?.stop());

  it('signs up with a password, confirms by a code, and then by the password alone', async () => {
    const phone = newPhone();
    const reply = await auth.post('/signup', { phone: `+${phone}`, password, data: { name: 'Ann' } });
    expect(reply).toMatchObject({
      status: 200,
      body: {
        phone,
        email: '',
        role: 'authenticated',
        confirmation_sent_at: expect.any(String),
        app_metadata: { provider: 'phone', providers: ['phone'] },
        identities: [{ provider: 'phone', identity_data: { phone, phone_verified: false } }],
      },
    });
    expect(reply.body).not.toHaveProperty('phone_confirmed_at');
    const early = await auth.post('/token?grant_type=password', { phone, password });
    expect(early).toMatchObject({ status: 400, body: { code: 'phone_not_confirmed', message: 'Phone not confirmed' } });
    const [text] = auth.mails(`+${phone}`);
    expect(text).toMatchObject({ kind: 'sms', subject: expect.stringMatching(/^Hello, \d{6} it is$/) });
    const verified = await auth.post('/verify', { type: 'sms', phone: `+${phone}`, token: codeTo(auth, phone) });
    expect(verified).toMatchObject({
      status: 200,
      body: {
        user: {
          phone,
          phone_confirmed_at: expect.any(String),
          user_metadata: { phone_verified: true },
          identities: [{ identity_data: { phone_verified: true } }],
        },
      },
    });
    expect(claimsOf(verified.body.access_token)).toMatchObject({ phone, amr: [{ method: 'otp' }], aal: 'aal1' });
    const again = await auth.post('/verify', { type: 'sms', phone, token: codeTo(auth, phone) });
    expect(again).toMatchObject({ status: 403, body: { code: 'otp_expired' } });
    expect(await auth.post('/token?grant_type=password', { phone: `+${phone}`, password })).toMatchObject({
      status: 200,
    });
    // Whoever signs up with a number somebody has learns nothing.
    const second = await auth.post('/signup', { phone, password });
    expect(second).toMatchObject({ status: 200, body: { phone, identities: [], role: '' } });
    expect(auth.mails(`+${phone}`)).toHaveLength(1);
  });

  it('by a code alone, which makes the user', async () => {
    const phone = newPhone();
    const sent = await auth.post('/otp', { phone, data: { a: 1 } });
    expect(sent).toMatchObject({ status: 200, body: { message_id: expect.stringMatching(/^inbox-[0-9a-f-]{36}$/) } });
    const verified = await auth.post('/verify', { type: 'sms', phone, token: codeTo(auth, phone) });
    expect(verified).toMatchObject({ status: 200, body: { user: { phone, user_metadata: { a: 1 } } } });
    expect(await auth.post('/otp', { phone })).toMatchObject({
      status: 429,
      body: { code: 'over_sms_send_rate_limit', message: expect.stringMatching(/after \d+ seconds\.$/) },
    });
    auth.advance(61_000);
    expect(await auth.post('/otp', { phone, create_user: false })).toMatchObject({ status: 200 });
    const login = await auth.post('/verify', { type: 'sms', phone, token: codeTo(auth, phone) });
    expect(login.body.user.id).toBe(verified.body.user.id);
  });

  it('codes end after a minute, and ten wrong ones end the right one', async () => {
    const phone = newPhone();
    await auth.post('/otp', { phone });
    const code = codeTo(auth, phone);
    auth.advance(61_000);
    const gone = { status: 403, body: { code: 'otp_expired', message: 'Token has expired or is invalid' } };
    expect(await auth.post('/verify', { type: 'sms', phone, token: code })).toMatchObject(gone);
    await auth.post('/otp', { phone });
    const fresh = codeTo(auth, phone);
    for (let tries = 0; tries < 10; tries++)
      expect(await auth.post('/verify', { type: 'sms', phone, token: wrong(fresh) })).toMatchObject(gone);
    expect(await auth.post('/verify', { type: 'sms', phone, token: fresh })).toMatchObject(gone);
    // Unknown numbers and codes for something else are told the same.
    expect(await auth.post('/verify', { type: 'sms', phone: '15550999999', token: fresh })).toMatchObject(gone);
    expect(await auth.post('/verify', { type: 'phone_change', phone, token: fresh })).toMatchObject(gone);
  });

  it.each([
    [{ phone: '0123', password }, 400, 'Invalid phone number format (E.164 required)'],
    [{ phone: '15550000001', password, channel: 'pigeon' }, 400, /Invalid channel/],
    [{ phone: '15550000001', password, channel: 'whatsapp' }, 400, /Invalid channel/],
    [{ phone: '15550000001', email: 'a@b.co', password }, 400, /Only an email address or phone number/],
    [
      { phone: '15550000001', password, code_challenge: 'a'.repeat(43), code_challenge_method: 's256' },
      400,
      'PKCE not supported for phone signups',
    ],
  ])('refuses %j', async (body, status, message) => {
    const reply = await auth.post('/signup', body);
    expect(reply).toMatchObject({ status, body: { code: 'validation_failed' } });
    expect(reply.body.message).toMatch(message);
  });

  it('tells nobody which numbers have an account, beyond what clients rely on', async () => {
    const known = newPhone();
    await auth.post('/otp', { phone: known });
    await auth.post('/verify', { type: 'sms', phone: known, token: codeTo(auth, known) });
    const unknown = newPhone();
    for (const call of [
      (phone: string) => auth.post('/token?grant_type=password', { phone, password: 'wrong' }),
      (phone: string) => auth.post('/verify', { type: 'sms', phone, token: '123456' }),
      (phone: string) => auth.post('/resend', { type: 'sms', phone }),
      (phone: string) => auth.post('/resend', { type: 'phone_change', phone }),
    ]) {
      const [a, b] = [await call(known), await call(unknown)];
      expect({ status: a.status, body: a.body }).toEqual({ status: b.status, body: b.body });
    }
    // The second request in a row is refused for both.
    const refused = { status: 429, body: { code: 'over_sms_send_rate_limit' } };
    expect(await auth.post('/resend', { type: 'sms', phone: unknown })).toMatchObject(refused);
    expect(await auth.post('/resend', { type: 'sms', phone: known })).toMatchObject(refused);
    expect(await auth.post('/otp', { phone: newPhone(), create_user: false })).toMatchObject({
      status: 422,
      body: { code: 'otp_disabled' },
    });
  });

  it('sends again to those who wait', async () => {
    const phone = newPhone();
    await auth.post('/signup', { phone, password });
    auth.advance(61_000);
    expect(await auth.post('/resend', { type: 'sms', phone })).toMatchObject({
      status: 200,
      body: { message_id: expect.any(String) },
    });
    expect(auth.mails(`+${phone}`)).toHaveLength(2);
    expect(await auth.post('/verify', { type: 'sms', phone, token: codeTo(auth, phone) })).toMatchObject({
      status: 200,
    });
  });

  it('changes the number once the new one has proved itself', async () => {
    const [phone, next, taken] = [newPhone(), newPhone(), newPhone()];
    await auth.post('/otp', { phone: taken });
    await auth.post('/otp', { phone });
    const { body } = await auth.post('/verify', { type: 'sms', phone, token: codeTo(auth, phone) });
    const token = body.access_token;
    expect(await auth.request('PUT', '/user', { token, body: { phone: taken } })).toMatchObject({
      status: 422,
      body: { code: 'phone_exists' },
    });
    const asked = await auth.request('PUT', '/user', { token, body: { phone: `+${next}` } });
    expect(asked).toMatchObject({
      status: 200,
      body: { phone, new_phone: next, phone_change_sent_at: expect.any(String) },
    });
    expect(auth.mails(`+${phone}`)).toHaveLength(1);
    auth.advance(61_000);
    expect(await auth.post('/resend', { type: 'phone_change', phone: next })).toMatchObject({
      status: 200,
      body: { message_id: expect.any(String) },
    });
    const changed = await auth.post('/verify', { type: 'phone_change', phone: next, token: codeTo(auth, next) });
    expect(changed).toMatchObject({ status: 200, body: { user: { phone: next } } });
    expect(changed.body.user).not.toHaveProperty('new_phone');
    expect(changed.body.user.identities).toMatchObject([{ provider: 'phone', identity_data: { phone: next } }]);
    auth.advance(61_000);
    expect(await auth.post('/otp', { phone, create_user: false })).toMatchObject({ body: { code: 'otp_disabled' } });
  });

  it('makes an anonymous user one to stay', async () => {
    const anonymous = await auth.post('/signup', { data: { cart: 3 } });
    expect(anonymous).toMatchObject({ status: 200, body: { user: { is_anonymous: true, identities: [] } } });
    expect(claimsOf(anonymous.body.access_token)).toMatchObject({ is_anonymous: true, amr: [{ method: 'anonymous' }] });
    const phone = newPhone();
    const token = anonymous.body.access_token;
    expect(await auth.request('PUT', '/user', { token, body: { phone } })).toMatchObject({
      status: 200,
      body: { new_phone: phone, is_anonymous: true },
    });
    const { body } = await auth.post('/verify', { type: 'phone_change', phone, token: codeTo(auth, phone) });
    expect(body.user).toMatchObject({
      id: anonymous.body.user.id,
      phone,
      is_anonymous: false,
      user_metadata: { cart: 3 },
      app_metadata: { provider: 'phone', providers: ['phone'] },
    });
    expect(claimsOf(body.access_token).is_anonymous).toBe(false);
  });

  it('takes fixed codes for tests, to which nothing is sent', async () => {
    const phone = '15559990001';
    expect(await auth.post('/otp', { phone })).toMatchObject({ status: 200, body: { message_id: 'test-otp' } });
    expect(auth.mails(`+${phone}`)).toEqual([]);
    expect(await auth.post('/verify', { type: 'sms', phone, token: '111111' })).toMatchObject({ status: 403 });
    expect(await auth.post('/verify', { type: 'sms', phone, token: '424242' })).toMatchObject({ status: 200 });
  });

  it('sends the nonce for a new password to the phone', async () => {
    const phone = newPhone();
    await auth.post('/signup', { phone, password });
    const { body } = await auth.post('/verify', { type: 'sms', phone, token: codeTo(auth, phone) });
    auth.advance(86_500_000);
    const refreshed = await auth.post('/token?grant_type=refresh_token', { refresh_token: body.refresh_token });
    const token = refreshed.body.access_token;
    const change = (nonce?: string) =>
      auth.request('PUT', '/user', { token, body: { password: 'another one', nonce } });
    expect(await change()).toMatchObject({ status: 400, body: { code: 'reauthentication_needed' } });
    expect(await auth.request('GET', '/reauthenticate', { token })).toMatchObject({
      status: 200,
      body: { message_id: expect.any(String) },
    });
    const nonce = codeTo(auth, phone);
    expect(await change(wrong(nonce))).toMatchObject({ status: 422, body: { code: 'reauthentication_not_valid' } });
    expect(await change(nonce)).toMatchObject({ status: 200 });
  });
});

describe('text messages', () => {
  let provider: SmsProviderDouble;
  beforeAll(async () => {
    provider = await startSmsProvider();
  });
  afterAll(() => provider?.stop());
  const twilio = () => ({
    ENABLE_PHONE_SIGNUP: 'true',
    SMS_PROVIDER: 'twilio',
    STACK_AUTH_SMS_URL: provider.url,
    GOTRUE_SMS_TWILIO_ACCOUNT_SID: 'AC1',
    GOTRUE_SMS_TWILIO_AUTH_TOKEN: 'a-token-of-twilio',
    GOTRUE_SMS_TWILIO_MESSAGE_SERVICE_SID: 'MG1',
  });

  it('go through the provider, whose id is told; when it refuses, the next try need not wait', async () => {
    const auth = await startAuth(twilio());
    const phone = newPhone();
    const sent = await auth.post('/otp', { phone, channel: 'whatsapp' });
    expect(sent).toMatchObject({ status: 200, body: { message_id: 'SM1' } });
    expect(provider.requests[0]).toMatchObject({
      path: '/2010-04-01/Accounts/AC1/Messages.json',
      authorization: `Basic ${Buffer.from('AC1:a-token-of-twilio').toString('base64')}`,
      form: { To: `whatsapp:+${phone}`, Channel: 'whatsapp', Body: expect.stringMatching(/^Your code is \d{6}$/) },
    });
    provider.answer = () => ({ status: 400, body: { code: 21211, message: 'Invalid number' } });
    const other = newPhone();
    expect(await auth.post('/otp', { phone: other })).toMatchObject({ status: 422, body: { code: 'sms_send_failed' } });
    provider.answer = () => ({ body: { sid: 'SM9', status: 'queued' } });
    expect(await auth.post('/otp', { phone: other })).toMatchObject({ status: 200, body: { message_id: 'SM9' } });
    expect(auth.logLines().join('\n')).not.toContain('a-token-of-twilio');
    await auth.stop();
  });

  it('are thirty an hour at most, unless settings say otherwise', async () => {
    const auth = await startAuth(twilio());
    const statuses = [];
    for (let index = 0; index < 32; index++) statuses.push((await auth.post('/otp', { phone: newPhone() })).status);
    expect(statuses).toEqual([...Array(30).fill(200), 429, 429]);
    await auth.stop();
  });

  it('with codes that the provider makes and checks itself', async () => {
    const auth = await startAuth({
      ENABLE_PHONE_SIGNUP: 'true',
      SMS_PROVIDER: 'twilio_verify',
      STACK_AUTH_SMS_URL: provider.url,
      GOTRUE_SMS_TWILIO_VERIFY_ACCOUNT_SID: 'AC2',
      GOTRUE_SMS_TWILIO_VERIFY_AUTH_TOKEN: 'word',
      GOTRUE_SMS_TWILIO_VERIFY_MESSAGE_SERVICE_SID: 'VA1',
    });
    provider.requests.length = 0;
    provider.answer = ({ path, form }) =>
      path.endsWith('/VerificationCheck')
        ? {
            status: 200,
            body: { status: form.Code === '777777' ? 'approved' : 'pending', valid: form.Code === '777777' },
          }
        : { body: { sid: 'VE1' } };
    const phone = newPhone();
    expect(await auth.post('/otp', { phone })).toMatchObject({ status: 200, body: { message_id: 'VE1' } });
    expect(await auth.post('/verify', { type: 'sms', phone, token: '111111' })).toMatchObject({ status: 403 });
    expect(await auth.post('/verify', { type: 'sms', phone, token: '777777' })).toMatchObject({ status: 200 });
    const asked = provider.requests.length;
    // Nobody waits at this number, so the provider is not asked.
    expect(await auth.post('/verify', { type: 'sms', phone: newPhone(), token: '777777' })).toMatchObject({
      status: 403,
    });
    expect(provider.requests).toHaveLength(asked);
    await auth.stop();
  });

  it('need what the provider needs', async () => {
    await expect(
      startAuth({ ENABLE_PHONE_SIGNUP: 'true', SMS_PROVIDER: 'vonage', GOTRUE_SMS_VONAGE_API_KEY: 'x' }),
    ).rejects.toThrow('GOTRUE_SMS_VONAGE_API_SECRET: is needed for vonage');
    await expect(startAuth({ GOTRUE_SMS_TEMPLATE: '{{ .Code' })).rejects.toThrow(/GOTRUE_SMS_TEMPLATE/);
  });

  it('are sent by the application where it wants that', async () => {
    const receiver = await startHookReceiver();
    const auth = await startAuth({
      ENABLE_PHONE_SIGNUP: 'true',
      GOTRUE_HOOK_SEND_SMS_ENABLED: 'true',
      GOTRUE_HOOK_SEND_SMS_URI: receiver.url,
    });
    const phone = newPhone();
    expect(await auth.post('/otp', { phone })).toMatchObject({ status: 200, body: {} });
    const { body } = receiver.calls[0] ?? {};
    expect(body).toMatchObject({
      metadata: { name: 'send-sms' },
      user: { phone },
      sms: { otp: expect.stringMatching(/^\d{6}$/), phone },
    });
    expect(auth.mails()).toEqual([]);
    expect(await auth.post('/verify', { type: 'sms', phone, token: body.sms.otp })).toMatchObject({ status: 200 });
    receiver.answer = () => ({ body: { error: { http_code: 422, message: 'no signal' } } });
    expect(await auth.post('/otp', { phone: newPhone() })).toMatchObject({
      status: 422,
      body: { message: 'no signal' },
    });
    await auth.stop();
    await receiver.stop();
  });
});

describe('phones as second factors', () => {
  let auth: AuthUnderTest;
  beforeAll(async () => {
    auth = await startAuth({
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
      GOTRUE_MFA_PHONE_ENROLL_ENABLED: 'true',
      GOTRUE_MFA_PHONE_VERIFY_ENABLED: 'true',
      GOTRUE_MFA_PHONE_OTP_LENGTH: '8',
    });
  });
  afterAll(() => auth?.stop());

  it('prove themselves by a code in a message', async () => {
    const { body } = await auth.post('/signup', { email: 'ann@example.com', password });
    const token = body.access_token;
    const phone = newPhone();
    const add = (name: string, number = phone) =>
      auth.post('/factors', { factor_type: 'phone', friendly_name: name, phone: number }, { token });
    const factor = await add('mine', `+${phone}`);
    expect(factor).toMatchObject({ status: 200, body: { type: 'phone', friendly_name: 'mine', phone } });
    expect(await add('x', '')).toMatchObject({ status: 400, body: { code: 'validation_failed' } });
    // The same number again takes the unverified one's place.
    const second = await add('mine again');
    expect(second.status).toBe(200);
    const path = `/factors/${second.body.id}`;
    const challenge = await auth.post(`${path}/challenge`, { channel: 'sms' }, { token });
    expect(challenge).toMatchObject({ status: 200, body: { type: 'phone', expires_at: expect.any(Number) } });
    expect(await auth.post(`${path}/challenge`, {}, { token })).toMatchObject({
      status: 429,
      body: { code: 'over_sms_send_rate_limit' },
    });
    const code = codeTo(auth, phone);
    expect(code).toMatch(/^\d{8}$/);
    const [row] = await auth.db.query<{ otp_code: string }>('select otp_code from auth.mfa_challenges where id = $1', [
      challenge.body.id,
    ]);
    expect(row?.otp_code).toMatch(/^[0-9a-f]{56}$/);
    const answer = (given: string) =>
      auth.post(`${path}/verify`, { challenge_id: challenge.body.id, code: given }, { token });
    expect(await answer('00000000')).toMatchObject({ status: 422, body: { code: 'mfa_verification_failed' } });
    const verified = await answer(code);
    expect(verified.status).toBe(200);
    expect(claimsOf(verified.body.access_token)).toMatchObject({
      aal: 'aal2',
      amr: [{ method: 'mfa/phone' }, { method: 'password' }],
    });
    expect(await answer(code)).toMatchObject({ status: 422 });
    expect(
      await auth.post(
        '/factors',
        { factor_type: 'phone', phone, friendly_name: 'z' },
        { token: verified.body.access_token },
      ),
    ).toMatchObject({ status: 422, body: { code: 'mfa_verified_factor_exists' } });
    const other = newPhone();
    const renamed = await auth.request('PUT', `/admin/users/${body.user.id}/factors/${second.body.id}`, {
      token: auth.serviceKey,
      body: { phone: `+${other}` },
    });
    expect(renamed).toMatchObject({ status: 200, body: { phone: other, friendly_name: 'mine again' } });
  });

  it('whose message does not go are an error of the service, and can be tried again at once', async () => {
    const receiver = await startHookReceiver();
    const hooked = await startAuth(
      {
        GOTRUE_MFA_PHONE_ENROLL_ENABLED: 'true',
        GOTRUE_MFA_PHONE_VERIFY_ENABLED: 'true',
        GOTRUE_HOOK_SEND_SMS_ENABLED: 'true',
        GOTRUE_HOOK_SEND_SMS_URI: receiver.url,
      },
      auth.db,
    );
    const { body } = await auth.post('/signup', { email: 'bob@example.com', password });
    const token = body.access_token;
    const phone = newPhone();
    const factor = await hooked.post('/factors', { factor_type: 'phone', phone }, { token });
    const challenge = () => hooked.post(`/factors/${factor.body.id}/challenge`, {}, { token });
    receiver.answer = () => ({ body: { error: { http_code: 400, message: 'no signal' } } });
    expect(await challenge()).toMatchObject({ status: 500, body: { message: 'error sending message' } });
    receiver.answer = () => ({});
    expect(await challenge()).toMatchObject({ status: 200 });
    expect(receiver.calls.at(-1)?.body.sms).toMatchObject({ phone, sms_type: 'mfa' });
    await hooked.stop();
    await receiver.stop();
  });
});
