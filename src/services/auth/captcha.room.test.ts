import { generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';
import { fakeWeb } from './testing/fake-web.ts';
import { type SmsProviderDouble as FormServer, startSmsProvider as startFormServer } from './testing/sms-provider.ts';

const password = 'correct horse';
const withToken = (body: object, captcha_token: unknown) => ({ ...body, gotrue_meta_security: { captcha_token } });

describe('captchas', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const samlKey = privateKey.export({ type: 'pkcs1', format: 'der' });
  let auth: AuthUnderTest;
  let provider: FormServer;
  beforeAll(async () => {
    provider = await startFormServer();
    auth = await startAuth({
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
      ENABLE_ANONYMOUS_USERS: 'true',
      GOTRUE_PASSKEY_ENABLED: 'true',
      GOTRUE_SAML_ENABLED: 'true',
      GOTRUE_SAML_PRIVATE_KEY: samlKey.toString('base64'),
      GOTRUE_SECURITY_CAPTCHA_ENABLED: 'true',
      GOTRUE_SECURITY_CAPTCHA_PROVIDER: 'turnstile',
      GOTRUE_SECURITY_CAPTCHA_SECRET: 'the-secret-of-the-captcha',
      GOTRUE_SECURITY_CAPTCHA_TIMEOUT: '500ms',
      STACK_AUTH_CAPTCHA_URL: `${provider.url}/siteverify`,
    });
  });
  afterEach(() => {
    provider.requests.length = 0;
  });
  afterAll(async () => {
    await auth?.stop();
    await provider?.stop();
  });
  const judge = () => {
    provider.answer = ({ form }) => ({
      status: 200,
      body:
        form.response === 'human' ? { success: true } : { success: false, 'error-codes': ['invalid-input-response'] },
    });
  };

  const guarded: [string, object][] = [
    ['/signup', { email: 'a@example.com', password }],
    ['/signup', {}],
    ['/recover', { email: 'a@example.com' }],
    ['/resend', { type: 'signup', email: 'a@example.com' }],
    ['/magiclink', { email: 'a@example.com' }],
    ['/otp', { email: 'a@example.com' }],
    ['/token?grant_type=password', { email: 'a@example.com', password }],
    ['/token?grant_type=web3', { chain: 'solana' }],
    ['/passkeys/authentication/options', {}],
    ['/sso', { domain: 'nobody.example' }],
  ];

  it.each(guarded)('are asked for at %s', async (path, body) => {
    judge();
    const none = 'captcha protection: request disallowed (no captcha_token found)';
    for (const lacking of [body, withToken(body, ''), withToken(body, ' '), withToken(body, 5)])
      expect(await auth.post(path, lacking)).toMatchObject({
        status: 400,
        body: { code: 'captcha_failed', message: none },
      });
    expect(provider.requests).toEqual([]);
    expect(await auth.post(path, withToken(body, 'robot'))).toMatchObject({
      status: 400,
      body: { code: 'captcha_failed', message: 'captcha protection: request disallowed (invalid-input-response)' },
    });
    const passed = await auth.post(path, withToken(body, 'human'));
    expect(passed.body.code).not.toBe('captcha_failed');
    expect(provider.requests[1]).toMatchObject({
      path: '/siteverify',
      form: { secret: 'the-secret-of-the-captcha', response: 'human', remoteip: '127.0.0.1' },
    });
  });

  // However a path is spelled: what reaches the endpoint is checked at the endpoint.
  it.each(['/signup/', '//signup', '/%73ignup', '/signup?x=1', '/signup;x'])(
    'cannot be got around by %s',
    async (path) => {
      judge();
      const reply = await auth.post(path, { email: 'b@example.com', password });
      expect(reply.status === 404 || reply.body.code === 'captcha_failed').toBe(true);
      expect(await auth.db.query(`select 1 from auth.users where email = 'b@example.com'`)).toEqual([]);
    },
  );

  it.each([
    ['/token?grant_type=refresh_token', { refresh_token: 'abcdefghijkl' }, 'refresh_token_not_found'],
    ['/token?grant_type=pkce', { auth_code: 'x', code_verifier: 'y' }, 'flow_state_not_found'],
    ['/token?grant_type=id_token', { provider: 'google', id_token: 'x' }, 'provider_disabled'],
    ['/verify', { type: 'signup', token_hash: 'x' }, 'otp_expired'],
  ])('are not asked for at %s', async (path, body, code) => {
    expect(await auth.post(path, body)).toMatchObject({ body: { code } });
  });

  it('are not asked of admins, but of all others with a token', async () => {
    judge();
    const body = { email: 'admin@example.com', password };
    expect(await auth.post('/signup', body, { token: 'nonsense' })).toMatchObject({ body: { code: 'captcha_failed' } });
    const user = await auth.post('/signup', withToken({ email: 'user@example.com', password }, 'human'));
    expect(await auth.post('/signup', body, { token: user.body.access_token })).toMatchObject({
      body: { code: 'captcha_failed' },
    });
    expect(await auth.post('/signup', body, { token: auth.serviceKey })).toMatchObject({ status: 200 });
  });

  it('whose provider cannot be asked let nobody in', async () => {
    const body = withToken({ email: 'c@example.com', password }, 'human');
    for (const answer of [
      { status: 500, body: 'no' },
      { status: 200, body: null },
    ]) {
      provider.answer = () => answer;
      expect(await auth.post('/signup', body)).toMatchObject({ status: 500, body: { code: 'unexpected_failure' } });
    }
    provider.answer = () => ({ status: 200, body: { success: 'true' } });
    expect(await auth.post('/signup', body)).toMatchObject({ status: 400 });
    expect(await auth.db.query(`select 1 from auth.users where email = 'c@example.com'`)).toEqual([]);
    expect(auth.logLines().join('')).not.toContain('the-secret-of-the-captcha');
  });

  // The two differ in their addresses alone: both take the same form and answer alike.
  it.each([
    ['hcaptcha', 'https://hcaptcha.com/siteverify'],
    ['turnstile', 'https://challenges.cloudflare.com/turnstile/v0/siteverify'],
  ])('are checked by %s where it says so', async (name, address) => {
    const web = fakeWeb();
    const other = await startAuth(
      {
        ENABLE_EMAIL_AUTOCONFIRM: 'true',
        GOTRUE_SECURITY_CAPTCHA_ENABLED: 'true',
        GOTRUE_SECURITY_CAPTCHA_PROVIDER: name,
        GOTRUE_SECURITY_CAPTCHA_SECRET: 'the-secret',
      },
      undefined,
      web.egress,
    );
    web.on(address, ({ form }) => {
      if (form.get('response') === 'human') return { success: true, hostname: 'example.com' };
      return { success: false, 'error-codes': ['already-seen-response'] };
    });
    const signUp = (token: string) =>
      other.post('/signup', withToken({ email: `${name}@example.com`, password }, token));
    expect(await signUp('robot')).toMatchObject({
      status: 400,
      body: { code: 'captcha_failed', message: 'captcha protection: request disallowed (already-seen-response)' },
    });
    expect((await signUp('human')).status).toBe(200);
    const { request, form } = web.last(address);
    expect(request).toMatchObject({
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(Object.fromEntries(form)).toEqual({ secret: 'the-secret', response: 'human', remoteip: '127.0.0.1' });
    web.on(address, 500);
    expect(await signUp('human')).toMatchObject({ status: 500, body: { code: 'unexpected_failure' } });
    await other.stop();
  });

  it('need a secret', async () => {
    await expect(startAuth({ GOTRUE_SECURITY_CAPTCHA_ENABLED: 'true' })).rejects.toThrow(/secret of their provider/);
  });
});
