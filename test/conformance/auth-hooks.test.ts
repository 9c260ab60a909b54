import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newClient, until } from '../support/client.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { totpCode } from '../support/totp.ts';

// The application's own code at all seven points: a real server, whose calls an independent library verifies.
interface Call {
  readonly metadata: { readonly name: string };
  readonly user?: { readonly id: string; readonly email: string };
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly valid?: boolean;
  readonly email_data?: { readonly token: string; readonly email_action_type: string };
  readonly sms?: { readonly otp: string; readonly phone: string };
}

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const password = 'correct horse 1';
const calls: Call[] = [];
const unverified: string[] = [];
let answer: (call: Call) => object = () => ({});
let stack: Stack;

const receiver = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  try {
    new Webhook(secret).verify(body, request.headers as Record<string, string>);
  } catch (error) {
    unverified.push(String(error));
  }
  const call = JSON.parse(body) as Call;
  calls.push(call);
  const { claims } = call;
  const reply = JSON.stringify(claims ? { claims: { ...claims, tenant: 'blue' } } : answer(call));
  response.writeHead(200, { 'content-type': 'application/json' }).end(reply);
});

beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const points = [
    'CUSTOM_ACCESS_TOKEN',
    'SEND_EMAIL',
    'SEND_SMS',
    'MFA_VERIFICATION_ATTEMPT',
    'PASSWORD_VERIFICATION_ATTEMPT',
    'BEFORE_USER_CREATED',
    'AFTER_USER_CREATED',
  ];
  const hooks = points.flatMap((point) => [
    [`GOTRUE_HOOK_${point}_ENABLED`, 'true'],
    [`GOTRUE_HOOK_${point}_URI`, url],
    [`GOTRUE_HOOK_${point}_SECRETS`, `v1,${secret}`],
  ]);
  stack = await startStack({ env: { ENABLE_PHONE_SIGNUP: 'true', ...Object.fromEntries(hooks) } });
});
afterAll(async () => {
  await stack?.stop();
  receiver.closeAllConnections();
  receiver.close();
});

const client = () => newClient(stack, stack.env.anonKey);
/** Calls since the last time, by name. */
const taken = () => calls.splice(0).map((call) => ({ ...call, name: call.metadata.name }));

test('a user is announced, written to, reported, and gets the claims that the application makes', async () => {
  const { auth } = client();
  const email = 'ann@hooks.example';
  const { data } = await auth.signUp({ email, password });
  // The mail is asked for after the answer.
  await until('all of them', async () => calls.length === 3);
  const told = taken();
  const [before, mail, after] = ['before-user-created', 'send-email', 'after-user-created'].map((name) =>
    told.find((call) => call.name === name),
  );
  for (const call of [before, mail, after]) expect(call?.user).toMatchObject({ id: data.user?.id, email });
  expect(mail?.email_data?.email_action_type).toBe('signup');
  const verified = await auth.verifyOtp({ email, type: 'signup', token: mail?.email_data?.token ?? '' });
  expect(verified.error).toBeNull();
  expect((await auth.getClaims()).data?.claims).toMatchObject({ email, tenant: 'blue' });
  expect(taken().map(({ name }) => name)).toEqual(['customize-access-token']);
});

test('nobody whom the application refuses becomes a user', async () => {
  answer = ({ metadata }) =>
    metadata.name === 'before-user-created' ? { error: { http_code: 403, message: 'Not from there' } } : {};
  const { error } = await client().auth.signUp({ email: 'eve@hooks.example', password });
  answer = () => ({});
  expect(error).toMatchObject({ status: 403, message: 'Not from there' });
  expect(taken().map(({ name }) => name)).toEqual(['before-user-created']);
  const { admin } = newClient(stack, stack.env.serviceKey).auth;
  const { data } = await admin.listUsers();
  expect(data.users.map(({ email }) => email)).not.toContain('eve@hooks.example');
});

test('passwords are judged, right and wrong', async () => {
  const { auth } = client();
  const email = 'ann@hooks.example';
  expect((await auth.signInWithPassword({ email, password: 'wrong horse 1' })).error?.code).toBe('invalid_credentials');
  expect((await auth.signInWithPassword({ email, password })).error).toBeNull();
  const judged = taken().filter(({ name }) => name === 'password-verification');
  expect(judged.map(({ valid }) => valid)).toEqual([false, true]);
  answer = () => ({ decision: 'reject', message: 'Locked for today' });
  const locked = await client().auth.signInWithPassword({ email, password });
  answer = () => ({});
  expect(locked.error).toMatchObject({ status: 400, code: 'invalid_credentials', message: 'Locked for today' });
  taken();
});

test('second factors are judged', async () => {
  const { auth } = client();
  await auth.signInWithPassword({ email: 'ann@hooks.example', password });
  const { data } = await auth.mfa.enroll({ factorType: 'totp' });
  if (data?.type !== 'totp') throw new Error('no authenticator app');
  taken();
  answer = () => ({ decision: 'continue' });
  const { id: factorId, totp } = data;
  const raised = await auth.mfa.challengeAndVerify({ factorId, code: totpCode(totp.secret) });
  expect(raised.error).toBeNull();
  expect(taken()).toMatchObject([
    { name: 'mfa-verification', factor_id: factorId, factor_type: 'totp', valid: true },
    { name: 'customize-access-token', claims: { aal: 'aal2' } },
  ]);
  answer = () => ({ decision: 'reject', message: 'Not from this device' });
  const refused = await auth.mfa.challengeAndVerify({ factorId, code: totpCode(totp.secret, 1) });
  answer = () => ({});
  expect(refused.error).toMatchObject({ status: 403, code: 'mfa_verification_rejected' });
  expect((await auth.refreshSession()).error).not.toBeNull();
  taken();
});

test('text messages are the application’s to send', async () => {
  const { auth } = client();
  const phone = '+15550100009';
  expect((await auth.signInWithOtp({ phone })).error).toBeNull();
  const sms = taken().find(({ name }) => name === 'send-sms')?.sms;
  expect(sms).toMatchObject({ phone: phone.slice(1), otp: expect.stringMatching(/^\d{6}$/) });
  const { data, error } = await auth.verifyOtp({ type: 'sms', phone, token: sms?.otp ?? '' });
  expect([error, data.user?.phone]).toEqual([null, phone.slice(1)]);
});

test('every call was signed as Standard Webhooks have it', () => {
  expect(unverified).toEqual([]);
});
