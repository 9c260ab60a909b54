import { createHash, createVerify, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readSamlKey } from './core/sso/certificate.ts';
import { parseMetadata } from './core/sso/metadata.ts';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';
import { type FakeWeb, fakeWeb } from './testing/fake-web.ts';
import { type AnswerOptions, createSamlIdp, newSamlKey, requestIn, type SamlIdp } from './testing/saml-idp.ts';

const spKey = newSamlKey();
const entity = 'https://api.example.com/auth/v1/sso/saml/metadata';
const acs = 'https://api.example.com/auth/v1/sso/saml/acs';
const target = 'https://example.com/after';
let web: FakeWeb;
let auth: AuthUnderTest;
let idp: SamlIdp;
let stranger: SamlIdp;
let provider: string;

beforeAll(async () => {
  web = fakeWeb();
  idp = createSamlIdp('https://idp.corp.test/saml');
  stranger = createSamlIdp('https://idp.corp.test/saml');
  web.on('https://idp.corp.test/metadata', idp.metadata);
  auth = await startAuth(
    {
      GOTRUE_SAML_ENABLED: 'true',
      GOTRUE_SAML_PRIVATE_KEY: spKey,
      GOTRUE_SAML_ALLOW_ENCRYPTED_ASSERTIONS: 'true',
      API_EXTERNAL_URL: 'https://api.example.com',
    },
    undefined,
    web.egress,
  );
});
afterAll(() => auth.stop());
beforeEach(async () => {
  for (const table of ['users', 'sso_providers', 'flow_state', 'oauth_client_states'])
    await auth.db.query(`delete from auth.${table}`);
  const made = await create({
    metadata_xml: idp.metadata,
    domains: ['Corp.test', 'corp.example'],
    attribute_mapping: {
      keys: { team: { names: ['group', 'team'], array: true }, rank: { name: 'rank', default: 'none' } },
    },
  });
  expect(made.status).toBe(201);
  provider = made.body.id;
});

const admin = () => ({ token: auth.serviceKey });
const create = (body: object) => auth.post('/admin/sso/providers', { type: 'saml', ...body }, admin());
const one = (method: string, name: string, body?: object) =>
  auth.request(method, `/admin/sso/providers/${name}`, { ...admin(), ...(body && { body }) });
async function begin(body: object = { domain: 'corp.test' }): Promise<{ id: string; xml: string; relayState: string }> {
  const { status, body: answer } = await auth.post('/sso', { redirect_to: target, skip_http_redirect: true, ...body });
  expect([status, answer.code]).toEqual([200, undefined]);
  return requestIn(answer.url);
}
async function send(response: string, relayState = '') {
  const { status, headers } = await auth.request('POST', '/sso/saml/acs', {
    body: new URLSearchParams({ SAMLResponse: response, RelayState: relayState }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  expect(status).toBe(303);
  const url = new URL(headers.get('location') ?? '');
  return { url, fragment: new URLSearchParams(url.hash.slice(1)) };
}
async function signIn(options: Partial<AnswerOptions> = {}) {
  const { id, relayState } = await begin();
  return send(idp.answer({ acs, audience: entity, inResponseTo: id, ...options }), relayState);
}
const userOf = async (token: string | null) => (await auth.request('GET', '/user', { token: token ?? '' })).body;
const claimsOf = (token: string | null) => JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString());

describe('signing in', () => {
  it('with a request that is signed, and an answer that is', async () => {
    const { body } = await auth.post('/sso', { domain: 'CORP.test', redirect_to: target, skip_http_redirect: true });
    const url = new URL(body.url);
    expect(url.origin + url.pathname).toBe('https://idp.corp.test/saml/sso');
    const text = url.search.slice(1).replace(/&Signature=.*$/, '');
    const { certificate } = readSamlKey(spKey, 'x');
    const key = new X509Certificate(Buffer.from(certificate, 'base64')).publicKey;
    const signature = url.searchParams.get('Signature') ?? '';
    expect(createVerify('sha256').update(text).verify(key, signature, 'base64')).toBe(true);
    const { xml, id, relayState } = requestIn(body.url);
    expect(xml).toContain(acs);
    const { url: back, fragment } = await send(
      idp.answer({
        acs,
        audience: entity,
        inResponseTo: id,
        attributes: { mail: ['Person@Corp.test'], team: ['a', 'b'] },
      }),
      relayState,
    );
    expect(back.origin + back.pathname).toBe(target);
    const user = await userOf(fragment.get('access_token'));
    expect(user).toMatchObject({
      email: 'person@corp.test',
      app_metadata: { provider: `sso:${provider}`, providers: [`sso:${provider}`] },
      user_metadata: { iss: idp.entityId, sub: 'person-1', custom_claims: { team: ['a', 'b'], rank: 'none' } },
      identities: [{ provider: `sso:${provider}`, id: 'person-1' }],
    });
    expect(claimsOf(fragment.get('access_token')).amr).toMatchObject([{ method: 'sso/saml', provider }]);
    const [row] = await auth.db.query('select is_sso_user from auth.users');
    expect(row).toEqual({ is_sso_user: true });
    const change = await auth.request('PUT', '/user', {
      token: fragment.get('access_token') ?? '',
      body: { email: 'x@y.test' },
    });
    expect(change.body.code).toBe('user_sso_managed');
    expect((await userOf((await signIn()).fragment.get('access_token'))).id).toBe(user.id);
  });

  it('by a redirect, a provider id or PKCE', async () => {
    const plain = await auth.post('/sso', { provider_id: provider });
    expect([plain.status, plain.headers.get('location')]).toEqual([
      303,
      expect.stringContaining('https://idp.corp.test/saml/sso?SAMLRequest='),
    ]);
    const verifier = 'v'.repeat(50);
    const code_challenge = createHash('sha256').update(verifier).digest('base64url');
    const { id, relayState } = await begin({ provider_id: provider, code_challenge, code_challenge_method: 's256' });
    const { url } = await send(idp.answer({ acs, audience: entity, inResponseTo: id }), relayState);
    const auth_code = url.searchParams.get('code');
    const { body } = await auth.post('/token?grant_type=pkce', { auth_code, code_verifier: verifier });
    expect(body.user.email).toBe('person@corp.test');
    expect(claimsOf(body.access_token).amr).toMatchObject([{ method: 'sso/saml' }]);
  });

  it('ends when the identity provider says with PKCE, too, which hands out no token of it', async () => {
    const verifier = 'v'.repeat(50);
    const code_challenge = createHash('sha256').update(verifier).digest('base64url');
    const { id, relayState } = await begin({ provider_id: provider, code_challenge, code_challenge_method: 's256' });
    const end = new Date(Date.now() + 600_000).toISOString();
    const { url } = await send(idp.answer({ acs, audience: entity, inResponseTo: id, sessionEnd: end }), relayState);
    const auth_code = url.searchParams.get('code');
    const { body } = await auth.post('/token?grant_type=pkce', { auth_code, code_verifier: verifier });
    expect(claimsOf(body.access_token).exp).toBe(Math.floor(Date.parse(end) / 1_000));
    expect(body).not.toHaveProperty('provider_token');
    const [session] = await auth.db.query<{ not_after: Date }>('select not_after from auth.sessions');
    expect(new Date(session?.not_after ?? 0).toISOString()).toBe(end);
  });

  it('is not taken by reference', async () => {
    const { headers } = await auth.request('POST', '/sso/saml/acs', {
      body: new URLSearchParams({ SAMLart: 'AAQAAMFbLinlXaCM', RelayState: 'https://example.com/app' }).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    const query = new URL(headers.get('location') ?? '').searchParams;
    expect([query.get('error_code'), query.get('error_description')]).toEqual([
      'validation_failed',
      'SAML artifacts are not supported, answers come by HTTP-POST',
    ]);
  });

  it('begun by the identity provider', async () => {
    const { url, fragment } = await send(idp.answer({ acs, audience: entity }), 'https://example.com/app');
    expect([url.pathname, fragment.has('access_token')]).toEqual(['/app', true]);
    const elsewhere = await send(idp.answer({ acs, audience: entity }), 'https://evil.example/');
    expect([elsewhere.url.origin, elsewhere.fragment.has('access_token')]).toEqual(['https://example.com', true]);
  });

  it('with an encrypted assertion', async () => {
    const { id, relayState } = await begin();
    const { certificate } = readSamlKey(spKey, 'x');
    const response = await idp.encryptedAnswer({ acs, audience: entity, inResponseTo: id }, certificate);
    expect(Buffer.from(response, 'base64').toString()).not.toContain('person-1');
    expect((await send(response, relayState)).fragment.has('access_token')).toBe(true);
  });

  it('never joins other accounts by an address, and ends when the identity provider says', async () => {
    await auth.post('/admin/users', { email: 'person@corp.test', email_confirm: true }, admin());
    const end = new Date(Date.now() + 600_000).toISOString();
    const { fragment } = await signIn({ sessionEnd: end });
    expect(await auth.db.query('select is_sso_user from auth.users order by is_sso_user')).toEqual([
      { is_sso_user: false },
      { is_sso_user: true },
    ]);
    const claims = claimsOf(fragment.get('access_token'));
    expect(claims.exp).toBe(Math.floor(Date.parse(end) / 1_000));
  });

  it('by an address as name, or an attribute of its own', async () => {
    const emailAddress = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';
    const named = await signIn({ nameId: 'Some.One@Corp.test', nameIdFormat: emailAddress, attributes: {} });
    const user = await userOf(named.fragment.get('access_token'));
    expect([user.email, user.identities[0].id]).toEqual(['some.one@corp.test', 'some.one@corp.test']);
    const attributes = { email: ['a@corp.test'], 'urn:oasis:names:tc:SAML:attribute:subject-id': ['lasting@corp'] };
    const lasting = await signIn({ attributes, nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' });
    expect((await userOf(lasting.fragment.get('access_token'))).identities[0].id).toBe('lasting@corp');
  });
});

describe('answers that are refused', () => {
  const decode = (response: string) => Buffer.from(response, 'base64').toString();
  const encode = (xml: string) => Buffer.from(xml).toString('base64');
  const assertionIn = (xml: string) => /<saml:Assertion .*<\/saml:Assertion>/s.exec(xml)?.[0] ?? '';
  const evilOf = (xml: string) =>
    assertionIn(xml)
      .replace(/<(ds:)?Signature .*<\/(ds:)?Signature>/s, '')
      .replaceAll('person', 'admin')
      .replace(/ ID="a/, ' ID="evil');

  it.each<[string, (options: AnswerOptions) => string]>([
    [
      'unsigned',
      (options) => encode(decode(idp.answer(options)).replace(/<(ds:)?Signature .*<\/(ds:)?Signature>/s, '')),
    ],
    ['changed', (options) => encode(decode(idp.answer(options)).replaceAll('person', 'admin'))],
    ['signed by somebody else of the same name', (options) => stranger.answer(options)],
    ['of another issuer', (options) => idp.answer({ ...options, issuer: 'https://other.test' })],
    ['for another audience', (options) => idp.answer({ ...options, audience: 'https://other.test' })],
    ['for another address', (options) => idp.answer({ ...options, recipient: 'https://other.test/acs' })],
    ['for another request', (options) => idp.answer({ ...options, inResponseTo: 'id-other' })],
    ['to a request that it does not name', ({ inResponseTo: _none, ...options }) => idp.answer(options)],
    ['expired', (options) => idp.answer({ ...options, life: -120_000 })],
    ['with a document type', (options) => encode(`<!DOCTYPE x [<!ENTITY e "v">]>${decode(idp.answer(options))}`)],
    ['no XML', () => encode('hello')],
    ['empty', () => ''],
    // Signature wrapping: the signed assertion is kept somewhere, another one stands where it is looked for.
    [
      'wrapped: an unsigned assertion before the signed one',
      (options) => {
        const xml = decode(idp.answer(options));
        return encode(xml.replace('<saml:Assertion ', () => `${evilOf(xml)}<saml:Assertion `));
      },
    ],
    [
      'wrapped: an unsigned assertion after the signed one',
      (options) => {
        const xml = decode(idp.answer(options));
        return encode(xml.replace('</samlp:Response>', () => `${evilOf(xml)}</samlp:Response>`));
      },
    ],
    [
      'wrapped: the signed one inside the unsigned one',
      (options) => {
        const xml = decode(idp.answer(options));
        const signed = assertionIn(xml);
        return encode(
          xml.replace(signed, () =>
            evilOf(xml).replace('</saml:Subject>', () => `</saml:Subject><saml:Advice>${signed}</saml:Advice>`),
          ),
        );
      },
    ],
    [
      'wrapped: the signed one inside the signature of the unsigned one',
      (options) => {
        const xml = decode(idp.answer(options));
        const signed = assertionIn(xml);
        const signature = /<(ds:)?Signature .*<\/(ds:)?Signature>/s.exec(signed)?.[0] ?? '';
        const moved = signature.replace(
          /<\/((ds:)?Signature)>$/,
          (_all, name) => `<Object>${signed.replace(signature, '')}</Object></${name}>`,
        );
        return encode(xml.replace(signed, () => evilOf(xml).replace('</saml:Issuer>', () => `</saml:Issuer>${moved}`)));
      },
    ],
    [
      'wrapped: the signed one in an extension, with the same ID',
      (options) => {
        const xml = decode(idp.answer(options));
        const signed = assertionIn(xml);
        const twin = evilOf(xml).replace(/ ID="evil/, ' ID="a');
        return encode(xml.replace(signed, () => `<samlp:Extensions>${signed}</samlp:Extensions>${twin}`));
      },
    ],
    [
      'wrapped: a response of its own around the signed one',
      (options) => {
        const xml = decode(idp.answer(options));
        return encode(
          `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"><saml:Issuer>${idp.entityId}</saml:Issuer>${evilOf(xml)}<x>${xml}</x></samlp:Response>`,
        );
      },
    ],
  ])('%s', async (_name, make) => {
    const { id, relayState } = await begin();
    const { url, fragment } = await send(make({ acs, audience: entity, inResponseTo: id }), relayState);
    expect([url.origin, fragment.get('error_code')]).toEqual(['https://example.com', 'validation_failed']);
    expect(fragment.has('access_token')).toBe(false);
    expect(await auth.db.query('select id from auth.users')).toEqual([]);
  });

  it('a comment in a name does not cut it', async () => {
    const { id, relayState } = await begin();
    const before = (xml: string) => xml.replace('>person-1<', '>person-1<!-- -->.evil<');
    const response = idp.answer({ acs, audience: entity, inResponseTo: id, before });
    await send(response, relayState);
    const rows = await auth.db.query('select provider_id from auth.identities');
    for (const row of rows) expect(row.provider_id).toBe('person-1.evil');
  });

  it('sent a second time, with its relay state or without', async () => {
    const { id, relayState } = await begin();
    const response = idp.answer({ acs, audience: entity, inResponseTo: id });
    expect((await send(response, relayState)).fragment.has('access_token')).toBe(true);
    expect((await send(response, relayState)).fragment.get('error_code')).toBe('saml_relay_state_not_found');
    expect((await send(response, '')).fragment.get('error_code')).toBe('validation_failed');
    const unasked = idp.answer({ acs, audience: entity });
    const both = await Promise.all([send(unasked), send(unasked)]);
    expect(both.map(({ fragment }) => fragment.has('access_token')).sort()).toEqual([false, true]);
  });

  it('too late, from nowhere, or of a provider that is off', async () => {
    const { id, relayState } = await begin();
    auth.advance(121_000);
    expect(
      (await send(idp.answer({ acs, audience: entity, inResponseTo: id }), relayState)).fragment.get('error_code'),
    ).toBe('saml_relay_state_expired');
    const unknown = createSamlIdp('https://unknown.test').answer({ acs, audience: entity });
    expect((await send(unknown)).fragment.get('error_code')).toBe('saml_idp_not_found');
    await one('PUT', provider, { disabled: true });
    expect((await send(idp.answer({ acs, audience: entity }))).fragment.get('error_code')).toBe(
      'sso_provider_disabled',
    );
    const off = await auth.post('/sso', { domain: 'corp.test' });
    expect([off.status, off.body.code]).toEqual([404, 'sso_provider_disabled']);
  });

  it('without a lasting name or an address', async () => {
    const transient = await signIn({ nameIdFormat: 'urn:oasis:names:tc:SAML:2.0:nameid-format:transient' });
    expect(transient.fragment.get('error_code')).toBe('saml_assertion_no_user_id');
    expect((await signIn({ attributes: {} })).fragment.get('error_code')).toBe('saml_assertion_no_email');
  });
});

describe('beginnings that are refused', () => {
  it.each<[object, number, string]>([
    [{}, 400, 'validation_failed'],
    [{ domain: 'corp.test', provider_id: 'x' }, 400, 'validation_failed'],
    [{ domain: 'nobody.test' }, 404, 'sso_provider_not_found'],
    [{ provider_id: 'x' }, 404, 'sso_provider_not_found'],
    [{ provider_id: '00000000-0000-4000-8000-000000000000' }, 404, 'sso_provider_not_found'],
    [{ domain: 'corp.test', code_challenge: 'x' }, 400, 'validation_failed'],
  ])('%j', async (body, status, code) => {
    const answer = await auth.post('/sso', body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });
});

describe('administration', () => {
  it('lists, shows, changes and removes', async () => {
    const list = await auth.request('GET', '/admin/sso/providers', admin());
    expect(list.body.items).toHaveLength(1);
    expect(list.body.items[0].saml).not.toHaveProperty('metadata_xml');
    const shown = await one('GET', provider);
    expect(shown.body).toMatchObject({
      id: provider,
      disabled: false,
      saml: { entity_id: idp.entityId, metadata_xml: idp.metadata },
      domains: [{ domain: 'corp.example' }, { domain: 'corp.test' }],
    });
    const changed = await one('PUT', provider, {
      domains: ['corp.test', 'new.test'],
      resource_id: 'Corp',
      metadata_url: 'https://idp.corp.test/metadata',
    });
    expect(changed.body).toMatchObject({
      resource_id: 'Corp',
      saml: { metadata_url: 'https://idp.corp.test/metadata' },
    });
    expect(changed.body.domains.map(({ domain }: { domain: string }) => domain)).toEqual(['corp.test', 'new.test']);
    expect((await one('GET', 'resource_corp')).body.id).toBe(provider);
    for (const [query, found] of [
      ['resource_id=corp', 1],
      ['resource_id_prefix=c', 1],
      ['resource_id_prefix=x', 0],
    ] as const)
      expect((await auth.request('GET', `/admin/sso/providers?${query}`, admin())).body.items).toHaveLength(found);
    expect((await one('DELETE', provider)).body.id).toBe(provider);
    expect([(await one('GET', provider)).body.code, (await one('GET', 'x')).status]).toEqual([
      'sso_provider_not_found',
      404,
    ]);
    expect((await auth.request('GET', '/admin/sso/providers')).status).toBe(401);
  });

  it.each<[string, object, number, string]>([
    ['another type', { type: 'oidc', metadata_xml: 'x' }, 400, 'validation_failed'],
    ['no metadata', {}, 400, 'validation_failed'],
    ['both kinds', { metadata_xml: 'x', metadata_url: 'https://idp.corp.test/metadata' }, 400, 'validation_failed'],
    ['no TLS', { metadata_url: 'http://idp.corp.test/metadata' }, 400, 'validation_failed'],
    ['an address inside', { metadata_url: 'https://169.254.169.254/x' }, 400, 'saml_metadata_fetch_failed'],
    ['an address that is not there', { metadata_url: 'https://nothing.test/x' }, 400, 'saml_metadata_fetch_failed'],
    ['no XML', { metadata_xml: '<a' }, 400, 'validation_failed'],
    [
      'a document type',
      { metadata_xml: '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>' },
      400,
      'validation_failed',
    ],
    [
      'no identity provider in it',
      { metadata_xml: '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="x"/>' },
      400,
      'validation_failed',
    ],
    ['the entity of another', { metadata_url: 'https://idp.corp.test/metadata' }, 422, 'saml_idp_already_exists'],
  ])('refuses %s', async (_name, body, status, code) => {
    const answer = await create(body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('refuses a domain of another, metadata of another, and mappings that are none', async () => {
    const other = createSamlIdp('https://other.test');
    const taken = await create({ metadata_xml: other.metadata, domains: ['corp.test'] });
    expect([taken.status, taken.body.code]).toEqual([400, 'sso_domain_already_exists']);
    expect((await one('PUT', provider, { metadata_xml: other.metadata })).body.code).toBe('saml_entity_id_mismatch');
    expect((await create({ metadata_xml: other.metadata, attribute_mapping: { keys: { a: 1 } } })).status).toBe(400);
    expect((await create({ metadata_xml: other.metadata, domains: ['no domain'] })).status).toBe(400);
  });

  it('asks for metadata again when it is old', async () => {
    await one('PUT', provider, { metadata_url: 'https://idp.corp.test/metadata' });
    const calls = web.calls.length;
    await begin();
    expect(web.calls.length).toBe(calls);
    auth.advance(86_401_000);
    await begin();
    expect(web.calls.length).toBe(calls + 1);
  });
});

describe('the service provider', () => {
  it('has metadata with its certificate, the same each time', async () => {
    const { status, headers, body } = await auth.request('GET', '/sso/saml/metadata?download=true');
    expect([status, headers.get('content-type'), headers.get('content-disposition')]).toEqual([
      200,
      'application/xml',
      'attachment; filename="metadata.xml"',
    ]);
    expect(body).toContain(`entityID="${entity}"`);
    expect(body).toContain(`Location="${acs}"`);
    const certificate = new X509Certificate(Buffer.from(/<X509Certificate>([^<]+)</.exec(body)?.[1] ?? '', 'base64'));
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.subject).toBe('CN=SAML 2.0 service provider');
    expect((await auth.request('GET', '/sso/saml/metadata')).body).toBe(body);
    expect((await auth.request('GET', '/settings')).body.saml_enabled).toBe(true);
    await expect(parseMetadata(body)).rejects.toThrow('one identity provider');
  });

  it.each([
    ['nothing', {}],
    ['no key', { GOTRUE_SAML_PRIVATE_KEY: 'AAAA' }],
    ['a short key', { GOTRUE_SAML_PRIVATE_KEY: newSamlKey(1_024) }],
  ])('does not start with %s', async (_name, env) => {
    await expect(startAuth({ GOTRUE_SAML_ENABLED: 'true', ...(env as Record<string, string>) })).rejects.toMatchObject({
      name: 'StartupError',
    });
  });

  it('is not there where it is off', async () => {
    const off = await startAuth({}, auth.db);
    try {
      for (const [method, path] of [
        ['POST', '/sso'],
        ['GET', '/sso/saml/metadata'],
        ['POST', '/sso/saml/acs'],
      ] as const) {
        const { status, body } = await off.request(method, path, { ...(method === 'POST' && { body: '{' }) });
        expect([status, body.code]).toEqual([404, 'saml_provider_disabled']);
      }
    } finally {
      await off.stop();
    }
  });
});
