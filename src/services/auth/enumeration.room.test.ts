import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type AuthUnderTest, type Reply, startAuth } from './testing/auth-under-test.ts';

// Time is not asserted on: what takes it is counted, which no busy machine changes.
const work = vi.hoisted(() => ({ hashes: 0, statements: [] as string[] }));

vi.mock('./core/passwords.ts', async (original) => {
  const real = await original<typeof import('./core/passwords.ts')>();
  return {
    ...real,
    createPasswords(...args: Parameters<typeof real.createPasswords>) {
      const passwords = real.createPasswords(...args);
      const counted =
        <A extends unknown[], R>(run: (...args: A) => R) =>
        (...args: A): R => {
          work.hashes++;
          return run(...args);
        };
      return { ...passwords, hash: counted(passwords.hash), verify: counted(passwords.verify) };
    },
  };
});
vi.mock('#kernel/sql', async (original) => {
  const real = await original<typeof import('#kernel/sql')>();
  return {
    ...real,
    createDatabase(...args: Parameters<typeof real.createDatabase>) {
      const database = real.createDatabase(...args);
      const counted = (sql: Pick<typeof database, 'query'>): Pick<typeof database, 'query'> => ({
        query: (text, values) => {
          work.statements.push(text);
          return sql.query(text, values);
        },
      });
      const transaction: typeof database.transaction = (run, begin) =>
        database.transaction((sql) => run({ ...sql, ...counted(sql) }), begin);
      return { ...database, ...counted(database), transaction };
    },
  };
});
// What is done after an answer, or now and then, must not be counted with it.
vi.mock('./core/limits/shared-limits.ts', async (original) => {
  const real = await original<typeof import('./core/limits/shared-limits.ts')>();
  return {
    ...real,
    createSharedLimits: (...args: Parameters<typeof real.createSharedLimits>) => ({
      ...real.createSharedLimits(...args),
      start() {},
    }),
  };
});
vi.mock('./core/mail/outbox.ts', async (original) => {
  const real = await original<typeof import('./core/mail/outbox.ts')>();
  return {
    ...real,
    createOutbox: (...args: Parameters<typeof real.createOutbox>) => ({
      ...real.createOutbox(...args),
      start() {},
      wake() {},
    }),
  };
});

const password = 'correct horse';
let auth: AuthUnderTest;

beforeAll(async () => {
  // Nothing listens there, and nothing is sent.
  auth = await startAuth({
    SMTP_HOST: '127.0.0.1',
    SMTP_PORT: '1',
    GOTRUE_RATE_LIMIT_EMAIL_SENT: '1000',
  });
  auth.freeze();
  const make = (body: object) => auth.request('POST', '/admin/users', { token: auth.serviceKey, body });
  await make({ email: 'known@example.com', password, email_confirm: true });
  await make({ email: 'waiting@example.com', password, email_confirm: true });
  await make({ email: 'unconfirmed@example.com', password });
  await make({ email: 'banned@example.com', password, email_confirm: true, ban_duration: '24h' });
  await make({ email: 'nopassword@example.com', email_confirm: true });
  await auth.db.query(`update auth.users set encrypted_password = null where email = 'nopassword@example.com'`);
  await auth.db.query(
    `update auth.users set email_change = 'new@example.com', email_change_sent_at = now() where email = 'known@example.com'`,
  );
  // A code that waits, made by hand since mails do not go.
  await auth.db.query(
    `update auth.users set recovery_token = 'a-token', recovery_sent_at = now() where email = 'waiting@example.com'`,
  );
});
afterAll(() => auth?.stop());

const names = ['known', 'unknown', 'unconfirmed', 'banned', 'nopassword', 'waiting'];

async function costOf(ask: () => Promise<Reply>) {
  Object.assign(work, { hashes: 0, statements: [] });
  const { status, body } = await ask();
  return { hashes: work.hashes, statements: [...work.statements], status, body };
}

it('signing in costs the same and says the same, whoever is asked for', async () => {
  const signIn = (email: string) =>
    costOf(() => auth.post('/token?grant_type=password', { email, password: 'wrong horse' }));
  const known = await signIn('known@example.com');
  expect(known).toMatchObject({ hashes: 1, status: 400, body: { code: 'invalid_credentials' } });
  expect(known.statements.length).toBeGreaterThan(0);
  for (const name of names) expect(await signIn(`${name}@example.com`)).toEqual(known);
});

it('signing up hashes once, whether somebody is there or not', async () => {
  const signUp = (email: string) => costOf(() => auth.post('/signup', { email, password: 'another horse' }));
  const fresh = await signUp('fresh@example.com');
  const taken = await signUp('known@example.com');
  expect(fresh).toMatchObject({ hashes: 1, status: 200 });
  expect(taken).toMatchObject({ hashes: 1, status: 200 });
  expect(Object.keys(taken.body).sort()).toEqual(Object.keys(fresh.body).sort());
  // Neither does sending again tell which of the two it was.
  const again = (email: string) => costOf(() => auth.post('/resend', { type: 'signup', email }));
  const refused = { status: 429, body: { code: 'over_email_send_rate_limit' } };
  for (const email of ['fresh@example.com', 'known@example.com']) expect(await again(email)).toMatchObject(refused);
});

it.each([
  ['a mail for a new password', '/recover', {}],
  ['a confirmation again', '/resend', { type: 'signup' }],
  ['the confirmation of another address again', '/resend', { type: 'email_change' }],
])(
  'asking for %s is answered by the same statements for everybody, none of which looks for a user',
  async (_, path, body) => {
    auth.advance(61_000);
    const ask = (email: string) => costOf(() => auth.post(path, { email, ...body }));
    const known = await ask('known@example.com');
    expect(known).toMatchObject({ hashes: 0, status: 200, body: {} });
    expect(known.statements.length).toBeGreaterThan(1);
    expect(known.statements.join('')).not.toContain('auth.users');
    for (const name of names.slice(1)) expect(await ask(`${name}@example.com`)).toEqual(known);
    // The pause is everybody's, too.
    const again = await ask('known@example.com');
    expect(again).toMatchObject({ status: 429, body: { code: 'over_email_send_rate_limit' } });
    expect(again.body.message).toMatch(/^For security purposes, you can only request this after \d+ seconds\.$/);
    for (const name of names.slice(1)) {
      const { status, body: told, statements } = await ask(`${name}@example.com`);
      expect({ status, code: told.code, statements }).toEqual({
        status: 429,
        code: again.body.code,
        statements: again.statements,
      });
    }
  },
);

it('a code for a new address takes no hashing, as one for a known address', async () => {
  for (const email of ['known@example.com', 'newcomer@example.com'])
    expect(await costOf(() => auth.post('/otp', { email }))).toMatchObject({ hashes: 0, status: 200, body: {} });
  expect(await auth.db.query(`select from auth.users where email = 'newcomer@example.com'`)).toHaveLength(1);
});

it.each(['recovery', 'email', 'signup'])(
  'a wrong code of type %s is refused in the same words and by the same statements, whoever it is for',
  async (type) => {
    const verify = (email: string) => costOf(() => auth.post('/verify', { type, email, token: '1234567' }));
    const waiting = await verify('waiting@example.com');
    expect(waiting).toMatchObject({ hashes: 0, status: 403, body: { code: 'otp_expired' } });
    // What is written differs, and with it whether a commit would have to wait for the disk.
    expect(waiting.statements.at(-1)).toContain('synchronous_commit');
    for (const name of names) expect(await verify(`${name}@example.com`)).toEqual(waiting);
  },
);

it('a wrong code for a phone takes the same statements, whether somebody has it or not', async () => {
  await auth.request('POST', '/admin/users', { token: auth.serviceKey, body: { phone: '15551230001', password } });
  const verify = (phone: string) => costOf(() => auth.post('/verify', { type: 'sms', phone, token: '1234567' }));
  const known = await verify('15551230001');
  expect(known).toMatchObject({ status: 403, body: { code: 'otp_expired' } });
  expect(await verify('15551239999')).toEqual(known);
});
