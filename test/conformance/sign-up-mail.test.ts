import { afterAll, beforeAll, expect, test } from 'vitest';
import { newClient } from '../support/client.ts';
import { type Stack, startStack } from '../support/stack.ts';

// Sign-up as it is by default: the address has to be confirmed, and without a mail server mails go to the inbox.
let stack: Stack;
const password = 'correct horse 1';

interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly html: string;
}

beforeAll(async () => {
  stack = await startStack({ env: { SITE_URL: 'http://app.example', SMTP_MAX_FREQUENCY: '1s' } });
});

afterAll(() => stack?.stop());

const anonymous = () => newClient(stack, stack.env.anonKey);

/** Mails to an address, newest first. */
async function mailsTo(address: string): Promise<Mail[]> {
  const { username, password: secret } = stack.env.dashboard;
  const answer = await fetch(`${stack.url}/inbox`, {
    headers: {
      accept: 'application/json',
      authorization: `Basic ${Buffer.from(`${username}:${secret}`).toString('base64')}`,
    },
  });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as Mail[]).filter(({ to }) => to === address);
}

/** The link of a mail, as a mail program would open it. */
function linkOf(mail: Mail | undefined): string {
  const link = /href="([^"]+\/verify[^"]+)"/.exec(mail?.html ?? '')?.[1]?.replaceAll('&amp;', '&');
  if (link === undefined) throw new Error(`no link in ${JSON.stringify(mail)}`);
  return link;
}

const open = async (link: string) => {
  const answer = await fetch(link, { redirect: 'manual' });
  return { status: answer.status, location: new URL(answer.headers.get('location') ?? 'none:') };
};

test('an address is confirmed by the link in the mail, which works once', async () => {
  const email = 'link@mail.example';
  const { data, error } = await anonymous().auth.signUp({ email, password, options: { data: { plan: 'free' } } });
  expect(error).toBeNull();
  expect(data.session).toBeNull();
  expect(data.user).toMatchObject({
    email,
    identities: [{ provider: 'email' }],
    confirmation_sent_at: expect.any(String),
  });
  expect(data.user?.email_confirmed_at).toBeUndefined();
  const early = await anonymous().auth.signInWithPassword({ email, password });
  expect(early.error).toMatchObject({ status: 400, code: 'email_not_confirmed' });
  const earlyWrong = await anonymous().auth.signInWithPassword({ email, password: 'wrong password' });
  expect(earlyWrong.error?.code).toBe('invalid_credentials');

  const mails = await mailsTo(email);
  expect(mails).toHaveLength(1);
  const link = linkOf(mails[0]);
  expect(new URL(link).pathname).toBe('/auth/v1/verify');
  expect(new URL(link).port).toBe(new URL(stack.url).port);
  const first = await open(link);
  expect(first.status).toBe(303);
  expect(first.location.origin).toBe('http://app.example');
  const session = new URLSearchParams(first.location.hash.slice(1));
  expect(session.get('type')).toBe('signup');
  const { data: seen } = await anonymous().auth.getUser(session.get('access_token') ?? '');
  expect(seen.user).toMatchObject({ email, email_confirmed_at: expect.any(String), user_metadata: { plan: 'free' } });
  const refreshed = await anonymous().auth.refreshSession({ refresh_token: session.get('refresh_token') ?? '' });
  expect(refreshed.error).toBeNull();

  const again = await open(link);
  expect(again.status).toBe(303);
  expect(Object.fromEntries(new URLSearchParams(again.location.hash.slice(1)))).toMatchObject({
    error: 'access_denied',
    error_code: 'otp_expired',
  });
  expect((await anonymous().auth.signInWithPassword({ email, password })).error).toBeNull();
});

test('signing up for an address somebody has looks like any other sign-up, and sends nothing', async () => {
  const email = 'taken@mail.example';
  const first = await anonymous().auth.signUp({ email, password });
  await open(linkOf((await mailsTo(email))[0]));
  const stranger = await anonymous().auth.signUp({ email, password: 'something else 2', options: { data: { x: 1 } } });
  expect(stranger.error).toBeNull();
  expect(stranger.data.session).toBeNull();
  expect(stranger.data.user).toMatchObject({ email, identities: [], user_metadata: { x: 1 } });
  expect(stranger.data.user?.id).not.toBe(first.data.user?.id);
  expect(stranger.data.user?.email_confirmed_at).toBeUndefined();
  expect(await mailsTo(email)).toHaveLength(1);
  const wrong = await anonymous().auth.signInWithPassword({ email, password: 'something else 2' });
  expect(wrong.error?.code).toBe('invalid_credentials');
});

test('an address is confirmed by the code, too; a wrong code and an unknown address are told the same', async () => {
  const email = 'code@mail.example';
  await anonymous().auth.signUp({ email, password });
  const [mail] = await mailsTo(email);
  const code = />\s*(\d{6})\s*</.exec(mail?.html ?? '')?.[1] ?? /\b(\d{6})\b/.exec(mail?.html ?? '')?.[1] ?? '';
  const refused = { status: 403, code: 'otp_expired' };
  const guess = code === '000000' ? '000001' : '000000';
  expect((await anonymous().auth.verifyOtp({ email, token: guess, type: 'email' })).error).toMatchObject(refused);
  const unknown = await anonymous().auth.verifyOtp({ email: 'nobody@mail.example', token: code, type: 'email' });
  expect(unknown.error).toMatchObject(refused);
  const right = await anonymous().auth.verifyOtp({ email, token: code, type: 'email' });
  expect(right.error).toBeNull();
  expect(right.data.session?.user.email).toBe(email);
});

test('a forgotten password: the mail, a session, a new password', async () => {
  const email = 'forgot@mail.example';
  await anonymous().auth.signUp({ email, password });
  await open(linkOf((await mailsTo(email))[0]));
  expect((await anonymous().auth.resetPasswordForEmail('nobody@mail.example')).error).toBeNull();
  expect(await mailsTo('nobody@mail.example')).toEqual([]);
  const asked = await anonymous().auth.resetPasswordForEmail(email, { redirectTo: 'http://evil.example/steal' });
  expect(asked.error).toBeNull();
  const link = linkOf((await mailsTo(email))[0]);
  const opened = await open(link);
  expect(opened.location.origin).toBe('http://app.example');
  const session = new URLSearchParams(opened.location.hash.slice(1));
  expect(session.get('type')).toBe('recovery');
  const client = anonymous();
  await client.auth.setSession({
    access_token: session.get('access_token') ?? '',
    refresh_token: session.get('refresh_token') ?? '',
  });
  expect((await client.auth.updateUser({ password: 'a new password 2' })).error).toBeNull();
  expect((await anonymous().auth.signInWithPassword({ email, password: 'a new password 2' })).error).toBeNull();
});

test('an invited user gets a mail; who is unconfirmed can ask for another one, not at once', async () => {
  const admin = newClient(stack, stack.env.serviceKey).auth.admin;
  const invited = await admin.inviteUserByEmail('guest@mail.example', { data: { by: 'host' } });
  expect(invited.error).toBeNull();
  expect(invited.data.user).toMatchObject({ invited_at: expect.any(String), user_metadata: { by: 'host' } });
  const opened = await open(linkOf((await mailsTo('guest@mail.example'))[0]));
  expect(new URLSearchParams(opened.location.hash.slice(1)).get('type')).toBe('invite');
  const known = await admin.inviteUserByEmail('guest@mail.example');
  expect(known.error).toMatchObject({ status: 422, code: 'email_exists' });

  const email = 'again@mail.example';
  await anonymous().auth.signUp({ email, password });
  const hasty = await anonymous().auth.resend({ type: 'signup', email });
  expect(hasty.error).toMatchObject({ status: 429, code: 'over_email_send_rate_limit' });
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect((await anonymous().auth.resend({ type: 'signup', email })).error).toBeNull();
  const mails = await mailsTo(email);
  expect(mails).toHaveLength(2);
  expect((await open(linkOf(mails[1]))).location.hash).toContain('otp_expired');
  expect((await open(linkOf(mails[0]))).location.hash).toContain('access_token');
});

test('the inbox is for the dashboard user alone', async () => {
  for (const headers of [{}, { apikey: stack.env.serviceKey }, { authorization: `Bearer ${stack.env.serviceKey}` }])
    expect((await fetch(`${stack.url}/inbox`, { headers: headers as Record<string, string> })).status).toBe(401);
  expect((await fetch(`${stack.url}/inbox/messages.json`)).status).toBe(401);
});
