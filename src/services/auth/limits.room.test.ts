import { describe, expect, it, vi } from 'vitest';
import { createLogger, createRedactor } from '#kernel/log';
import { createDatabase, type Database } from '#kernel/sql';
import { testDatabase } from '../../../test/support/database.ts';
import { createSharedLimits } from './core/limits/shared-limits.ts';
import { makeOwnTables } from './sql/own-tables.ts';
import { startAuth } from './testing/auth-under-test.ts';

const log = createLogger({ level: 'silent', redact: createRedactor([]), destination: { write: () => {} } });
const rate = { amount: 30, period: 300_000, burst: 30 };

/** A database handle that counts what it is asked. */
function counting(db: Database): { db: Database; count: () => number } {
  let asked = 0;
  return {
    count: () => asked,
    db: {
      ...db,
      query: (text, values) => {
        asked++;
        return db.query(text, values);
      },
    },
  };
}

async function nodes(count: number) {
  const test = await testDatabase();
  let now = Date.now();
  const handles = Array.from({ length: count }, () =>
    createDatabase({ connection: test.connection('supabase_auth_admin') }),
  );
  await makeOwnTables(handles[0] as Database);
  const all = handles.map((db) => {
    const counted = counting(db);
    const limits = createSharedLimits({ db: counted.db, clock: { now: () => now }, log, size: 1_000 });
    return { ...limits, asked: counted.count, db };
  });
  return {
    all,
    test,
    pass: (milliseconds: number) => {
      now += milliseconds;
    },
    async stop() {
      for (const { stop, db } of all) {
        await stop();
        await db.close();
      }
      await test.drop();
    },
  };
}

describe('rates that all nodes share', () => {
  it('grant the burst once, whichever nodes the requests come to', async () => {
    const { all, pass, stop } = await nodes(3);
    let granted = 0;
    for (let index = 0; index < 60; index++) if (await all[index % 3]?.take('otp', '10.0.0.1', rate)) granted++;
    expect(granted).toBe(30);
    expect(await all[0]?.take('otp', '10.0.0.2', rate)).toBe(true);
    expect(await all[0]?.take('verify', '10.0.0.1', rate)).toBe(true);
    // One flows in every ten seconds.
    pass(10_001);
    const again = [];
    for (const { take } of all) again.push(await take('otp', '10.0.0.1', rate));
    expect(again).toEqual([true, false, false]);
    await stop();
  });

  it('never grant more, with all nodes at once', async () => {
    const { all, stop } = await nodes(4);
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => all[index % 4]?.take('otp', 'one', rate)),
    );
    expect(answers.filter(Boolean).length).toBeLessThanOrEqual(30);
    expect(answers.filter(Boolean).length).toBeGreaterThan(20);
    await stop();
  });

  it('ask the database seldom below the rate, and hardly beyond it', async () => {
    const { all, stop } = await nodes(1);
    const [{ take, asked } = { take: undefined, asked: () => 0 }] = all;
    for (let index = 0; index < 30; index++) expect(await take?.('otp', 'one', rate)).toBe(true);
    expect(asked()).toBeLessThanOrEqual(15);
    const before = asked();
    for (let index = 0; index < 1_000; index++) expect(await take?.('otp', 'one', rate)).toBe(false);
    expect(asked() - before).toBe(1);
    await stop();
  });

  it('get back what a node took along and did not use', async () => {
    const { all, test, stop } = await nodes(1);
    await all[0]?.take('otp', 'one', rate);
    const level = async () => (await test.query<{ level: number }>('select level from _pmoves.auth_limits'))[0]?.level;
    expect(await level()).toBe(22);
    await all[0]?.stop();
    expect(await level()).toBe(29);
    await stop();
  });

  it('leave with a transaction that is rolled back, and are all or nothing', async () => {
    const { all, stop } = await nodes(1);
    const [{ takeWithin, db } = { takeWithin: undefined, db: undefined }] = all;
    const mails = { amount: 3, period: 3_600_000, burst: 3 };
    const take = (count: number) => db?.transaction(async (sql) => takeWithin?.(sql, 'email', '', mails, count));
    await expect(
      db?.transaction(async (sql) => {
        await takeWithin?.(sql, 'email', '', mails, 3);
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect([await take(2), await take(2), await take(1), await take(1)]).toEqual([true, false, true, false]);
    await stop();
  });

  it('forget what is full again', async () => {
    const { all, test, pass, stop } = await nodes(1);
    await all[0]?.take('otp', 'one', rate);
    pass(3_600_000);
    await all[0]?.take('otp', 'two', rate);
    await all[0]?.stop();
    expect(await test.query('select from _pmoves.auth_limits')).toHaveLength(1);
    await stop();
  });
});

describe('limits by client', () => {
  it('hold for all nodes, and for the first address of the header only', async () => {
    const db = await testDatabase();
    const env = { GOTRUE_RATE_LIMIT_HEADER: 'X-Client', GOTRUE_RATE_LIMIT_VERIFY: '1' };
    const [a, b] = [await startAuth(env, db), await startAuth(env, db)];
    const call = (node: typeof a, client: string) =>
      node.post(
        '/verify',
        { type: 'email', email: 'a@example.com', token: '123456' },
        { headers: { 'x-client': client } },
      );
    const statuses: number[] = [];
    for (let index = 0; index < 40; index++)
      statuses.push((await call(index % 2 === 0 ? a : b, `10.0.0.1, 10.0.${index}.2`)).status);
    expect(statuses.filter((status) => status === 403)).toHaveLength(30);
    expect(statuses.filter((status) => status === 429)).toHaveLength(10);
    const refused = await call(b, '10.0.0.1');
    expect(refused.body).toMatchObject({ code: 'over_request_rate_limit', message: 'Request rate limit reached' });
    expect(refused.headers.get('retry-after')).toBe('10');
    expect((await call(b, '10.0.0.9')).status).toBe(403);
    for (const headers of [{}, { 'x-client': '' }] as Record<string, string>[])
      for (let index = 0; index < 35; index++)
        expect(
          (await a.post('/verify', { type: 'email', email: 'a@example.com', token: '1' }, { headers })).status,
        ).toBe(403);
    await a.stop();
    await b.stop();
    await db.drop();
  });

  it('of anonymous sign-ups are those of an hour, beside those of sign-ups with an address', async () => {
    const auth = await startAuth({
      ENABLE_ANONYMOUS_USERS: 'true',
      GOTRUE_RATE_LIMIT_HEADER: 'X-Client',
      GOTRUE_RATE_LIMIT_ANONYMOUS_USERS: '2',
    });
    const signUp = async (body: object = {}, client = '10.0.0.1') =>
      (await auth.post('/signup', body, { headers: { 'x-client': client } })).status;
    const statuses: number[] = [];
    for (let index = 0; index < 31; index++) statuses.push(await signUp());
    expect(statuses).toEqual([...Array(30).fill(200), 429]);
    expect(await signUp({ email: 'not-anonymous@example.com', password: 'correct horse' })).toBe(200);
    expect(await signUp({}, '10.0.0.2')).toBe(200);
    auth.advance(1_600_000);
    expect(await signUp()).toBe(429);
    auth.advance(300_000);
    expect([await signUp(), await signUp()]).toEqual([200, 429]);
    await auth.stop();
  });

  it('of all mails hold for all nodes', async () => {
    const db = await testDatabase();
    const env = { GOTRUE_RATE_LIMIT_EMAIL_SENT: '3/1h', SMTP_MAX_FREQUENCY: '0s' };
    const [a, b] = [await startAuth(env, db), await startAuth(env, db)];
    const statuses: number[] = [];
    for (let index = 0; index < 6; index++) {
      const node = index % 2 === 0 ? a : b;
      statuses.push((await node.post('/signup', { email: `u${index}@example.com`, password: 'correct horse' })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429, 429, 429]);
    a.advance(1_201_000);
    expect((await a.post('/signup', { email: 'later@example.com', password: 'correct horse' })).status).toBe(200);
    await vi.waitFor(() => expect(a.mails('later@example.com')).toHaveLength(1));
    await a.stop();
    await b.stop();
    await db.drop();
  });
});
