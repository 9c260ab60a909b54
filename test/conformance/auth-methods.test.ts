import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AuthClient } from '@supabase/supabase-js';
import { afterAll, describe, expect, test } from 'vitest';
import { type Client, newClient, signedUpClient, until } from '../support/client.ts';
import { sharedStack } from '../support/shared-stack.ts';
import { runSql } from '../support/sql.ts';

// Every method that the official client has is called by some test here, with what it gives and how it is refused. Below
// stand the calls that no other file makes, on the shared stack, on which nearly everything optional is switched off.
const stack = sharedStack();
const password = 'correct horse 1';
const nobody = '11111111-1111-4111-8111-111111111111';

afterAll(async () => {
  await runSql(stack, `delete from auth.users where email like '%@methods.example'`);
});

/** For each method: the file that calls it, the call as it stands there, and a word of the refusal that stands there. */
const calls: Readonly<Record<string, readonly [file: string, call: string, refusal?: string]>> = {
  signUp: ['accounts', 'auth.signUp(', 'user_already_exists'],
  signInWithPassword: ['accounts', 'auth.signInWithPassword(', 'invalid_credentials'],
  signInAnonymously: ['factors', 'auth.signInAnonymously('],
  signInWithOtp: ['factors', 'auth.signInWithOtp(', 'otp_disabled'],
  verifyOtp: ['sign-up-mail', 'auth.verifyOtp(', 'otp_expired'],
  signInWithOAuth: ['external-identities', 'auth.signInWithOAuth(', 'Unsupported provider'],
  exchangeCodeForSession: ['external-identities', 'auth.exchangeCodeForSession(', 'stranger.error'],
  signInWithIdToken: ['external-identities', 'auth.signInWithIdToken(', 'provider_disabled'],
  signInWithSSO: ['external-identities', 'auth.signInWithSSO(', 'sso_provider_not_found'],
  signInWithWeb3: ['external-identities', 'auth.signInWithWeb3('],
  signInWithPasskey: ['passkeys', 'auth.signInWithPasskey(', 'webauthn_verification_failed'],
  registerPasskey: ['passkeys', 'auth.registerPasskey('],
  resetPasswordForEmail: ['sign-up-mail', 'auth.resetPasswordForEmail(', 'evil.example'],
  resend: ['sign-up-mail', 'auth.resend(', 'over_email_send_rate_limit'],
  reauthenticate: ['auth-alone', 'auth.reauthenticate('],
  getUser: ['accounts', 'auth.getUser(', 'bad_jwt'],
  getClaims: ['factors', 'auth.getClaims('],
  updateUser: ['accounts', 'auth.updateUser(', 'same_password'],
  getUserIdentities: ['external-identities', 'auth.getUserIdentities('],
  linkIdentity: ['external-identities', 'auth.linkIdentity('],
  unlinkIdentity: ['external-identities', 'auth.unlinkIdentity('],
  getSession: ['accounts', 'auth.getSession('],
  setSession: ['external-identities', 'auth.setSession('],
  refreshSession: ['accounts', 'auth.refreshSession(', 'refresh_token_already_used'],
  signOut: ['accounts', "auth.signOut({ scope: 'local' })"],
  initialize: ['auth-methods', 'auth.initialize('],
  onAuthStateChange: ['auth-methods', 'auth.onAuthStateChange('],
  startAutoRefresh: ['auth-methods', 'auth.startAutoRefresh('],
  stopAutoRefresh: ['auth-methods', 'auth.stopAutoRefresh('],
  isThrowOnErrorEnabled: ['auth-methods', 'auth.isThrowOnErrorEnabled('],
  dispose: ['auth-methods', 'auth.dispose('],

  'mfa.enroll': ['factors', 'mfa.enroll(', 'mfa_factor_name_conflict'],
  'mfa.challenge': ['factors', 'mfa.challenge(', 'mfa_factor_not_found'],
  'mfa.verify': ['factors', 'mfa.verify(', 'mfa_verification_failed'],
  'mfa.challengeAndVerify': ['factors', 'mfa.challengeAndVerify(', 'mfa_verification_failed'],
  'mfa.unenroll': ['factors', 'mfa.unenroll(', 'insufficient_aal'],
  'mfa.listFactors': ['factors', 'mfa.listFactors('],
  'mfa.getAuthenticatorAssuranceLevel': ['factors', 'mfa.getAuthenticatorAssuranceLevel('],
  'mfa.webauthn.enroll': ['passkeys', 'webauthn.enroll(', 'mfa_factor_name_conflict'],
  'mfa.webauthn.challenge': ['passkeys', 'webauthn.challenge('],
  'mfa.webauthn.verify': ['passkeys', 'webauthn.verify(', 'mfa_ip_address_mismatch'],
  'mfa.webauthn.register': ['passkeys', 'mfa.webauthn.register('],
  'mfa.webauthn.authenticate': ['passkeys', 'mfa.webauthn.authenticate(', 'mfa_factor_not_found'],

  'oauth.getAuthorizationDetails': [
    'external-identities',
    'oauth.getAuthorizationDetails(',
    'oauth_authorization_not_found',
  ],
  'oauth.approveAuthorization': ['external-identities', 'oauth.approveAuthorization('],
  'oauth.denyAuthorization': ['external-identities', 'oauth.denyAuthorization('],
  'oauth.listGrants': ['external-identities', 'oauth.listGrants('],
  'oauth.revokeGrant': ['external-identities', 'oauth.revokeGrant(', 'oauth_consent_not_found'],

  'passkey.startRegistration': ['passkeys', 'passkey.startRegistration('],
  'passkey.verifyRegistration': ['passkeys', 'passkey.verifyRegistration(', 'webauthn_challenge_not_found'],
  'passkey.startAuthentication': ['passkeys', 'passkey.startAuthentication('],
  'passkey.verifyAuthentication': ['passkeys', 'passkey.verifyAuthentication(', 'webauthn_challenge_not_found'],
  'passkey.list': ['passkeys', 'passkey.list('],
  'passkey.update': ['passkeys', 'passkey.update('],
  'passkey.delete': ['passkeys', 'auth.passkey.delete('],

  'admin.signOut': ['auth-methods', 'admin.signOut(', 'bad_jwt'],
  'admin.inviteUserByEmail': ['sign-up-mail', 'admin.inviteUserByEmail(', 'email_exists'],
  'admin.generateLink': ['accounts', 'admin.generateLink(', 'user_not_found'],
  'admin.createUser': ['accounts', 'admin.createUser(', 'email_exists'],
  'admin.listUsers': ['accounts', 'admin.listUsers(', 'not_admin'],
  'admin.getUserById': ['accounts', 'admin.getUserById(', 'user_not_found'],
  'admin.updateUserById': ['accounts', 'admin.updateUserById('],
  'admin.deleteUser': ['accounts', 'admin.deleteUser(', 'not_admin'],
  'admin.mfa.listFactors': ['factors', 'admin.listFactors('],
  'admin.mfa.deleteFactor': ['factors', 'admin.deleteFactor('],
  'admin.oauth.listClients': ['external-identities', 'oauth.listClients('],
  'admin.oauth.createClient': ['external-identities', 'oauth.createClient('],
  'admin.oauth.getClient': ['external-identities', 'oauth.getClient(', 'oauth_client_not_found'],
  'admin.oauth.updateClient': ['external-identities', 'oauth.updateClient('],
  'admin.oauth.deleteClient': ['external-identities', 'oauth.deleteClient('],
  'admin.oauth.regenerateClientSecret': ['external-identities', 'oauth.regenerateClientSecret('],
  'admin.customProviders.listProviders': ['external-identities', 'customProviders.listProviders('],
  'admin.customProviders.createProvider': [
    'external-identities',
    'customProviders.createProvider(',
    'validation_failed',
  ],
  'admin.customProviders.getProvider': [
    'external-identities',
    'customProviders.getProvider(',
    'custom_provider_not_found',
  ],
  'admin.customProviders.updateProvider': ['external-identities', 'customProviders.updateProvider('],
  'admin.customProviders.deleteProvider': ['external-identities', 'customProviders.deleteProvider('],
  'admin.passkey.listPasskeys': ['passkeys', 'admin.passkey.listPasskeys('],
  'admin.passkey.deletePasskey': ['passkeys', 'admin.passkey.deletePasskey('],
};

/** Methods of the installed client, by the paths an application calls them by. */
function methodsOfClient(): string[] {
  const client = createRequire(import.meta.url).resolve('@supabase/supabase-js');
  const folder = dirname(createRequire(client).resolve('@supabase/auth-js'));
  const hidden = new Set<string>(['constructor', 'fetch', 'logger']);
  for (const file of ['GoTrueClient', 'GoTrueAdminApi', 'lib/webauthn'])
    for (const [, name = ''] of readFileSync(join(folder, `${file}.d.ts`), 'utf8').matchAll(
      /^\s+(?:private|protected) (?:readonly )?(\w+)/gm,
    ))
      hidden.add(name);
  const areas = new Set(['mfa', 'webauthn', 'oauth', 'passkey', 'admin', 'customProviders']);
  const found: string[] = [];
  const visit = (object: object, path: string): void => {
    const names = new Set(Object.keys(object));
    for (let level = Object.getPrototypeOf(object); level !== Object.prototype; level = Object.getPrototypeOf(level))
      for (const name of Object.getOwnPropertyNames(level)) names.add(name);
    for (const name of names) {
      if (hidden.has(name) || name.startsWith('_')) continue;
      const value = (object as Record<string, unknown>)[name];
      if (typeof value === 'function') found.push(path + name);
      else if (areas.has(name)) visit(value as object, `${path}${name}.`);
    }
  };
  visit(new AuthClient({ url: 'http://localhost', persistSession: false, autoRefreshToken: false }), '');
  return found;
}

describe('the methods of the client', () => {
  test('are all in the table, and no others', () => {
    expect(methodsOfClient().sort()).toEqual(Object.keys(calls).sort());
    expect(methodsOfClient().length).toBeGreaterThan(75);
  });

  test.each(Object.entries(calls))('%s is called, and refused', (method, [file, call, refusal]) => {
    const source = readFileSync(new URL(`${file}.test.ts`, import.meta.url), 'utf8').replace(
      /^const calls[\s\S]*?^};/m,
      '',
    );
    const stands = (text: string) => [text, source.includes(text)];
    expect(stands(call)).toEqual([call, true]);
    if (refusal !== undefined) expect(stands(refusal)).toEqual([refusal, true]);
    // What is not refused there is refused below, where it is switched off or nobody is signed in, or has no way to fail.
    else expect([...Object.keys(refusals), ...withoutRefusal]).toContain(method);
  });
});

/** What the client does by itself, and signing out, which is done even where the session has gone. */
const withoutRefusal = [
  'signOut',
  'getSession',
  'initialize',
  'onAuthStateChange',
  'startAutoRefresh',
  'stopAutoRefresh',
  'isThrowOnErrorEnabled',
  'dispose',
  'mfa.getAuthenticatorAssuranceLevel',
];

type Refused = Promise<{ readonly error: object | null }>;

const passkeyClient = (key: string): Client => newClient(stack, key, { passkey: true });

interface Clients {
  /** Nobody is signed in. */
  readonly stranger: Client;
  /** Somebody is. */
  readonly user: Client;
  readonly admin: Client['auth']['admin'];
}

const off = { status: 404, code: 'feature_disabled' };
const noPasskeys = { status: 404, code: 'passkey_disabled' };
const unknownProvider = { status: 404, code: 'custom_provider_not_found' };

/** How methods are refused on this stack. */
const refusals: Readonly<Record<string, readonly [object, (clients: Clients) => Refused]>> = {
  signInAnonymously: [
    { status: 422, code: 'anonymous_provider_disabled' },
    ({ stranger }) => stranger.auth.signInAnonymously(),
  ],
  signInWithWeb3: [
    { status: 422, code: 'web3_provider_disabled' },
    ({ stranger }) => stranger.auth.signInWithWeb3({ chain: 'solana', message: 'm', signature: new Uint8Array(64) }),
  ],
  signInWithSSO: [
    { status: 404, code: 'saml_provider_disabled' },
    ({ stranger }) => stranger.auth.signInWithSSO({ domain: 'corp.example' }),
  ],
  registerPasskey: [noPasskeys, ({ user }) => user.auth.passkey.startRegistration()],
  reauthenticate: [{ name: 'AuthSessionMissingError' }, ({ stranger }) => stranger.auth.reauthenticate()],
  getClaims: [{ name: 'AuthInvalidJwtError' }, ({ stranger }) => stranger.auth.getClaims('no.token.atall')],
  getUserIdentities: [{ name: 'AuthSessionMissingError' }, ({ stranger }) => stranger.auth.getUserIdentities()],
  linkIdentity: [
    { status: 404, code: 'manual_linking_disabled' },
    ({ user }) => user.auth.linkIdentity({ provider: 'github', options: { skipBrowserRedirect: true } }),
  ],
  unlinkIdentity: [
    { status: 404, code: 'manual_linking_disabled' },
    ({ user }) => user.auth.unlinkIdentity({ identity_id: nobody } as never),
  ],
  setSession: [
    { name: 'AuthInvalidJwtError' },
    ({ stranger }) => stranger.auth.setSession({ access_token: 'none', refresh_token: 'none' }),
  ],
  'mfa.listFactors': [{ name: 'AuthSessionMissingError' }, ({ stranger }) => stranger.auth.mfa.listFactors()],
  'mfa.webauthn.challenge': [
    { status: 404, code: 'mfa_factor_not_found' },
    ({ user }) => user.auth.mfa.webauthn.challenge({ factorId: nobody } as never),
  ],
  'mfa.webauthn.register': [
    { status: 422, code: 'mfa_webauthn_enroll_not_enabled' },
    ({ user }) => user.auth.mfa.webauthn.enroll({ friendlyName: 'key' }),
  ],
  'oauth.approveAuthorization': [off, ({ user }) => user.auth.oauth.approveAuthorization('unknown')],
  'oauth.denyAuthorization': [off, ({ user }) => user.auth.oauth.denyAuthorization('unknown')],
  'oauth.listGrants': [off, ({ user }) => user.auth.oauth.listGrants()],
  'passkey.startRegistration': [noPasskeys, ({ user }) => user.auth.passkey.startRegistration()],
  'passkey.startAuthentication': [noPasskeys, ({ stranger }) => stranger.auth.passkey.startAuthentication()],
  'passkey.list': [noPasskeys, ({ user }) => user.auth.passkey.list()],
  'passkey.update': [noPasskeys, ({ user }) => user.auth.passkey.update({ passkeyId: nobody, friendlyName: 'x' })],
  'passkey.delete': [noPasskeys, ({ user }) => user.auth.passkey.delete({ passkeyId: nobody })],
  'admin.updateUserById': [
    { status: 404, code: 'user_not_found' },
    ({ admin }) => admin.updateUserById(nobody, { user_metadata: {} }),
  ],
  'admin.mfa.listFactors': [
    { status: 404, code: 'user_not_found' },
    ({ admin }) => admin.mfa.listFactors({ userId: nobody }),
  ],
  'admin.mfa.deleteFactor': [
    { status: 404, code: 'user_not_found' },
    ({ admin }) => admin.mfa.deleteFactor({ userId: nobody, id: nobody }),
  ],
  'admin.oauth.listClients': [off, ({ admin }) => admin.oauth.listClients()],
  'admin.oauth.createClient': [
    off,
    ({ admin }) => admin.oauth.createClient({ client_name: 'x', redirect_uris: ['https://x.example'] } as never),
  ],
  'admin.oauth.updateClient': [off, ({ admin }) => admin.oauth.updateClient(nobody, { client_name: 'x' })],
  'admin.oauth.deleteClient': [off, ({ admin }) => admin.oauth.deleteClient(nobody)],
  'admin.oauth.regenerateClientSecret': [off, ({ admin }) => admin.oauth.regenerateClientSecret(nobody)],
  'admin.customProviders.listProviders': [
    { status: 403, code: 'not_admin' },
    ({ stranger }) => stranger.auth.admin.customProviders.listProviders(),
  ],
  'admin.customProviders.updateProvider': [
    unknownProvider,
    ({ admin }) => admin.customProviders.updateProvider('custom:none', { name: 'x' }),
  ],
  'admin.customProviders.deleteProvider': [
    unknownProvider,
    ({ admin }) => admin.customProviders.deleteProvider('custom:none'),
  ],
  'admin.passkey.listPasskeys': [noPasskeys, ({ admin }) => admin.passkey.listPasskeys({ userId: nobody })],
  'admin.passkey.deletePasskey': [
    noPasskeys,
    ({ admin }) => admin.passkey.deletePasskey({ userId: nobody, passkeyId: nobody }),
  ],
};

test.each(Object.entries(refusals))('%s is refused where it is off or wrong', async (_, [expected, ask]) => {
  const user = passkeyClient(stack.env.anonKey);
  const session = await newClient(stack, stack.env.serviceKey).auth.admin.createUser({
    email: `${crypto.randomUUID()}@methods.example`,
    password,
    email_confirm: true,
  });
  await user.auth.signInWithPassword({ email: session.data.user?.email ?? '', password });
  const clients = {
    user,
    stranger: passkeyClient(stack.env.anonKey),
    admin: passkeyClient(stack.env.serviceKey).auth.admin,
  };
  expect((await ask(clients)).error).toMatchObject(expected);
});

describe('what the client does by itself', () => {
  test('a session near its end is renewed in the background, and whoever listens is told', async () => {
    const { client } = await signedUpClient(stack, 'background@methods.example');
    const session = (await client.auth.getSession()).data.session;
    if (!session) throw new Error('no session');
    const kept = new Map<string, string>();
    const auth = new AuthClient({
      url: `${stack.url}/auth/v1`,
      headers: { apikey: stack.env.anonKey },
      storageKey: 'kept',
      autoRefreshToken: false,
      detectSessionInUrl: false,
      storage: {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, value) => void kept.set(key, value),
        removeItem: (key) => void kept.delete(key),
      },
    });
    expect((await auth.initialize()).error).toBeNull();
    expect(auth.isThrowOnErrorEnabled()).toBe(false);
    const events: string[] = [];
    const { data } = auth.onAuthStateChange((event) => void events.push(event));
    await until('the first event', async () => events.length > 0);
    kept.set('kept', JSON.stringify({ ...session, expires_at: Math.floor(Date.now() / 1_000) + 60 }));
    await auth.startAutoRefresh();
    await until('a refresh', async () => events.includes('TOKEN_REFRESHED'));
    await auth.stopAutoRefresh();
    const renewed = (await auth.getSession()).data.session;
    expect(renewed?.refresh_token).not.toBe(session.refresh_token);
    expect((await auth.getUser()).data.user?.email).toBe('background@methods.example');
    expect((await auth.signOut()).error).toBeNull();
    expect(events).toEqual(['INITIAL_SESSION', 'TOKEN_REFRESHED', 'SIGNED_OUT']);
    data.subscription.unsubscribe();
    await auth.dispose();
    expect(kept.size).toBe(0);
  });

  test('an administrator ends sessions by their tokens', async () => {
    const { client, token } = await signedUpClient(stack, 'ended@methods.example');
    const { admin } = newClient(stack, stack.env.serviceKey).auth;
    expect((await admin.signOut(token, 'global')).error).toBeNull();
    expect((await client.auth.refreshSession()).error).toMatchObject({ status: 400, code: 'refresh_token_not_found' });
    expect((await admin.signOut('no.token.atall')).error).toMatchObject({ status: 403, code: 'bad_jwt' });
  });
});
