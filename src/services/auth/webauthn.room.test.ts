import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';
import { type Lies, softAuthenticator } from './testing/soft-authenticator.ts';
import { codeAt } from './testing/totp-app.ts';

const password = 'correct horse';
const site = 'https://example.com';
const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

const settings = {
  ENABLE_EMAIL_AUTOCONFIRM: 'true',
  ENABLE_ANONYMOUS_USERS: 'true',
  GOTRUE_PASSKEY_ENABLED: 'true',
  GOTRUE_PASSKEY_MAX_PASSKEYS_PER_USER: '2',
  GOTRUE_MFA_WEB_AUTHN_ENROLL_ENABLED: 'true',
  GOTRUE_MFA_WEB_AUTHN_VERIFY_ENABLED: 'true',
};

let auth: AuthUnderTest;
beforeAll(async () => {
  auth = await startAuth(settings);
  auth.freeze();
});
afterAll(() => auth?.stop());

let count = 0;
async function someone() {
  const email = `key${++count}@example.com`;
  const { body } = await auth.post('/signup', { email, password });
  return { email, id: body.user.id as string, token: body.access_token as string };
}

const lies: [string, Lies][] = [
  ['another origin', { origin: 'https://evil.example' }],
  ['another scheme', { origin: 'http://example.com' }],
  ['another domain', { domain: 'evil.example' }],
  ['another challenge', { challenge: Buffer.alloc(32).toString('base64url') }],
  ['another ceremony', { type: 'webauthn.other' }],
  ['nobody there', { absent: true }],
];

describe('passkeys', () => {
  const register = async (token: string, key = softAuthenticator(site)) => {
    const { body } = await auth.post('/passkeys/registration/options', {}, { token });
    const credential = key.create(body.options);
    const reply = await auth.post(
      '/passkeys/registration/verify',
      { challenge_id: body.challenge_id, credential },
      { token },
    );
    return { key, reply, options: body.options, challengeId: body.challenge_id as string };
  };
  const signIn = async (key: ReturnType<typeof softAuthenticator>, lie?: Lies) => {
    const { body } = await auth.post('/passkeys/authentication/options');
    return auth.post('/passkeys/authentication/verify', {
      challenge_id: body.challenge_id,
      credential: key.get(body.options, lie),
    });
  };

  it('are made, and sign in by themselves', async () => {
    const { id, email, token } = await someone();
    const options = await auth.post('/passkeys/registration/options', {}, { token });
    expect(options).toMatchObject({
      status: 200,
      body: {
        challenge_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        expires_at: Math.floor(auth.now() / 1_000) + 300,
        options: {
          rp: { id: 'example.com', name: 'example.com' },
          user: { id: Buffer.from(id).toString('base64url'), name: email },
          attestation: 'none',
          authenticatorSelection: { residentKey: 'required', userVerification: 'preferred' },
          excludeCredentials: [],
        },
      },
    });
    const { key, reply } = await register(token);
    expect(reply).toMatchObject({
      status: 200,
      body: { id: expect.any(String), friendly_name: 'Passkey', created_at: expect.stringMatching(/Z$/) },
    });
    const session = await signIn(key);
    expect(session).toMatchObject({ status: 200, body: { token_type: 'bearer', user: { id } } });
    expect(session.headers.get('cache-control')).toBe('no-store');
    expect(claimsOf(session.body.access_token)).toMatchObject({ aal: 'aal1', amr: [{ method: 'passkey' }] });
    const listed = await auth.request('GET', '/passkeys', { token });
    expect(listed.body).toEqual([{ ...reply.body, last_used_at: expect.stringMatching(/Z$/) }]);
    const [row] = await auth.db.query<{ sign_count: string; user_id: string; aaguid: string }>(
      'select sign_count::text, user_id, aaguid from auth.webauthn_credentials where id = $1',
      [reply.body.id],
    );
    expect(row).toEqual({ sign_count: '2', user_id: id, aaguid: '00000000-0000-0000-0000-000000000000' });
    const audits = await auth.db.query<{ action: string }>(
      `select payload->>'action' as action from auth.audit_log_entries where payload->>'actor_id' = $1 and payload->>'action' like 'passkey%'`,
      [id],
    );
    expect(audits).toEqual([{ action: 'passkey_created' }]);
  });

  it.each(lies)('are not made with %s', async (_name, lie) => {
    const { token } = await someone();
    const { body } = await auth.post('/passkeys/registration/options', {}, { token });
    const credential = softAuthenticator(site).create(body.options, lie);
    const send = () =>
      auth.post('/passkeys/registration/verify', { challenge_id: body.challenge_id, credential }, { token });
    expect(await send()).toMatchObject({ status: 400, body: { code: 'webauthn_verification_failed' } });
    expect(await send()).toMatchObject({ status: 400, body: { code: 'webauthn_challenge_not_found' } });
    expect((await auth.request('GET', '/passkeys', { token })).body).toEqual([]);
  });

  it('do not sign in with a lie, and each challenge works once', async () => {
    const { token } = await someone();
    const { key } = await register(token);
    const failed = { status: 400, body: { code: 'webauthn_verification_failed' } };
    for (const [, lie] of lies) expect(await signIn(key, lie)).toMatchObject(failed);
    const somebodyElse = Buffer.from('00000000-0000-4000-8000-000000000000').toString('base64url');
    expect(await signIn(key, { userHandle: somebodyElse })).toMatchObject(failed);
    expect(await signIn(softAuthenticator(site))).toMatchObject(failed);

    const { body } = await auth.post('/passkeys/authentication/options');
    const answer = { challenge_id: body.challenge_id, credential: key.get(body.options) };
    const rivals = await Promise.all([1, 2, 3].map(() => auth.post('/passkeys/authentication/verify', answer)));
    expect(rivals.map(({ status }) => status).sort()).toEqual([200, 400, 400]);
    const late = await auth.post('/passkeys/authentication/options');
    auth.advance(301_000);
    expect(
      await auth.post('/passkeys/authentication/verify', {
        challenge_id: late.body.challenge_id,
        credential: key.get(late.body.options),
      }),
    ).toMatchObject({ status: 400, body: { code: 'webauthn_challenge_expired' } });
  });

  it('keep challenges for their purpose and their user', async () => {
    const [ann, bob] = [await someone(), await someone()];
    const { body } = await auth.post('/passkeys/registration/options', {}, { token: ann.token });
    const credential = softAuthenticator(site).create(body.options);
    expect(
      await auth.post(
        '/passkeys/registration/verify',
        { challenge_id: body.challenge_id, credential },
        { token: bob.token },
      ),
    ).toMatchObject({ status: 400, body: { code: 'webauthn_challenge_not_found' } });
    const { key } = await register(bob.token);
    expect(
      await auth.post('/passkeys/authentication/verify', {
        challenge_id: body.challenge_id,
        credential: key.get(body.options),
      }),
    ).toMatchObject({ status: 400, body: { code: 'webauthn_challenge_not_found' } });
  });

  it('are one of a kind, and so many at most', async () => {
    const [ann, bob] = [await someone(), await someone()];
    const { key } = await register(ann.token);
    expect((await register(ann.token, key)).reply).toMatchObject({
      status: 422,
      body: { code: 'webauthn_credential_exists' },
    });
    expect((await register(bob.token, key)).reply).toMatchObject({ status: 422 });
    expect((await register(ann.token)).reply.status).toBe(200);
    expect(await auth.post('/passkeys/registration/options', {}, { token: ann.token })).toMatchObject({
      status: 422,
      body: { code: 'too_many_passkeys' },
    });
  });

  it('are named and removed by their owners, and by admins', async () => {
    const [ann, bob] = [await someone(), await someone()];
    const { key, reply } = await register(ann.token);
    const path = `/passkeys/${reply.body.id}`;
    const name = (friendly_name: string, token = ann.token) =>
      auth.request('PATCH', path, { token, body: { friendly_name } });
    expect(await name('My key')).toMatchObject({ status: 200, body: { id: reply.body.id, friendly_name: 'My key' } });
    for (const bad of ['', '  ', 'x'.repeat(121)]) expect(await name(bad)).toMatchObject({ status: 400 });
    const missing = { status: 404, body: { code: 'validation_failed' } };
    expect(await name('Mine now', bob.token)).toMatchObject(missing);
    expect(await auth.request('DELETE', path, { token: bob.token })).toMatchObject(missing);
    expect(await auth.request('DELETE', '/passkeys/nothing', { token: ann.token })).toMatchObject(missing);
    const byAdmin = `/admin/users/${ann.id}/passkeys`;
    expect(await auth.request('GET', byAdmin, { token: auth.serviceKey })).toMatchObject({
      status: 200,
      body: [{ friendly_name: 'My key' }],
    });
    expect(await auth.request('DELETE', path, { token: ann.token })).toMatchObject({ status: 204 });
    expect(await signIn(key)).toMatchObject({ status: 400 });
    const second = await register(ann.token);
    expect(
      await auth.request('DELETE', `${byAdmin}/${second.reply.body.id}`, { token: auth.serviceKey }),
    ).toMatchObject({ status: 204 });
    expect((await auth.request('GET', '/passkeys', { token: ann.token })).body).toEqual([]);
  });

  it('are kept from sessions that lack the second factor, from anonymous users, and from the banned', async () => {
    const { id, email, token } = await someone();
    const { key } = await register(token);
    const factor = await auth.post('/factors', { factor_type: 'totp' }, { token });
    const challenge = await auth.post(`/factors/${factor.body.id}/challenge`, {}, { token });
    await auth.post(
      `/factors/${factor.body.id}/verify`,
      { challenge_id: challenge.body.id, code: codeAt(factor.body.totp.secret, auth.now()) },
      { token },
    );
    const low = (await auth.post('/token?grant_type=password', { email, password })).body.access_token;
    const refused = { status: 403, body: { code: 'insufficient_aal' } };
    expect(await auth.post('/passkeys/registration/options', {}, { token: low })).toMatchObject(refused);
    expect(await auth.post('/passkeys/registration/verify', {}, { token: low })).toMatchObject(refused);
    const passkey = (await auth.request('GET', '/passkeys', { token })).body[0].id;
    for (const method of ['PATCH', 'DELETE'])
      expect(
        await auth.request(method, `/passkeys/${passkey}`, { token: low, body: { friendly_name: 'x' } }),
      ).toMatchObject(refused);
    // A passkey is no second factor.
    expect(claimsOf((await signIn(key)).body.access_token).aal).toBe('aal1');
    await auth.request('PUT', `/admin/users/${id}`, { token: auth.serviceKey, body: { ban_duration: '1h' } });
    expect(await signIn(key)).toMatchObject({ status: 400, body: { code: 'user_banned' } });
    const anonymous = await auth.post('/signup', {});
    expect(await auth.post('/passkeys/registration/options', {}, { token: anonymous.body.access_token })).toMatchObject(
      {
        status: 403,
        body: { code: 'no_authorization' },
      },
    );
  });

  it('whose counter goes back are let in, and the log says so', async () => {
    const { token } = await someone();
    const { key } = await register(token);
    expect(await signIn(key, { counter: 50 })).toMatchObject({ status: 200 });
    expect(await signIn(key, { counter: 3 })).toMatchObject({ status: 200 });
    expect(auth.logLines().some((line) => line.includes('the counter of a passkey went back'))).toBe(true);
  });

  it('survive whatever strangers send', async () => {
    for (const credential of [
      null,
      {},
      [],
      'x',
      { id: 5 },
      { id: '' },
      { id: 'x'.repeat(5_000) },
      { id: 'AAAA', response: 5 },
    ]) {
      const { body } = await auth.post('/passkeys/authentication/options');
      const reply = await auth.post('/passkeys/authentication/verify', { challenge_id: body.challenge_id, credential });
      expect(reply.status).toBe(400);
    }
  });

  it('that are off answer 404', async () => {
    const off = await startAuth({}, auth.db);
    const { token } = await someone();
    for (const [method, path] of [
      ['POST', '/passkeys/authentication/options'],
      ['POST', '/passkeys/authentication/verify'],
      ['POST', '/passkeys/registration/options'],
      ['GET', '/passkeys'],
    ] as const)
      expect(await off.request(method, path, { token })).toMatchObject({
        status: 404,
        body: { code: 'passkey_disabled' },
      });
    await off.stop();
  });
});

describe('security keys as second factors', () => {
  const enrol = async (token: string, name = 'key') =>
    (await auth.post('/factors', { factor_type: 'webauthn', friendly_name: name }, { token })).body.id as string;
  const challenge = (token: string, id: string) =>
    auth.post(
      `/factors/${id}/challenge`,
      { webauthn: { rpId: 'evil.example', rpOrigins: 'https://evil.example' } },
      { token },
    );
  const answer = (token: string, id: string, challenge_id: string, type: string, credential_response: unknown) => {
    // Methods of one moment come in any order.
    auth.advance(1);
    return auth.post(`/factors/${id}/verify`, { challenge_id, webauthn: { type, credential_response } }, { token });
  };

  it('are made by the first challenge and prove themselves by the next ones', async () => {
    const { email, token } = await someone();
    const key = softAuthenticator(site);
    const id = await enrol(token);
    const first = await challenge(token, id);
    expect(first).toMatchObject({
      status: 200,
      body: {
        type: 'webauthn',
        expires_at: expect.any(Number),
        webauthn: { type: 'create', credential_options: { publicKey: { rp: { id: 'example.com' } } } },
      },
    });
    const made = key.create(first.body.webauthn.credential_options.publicKey);
    const verified = await answer(token, id, first.body.id, 'create', made);
    expect(verified).toMatchObject({
      status: 200,
      body: {
        user: {
          factors: [
            {
              id,
              status: 'verified',
              factor_type: 'webauthn',
              web_authn_aaguid: '00000000-0000-0000-0000-000000000000',
              last_webauthn_challenge_data: { type: 'create' },
            },
          ],
        },
      },
    });
    expect(claimsOf(verified.body.access_token)).toMatchObject({ aal: 'aal2', amr: [{ method: 'mfa/webauthn' }, {}] });
    expect(JSON.stringify(verified.body)).not.toContain('publicKey');

    const low = (await auth.post('/token?grant_type=password', { email, password })).body.access_token;
    const second = await challenge(low, id);
    const { publicKey } = second.body.webauthn.credential_options;
    expect(second.body.webauthn.type).toBe('request');
    expect(publicKey).toMatchObject({ rpId: 'example.com', allowCredentials: [{ id: key.id, type: 'public-key' }] });
    for (const [, lie] of lies)
      expect(await answer(low, id, second.body.id, 'request', key.get(publicKey, lie))).toMatchObject({
        status: 422,
        body: { code: 'mfa_verification_failed' },
      });
    expect(await answer(low, id, second.body.id, 'request', softAuthenticator(site).get(publicKey))).toMatchObject({
      status: 422,
    });
    const right = key.get(publicKey);
    const proved = await answer(low, id, second.body.id, 'request', right);
    expect(claimsOf(proved.body.access_token)).toMatchObject({ aal: 'aal2' });
    expect(await answer(low, id, second.body.id, 'request', right)).toMatchObject({
      status: 422,
      body: { code: 'mfa_ip_address_mismatch' },
    });
  });

  it('cannot be replaced by making another one, or by a body that is none', async () => {
    const { token } = await someone();
    const id = await enrol(token);
    const opened = await challenge(token, id);
    const { publicKey } = opened.body.webauthn.credential_options;
    for (const [type, response] of [
      ['request', {}],
      ['other', {}],
      ['create', null],
      ['create', 'x'],
    ] as const)
      expect(await answer(token, id, opened.body.id, type, response)).toMatchObject({
        status: 400,
        body: { code: 'validation_failed' },
      });
    const made = await answer(token, id, opened.body.id, 'create', softAuthenticator(site).create(publicKey));
    expect(made.status).toBe(200);
    const again = await challenge(made.body.access_token, id);
    expect(
      await answer(
        made.body.access_token,
        id,
        again.body.id,
        'create',
        softAuthenticator(site).create({ ...again.body.webauthn.credential_options.publicKey, user: { id: 'x' } }),
      ),
    ).toMatchObject({ status: 400 });
  });
});
