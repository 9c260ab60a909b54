import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientPage, hasBrowser, serveClientPage } from '../support/browser.ts';
import { newClient } from '../support/client.ts';
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

  test('a passkey step by step, as applications with a page of their own do it; an administrator takes it away', async () => {
    await window.plugIn('internal');
    const made = await onPage<{ data: { id: string }; user: string; again: string }>(`
      const { data: { user } } = await auth.signUp({ email: 'steps@browser.example', password: 'correct horse 1' });
      const started = await auth.passkey.startRegistration();
      if (started.error) throw started.error;
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(started.data.options);
      const credential = (await navigator.credentials.create({ publicKey })).toJSON();
      const answer = { challengeId: started.data.challenge_id, credential };
      const { data, error } = await auth.passkey.verifyRegistration(answer);
      if (error) throw error;
      const again = await auth.passkey.verifyRegistration(answer);
      return { data, user: user.id, again: again.error?.code };`);
    expect(made).toMatchObject({ data: { friendly_name: expect.any(String) }, again: 'webauthn_challenge_not_found' });

    const entered = await onPage<{ user: string; again: string; events: string[] }>(`
      await auth.signOut();
      const events = [];
      auth.onAuthStateChange((event) => events.push(event));
      const started = await auth.passkey.startAuthentication();
      if (started.error) throw started.error;
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(started.data.options);
      const credential = (await navigator.credentials.get({ publicKey })).toJSON();
      const answer = { challengeId: started.data.challenge_id, credential };
      const { data, error } = await auth.passkey.verifyAuthentication(answer);
      if (error) throw error;
      const again = await auth.passkey.verifyAuthentication(answer);
      return { user: data.user.id, again: again.error?.code, events };`);
    expect(entered).toMatchObject({ user: made.user, again: 'webauthn_challenge_not_found' });
    expect(entered.events).toContain('SIGNED_IN');

    const { admin } = newClient(stack, stack.env.serviceKey, { passkey: true }).auth;
    const listed = await admin.passkey.listPasskeys({ userId: made.user });
    expect(listed.data).toMatchObject([{ id: made.data.id, last_used_at: expect.any(String) }]);
    const theirs = { userId: made.user, passkeyId: made.data.id };
    expect((await admin.passkey.deletePasskey(theirs)).error).toBeNull();
    expect((await admin.passkey.deletePasskey(theirs)).error).toMatchObject({ status: 404 });
    expect((await admin.passkey.listPasskeys({ userId: made.user })).data).toEqual([]);
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

  test('a security key step by step: a name taken, an answer used twice, a factor nobody has', async () => {
    await window.plugIn('usb');
    const steps = await onPage<{ enrolled: unknown; verified: unknown; codes: string[] }>(`
      await auth.signUp({ email: 'key-steps@browser.example', password: 'correct horse 1' });
      const { webauthn } = auth.mfa;
      const { data: enrolled } = await webauthn.enroll({ friendlyName: 'my key' });
      const taken = await webauthn.enroll({ friendlyName: 'my key' });
      const { data: challenged, error } = await webauthn.challenge({ factorId: enrolled.id, friendlyName: 'my key' });
      if (error) throw error;
      const { data: verified } = await webauthn.verify(challenged);
      const twice = await webauthn.verify(challenged);
      const unknown = await webauthn.authenticate({ factorId: crypto.randomUUID() });
      return { enrolled, verified, codes: [taken, twice, unknown].map(({ error }) => error?.code) };`);
    expect(steps).toMatchObject({
      enrolled: { type: 'webauthn', friendly_name: 'my key' },
      verified: { access_token: expect.any(String), user: { factors: [{ status: 'verified' }] } },
      codes: ['mfa_factor_name_conflict', 'mfa_ip_address_mismatch', 'mfa_factor_not_found'],
    });
  });
});
