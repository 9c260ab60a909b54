import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type AuthUnderTest, type Reply, startAuth } from './testing/auth-under-test.ts';

// Time is not asserted on: what takes it is counted, which no busy machine changes.
const work = vi.hoisted(() => ({ hashes: 0, statements: 0 }));

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
      const query: typeof database.query = (text, values) => {
        work.statements++;
        return database.query(text, values);
      };
      return { ...database, query };
    },
  };
});

const password = 'correct horse';
let auth: AuthUnderTest;

beforeAll(async () => {
  auth = await startAuth({ SMTP_MAX_FREQUENCY: '0s' });
  const make = (body: object) => auth.request('POST', '/admin/users', { token: auth.serviceKey, body });
  await make({ email: 'known@example.com', password, email_confirm: true });
  await make({ email: 'unconfirmed@example.com', password });
  await make({ email: 'banned@example.com', password, email_confirm: true, ban_duration: '24h' });
  await make({ email: 'nopassword@example.com', email_confirm: true });
  await auth.db.query(`update auth.users set encrypted_password = null where email = 'nopassword@example.com'`);
});
afterAll(() => auth?.stop());

async function costOf(ask: () => Promise<Reply>) {
  Object.assign(work, { hashes: 0, statements: 0 });
  const { status, body } = await ask();
  return { ...work, status, body };
}

it('signing in costs the same and says the same, whoever is asked for', async () => {
  const signIn = (email: string) =>
    costOf(() => auth.post('/token?grant_type=password', { email, password: 'wrong horse' }));
  const known = await signIn('known@example.com');
  expect(known).toMatchObject({ hashes: 1, status: 400, body: { code: 'invalid_credentials' } });
  expect(known.statements).toBeGreaterThan(0);
  for (const name of ['unknown', 'unconfirmed', 'banned', 'nopassword'])
    expect(await signIn(`${name}@example.com`)).toEqual(known);
});

it('signing up hashes once, whether somebody is there or not', async () => {
  const signUp = (email: string) => costOf(() => auth.post('/signup', { email, password: 'another horse' }));
  const fresh = await signUp('fresh@example.com');
  const taken = await signUp('known@example.com');
  expect(fresh).toMatchObject({ hashes: 1, status: 200 });
  expect(taken).toMatchObject({ hashes: 1, status: 200, statements: fresh.statements });
  expect(Object.keys(taken.body).sort()).toEqual(Object.keys(fresh.body).sort());
});

it('a code is refused in the same words, and without a hash, whoever it is for', async () => {
  await auth.post('/recover', { email: 'known@example.com' });
  const verify = (email: string) => costOf(() => auth.post('/verify', { type: 'recovery', email, token: '1234567' }));
  const { statements: _, ...known } = await verify('known@example.com');
  expect(known).toMatchObject({ hashes: 0, status: 403, body: { code: 'otp_expired' } });
  for (const name of ['unknown', 'unconfirmed']) {
    const { statements: __, ...other } = await verify(`${name}@example.com`);
    expect(other).toEqual(known);
  }
});
