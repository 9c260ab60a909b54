import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientPage, hasBrowser, serveClientPage } from '../support/browser.ts';
import { type Stack, startStack } from '../support/stack.ts';

// WebAuthn as browsers do it: the official client on a page in Chromium, with an authenticator of software.
describe.skipIf(!hasBrowser)('in a browser', () => {
  let stack: Stack;
  let site: Awaited<ReturnType<typeof serveClientPage>>;
  let window: ClientPage;

  beforeAll(async () => {
    site = await serveClientPage();
    stack = await startStack({
      env: {
        SITE_URL: site.origin,
        ENABLE_EMAIL_AUTOCONFIRM: 'true',
        GOTRUE_PASSKEY_ENABLED: 'true',
        GOTRUE_MFA_WEB_AUTHN_ENROLL_ENABLED: 'true',
        GOTRUE_MFA_WEB_AUTHN_VERIFY_ENABLED: 'true',
      },
    });
    window = await site.open();
    const [url, key] = [JSON.stringify(stack.url), JSON.stringify(stack.env.anonKey)];
    await window.page.evaluate(
      `globalThis.client = supabase.createClient(${url}, ${key}, { auth: { experimental: { passkey: true } } });
      undefined`,
    );
  });
  afterAll(async () => {
    await window?.close();
    site?.stop();
    await stack?.stop();
  });

  /** Runs a statement on the page, where `auth` is the client's; what it returns comes back. */
  const onPage = <T = { data: never; error: never }>(code: string): Promise<T> =>
    window.page.evaluate(`(async () => { const { auth } = client; ${code} })()`) as Promise<T>;

  test('a passkey is made, named, signs in, and is removed', async () => {
    await window.plugIn('internal');
    const made = await onPage<{ data: { id: string; friendly_name: string }; error: unknown }>(`
      await auth.signUp({ email: 'passkey@browser.example', password: 'correct horse 1' });
      return auth.registerPasskey();`);
    expect(made.error).toBeNull();
    expect(made.data).toMatchObject({ id: expect.any(String), friendly_name: expect.any(String) });
    const named = await onPage<{ data: unknown }>(
      `return auth.passkey.update({ passkeyId: '${made.data.id}', friendlyName: 'Laptop' });`,
    );
    expect(named.data).toMatchObject({ id: made.data.id, friendly_name: 'Laptop' });
    const signedIn = await onPage<{ data: { user: { email: string } }; error: unknown }>(`
      await auth.signOut();
      return auth.signInWithPasskey();`);
    expect(signedIn.error).toBeNull();
    expect(signedIn.data.user.email).toBe('passkey@browser.example');
    const claims = await onPage<{ data: { claims: Record<string, unknown> } }>('return auth.getClaims();');
    expect(claims.data.claims).toMatchObject({ aal: 'aal1', amr: [{ method: 'passkey' }] });
    const listed = await onPage<{ data: unknown }>('return auth.passkey.list();');
    expect(listed.data).toEqual([
      {
        id: made.data.id,
        friendly_name: 'Laptop',
        created_at: expect.any(String),
        last_used_at: expect.any(String),
      },
    ]);
    const removed = await onPage<{ error: unknown }>(`return auth.passkey.delete({ passkeyId: '${made.data.id}' });`);
    expect(removed.error).toBeNull();
    const refused = await onPage<{ error: { code?: string } }>(`
      await auth.signOut();
      const { error } = await auth.signInWithPasskey();
      return { error: { code: error?.code } };`);
    expect(refused.error.code).toBe('webauthn_verification_failed');
  });

  test('a security key is a second factor', async () => {
    await window.plugIn('usb');
    const registered = await onPage<{ data: { user: unknown }; error: unknown }>(`
      await auth.signUp({ email: 'key@browser.example', password: 'correct horse 1' });
      return auth.mfa.webauthn.register({ friendlyName: 'my key' });`);
    expect(registered.error).toBeNull();
    const level = () => onPage<{ data: unknown }>('return auth.mfa.getAuthenticatorAssuranceLevel();');
    expect((await level()).data).toMatchObject({ currentLevel: 'aal2' });
    const factors = await onPage<{ data: { webauthn: { id: string }[] } }>(`
      await auth.signInWithPassword({ email: 'key@browser.example', password: 'correct horse 1' });
      return auth.mfa.listFactors();`);
    expect(factors.data.webauthn).toHaveLength(1);
    expect((await level()).data).toMatchObject({ currentLevel: 'aal1', nextLevel: 'aal2' });
    const proved = await onPage<{ error: unknown }>(
      `return auth.mfa.webauthn.authenticate({ factorId: '${factors.data.webauthn[0]?.id}' });`,
    );
    expect(proved.error).toBeNull();
    expect((await level()).data).toMatchObject({
      currentLevel: 'aal2',
      currentAuthenticationMethods: [{ method: 'mfa/webauthn' }, { method: 'password' }],
    });
  });
});
