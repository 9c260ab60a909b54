import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { base58 } from '@scure/base';
import { createClient } from '@supabase/supabase-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, newClient } from '../support/client.ts';
import { browse, type OidcServer, startOidcServer } from '../support/oidc-server.ts';
import { freePorts } from '../support/ports.ts';
import { answerTo, type Certified, idpMetadata, selfSigned } from '../support/saml-signer.ts';
import { type Stack, startStack } from '../support/stack.ts';

// Everything by which people of other servers come in, or go out to other applications, through the official client.
const site = 'http://localhost:3000';
const app = `${site}/cb`;
const samlKey = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const idp = 'https://idp.corp.example/saml';
let stack: Stack;
let oidc: OidcServer;
let secure: OidcServer | undefined;
let certified: Certified | undefined;
let folder: string;

beforeAll(async () => {
  const [port = 0, securePort = 0] = await freePorts(2);
  certified = selfSigned();
  folder = mkdtempSync(join(tmpdir(), 'ca-'));
  if (certified) writeFileSync(join(folder, 'ca.pem'), certified.cert);
  stack = await startStack({
    env: {
      ENABLE_EMAIL_AUTOCONFIRM: 'true',
      ENABLE_ANONYMOUS_USERS: 'true',
      SITE_URL: site,
      ADDITIONAL_REDIRECT_URLS: 'https://wallet.example/**',
      STACK_EGRESS_ALLOW: '127.0.0.1',
      ...(certified && { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') }),
      GOTRUE_SECURITY_MANUAL_LINKING_ENABLED: 'true',
      GOTRUE_EXTERNAL_KEYCLOAK_ENABLED: 'true',
      GOTRUE_EXTERNAL_KEYCLOAK_CLIENT_ID: 'app',
      GOTRUE_EXTERNAL_KEYCLOAK_SECRET: 'app-secret',
      GOTRUE_EXTERNAL_KEYCLOAK_URL: `http://127.0.0.1:${port}`,
      GOTRUE_EXTERNAL_WEB3_ETHEREUM_ENABLED: 'true',
      GOTRUE_EXTERNAL_WEB3_SOLANA_ENABLED: 'true',
      GOTRUE_OAUTH_SERVER_ENABLED: 'true',
      GOTRUE_OAUTH_SERVER_ALLOW_DYNAMIC_REGISTRATION: 'true',
      GOTRUE_OAUTH_SERVER_AUTHORIZATION_PATH: '/consent',
      GOTRUE_SAML_ENABLED: 'true',
      GOTRUE_SAML_PRIVATE_KEY: samlKey.privateKey.export({ format: 'der', type: 'pkcs1' }).toString('base64'),
    },
  });
  const redirectUris = [`${publicUrl()}/auth/v1/callback`, app];
  oidc = await startOidcServer({ port, redirectUris, likeKeycloak: true });
  if (certified) secure = await startOidcServer({ port: securePort, redirectUris, tls: certified });
}, 120_000);
afterAll(async () => {
  await oidc?.stop();
  await secure?.stop();
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The address the stack has in its own links. */
const publicUrl = () => stack.url.replace('127.0.0.1', 'localhost');
const anonymous = () => newClient(stack, stack.env.anonKey);
const admin = () => newClient(stack, stack.env.serviceKey).auth.admin;
const fragmentOf = (url: URL) => new URLSearchParams(url.hash.slice(1));
const redirect = (login_hint: string) => ({
  options: { redirectTo: app, skipBrowserRedirect: true, queryParams: { login_hint }, scopes: 'openid' },
});

function pkceClient(): Client {
  const kept = new Map<string, string>();
  return createClient(stack.url, stack.env.anonKey, {
    auth: {
      flowType: 'pkce',
      autoRefreshToken: false,
      detectSessionInUrl: false,
      persistSession: true,
      storage: {
        getItem: (key) => kept.get(key) ?? null,
        setItem: (key, value) => void kept.set(key, value),
        removeItem: (key) => void kept.delete(key),
      },
    },
    realtime: {
      transport: class {
        constructor() {
          throw new Error('no channel');
        }
      } as never,
    },
  });
}

describe('an OpenID provider', () => {
  test('signs in implicitly', async () => {
    const client = anonymous();
    const { data } = await client.auth.signInWithOAuth({ provider: 'keycloak', ...redirect('alice') });
    const back = fragmentOf(await browse(data.url ?? '', app));
    expect(back.get('provider_token')).toBeTruthy();
    const { error } = await client.auth.setSession({
      access_token: back.get('access_token') ?? '',
      refresh_token: back.get('refresh_token') ?? '',
    });
    expect(error).toBeNull();
    const { data: seen } = await client.auth.getUser();
    expect(seen.user).toMatchObject({
      email: 'alice@oidc.example',
      app_metadata: { provider: 'keycloak', providers: ['keycloak'] },
      user_metadata: { full_name: 'Name of alice', email_verified: true, sub: 'alice' },
    });
  });

  test('signs in by a code that only its beginner can exchange', async () => {
    const client = pkceClient();
    const { data } = await client.auth.signInWithOAuth({ provider: 'keycloak', ...redirect('bob') });
    const back = await browse(data.url ?? '', app);
    const code = back.searchParams.get('code') ?? '';
    const stranger = await pkceClient().auth.exchangeCodeForSession(code);
    expect(stranger.error).not.toBeNull();
    const { data: session, error } = await client.auth.exchangeCodeForSession(code);
    expect(error).toBeNull();
    expect(session.session?.provider_token).toBeTruthy();
    expect(session.user?.email).toBe('bob@oidc.example');
    const again = await browse(data.url ?? '', app);
    expect(again.searchParams.get('code')).not.toBe(code);
  });

  test('an address it has not checked joins nobody', async () => {
    const email = 'unchecked1@oidc.example';
    const { data: owner } = await anonymous().auth.signUp({ email, password: 'correct horse 1' });
    const { data } = await anonymous().auth.signInWithOAuth({ provider: 'keycloak', ...redirect('unchecked1') });
    const back = fragmentOf(await browse(data.url ?? '', app));
    expect([back.get('error'), back.get('error_code')]).toEqual(['access_denied', 'provider_email_needs_verification']);
    const { data: seen } = await admin().getUserById(owner.user?.id ?? '');
    expect(seen.user?.identities?.map(({ provider }) => provider)).toEqual(['email']);
  });

  test('a provider that is off, or unknown, is told', async () => {
    for (const provider of ['google', 'nobody']) {
      const answer = await fetch(`${stack.url}/auth/v1/authorize?provider=${provider}`, { redirect: 'manual' });
      expect([answer.status, ((await answer.json()) as { msg: string }).msg]).toEqual([
        400,
        expect.stringContaining('Unsupported provider'),
      ]);
    }
  });

  test('is linked by hand, and unlinked', async () => {
    const client = anonymous();
    await client.auth.signUp({ email: 'linker@here.example', password: 'correct horse 1' });
    const { data, error } = await client.auth.linkIdentity({ provider: 'keycloak', ...redirect('carol') });
    expect(error).toBeNull();
    const back = fragmentOf(await browse(data.url ?? '', app));
    expect(back.get('error')).toBeNull();
    const { data: identities } = await client.auth.getUserIdentities();
    expect(identities?.identities.map(({ provider }) => provider).sort()).toEqual(['email', 'keycloak']);
    const linked = identities?.identities.find(({ provider }) => provider === 'keycloak');
    expect((await client.auth.unlinkIdentity(linked as never)).error).toBeNull();
    expect((await client.auth.getUserIdentities()).data?.identities).toHaveLength(1);
  });

  async function idTokenOf(person: string, nonce?: string): Promise<{ id_token: string; access_token: string }> {
    const query = new URLSearchParams({
      client_id: 'app',
      redirect_uri: app,
      response_type: 'code',
      scope: 'openid email profile',
      login_hint: person,
      ...(nonce && { nonce: createHash('sha256').update(nonce).digest('hex') }),
    });
    const back = await browse(`${oidc.issuer}/protocol/openid-connect/auth?${query}`, app);
    const answer = await fetch(`${oidc.issuer}/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: app,
        client_id: 'app',
        client_secret: 'app-secret',
      }),
    });
    return (await answer.json()) as { id_token: string; access_token: string };
  }

  test('signs in by an ID token, with a nonce and the access token beside it', async () => {
    const { id_token, access_token } = await idTokenOf('dave', 'raw nonce');
    const wrong = await anonymous().auth.signInWithIdToken({ provider: 'keycloak', token: id_token, nonce: 'other' });
    expect(wrong.error?.status).toBe(400);
    const { data, error } = await anonymous().auth.signInWithIdToken({
      provider: 'keycloak',
      token: id_token,
      access_token,
      nonce: 'raw nonce',
    });
    expect(error).toBeNull();
    expect(data.user?.email).toBe('dave@oidc.example');
    const forged = `${id_token.split('.').slice(0, 2).join('.')}.${'A'.repeat(342)}`;
    const bad = await anonymous().auth.signInWithIdToken({ provider: 'keycloak', token: forged, nonce: 'raw nonce' });
    expect(bad.error?.message).toBe('Bad ID token');
    const off = await anonymous().auth.signInWithIdToken({ provider: 'google', token: id_token });
    expect(off.error).toMatchObject({ status: 400, code: 'provider_disabled' });
  });

  test('is linked by an ID token', async () => {
    const client = anonymous();
    const { data: started } = await client.auth.signInAnonymously();
    const { id_token } = await idTokenOf('erin');
    const { data, error } = await client.auth.linkIdentity({ provider: 'keycloak', token: id_token });
    expect(error).toBeNull();
    expect(data.user).toMatchObject({ id: started.user?.id, is_anonymous: false, email: 'erin@oidc.example' });
  });

  test('is added at run time, and found by its discovery document', async ({ skip }) => {
    if (!secure) return skip('no openssl on this machine');
    const { customProviders } = admin();
    const made = await customProviders.createProvider({
      provider_type: 'oidc',
      identifier: 'custom:local',
      name: 'Local',
      client_id: 'app',
      client_secret: 'app-secret',
      issuer: secure.issuer,
      scopes: ['email', 'profile'],
    });
    expect(made.error).toBeNull();
    expect(made.data).not.toHaveProperty('client_secret');
    const client = pkceClient();
    const { data } = await client.auth.signInWithOAuth({ provider: 'custom:local' as never, ...redirect('frank') });
    const trusting = ((url: URL, init: RequestInit) => trustingFetch(url, init)) as typeof fetch;
    const back = await browse(data.url ?? '', app, trusting);
    const { data: session, error } = await client.auth.exchangeCodeForSession(back.searchParams.get('code') ?? '');
    expect(error).toBeNull();
    expect(session.user).toMatchObject({ email: 'frank@oidc.example', app_metadata: { provider: 'custom:local' } });
    expect((await customProviders.updateProvider('custom:local', { name: 'Renamed' })).data?.name).toBe('Renamed');
    expect((await customProviders.getProvider('custom:local')).data?.issuer).toBe(secure.issuer);
    expect((await customProviders.listProviders()).data.providers).toHaveLength(1);
    const inside = await customProviders.createProvider({
      provider_type: 'oidc',
      identifier: 'custom:inside',
      name: 'Inside',
      client_id: 'app',
      client_secret: 's',
      issuer: 'https://169.254.169.254',
    });
    expect(inside.error).toMatchObject({ status: 400, code: 'validation_failed' });
    expect((await customProviders.deleteProvider('custom:local')).error).toBeNull();
    expect((await customProviders.getProvider('custom:local')).error).toMatchObject({
      code: 'custom_provider_not_found',
    });
  });
});

/** Like fetch, for the one certificate of this file. */
async function trustingFetch(url: URL, init: RequestInit): Promise<Response> {
  if (url.protocol === 'http:') return fetch(url, init);
  const { request } = await import('node:https');
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { ca: certified?.cert, headers: init.headers as never }, (incoming) => {
      const headers = new Headers();
      for (const [name, value] of Object.entries(incoming.headers))
        for (const one of [value].flat()) headers.append(name, String(one));
      incoming.resume();
      incoming.once('end', () => resolve(new Response(null, { status: incoming.statusCode ?? 500, headers })));
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

describe('wallets', () => {
  test('of Ethereum', async () => {
    const secret = secp256k1.utils.randomSecretKey();
    const point = secp256k1.getPublicKey(secret, false);
    const address = `0x${Buffer.from(keccak_256(point.subarray(1)).subarray(12)).toString('hex')}`;
    const wallet = {
      on: () => {},
      removeListener: () => {},
      async request({ method, params }: { method: string; params?: string[] }) {
        if (method === 'eth_requestAccounts') return [address];
        if (method === 'eth_chainId') return '0x1';
        const body = Buffer.from((params?.[0] ?? '').slice(2), 'hex');
        const digest = keccak_256(Buffer.concat([Buffer.from(`\x19Ethereum Signed Message:\n${body.length}`), body]));
        const signature = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' });
        return `0x${Buffer.from([...signature.subarray(1), (signature[0] ?? 0) + 27]).toString('hex')}`;
      },
    };
    const { data, error } = await anonymous().auth.signInWithWeb3({
      chain: 'ethereum',
      statement: 'I accept.',
      wallet: wallet as never,
      options: { url: `${site}/login` },
    });
    expect(error).toBeNull();
    expect(data.user?.identities?.[0]).toMatchObject({ provider: 'web3', id: `web3:ethereum:${address}` });
  });

  test('of Solana', async () => {
    const keys = generateKeyPairSync('ed25519');
    const account = base58.encode(Buffer.from(String(keys.publicKey.export({ format: 'jwk' }).x), 'base64url'));
    const { data, error } = await anonymous().auth.signInWithWeb3({
      chain: 'solana',
      statement: 'I accept.',
      wallet: {
        publicKey: { toBase58: () => account },
        signMessage: async (bytes: Uint8Array) => new Uint8Array(sign(null, bytes, keys.privateKey)),
      } as never,
      options: { url: `${site}/login` },
    });
    expect(error).toBeNull();
    expect(data.user?.identities?.[0]).toMatchObject({ id: `web3:solana:${account}` });
  });
});

describe('single sign-on', () => {
  test('by the domain of an address, with a provider that signs', async ({ skip }) => {
    if (!certified) return skip('no openssl on this machine');
    const made = await fetch(`${stack.url}/auth/v1/admin/sso/providers`, {
      method: 'POST',
      headers: {
        apikey: stack.env.serviceKey,
        authorization: `Bearer ${stack.env.serviceKey}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ type: 'saml', metadata_xml: idpMetadata(idp, certified), domains: ['corp.example'] }),
    });
    expect(made.status).toBe(201);
    const client = pkceClient();
    const { data, error } = await client.auth.signInWithSSO({
      domain: 'corp.example',
      options: { redirectTo: app, skipBrowserRedirect: true } as never,
    });
    expect(error).toBeNull();
    const entity = `${publicUrl()}/auth/v1/sso/saml/metadata`;
    const form = answerTo(data?.url ?? '', idp, entity, 'worker@corp.example', certified);
    const post = (body: typeof form) =>
      fetch(`${stack.url}/auth/v1/sso/saml/acs`, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams(body),
      });
    const answer = await post(form);
    expect(answer.status).toBe(303);
    const code = new URL(answer.headers.get('location') ?? '').searchParams.get('code') ?? '';
    const { data: session, error: refused } = await client.auth.exchangeCodeForSession(code);
    expect(refused).toBeNull();
    expect(session.user).toMatchObject({
      email: 'worker@corp.example',
      app_metadata: { provider: expect.stringMatching(/^sso:/) },
    });
    const again = new URL((await post(form)).headers.get('location') ?? '');
    expect(again.searchParams.get('error_code')).toBe('saml_relay_state_not_found');
    const metadata = await fetch(entity);
    expect([metadata.status, metadata.headers.get('content-type')]).toEqual([200, 'application/xml']);
    const unknown = await anonymous().auth.signInWithSSO({ domain: 'nobody.example' });
    expect(unknown.error).toMatchObject({ status: 404, code: 'sso_provider_not_found' });
  });
});

describe('the OAuth server', () => {
  const verifier = 'v'.repeat(64);
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const callback = 'https://client.example/cb';

  test('hands a user over to an application, and takes them back', async () => {
    const { oauth } = admin();
    const made = await oauth.createClient({ client_name: 'Elsewhere', redirect_uris: [callback] } as never);
    expect(made.error).toBeNull();
    const { client_id = '', client_secret = '' } = made.data ?? {};
    const client = anonymous();
    await client.auth.signUp({ email: 'owner@here.example', password: 'correct horse 1' });

    const authorize = async () => {
      const query = new URLSearchParams({
        client_id,
        redirect_uri: callback,
        response_type: 'code',
        scope: 'email profile',
        state: 'xyz',
        code_challenge: challenge,
        code_challenge_method: 'S256',
      });
      const answer = await fetch(`${stack.url}/auth/v1/oauth/authorize?${query}`, { redirect: 'manual' });
      const page = new URL(answer.headers.get('location') ?? '');
      expect([answer.status, page.origin + page.pathname]).toEqual([302, `${site}/consent`]);
      return page.searchParams.get('authorization_id') ?? '';
    };
    const id = await authorize();
    const details = await client.auth.oauth.getAuthorizationDetails(id);
    expect(details.data).toMatchObject({ authorization_id: id, client: { name: 'Elsewhere' }, scope: 'email profile' });
    const denied = await client.auth.oauth.denyAuthorization(id, { skipBrowserRedirect: true });
    expect(denied.data?.redirect_url).toContain('error=access_denied');
    const approved = await client.auth.oauth.approveAuthorization(await authorize(), { skipBrowserRedirect: true });
    const back = new URL(approved.data?.redirect_url ?? '');
    expect(back.searchParams.get('state')).toBe('xyz');

    const form = {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code') ?? '',
      redirect_uri: callback,
      code_verifier: verifier,
    };
    const ask = (body: Record<string, string>) =>
      fetch(`${stack.url}/auth/v1/oauth/token`, {
        method: 'POST',
        headers: { authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}` },
        body: new URLSearchParams(body),
      });
    const tokens = (await (await ask(form)).json()) as { access_token: string; refresh_token: string };
    expect(Object.keys(tokens).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type']);
    expect((await ask(form)).status).toBe(400);
    const userinfo = await fetch(`${stack.url}/auth/v1/oauth/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    });
    expect(await userinfo.json()).toMatchObject({ email: 'owner@here.example', email_verified: true });
    expect((await ask({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token })).status).toBe(200);

    const silent = await client.auth.oauth.getAuthorizationDetails(await authorize());
    expect(silent.data).toHaveProperty('redirect_url');
    const grants = await client.auth.oauth.listGrants();
    expect(grants.data).toMatchObject([{ client: { id: client_id, name: 'Elsewhere' }, scopes: ['email', 'profile'] }]);
    expect((await client.auth.oauth.revokeGrant({ clientId: client_id })).error).toBeNull();
    expect((await client.auth.oauth.listGrants()).data).toEqual([]);
    expect((await client.auth.oauth.revokeGrant({ clientId: client_id })).error).toMatchObject({
      status: 404,
      code: 'oauth_consent_not_found',
    });
    for (const unknown of [
      client.auth.oauth.getAuthorizationDetails('unknown'),
      client.auth.oauth.approveAuthorization('unknown', { skipBrowserRedirect: true }),
      client.auth.oauth.denyAuthorization('unknown', { skipBrowserRedirect: true }),
    ])
      expect((await unknown).error).toMatchObject({ status: 404, code: 'oauth_authorization_not_found' });
    const aimless = await oauth.createClient({
      client_name: 'Aimless',
      redirect_uris: ['javascript:alert(1)'],
    } as never);
    expect(aimless.error).toMatchObject({ status: 400, code: 'validation_failed' });

    expect((await oauth.listClients()).data.clients).toHaveLength(1);
    expect((await oauth.updateClient(client_id, { client_name: 'Renamed' })).data?.client_name).toBe('Renamed');
    const fresh = await oauth.regenerateClientSecret(client_id);
    expect(fresh.data?.client_secret).not.toBe(client_secret);
    expect((await oauth.deleteClient(client_id)).error).toBeNull();
    expect((await oauth.getClient(client_id)).error).toMatchObject({ status: 404, code: 'oauth_client_not_found' });
  });

  test('applications register themselves, and find everything by its document', async () => {
    for (const path of ['/.well-known/oauth-authorization-server', '/auth/v1/.well-known/oauth-authorization-server']) {
      const document = (await (await fetch(stack.url + path)).json()) as { registration_endpoint: string };
      expect(document.registration_endpoint).toMatch(/\/oauth\/clients\/register$/);
    }
    const answer = await fetch(`${stack.url}/auth/v1/oauth/clients/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'Tool',
        redirect_uris: ['http://127.0.0.1:9/cb'],
        token_endpoint_auth_method: 'none',
      }),
    });
    expect([answer.status, ((await answer.json()) as { client_type: string }).client_type]).toEqual([201, 'public']);
  });
});
