import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditAction } from './core/audit.ts';
import { type AuthUnderTest, codeIn, linkIn, startAuth } from './testing/auth-under-test.ts';
import { fakeWeb } from './testing/fake-web.ts';
import { softAuthenticator } from './testing/soft-authenticator.ts';
import { codeAt } from './testing/totp-app.ts';

// Every action there is leaves one entry of the form that queries of audit logs rely on.
const password = 'correct horse';
const fullName = 'Ann Other';
const web = fakeWeb();
const settings = {
  GITHUB_ENABLED: 'true',
  GITHUB_CLIENT_ID: 'gh',
  GITHUB_SECRET: 'gh-secret',
  GOTRUE_PASSKEY_ENABLED: 'true',
  GOTRUE_MFA_RECOVERY_CODES_ENROLL_ENABLED: 'true',
  GOTRUE_MFA_RECOVERY_CODES_VERIFY_ENABLED: 'true',
  GOTRUE_SECURITY_MANUAL_LINKING_ENABLED: 'true',
  SMTP_MAX_FREQUENCY: '0s',
};
let auth: AuthUnderTest;
let count = 0;

beforeAll(async () => {
  auth = await startAuth(settings, undefined, web.egress);
  web.on('https://github.com/login/oauth/access_token', { access_token: 'at' });
});
afterAll(() => auth?.stop());

const admin = (method: string, path: string, body?: object) =>
  auth.request(method, path, { token: auth.serviceKey, ...(body && { body }) });

interface Someone {
  readonly id: string;
  readonly email: string;
  readonly session: { readonly access_token: string; readonly refresh_token: string };
  readonly as: (method: string, path: string, body?: object) => ReturnType<AuthUnderTest['request']>;
}

async function someone(): Promise<Someone> {
  const email = `ann${++count}@example.com`;
  const made = await admin('POST', '/admin/users', {
    email,
    password,
    email_confirm: true,
    user_metadata: { full_name: fullName },
  });
  const { body: session } = await auth.post('/token?grant_type=password', { email, password });
  const as = (method: string, path: string, body?: object) =>
    auth.request(method, path, { token: session.access_token, ...(body && { body }) });
  return { id: made.body.id, email, session, as };
}

const newcomer = (id: string, email: string) => ({ actor_id: id, actor_username: email, actor_via_sso: false });
const service = {
  actor_id: '00000000-0000-0000-0000-000000000000',
  actor_username: 'service_role',
  actor_via_sso: false,
};

async function byGithub(location: string, email: string): Promise<void> {
  web.on('https://api.github.com/user', { id: email, login: 'ann' });
  web.on('https://api.github.com/user/emails', [{ email, verified: true, primary: true }]);
  const state = new URL(location).searchParams.get('state');
  const { headers } = await auth.request('GET', `/callback?code=c&state=${state}`);
  expect(headers.get('location')).not.toContain('error');
}

async function linked(user: Someone): Promise<void> {
  const asked = await user.as('GET', '/user/identities/authorize?provider=github&skip_http_redirect=true');
  await byGithub(asked.body.url, user.email);
}

async function withPasskey(user: Someone): Promise<string> {
  const { body } = await user.as('POST', '/passkeys/registration/options', {});
  const credential = softAuthenticator('https://example.com').create(body.options);
  const made = await user.as('POST', '/passkeys/registration/verify', { challenge_id: body.challenge_id, credential });
  return made.body.id;
}

async function withFactor(user: Someone): Promise<{ id: string; secret: string }> {
  const { body } = await user.as('POST', '/factors', { factor_type: 'totp', friendly_name: `app ${++count}` });
  return { id: body.id, secret: body.totp.secret };
}

async function withRecoveryCodes(user: Someone): Promise<{ id: string; codes: string[] }> {
  const { id, secret } = await withFactor(user);
  const challenge = await user.as('POST', `/factors/${id}/challenge`, {});
  await user.as('POST', `/factors/${id}/verify`, {
    challenge_id: challenge.body.id,
    code: codeAt(secret, auth.now()),
  });
  const { body } = await user.as('POST', '/factors/recovery-codes');
  return { id: body.id, codes: body.codes };
}

/** What an entry says beside its action; without an actor it is the user, without traits there are none. */
interface Said {
  readonly actor?: object;
  readonly traits?: object;
}

interface Case {
  readonly type: 'account' | 'team' | 'token' | 'user' | 'factor';
  /** Whether the client's address is kept. */
  readonly ip?: true;
  readonly act: (user: Someone) => Promise<Said | undefined>;
}

const cases: Readonly<Record<AuditAction, Case>> = {
  login: {
    type: 'account',
    async act({ email }) {
      await auth.post('/token?grant_type=password', { email, password });
      return { traits: { provider: 'email' } };
    },
  },
  logout: { type: 'account', act: async ({ as }) => void (await as('POST', '/logout')) },
  invite_accepted: {
    type: 'account',
    async act() {
      const email = `guest${++count}@example.com`;
      const { body } = await admin('POST', '/invite', { email });
      const token = new URL(linkIn(auth.mails(email)[0]), auth.url).searchParams.get('token');
      const { headers } = await auth.request('GET', `/authorize?provider=github&invite_token=${token}`);
      await byGithub(headers.get('location') ?? '', email);
      return { actor: newcomer(body.id, email), traits: { provider: 'github' } };
    },
  },
  user_signedup: {
    type: 'team',
    async act() {
      const email = `new${++count}@example.com`;
      const { body } = await auth.post('/signup', { email, password });
      await auth.post('/verify', { type: 'signup', email, token: codeIn(auth.mails(email)[0]) });
      return { actor: newcomer(body.id, email), traits: { provider: 'email' } };
    },
  },
  user_invited: {
    type: 'team',
    async act() {
      const email = `guest${++count}@example.com`;
      const { body } = await admin('POST', '/invite', { email });
      return { actor: service, traits: { user_id: body.id, user_email: email } };
    },
  },
  user_deleted: {
    type: 'team',
    async act({ id, email }) {
      await admin('DELETE', `/admin/users/${id}`);
      return { actor: service, traits: { user_id: id, user_email: email, user_phone: '' } };
    },
  },
  token_revoked: {
    type: 'token',
    act: async ({ session }) =>
      void (await auth.post('/token?grant_type=refresh_token', { refresh_token: session.refresh_token })),
  },
  token_refreshed: {
    type: 'token',
    act: async ({ session }) =>
      void (await auth.post('/token?grant_type=refresh_token', { refresh_token: session.refresh_token })),
  },
  user_modified: { type: 'user', act: async ({ as }) => void (await as('PUT', '/user', { data: { a: 1 } })) },
  user_recovery_requested: { type: 'user', act: async ({ email }) => void (await auth.post('/recover', { email })) },
  user_reauthenticate_requested: { type: 'user', act: async ({ as }) => void (await as('GET', '/reauthenticate')) },
  user_confirmation_requested: {
    type: 'user',
    async act() {
      const email = `new${++count}@example.com`;
      const { body } = await auth.post('/signup', { email, password });
      return { actor: newcomer(body.id, email), traits: { provider: 'email' } };
    },
  },
  user_repeated_signup: {
    type: 'user',
    async act({ email }) {
      await auth.post('/signup', { email, password });
      return { traits: { provider: 'email' } };
    },
  },
  user_updated_password: {
    type: 'user',
    act: async ({ as }) => void (await as('PUT', '/user', { password: 'another horse' })),
  },
  identity_linked: {
    type: 'user',
    ip: true,
    async act(user) {
      await linked(user);
      return { traits: { provider: 'github', provider_id: user.email } };
    },
  },
  identity_unlinked: {
    type: 'user',
    ip: true,
    async act(user) {
      await linked(user);
      const { body } = await user.as('GET', '/user');
      const identity = body.identities.find(({ provider }: { provider: string }) => provider === 'github');
      await user.as('DELETE', `/user/identities/${identity.identity_id}`);
      return { traits: { identity_id: identity.identity_id, provider: 'github', provider_id: user.email } };
    },
  },
  passkey_created: {
    type: 'user',
    ip: true,
    act: async (user) => ({ traits: { passkey_id: await withPasskey(user) } }),
  },
  passkey_updated: {
    type: 'user',
    ip: true,
    async act(user) {
      const id = await withPasskey(user);
      await user.as('PATCH', `/passkeys/${id}`, { friendly_name: 'Laptop' });
      return { traits: { passkey_id: id } };
    },
  },
  passkey_deleted: {
    type: 'user',
    ip: true,
    async act(user) {
      const id = await withPasskey(user);
      await user.as('DELETE', `/passkeys/${id}`);
      return { traits: { user_id: user.id, passkey_id: id } };
    },
  },
  factor_in_progress: {
    type: 'factor',
    ip: true,
    act: async (user) => ({ traits: { factor_id: (await withFactor(user)).id, factor_type: 'totp' } }),
  },
  challenge_created: {
    type: 'factor',
    ip: true,
    async act(user) {
      const { id } = await withFactor(user);
      await user.as('POST', `/factors/${id}/challenge`, {});
      return { traits: { factor_id: id, factor_status: 'unverified' } };
    },
  },
  verification_attempted: {
    type: 'factor',
    ip: true,
    async act(user) {
      const { id, secret } = await withFactor(user);
      const challenge = await user.as('POST', `/factors/${id}/challenge`, {});
      await user.as('POST', `/factors/${id}/verify`, {
        challenge_id: challenge.body.id,
        code: codeAt(secret, auth.now()),
      });
      return { traits: { factor_id: id, challenge_id: challenge.body.id, factor_type: 'totp' } };
    },
  },
  factor_unenrolled: {
    type: 'factor',
    ip: true,
    async act(user) {
      const { id } = await withFactor(user);
      await user.as('DELETE', `/factors/${id}`);
      return { traits: { user_id: user.id, factor_id: id, factor_status: 'unverified' } };
    },
  },
  factor_deleted: {
    type: 'factor',
    ip: true,
    async act(user) {
      const { id } = await withFactor(user);
      await admin('DELETE', `/admin/users/${user.id}/factors/${id}`);
      return { actor: service, traits: { user_id: user.id, factor_id: id, factor_status: 'unverified' } };
    },
  },
  factor_updated: {
    type: 'factor',
    ip: true,
    async act(user) {
      const { id } = await withFactor(user);
      await admin('PUT', `/admin/users/${user.id}/factors/${id}`, { friendly_name: 'Renamed' });
      return { actor: service, traits: { user_id: user.id, factor_id: id, factor_type: 'totp' } };
    },
  },
  recovery_codes_generated: {
    type: 'factor',
    ip: true,
    async act(user) {
      const { id } = await withRecoveryCodes(user);
      return { traits: { factor_id: id, count: 10 } };
    },
  },
  recovery_codes_regenerated: {
    type: 'factor',
    ip: true,
    async act(user) {
      const { id } = await withRecoveryCodes(user);
      await user.as('POST', '/factors/recovery-codes/regenerate');
      return { traits: { factor_id: id, count: 10 } };
    },
  },
  recovery_codes_verified: {
    type: 'factor',
    ip: true,
    async act(user) {
      const { id, codes } = await withRecoveryCodes(user);
      await user.as('POST', '/factors/recovery-codes/verify', { code: codes[0] });
      return { traits: { factor_id: id, remaining: 9 } };
    },
  },
  recovery_codes_deleted: {
    type: 'factor',
    ip: true,
    async act(user) {
      const { id } = await withRecoveryCodes(user);
      await user.as('DELETE', '/factors/recovery-codes');
      return { traits: { factor_id: id } };
    },
  },
};

const entriesOf = (action: string) =>
  auth.db.query(
    `select payload, ip_address, instance_id, created_at is not null as dated from auth.audit_log_entries
     where payload ->> 'action' = $1`,
    [action],
  );

describe('the audit log', () => {
  it.each(Object.entries(cases))('has an entry of %s', async (action, { type, ip, act }) => {
    const user = await someone();
    await auth.db.query('delete from auth.audit_log_entries');
    const { actor, traits } = (await act(user)) ?? {};
    expect(await entriesOf(action)).toEqual([
      {
        payload: {
          ...(actor ?? { ...newcomer(user.id, user.email), actor_name: fullName }),
          action,
          log_type: type,
          ...(traits && { traits }),
        },
        ip_address: ip ? '127.0.0.1' : '',
        instance_id: '00000000-0000-0000-0000-000000000000',
        dated: true,
      },
    ]);
    const logged = auth.logLines().filter((line) => line.includes(`"action":"${action}"`));
    expect(JSON.parse(logged.at(-1) ?? '{}')).toMatchObject({ auth_event: { action, log_type: type } });
  });

  it('is left to the log alone, where settings say so', async () => {
    const quiet = await startAuth({ ...settings, GOTRUE_AUDIT_LOG_DISABLE_POSTGRES: 'true' }, auth.db, web.egress);
    try {
      const { email } = await someone();
      await auth.db.query('delete from auth.audit_log_entries');
      expect((await quiet.post('/token?grant_type=password', { email, password })).status).toBe(200);
      expect(await entriesOf('login')).toEqual([]);
      expect(quiet.logLines().some((line) => line.includes('"action":"login"'))).toBe(true);
    } finally {
      await quiet.stop();
    }
  });
});
