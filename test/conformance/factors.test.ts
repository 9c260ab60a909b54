import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newClient, signedUpClient } from '../support/client.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { totpCode } from '../support/totp.ts';

// Second factors, phones and anonymous users through the official client, on a stack of their own.
let stack: Stack;
const password = 'correct horse 1';

beforeAll(async () => {
  stack = await startStack({
    env: {
      SITE_URL: 'http://localhost:3000',
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
      ENABLE_PHONE_SIGNUP: 'true',
      ENABLE_ANONYMOUS_USERS: 'true',
      GOTRUE_SMS_MAX_FREQUENCY: '0s',
      GOTRUE_SMS_TEST_OTP: '15559990001:424242',
      GOTRUE_MFA_PHONE_ENROLL_ENABLED: 'true',
      GOTRUE_MFA_PHONE_VERIFY_ENABLED: 'true',
      GOTRUE_MFA_PHONE_MAX_FREQUENCY: '0s',
    },
  });
});
afterAll(() => stack?.stop());

const anonymous = () => newClient(stack, stack.env.anonKey);

/** The code in the latest message to a number. */
async function codeTo(phone: string): Promise<string> {
  const { username, password: secret } = stack.env.dashboard;
  const answer = await fetch(`${stack.url}/inbox`, {
    headers: {
      accept: 'application/json',
      authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`,
    },
  });
  const messages = (await answer.json()) as { to: string; subject: string }[];
  return /\d{6}/.exec(messages.find(({ to }) => to === phone)?.subject ?? '')?.[0] ?? '';
}

describe('mfa', () => {
  test('an authenticator app from enrolment to removal', async () => {
    const { client } = await signedUpClient(stack, 'totp@factors.example');
    const { mfa } = client.auth;
    const enrolled = await mfa.enroll({ factorType: 'totp', friendlyName: 'my app', issuer: 'Shop' });
    expect(enrolled.error).toBeNull();
    if (enrolled.data?.type !== 'totp') throw new Error('no authenticator app');
    const { id: factorId, totp } = enrolled.data;
    expect(totp.qr_code).toMatch(/^data:image\/svg\+xml;utf-8,<svg /);
    expect(totp.uri).toContain('otpauth://totp/Shop:totp%40factors.example?');
    expect((await mfa.getAuthenticatorAssuranceLevel()).data).toMatchObject({
      currentLevel: 'aal1',
      nextLevel: 'aal1',
    });

    const challenge = await mfa.challenge({ factorId });
    expect(challenge.data).toMatchObject({ type: 'totp', expires_at: expect.any(Number) });
    const wrong = await mfa.verify({ factorId, challengeId: challenge.data?.id ?? '', code: '12345' });
    expect(wrong.error).toMatchObject({ status: 422, code: 'mfa_verification_failed' });
    const right = await mfa.verify({
      factorId,
      challengeId: challenge.data?.id ?? '',
      code: totpCode(totp.secret, -1),
    });
    expect(right.error).toBeNull();
    expect((await mfa.getAuthenticatorAssuranceLevel()).data).toMatchObject({
      currentLevel: 'aal2',
      nextLevel: 'aal2',
      currentAuthenticationMethods: [{ method: 'totp' }, { method: 'password' }],
    });
    expect((await mfa.listFactors()).data).toMatchObject({
      all: [{ id: factorId, friendly_name: 'my app', status: 'verified' }],
      totp: [{ id: factorId }],
      phone: [],
    });

    // Another sign-in begins below, and rises by a challenge that is answered in one call.
    const other = anonymous();
    await other.auth.signInWithPassword({ email: 'totp@factors.example', password });
    expect((await other.auth.mfa.getAuthenticatorAssuranceLevel()).data).toMatchObject({
      currentLevel: 'aal1',
      nextLevel: 'aal2',
    });
    expect((await other.auth.updateUser({ password: 'another horse 2' })).error).toMatchObject({
      status: 401,
      code: 'insufficient_aal',
    });
    expect((await other.auth.mfa.unenroll({ factorId })).error).toMatchObject({
      status: 422,
      code: 'insufficient_aal',
    });
    const used = await other.auth.mfa.challengeAndVerify({ factorId, code: totpCode(totp.secret, -1) });
    expect(used.error).toMatchObject({ code: 'mfa_verification_failed' });
    const fresh = await other.auth.mfa.challengeAndVerify({ factorId, code: totpCode(totp.secret) });
    expect(fresh.error).toBeNull();
    expect((await other.auth.refreshSession()).error).toBeNull();
    expect((await other.auth.mfa.getAuthenticatorAssuranceLevel()).data?.currentLevel).toBe('aal2');
    expect((await other.auth.mfa.unenroll({ factorId })).data).toEqual({ id: factorId });
    await other.auth.refreshSession();
    expect((await other.auth.mfa.getAuthenticatorAssuranceLevel()).data).toMatchObject({
      currentLevel: 'aal1',
      nextLevel: 'aal1',
    });
  });

  test('a phone', async () => {
    const { client, id } = await signedUpClient(stack, 'phone@factors.example');
    const { mfa } = client.auth;
    const phone = '+15550100001';
    const enrolled = await mfa.enroll({ factorType: 'phone', friendlyName: 'my phone', phone });
    expect(enrolled.data).toMatchObject({ type: 'phone', phone: phone.slice(1) });
    const factorId = enrolled.data?.id ?? '';
    const challenge = await mfa.challenge({ factorId, channel: 'sms' });
    expect(challenge.data).toMatchObject({ type: 'phone' });
    const verified = await mfa.verify({ factorId, challengeId: challenge.data?.id ?? '', code: await codeTo(phone) });
    expect(verified.error).toBeNull();
    expect((await mfa.listFactors()).data?.phone).toMatchObject([{ id: factorId, status: 'verified' }]);
    const admin = newClient(stack, stack.env.serviceKey).auth.admin.mfa;
    expect((await admin.listFactors({ userId: id })).data?.factors).toMatchObject([{ id: factorId }]);
    expect((await admin.deleteFactor({ id: factorId, userId: id })).error).toBeNull();
    expect((await admin.listFactors({ userId: id })).data?.factors).toEqual([]);
  });

  test('what cannot be enrolled', async () => {
    const { client } = await signedUpClient(stack, 'none@factors.example');
    const { error } = await client.auth.mfa.enroll({ factorType: 'webauthn', friendlyName: 'key' });
    expect(error).toMatchObject({ status: 422, code: 'mfa_webauthn_enroll_not_enabled' });
    await client.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'twice' });
    const again = await client.auth.mfa.enroll({ factorType: 'totp', friendlyName: 'twice' });
    expect(again.error).toMatchObject({ status: 422, code: 'mfa_factor_name_conflict' });
    expect((await client.auth.mfa.challenge({ factorId: crypto.randomUUID() })).error).toMatchObject({
      status: 404,
      code: 'mfa_factor_not_found',
    });
  });
});

describe('phones', () => {
  test('sign-up with a password, confirmation, sign-in', async () => {
    const phone = '+15550200001';
    const client = anonymous();
    const { data, error } = await client.auth.signUp({ phone, password });
    expect(error).toBeNull();
    expect(data).toMatchObject({ session: null, user: { phone: phone.slice(1) } });
    expect((await client.auth.signInWithPassword({ phone, password })).error).toMatchObject({
      status: 400,
      code: 'phone_not_confirmed',
    });
    expect((await client.auth.resend({ type: 'sms', phone })).data).toMatchObject({ messageId: expect.any(String) });
    const verified = await client.auth.verifyOtp({ type: 'sms', phone, token: await codeTo(phone) });
    expect(verified.data.user?.phone_confirmed_at).toBeTruthy();
    expect((await anonymous().auth.signInWithPassword({ phone, password })).error).toBeNull();
  });

  test('sign-in by a code, then another number', async () => {
    const [phone, next] = ['+15550300001', '+15550300002'];
    const client = anonymous();
    const asked = await client.auth.signInWithOtp({ phone, options: { data: { plan: 'free' } } });
    expect(asked).toMatchObject({ error: null, data: { messageId: expect.any(String) } });
    const wrong = await client.auth.verifyOtp({ type: 'sms', phone, token: '1234567' });
    expect(wrong.error).toMatchObject({ status: 403, code: 'otp_expired' });
    const verified = await client.auth.verifyOtp({ type: 'sms', phone, token: await codeTo(phone) });
    expect(verified.data.user).toMatchObject({ phone: phone.slice(1), user_metadata: { plan: 'free' } });
    const changed = await client.auth.updateUser({ phone: next });
    expect(changed.data.user).toMatchObject({ phone: phone.slice(1), new_phone: next.slice(1) });
    const proved = await client.auth.verifyOtp({ type: 'phone_change', phone: next, token: await codeTo(next) });
    expect(proved.data.user?.phone).toBe(next.slice(1));
    const gone = await anonymous().auth.signInWithOtp({ phone, options: { shouldCreateUser: false } });
    expect(gone.error).toMatchObject({ status: 422, code: 'otp_disabled' });
    const pigeon = await anonymous().auth.signInWithOtp({ phone, options: { channel: 'whatsapp' } });
    expect(pigeon.error).toMatchObject({ status: 400, code: 'validation_failed' });
  });

  test('fixed codes for tests', async () => {
    const client = anonymous();
    const phone = '+15559990001';
    expect((await client.auth.signInWithOtp({ phone })).data).toMatchObject({ messageId: 'test-otp' });
    expect((await client.auth.verifyOtp({ type: 'sms', phone, token: '424242' })).error).toBeNull();
  });
});

test('an anonymous user who stays', async () => {
  const client = anonymous();
  const { data, error } = await client.auth.signInAnonymously({ options: { data: { cart: [1, 2] } } });
  expect(error).toBeNull();
  expect(data.user).toMatchObject({ is_anonymous: true, user_metadata: { cart: [1, 2] } });
  expect((await client.auth.getClaims()).data?.claims).toMatchObject({ is_anonymous: true, role: 'authenticated' });
  expect((await client.auth.updateUser({ password })).error).toMatchObject({ status: 422 });
  expect((await client.auth.mfa.enroll({ factorType: 'totp' })).error).toMatchObject({ code: 'no_authorization' });
  const named = await client.auth.updateUser({ email: 'stays@factors.example' });
  expect(named.data.user).toMatchObject({ id: data.user?.id, email: 'stays@factors.example', is_anonymous: false });
  await client.auth.refreshSession();
  expect((await client.auth.getClaims()).data?.claims).toMatchObject({ is_anonymous: false });
  expect((await client.auth.updateUser({ password })).error).toBeNull();
  expect((await anonymous().auth.signInWithPassword({ email: 'stays@factors.example', password })).data.user?.id).toBe(
    data.user?.id,
  );
});
