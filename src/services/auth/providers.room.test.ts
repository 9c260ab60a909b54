import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { externalProviders } from './core/settings/external.ts';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';
import { type FakeWeb, fakeIssuer, fakeWeb } from './testing/fake-web.ts';
import { type ProviderCase, providerCases } from './testing/provider-cases.ts';

const tenant = '11111111-2222-4333-8444-555555555555';
let web: FakeWeb;
let auth: AuthUnderTest;
let cases: Readonly<Record<string, ProviderCase>>;

beforeAll(async () => {
  web = fakeWeb();
  cases = providerCases({
    google: await fakeIssuer(web, 'https://accounts.google.com'),
    apple: await fakeIssuer(web, 'https://appleid.apple.com'),
    azure: await fakeIssuer(web, `https://login.microsoftonline.com/${tenant}/v2.0`),
    vercel: await fakeIssuer(web, 'https://marketplace.vercel.com'),
    tenant,
  });
  const env = Object.fromEntries(
    externalProviders.flatMap((name) => [
      [`GOTRUE_EXTERNAL_${name.toUpperCase()}_ENABLED`, 'true'],
      [`GOTRUE_EXTERNAL_${name.toUpperCase()}_CLIENT_ID`, `${name}-client`],
      [`GOTRUE_EXTERNAL_${name.toUpperCase()}_SECRET`, `${name}-secret`],
    ]),
  );
  auth = await startAuth(
    {
      ...env,
      API_EXTERNAL_URL: 'https://api.example.com',
      GOTRUE_EXTERNAL_KEYCLOAK_URL: 'https://keycloak.example.net/realms/r',
    },
    undefined,
    web.egress,
  );
});
afterAll(() => auth.stop());
beforeEach(async () => {
  await auth.db.query('delete from auth.users');
});

async function begin(provider: string): Promise<URL> {
  const { status, headers } = await auth.request('GET', `/authorize?provider=${provider}`);
  expect(status).toBe(302);
  return new URL(headers.get('location') ?? '');
}

const fragmentOf = (headers: Headers): URLSearchParams =>
  new URLSearchParams(new URL(headers.get('location') ?? '').hash.slice(1));

describe('each provider', () => {
  it.each(externalProviders.filter((name) => name !== 'twitter'))('%s', async (name) => {
    const one = cases[name] as ProviderCase;
    for (const [address, answer] of Object.entries(one.web)) web.on(address, answer);
    const more = (await one.tokens?.()) ?? {};
    web.on(one.token, { access_token: 'at', refresh_token: 'rt', token_type: 'bearer', ...more });

    const there = await begin(name);
    expect(`${there.origin}${there.pathname}`).toBe(one.authorize);
    const sent = there.searchParams;
    expect(Object.fromEntries(sent)).toMatchObject({
      client_id: `${name}-client`,
      redirect_uri: 'https://api.example.com/auth/v1/callback',
      response_type: 'code',
      ...(one.scope && { scope: one.scope }),
      ...one.extra,
    });
    const back = await auth.request('GET', `/callback?code=the-code&state=${sent.get('state')}`);
    expect(back.status).toBe(302);

    const { form, request } = web.last(one.token);
    expect(Object.fromEntries(form)).toMatchObject({
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: 'https://api.example.com/auth/v1/callback',
    });
    const basic = `Basic ${Buffer.from(`${name}-client:${name}-secret`).toString('base64')}`;
    if (one.basic) expect(request.headers?.authorization).toBe(basic);
    else expect(form.get('client_secret')).toBe(`${name}-secret`);
    for (const [address, headers] of Object.entries(one.headers ?? {}))
      expect(web.last(address).request.headers).toMatchObject(headers);

    const answer = fragmentOf(back.headers);
    const rows = await auth.db.query(
      `select i.provider, i.provider_id, i.identity_data, u.email, u.email_confirmed_at, u.raw_app_meta_data
       from auth.identities i join auth.users u on u.id = i.user_id`,
    );
    expect(rows).toHaveLength(1);
    const [row] = rows;
    const verified = one.verified ?? one.email !== undefined;
    expect(row).toMatchObject({
      provider: name,
      provider_id: one.subject,
      email: one.email ?? null,
      raw_app_meta_data: { provider: name, providers: [name] },
      identity_data: {
        sub: one.subject,
        ...one.data,
        ...(one.email && { email: one.email, email_verified: verified }),
      },
    });
    if (one.verified === false) {
      expect(Object.fromEntries(answer)).toMatchObject({
        error: 'access_denied',
        error_code: 'provider_email_needs_verification',
      });
      return;
    }
    expect(answer.get('provider_token')).toBe('at');
    expect(answer.get('provider_refresh_token')).toBe('rt');
    expect(answer.get('token_type')).toBe('bearer');
    expect(answer.has('sb')).toBe(true);
    const { body } = await auth.request('GET', '/user', { token: answer.get('access_token') ?? '' });
    expect(body).toMatchObject({ user_metadata: one.data, identities: [{ provider: name, id: one.subject }] });
  });
});

describe('twitter, the OAuth 1.0a way', () => {
  it('asks for a request token, then for an access token, and signs each request', async () => {
    web.on(
      'https://api.twitter.com/oauth/request_token',
      'oauth_token=rtok&oauth_token_secret=rsec&oauth_callback_confirmed=true',
    );
    web.on('https://api.twitter.com/oauth/access_token', 'oauth_token=atok&oauth_token_secret=asec&user_id=6253282');
    web.on('https://api.twitter.com/1.1/account/verify_credentials.json', {
      id_str: '6253282',
      name: 'Twitter API',
      screen_name: 'twitterapi',
      profile_image_url_https: 'https://t.test/p',
      email: 't@twitter.test',
    });
    const there = await begin('twitter');
    expect(there.href).toBe('https://api.twitter.com/oauth/authenticate?oauth_token=rtok');
    const asked = web.last('https://api.twitter.com/oauth/request_token').request.headers?.authorization ?? '';
    const callback = new URL(decodeURIComponent(/oauth_callback="([^"]+)"/.exec(asked)?.[1] ?? ''));
    const state = callback.searchParams.get('state');
    const wrong = await auth.request('GET', `/callback?state=${state}&oauth_token=other&oauth_verifier=v`);
    expect(fragmentOf(wrong.headers).get('error_code')).toBe('bad_oauth_callback');

    const again = await begin('twitter');
    expect(again.searchParams.get('oauth_token')).toBe('rtok');
    const header = web.last('https://api.twitter.com/oauth/request_token').request.headers?.authorization ?? '';
    const second = new URL(decodeURIComponent(/oauth_callback="([^"]+)"/.exec(header)?.[1] ?? ''));
    const back = await auth.request(
      'GET',
      `/callback?state=${second.searchParams.get('state')}&oauth_token=rtok&oauth_verifier=v`,
    );
    const answer = fragmentOf(back.headers);
    expect(answer.get('provider_token')).toBe('atok');
    const rows = await auth.db.query('select provider_id, email from auth.identities');
    expect(rows).toEqual([{ provider_id: '6253282', email: 't@twitter.test' }]);
  });
});
