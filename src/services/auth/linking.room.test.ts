import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';
import { type FakeWeb, fakeWeb } from './testing/fake-web.ts';

// Joining accounts: what users are told of it, which providers keep to themselves, and where browsers end.
let web: FakeWeb;
let auth: AuthUnderTest;
const email = 'me@link.test';
const landing = 'https://landing.example/after';

beforeAll(async () => {
  web = fakeWeb();
  const provider = (name: string) => ({
    [`GOTRUE_EXTERNAL_${name}_ENABLED`]: 'true',
    [`GOTRUE_EXTERNAL_${name}_CLIENT_ID`]: name.toLowerCase(),
    [`GOTRUE_EXTERNAL_${name}_SECRET`]: 'secret',
  });
  auth = await startAuth(
    {
      ...provider('GITHUB'),
      ...provider('FIGMA'),
      ...provider('FLY'),
      ...provider('FACEBOOK'),
      GOTRUE_EXTERNAL_REDIRECTURL: landing,
      GOTRUE_EXPERIMENTAL_PROVIDERS_WITH_OWN_LINKING_DOMAIN: 'facebook',
      GOTRUE_EXPERIMENTAL_PROVIDER_LINKING_DOMAINS: 'figma:tools, fly=tools',
      GOTRUE_MAILER_NOTIFICATIONS_IDENTITY_LINKED_ENABLED: 'true',
      GOTRUE_SECURITY_MANUAL_LINKING_ENABLED: 'true',
      ENABLE_ANONYMOUS_USERS: 'true',
      SMTP_MAX_FREQUENCY: '0s',
    },
    undefined,
    web.egress,
  );
});
afterAll(() => auth?.stop());
beforeEach(async () => {
  await auth.db.query('delete from auth.users');
  const token = { access_token: 'at' };
  web.on('https://github.com/login/oauth/access_token', token);
  web.on('https://api.github.com/user', { id: 'g', login: 'me' });
  web.on('https://api.github.com/user/emails', [{ email, verified: true, primary: true }]);
  web.on('https://api.figma.com/v1/oauth/token', token);
  web.on('https://api.figma.com/v1/me', { id: 'fi', email, handle: 'me' });
  web.on('https://api.fly.io/oauth/token', token);
  web.on('https://api.fly.io/oauth/token/info', { user_id: 'fl', user_name: 'me', email });
  web.on('https://graph.facebook.com/oauth/access_token', token);
  web.on('https://graph.facebook.com/me', { id: 'fb', email, name: 'Me' });
});

async function come(location: string): Promise<{ url: URL; fragment: URLSearchParams }> {
  const state = new URL(location).searchParams.get('state');
  const { headers } = await auth.request('GET', `/callback?code=c&state=${state}`);
  const url = new URL(headers.get('location') ?? '');
  return { url, fragment: new URLSearchParams(url.hash.slice(1)) };
}

async function signIn(provider: string) {
  const { headers } = await auth.request('GET', `/authorize?provider=${provider}&redirect_to=https://example.com/x`);
  const { url, fragment } = await come(headers.get('location') ?? '');
  const token = fragment.get('access_token') ?? '';
  return { url, token, user: (await auth.request('GET', '/user', { token })).body };
}

const providersOf = ({ identities }: { identities: { provider: string }[] }) =>
  identities.map(({ provider }) => provider).sort();
const notices = () => auth.mails(email).filter(({ kind }) => kind === 'identity_linked_notification');

describe('a user is told of another way into the account', () => {
  it('that an address opened, once', async () => {
    const before = notices().length;
    const made = await auth.post('/admin/users', { email, email_confirm: true }, { token: auth.serviceKey });
    const { user } = await signIn('github');
    expect([user.id, providersOf(user)]).toEqual([made.body.id, ['email', 'github']]);
    expect(notices()).toHaveLength(before + 1);
    expect(notices()[0]?.html).toContain('github');
    await signIn('github');
    expect(notices()).toHaveLength(before + 1);
    const entries = await auth.db.query(
      `select payload->>'action' as action, payload->'traits' as traits, ip_address as ip from auth.audit_log_entries
       where payload->>'actor_id' = $1 and payload->>'log_type' in ('user', 'account') order by created_at, payload->>'action'`,
      [user.id],
    );
    const login = { action: 'login', traits: { provider: 'github' }, ip: '' };
    expect(entries).toEqual([
      { action: 'identity_linked', traits: { provider: 'github', provider_id: 'g' }, ip: '127.0.0.1' },
      login,
      login,
    ]);
  });

  it('that they made themselves', async () => {
    const before = notices().length;
    const { access_token: token } = (await auth.post('/signup', {})).body;
    const path = '/user/identities/authorize?provider=github&skip_http_redirect=true';
    const asked = await auth.request('GET', path, { token });
    const { fragment } = await come(asked.body.url);
    expect(fragment.get('error')).toBeNull();
    expect(notices()).toHaveLength(before + 1);
    const { body: user } = await auth.request('GET', '/user', { token });
    expect(user).toMatchObject({ is_anonymous: false, email, app_metadata: { provider: 'github' } });
  });

  it('but not of the one a new account was made by', async () => {
    const before = notices().length;
    await signIn('github');
    expect(notices()).toHaveLength(before);
  });
});

describe('linking domains', () => {
  it('keep providers to themselves, and their accounts without an address that another has', async () => {
    const github = await signIn('github');
    const facebook = await signIn('facebook');
    expect(providersOf(facebook.user)).toEqual(['facebook']);
    expect([facebook.user.id === github.user.id, facebook.user.email]).toEqual([false, '']);
    expect((await signIn('facebook')).user.id).toBe(facebook.user.id);
    expect((await signIn('github')).user.id).toBe(github.user.id);
  });

  it('join those that share one', async () => {
    const github = await signIn('github');
    const figma = await signIn('figma');
    const fly = await signIn('fly');
    expect(figma.user.id).not.toBe(github.user.id);
    expect(fly.user.id).toBe(figma.user.id);
    expect(providersOf(fly.user)).toEqual(['figma', 'fly']);
  });
});

it('an address of settings is where browsers end, whatever was asked for', async () => {
  const { url } = await signIn('github');
  expect(url.origin + url.pathname).toBe(landing);
});
