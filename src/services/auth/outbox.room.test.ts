import { describe, expect, it, vi } from 'vitest';
import { testDatabase } from '../../../test/support/database.ts';
import { startMailServer } from '../../../test/support/mail-server.ts';
import { type AuthUnderTest, startAuth } from './testing/auth-under-test.ts';

const password = 'correct horse';

const mailTo = (port: number, more: Readonly<Record<string, string>> = {}) => ({
  SMTP_HOST: '127.0.0.1',
  SMTP_PORT: String(port),
  SMTP_MAX_FREQUENCY: '0s',
  GOTRUE_RATE_LIMIT_EMAIL_SENT: '1000',
  STACK_AUTH_MAIL_RETRY_FIRST: '50ms',
  STACK_AUTH_MAIL_RETRY_LONGEST: '200ms',
  STACK_AUTH_MAIL_QUEUE_POLL: '200ms',
  ...more,
});

const waiting = async ({ db }: AuthUnderTest): Promise<number> => {
  const [row] = await db.query<{ count: number }>('select count(*)::int as count from _pmoves.auth_outbox');
  return row?.count ?? -1;
};

const recipients = (messages: readonly string[]): string[] =>
  messages.map((message) => /^To: (.*)$/m.exec(message)?.[1] ?? '').sort();

const signUp = async (auth: AuthUnderTest, email: string): Promise<void> =>
  expect(await auth.post('/signup', { email, password })).toMatchObject({ status: 200 });

/** A port nothing listens on. */
async function deadPort(): Promise<number> {
  const server = await startMailServer();
  await server.stop();
  return server.port;
}

describe('mails on their way', () => {
  it('outlive an outage of the mail server', async () => {
    const port = await deadPort();
    const auth = await startAuth(mailTo(port));
    for (const name of ['a', 'b', 'c']) await signUp(auth, `${name}@example.com`);
    await vi.waitFor(async () =>
      expect(await auth.room.health()).toMatchObject({ detail: { mails: { waiting: 3, failure: 'ESOCKET CONN' } } }),
    );
    const server = await startMailServer(port);
    await vi.waitFor(
      () => expect(recipients(server.messages)).toEqual(['a@example.com', 'b@example.com', 'c@example.com']),
      5_000,
    );
    await vi.waitFor(async () => expect(await waiting(auth)).toBe(0));
    expect(await auth.room.health()).toMatchObject({ detail: { mails: { waiting: 0 } } });
    await auth.stop();
    await server.stop();
  });

  it('are sent by another node when the one that took the request is gone', async () => {
    const port = await deadPort();
    const db = await testDatabase();
    const first = await startAuth(mailTo(port), db);
    await signUp(first, 'ann@example.com');
    await first.stop();
    const server = await startMailServer(port);
    const second = await startAuth(mailTo(port), db);
    await vi.waitFor(() => expect(recipients(server.messages)).toEqual(['ann@example.com']));
    await second.stop();
    await server.stop();
    await db.drop();
  });

  it('are taken over from a node that died with them', async () => {
    const server = await startMailServer();
    const auth = await startAuth(mailTo(server.port));
    server.answer = '451 later';
    await signUp(auth, 'ann@example.com');
    await vi.waitFor(() => expect(auth.logLines().join('')).toContain('did not take a mail'));
    // As a node leaves it that took the letter and was killed: the lease runs on for a moment.
    await auth.db.query(`update _pmoves.auth_outbox set next_try = clock_timestamp() + interval '300 ms'`);
    server.answer = '250 OK';
    await vi.waitFor(() => expect(server.messages).toHaveLength(1), 5_000);
    await auth.stop();
    await server.stop();
  });

  it('go once, however many nodes there are', async () => {
    const server = await startMailServer();
    const db = await testDatabase();
    const nodes = await Promise.all([1, 2, 3].map(() => startAuth(mailTo(server.port), db)));
    const names = Array.from({ length: 12 }, (_, index) => `user${10 + index}@example.com`);
    await Promise.all(names.map((email, index) => signUp(nodes[index % 3] as AuthUnderTest, email)));
    await vi.waitFor(async () => expect(await waiting(nodes[0] as AuthUnderTest)).toBe(0), 5_000);
    expect(recipients(server.messages)).toEqual(names);
    await Promise.all(nodes.map((node) => node.stop()));
    await server.stop();
    await db.drop();
  });

  it('that nobody will ever take are given up and named in the log, without the address', async () => {
    const server = await startMailServer();
    server.answer = '550 ann@example.com is unknown here';
    const auth = await startAuth(mailTo(server.port));
    await signUp(auth, 'ann@example.com');
    await vi.waitFor(async () => expect(await waiting(auth)).toBe(0), 5_000);
    const lines = auth.logLines().filter((line) => line.includes('refused a mail for good'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('RCPT TO 550');
    expect(lines[0]).not.toContain('ann@example.com');
    await auth.stop();
    await server.stop();
  });

  it('are given up when they are too old to be of use', async () => {
    const port = await deadPort();
    const auth = await startAuth(mailTo(port, { STACK_AUTH_MAIL_QUEUE_MAX_AGE: '1s' }));
    await signUp(auth, 'ann@example.com');
    await vi.waitFor(async () => expect(await waiting(auth)).toBe(0), 5_000);
    expect(auth.logLines().join('')).toContain('too old to be of use');
    await auth.stop();
  });

  it('are made for requests after the answer, for those who have the address', async () => {
    const server = await startMailServer();
    const db = await testDatabase();
    const env = mailTo(server.port, { SMTP_MAX_FREQUENCY: '60s', GOTRUE_RATE_LIMIT_EMAIL_SENT: '6' });
    const [one, two] = await Promise.all([startAuth(env, db), startAuth(env, db)]);
    for (const node of [one, two]) node.freeze();
    const make = (body: object) => one.request('POST', '/admin/users', { token: one.serviceKey, body });
    await make({ email: 'ann@example.com', email_confirm: true });
    await make({ email: 'bob@example.com' });
    const recover = (node: AuthUnderTest, email: string) => node.post('/recover', { email });
    // Each pause holds on the other node, for strangers as well.
    for (const email of ['ann@example.com', 'nobody@example.com']) {
      expect(await recover(one, email)).toMatchObject({ status: 200, body: {} });
      expect(await recover(two, email)).toMatchObject({ status: 429, body: { code: 'over_email_send_rate_limit' } });
    }
    for (const email of ['ann@example.com', 'bob@example.com', 'nobody@example.com'])
      expect(await two.post('/resend', { type: 'signup', email })).toMatchObject({ status: 200, body: {} });
    await vi.waitFor(async () => expect(await waiting(one)).toBe(0), 10_000);
    expect(recipients(server.messages)).toEqual(['ann@example.com', 'bob@example.com']);
    const actions = await db.query<{ action: string; actor: string }>(
      `select payload->>'action' as action, payload->>'actor_username' as actor from auth.audit_log_entries
       where payload->>'action' like 'user_%_requested' order by 2`,
    );
    expect(actions).toEqual([
      { action: 'user_recovery_requested', actor: 'ann@example.com' },
      { action: 'user_confirmation_requested', actor: 'bob@example.com' },
    ]);
    // Requests that came to nothing took none of the six mails an hour.
    for (const [index, status] of [200, 200, 200, 200, 429].entries())
      expect(await one.post('/signup', { email: `new${index}@example.com`, password })).toMatchObject({ status });
    await one.stop();
    await two.stop();
    await server.stop();
    await db.drop();
  });

  it('that were asked for are not lost with the node that answered, and the code works', async () => {
    const port = await deadPort();
    const db = await testDatabase();
    const first = await startAuth(mailTo(port), db);
    const body = { email: 'ann@example.com', email_confirm: true };
    await first.request('POST', '/admin/users', { token: first.serviceKey, body });
    expect(await first.post('/recover', { email: 'ann@example.com' })).toMatchObject({ status: 200 });
    await first.stop();
    const server = await startMailServer(port);
    const second = await startAuth(mailTo(port), db);
    await vi.waitFor(() => expect(server.messages).toHaveLength(1), 10_000);
    const token = /enter the code: (\d+)/i.exec(server.messages[0] ?? '')?.[1];
    expect(await second.post('/verify', { type: 'recovery', email: 'ann@example.com', token })).toMatchObject({
      status: 200,
      body: { user: { email: 'ann@example.com' } },
    });
    await second.stop();
    await server.stop();
    await db.drop();
  });

  it('hold no code or address that a look into the database could tell', async () => {
    const auth = await startAuth(mailTo(await deadPort()));
    await signUp(auth, 'ann@example.com');
    const [row] = await auth.db.query<{ letter: Buffer }>('select letter from _pmoves.auth_outbox');
    const text = row?.letter.toString('latin1') ?? '';
    expect(text.length).toBeGreaterThan(100);
    for (const word of ['ann@example.com', 'ConfirmationURL', 'Token']) expect(text).not.toContain(word);
    for (const role of ['anon', 'authenticated', 'service_role'])
      expect(await auth.db.query(`select has_schema_privilege('${role}', '_pmoves', 'usage') as may`)).toEqual([
        { may: false },
      ]);
    await auth.stop();
  });

  it('are bounded: one too many is refused, and nothing of its request is left', async () => {
    const auth = await startAuth(mailTo(await deadPort(), { STACK_AUTH_MAIL_QUEUE_SIZE: '2' }));
    await signUp(auth, 'a@example.com');
    await signUp(auth, 'b@example.com');
    const reply = await auth.post('/signup', { email: 'c@example.com', password });
    expect(reply).toMatchObject({ status: 429, body: { code: 'over_email_send_rate_limit' } });
    expect(reply.headers.get('retry-after')).toBe('60');
    expect(await auth.db.query(`select from auth.users where email = 'c@example.com'`)).toEqual([]);
    await auth.stop();
  });

  it('go while the request waits where the database has no place for them', async () => {
    const db = await testDatabase();
    await db.query('drop schema _pmoves cascade');
    const server = await startMailServer();
    const auth = await startAuth(mailTo(server.port), db);
    expect(auth.logLines().join('')).toContain('may not create a schema');
    await signUp(auth, 'ann@example.com');
    expect(server.messages).toHaveLength(1);
    expect(await db.query(`select from pg_namespace where nspname = '_pmoves'`)).toEqual([]);
    await auth.stop();
    await server.stop();
    await db.drop();
  });
});
