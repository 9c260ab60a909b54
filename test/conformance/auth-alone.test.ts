import type { ChildProcess } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newClient, until } from '../support/client.ts';
import { type MailServer, startMailServer } from '../support/mail-server.ts';
import { type PlainPostgres, startPlainPostgres } from '../support/plain-postgres.ts';
import { freePorts } from '../support/ports.ts';
import { spawnProgram } from '../support/program.ts';
import { addFiles, makeWorkspace, removeWorkspace } from '../support/workspace.ts';

// Auth in the place of GoTrue: nothing but its own variables, a database without any of Supabase's roles, real mails.
const secret = 'a secret of at least thirty-two characters';
const password = 'correct horse 1';
let database: PlainPostgres;
let mails: MailServer;
let cwd: string;
let child: ChildProcess;
let url: string;
let log = '';

beforeAll(async () => {
  cwd = makeWorkspace();
  addFiles(cwd, { 'auth.d/auth.env': '' });
  database = startPlainPostgres();
  await database.query('create role auth_owner login; grant create on database postgres to auth_owner');
  mails = await startMailServer();
  const [port] = await freePorts(1);
  url = `http://127.0.0.1:${port}`;
  child = spawnProgram(['start'], {
    cwd,
    env: {
      SERVICES: 'auth',
      GOTRUE_DB_DRIVER: 'postgres',
      GOTRUE_DB_DATABASE_URL: database.url('auth_owner'),
      GOTRUE_API_HOST: '127.0.0.1',
      GOTRUE_API_PORT: String(port),
      API_EXTERNAL_URL: url,
      GOTRUE_SITE_URL: 'http://app.example',
      GOTRUE_URI_ALLOW_LIST: 'http://app.example/**',
      GOTRUE_JWT_SECRET: secret,
      GOTRUE_JWT_AUD: 'authenticated',
      GOTRUE_JWT_DEFAULT_GROUP_NAME: 'authenticated',
      GOTRUE_SMTP_HOST: '127.0.0.1',
      GOTRUE_SMTP_PORT: String(mails.port),
      GOTRUE_SMTP_ADMIN_EMAIL: 'no-reply@app.example',
      GOTRUE_SMTP_MAX_FREQUENCY: '1ms',
      GOTRUE_RATE_LIMIT_EMAIL_SENT: '1000',
      GOTRUE_MAILER_NOTIFICATIONS_PASSWORD_CHANGED_ENABLED: 'true',
      GOTRUE_MAILER_NOTIFICATIONS_EMAIL_CHANGED_ENABLED: 'true',
      GOTRUE_MAILER_SUBJECTS_RECOVERY: 'Hello {{ .Email }}',
      STACK_AUTH_MAIL_RETRY_FIRST: '100ms',
      STACK_AUTH_MAIL_RETRY_LONGEST: '300ms',
      GOTRUE_EXPERIMENTAL_SCIM_ENABLED: 'true',
      STACK_AUTH_CONFIG_DIR: 'auth.d',
      GOTRUE_RELOADING_NOTIFY_ENABLED: 'false',
      GOTRUE_RELOADING_SIGNAL_ENABLED: 'true',
      GOTRUE_RELOADING_SIGNAL_NUMBER: '10',
      GOTRUE_MISSPELT_SETTING: 'x',
    },
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text) => {
      log += text;
    });
  for (let tries = 0; (await fetch(`${url}/health`).catch(() => undefined))?.status !== 200; tries++) {
    if (tries > 600 || child.exitCode !== null) throw new Error(`auth did not start:\n${log}`);
    await sleep(50);
  }
});

afterAll(async () => {
  const exited = new Promise((resolve) => child?.once('exit', resolve));
  if (child?.exitCode === null) {
    child.kill('SIGTERM');
    await exited;
  }
  await mails?.stop();
  database?.remove();
  removeWorkspace(cwd);
});

function serviceKey(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ role: 'service_role' })}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

const client = (key = 'anon') => newClient({ url }, key).auth;
const admin = () => client(serviceKey()).admin;

interface Mail {
  readonly subject: string;
  readonly html: string;
}

/** Mails to an address, as the server got them; waits until there are so many. */
async function mailsTo(address: string, count: number): Promise<Mail[]> {
  const all = () =>
    mails.messages
      .filter((message) => message.includes(`To: ${address}`))
      .map((message) => {
        const [head = '', ...body] = message.split('\n\n');
        const html = body
          .join('\n\n')
          .replace(/=\n/g, '')
          .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
        return { subject: /^Subject: (.*)$/m.exec(head)?.[1] ?? '', html };
      });
  for (let tries = 0; tries < 200 && all().length < count; tries++) await sleep(50);
  expect(all()).toHaveLength(count);
  return all();
}

const codeOf = (mail: Mail | undefined): string => /code: (\d{6})/.exec(mail?.html ?? '')?.[1] ?? '';
const linkOf = (mail: Mail | undefined): URL =>
  new URL((/href="([^"]+)"/.exec(mail?.html ?? '')?.[1] ?? 'none:').replaceAll('&amp;', '&'));

async function confirmed(email: string): Promise<ReturnType<typeof client>> {
  const auth = client();
  expect((await auth.signUp({ email, password })).error).toBeNull();
  const [mail] = await mailsTo(email, 1);
  expect((await auth.verifyOtp({ email, token: codeOf(mail), type: 'signup' })).error).toBeNull();
  return auth;
}

describe('auth alone', () => {
  test('makes its own schemas and no role', async () => {
    const { rows } = await database.query(
      `select nspname from pg_namespace where nspname !~ '^pg_|information_schema|public' order by 1`,
    );
    expect(rows.map(({ nspname }) => nspname)).toEqual(['_pmoves', 'auth']);
    const roles = await database.query(`select rolname from pg_roles where rolname !~ '^pg_' order by 1`);
    expect(roles.rows.map(({ rolname }) => rolname)).toEqual(['auth_owner', 'postgres']);
  });

  test('names settings that it does not serve or know', () => {
    expect(log).toContain('GOTRUE_EXPERIMENTAL_SCIM_ENABLED is set, but this release does not serve');
    expect(log).toContain('GOTRUE_MISSPELT_SETTING is no setting that is known here');
    expect(log).not.toContain('GOTRUE_DB_DRIVER');
  });

  test('signs up by mail: by code, and by link', async () => {
    await confirmed('code@app.example');
    const auth = client();
    await auth.signUp({ email: 'link@app.example', password });
    const [mail] = await mailsTo('link@app.example', 1);
    expect(mail?.subject).toBe('Confirm Your Email');
    const link = linkOf(mail);
    expect(link.origin).toBe(url);
    const answer = await fetch(link, { redirect: 'manual' });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toMatch(/^http:\/\/app\.example\/?#access_token=/);
    expect((await auth.signInWithPassword({ email: 'link@app.example', password })).error).toBeNull();
    // A scanner that looks at links by HEAD, or twice, uses nothing up but what GET uses.
    expect((await fetch(link, { method: 'HEAD', redirect: 'manual' })).status).toBe(405);
  });

  test('signs in by a code, recovers, changes password and address, and tells of it', async () => {
    const email = 'ann@app.example';
    const auth = await confirmed(email);
    expect((await client().signInWithOtp({ email, options: { shouldCreateUser: false } })).error).toBeNull();
    const magic = (await mailsTo(email, 2)).at(-1);
    expect(magic?.subject).toBe('Your Magic Link');
    expect((await client().verifyOtp({ email, token: codeOf(magic), type: 'email' })).error).toBeNull();

    expect((await client().resetPasswordForEmail(email, { redirectTo: 'http://app.example/reset' })).error).toBeNull();
    const recovery = (await mailsTo(email, 3)).at(-1);
    expect(recovery?.subject).toBe(`Hello ${email}`);
    expect(linkOf(recovery).searchParams.get('redirect_to')).toBe('http://app.example/reset');
    const hash = linkOf(recovery).searchParams.get('token') ?? '';
    expect((await auth.verifyOtp({ token_hash: hash, type: 'recovery' })).error).toBeNull();
    expect((await auth.updateUser({ password: 'another horse 2' })).error).toBeNull();
    expect((await mailsTo(email, 4)).at(-1)?.subject).toBe('Your password has been changed');
    expect((await client().signInWithPassword({ email, password })).error?.code).toBe('invalid_credentials');

    expect((await auth.reauthenticate()).error).toBeNull();
    expect((await mailsTo(email, 5)).at(-1)?.subject).toMatch(/^\d{6} is your verification code$/);

    const other = 'ann@other.example';
    expect((await auth.updateUser({ email: other })).error).toBeNull();
    const [toNew] = await mailsTo(other, 1);
    const toOld = (await mailsTo(email, 6)).at(-1);
    const half = await client().verifyOtp({ email: other, token: codeOf(toNew), type: 'email_change' });
    expect([half.error, half.data.session]).toEqual([null, null]);
    const whole = await client().verifyOtp({ email, token: codeOf(toOld), type: 'email_change' });
    expect(whole.data.user?.email).toBe(other);
    expect((await mailsTo(email, 7)).at(-1)?.subject).toBe('Your email address has been changed');
  });

  test('serves administrators: invitations, links, lists, hashes, bans', async () => {
    const invited = await admin().inviteUserByEmail('guest@app.example', { data: { by: 'host' } });
    expect(invited.error).toBeNull();
    const [mail] = await mailsTo('guest@app.example', 1);
    expect(mail?.subject).toBe('You have been invited');
    const made = await admin().createUser({
      email: 'hashed@app.example',
      email_confirm: true,
      password_hash: '$argon2id$v=19$m=64,t=1,p=1$aasJ4FcDDqzAGhMWjJYYQw$7DjfI1VQsESm3yeMAPFJuQd0PHN7zr39wUA8Y1EcAgM',
    });
    expect(made.error).toBeNull();
    const session = await client().signInWithPassword({ email: 'hashed@app.example', password: 'x' });
    expect(session.error).toBeNull();
    const id = made.data.user?.id ?? '';
    expect((await admin().updateUserById(id, { ban_duration: '24h' })).error).toBeNull();
    const banned = await client().refreshSession({ refresh_token: session.data.session?.refresh_token ?? '' });
    expect(banned.error?.code).toBe('user_banned');
    const link = await admin().generateLink({ type: 'recovery', email: 'guest@app.example' });
    expect(link.data.properties?.verification_type).toBe('recovery');
    const list = await admin().listUsers({ page: 1, perPage: 2 });
    expect(list.data.users).toHaveLength(2);
    expect((await admin().deleteUser(id)).error).toBeNull();
    for (const path of ['../users', '..%2Fusers', `${id}%2F..`, '00000000-0000-0000-0000-00000000000g']) {
      const answer = await fetch(`${url}/admin/users/${path}`, {
        headers: { authorization: `Bearer ${serviceKey()}` },
        method: 'DELETE',
      });
      expect([404, 405]).toContain(answer.status);
    }
  });

  test('loses no mail while the mail server is away', async () => {
    await mails.stop();
    const { port } = mails;
    const before = performance.now();
    expect((await client().signUp({ email: 'patient@app.example', password })).error).toBeNull();
    expect(performance.now() - before).toBeLessThan(5_000);
    await sleep(500);
    mails = await startMailServer(port);
    const [mail] = await mailsTo('patient@app.example', 1);
    const { error } = await client().verifyOtp({ email: 'patient@app.example', token: codeOf(mail), type: 'signup' });
    expect(error).toBeNull();
  });

  test('serves with the settings that its folder has when the signal comes', async () => {
    const isOff = async () =>
      ((await (await fetch(`${url}/settings`)).json()) as { disable_signup: boolean }).disable_signup;
    addFiles(cwd, { 'auth.d/auth.env': 'GOTRUE_DISABLE_SIGNUP=true' });
    expect(await isOff()).toBe(false);
    child.kill('SIGUSR1');
    await until('sign-ups being off', isOff);
    expect((await client().signUp({ email: 'late@app.example', password })).error?.code).toBe('signup_disabled');
    // A secret that has come this way is none the less one.
    addFiles(cwd, { 'auth.d/auth.env': 'GOTRUE_SMTP_PASS=never-to-be-seen' });
    child.kill('SIGUSR1');
    await until('sign-ups being on', async () => !(await isOff()));
    expect(log).toContain('auth serves with changed settings');
    expect(log).not.toContain('never-to-be-seen');
  });

  test('puts no forged host into a mail', async () => {
    const email = 'forged@app.example';
    await fetch(`${url}/signup`, {
      method: 'POST',
      body: JSON.stringify({ email, password }),
      headers: {
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
        'x-original-url': 'http://evil.example',
      },
    });
    const [mail] = await mailsTo(email, 1);
    expect(linkOf(mail).origin).toBe(url);
    expect(mail?.html).not.toContain('evil.example');
  });
});
