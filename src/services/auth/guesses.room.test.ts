import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type AuthUnderTest, codeIn, startAuth } from './testing/auth-under-test.ts';

// What was compared is counted, since an answer does not tell whether anybody looked.
const compared = vi.hoisted(() => ({ count: 0 }));

vi.mock('./core/one-time-code.ts', async (original) => {
  const real = await original<typeof import('./core/one-time-code.ts')>();
  return {
    ...real,
    createCodeHasher(...args: Parameters<typeof real.createCodeHasher>) {
      const codes = real.createCodeHasher(...args);
      const fits: typeof codes.fits = (stored, ...rest) => {
        if (stored !== '') compared.count++;
        return codes.fits(stored, ...rest);
      };
      return { ...codes, fits };
    },
  };
});

const bound = 3;
const guesses = 100;
const password = 'correct horse';
const email = 'ann@example.com';
let nodes: AuthUnderTest[];
const node = (index: number): AuthUnderTest => nodes[index % nodes.length] as AuthUnderTest;

beforeAll(async () => {
  const env = {
    SMTP_MAX_FREQUENCY: '0s',
    GOTRUE_API_MAX_REQUEST_DURATION: '300s',
    STACK_AUTH_OTP_ATTEMPTS: String(bound),
    GOTRUE_SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION: 'true',
  };
  const first = await startAuth(env);
  nodes = [first, await startAuth(env, first.db)];
  await first.request('POST', '/admin/users', {
    token: first.serviceKey,
    body: { email, password, email_confirm: true },
  });
});
beforeEach(() => {
  compared.count = 0;
});
afterAll(async () => {
  await nodes?.[1]?.stop();
  await nodes?.[0]?.stop();
});

describe('a hundred guesses at once, on two nodes, are compared no more often than the bound', {
  timeout: 300_000,
}, () => {
  it('at a code that signs in', async () => {
    await node(0).post('/recover', { email });
    const guess = (index: number) =>
      node(index).post('/verify', { type: 'recovery', email, token: String(1_000_000 + index) });
    const replies = await Promise.all(Array.from({ length: guesses }, (_, index) => guess(index)));
    for (const reply of replies) expect(reply).toMatchObject({ status: 403, body: { code: 'otp_expired' } });
    expect(compared.count).toBe(bound);
    // The right one is void by then.
    const token = codeIn(node(0).mails(email)[0]);
    expect(token).not.toBe('');
    expect(await node(1).post('/verify', { type: 'recovery', email, token })).toMatchObject({ status: 403 });
  });

  it('at a code for changing a password', async () => {
    const { body } = await node(0).post('/token?grant_type=password', { email, password });
    const token: string = body.access_token;
    await node(0).db.query(`update auth.sessions set created_at = created_at - interval '2 days'`);
    expect(await node(0).request('GET', '/reauthenticate', { token })).toMatchObject({ status: 200 });
    const guess = (index: number) =>
      node(index).request('PUT', '/user', {
        token,
        body: { password: 'another horse', nonce: String(1_000_000 + index) },
      });
    const replies = await Promise.all(Array.from({ length: guesses }, (_, index) => guess(index)));
    for (const reply of replies)
      expect(reply).toMatchObject({ status: 422, body: { code: 'reauthentication_not_valid' } });
    expect(compared.count).toBe(bound);
  });
});
