import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';

let own: TestDatabase;
const sessions: Session[] = [];
beforeAll(async () => {
  own = await testDatabase();
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});
afterAll(() => own.drop());

async function open(options: Partial<SessionOptions> = {}): Promise<Session> {
  const session = await openSession({
    connection: own.connection('postgres'),
    connectTimeout: 10_000,
    queryTimeout: 10_000,
    resultLimit: 1_000_000,
    ...options,
  });
  sessions.push(session);
  return session;
}

it('tells what the server remarks, and bounds all answers together', async () => {
  const remarks: unknown[] = [];
  const session = await open({ resultLimit: 3_000, onNotice: (notice) => void remarks.push(notice) });
  await session.query(`do $$ begin raise notice 'half' using hint = 'go on'; end $$`);
  expect(remarks).toEqual([{ severity: 'NOTICE', message: 'half', detail: undefined, hint: 'go on' }]);
  await session.query(`select repeat('x', 2000)`);
  await expect(session.query(`select repeat('x', 2000)`)).rejects.toMatchObject({ code: 'result_too_large' });
});

it('gives values that JSON can hold without loss', async () => {
  const [result] = await (await open()).query(`
    select 9007199254740991 as safe, 9007199254740993 as beyond, date '2026-01-02' as day, interval '1 mon' as month,
      timestamptz '2026-01-02 03:04:05.123456+00' at time zone 'UTC' as at, point '(1,2)' as place,
      array[date '2026-01-02', null] as days, array[9007199254740993] as bigs, '{"a":1}'::jsonb as doc, 1.50 as exact,
      true as yes, null as nothing, array['a', null] as texts`);
  expect(result?.rows[0]).toEqual({
    safe: 9007199254740991,
    beyond: '9007199254740993',
    day: '2026-01-02',
    month: '1 mon',
    at: '2026-01-02 03:04:05.123456',
    place: '(1,2)',
    days: ['2026-01-02', null],
    bigs: ['9007199254740993'],
    doc: { a: 1 },
    exact: '1.50',
    yes: true,
    nothing: null,
    texts: ['a', null],
  });
});

it('runs several statements, and one with values', async () => {
  const session = await open();
  const results = await session.query('create temp table t (a int); insert into t values (1); select a from t');
  expect(results.map(({ columns, rows }) => [columns, rows])).toEqual([
    [[], []],
    [[], []],
    [['a'], [{ a: 1 }]],
  ]);
  expect(await session.query('select $1::int + 1 as b', ['2'])).toEqual([
    { columns: ['b'], types: [23], rows: [{ b: 3 }], command: 'SELECT', count: 1 },
  ]);
  await expect(session.query('select $1; select 2', ['x'])).rejects.toMatchObject({ code: '42601' });
});

it('ends a query that takes too long, on the server too', async () => {
  const session = await open({ queryTimeout: 100 });
  await expect(session.query('select pg_sleep(20), 1 as marker_of_the_test')).rejects.toMatchObject({
    code: 'query_timeout',
  });
  await expect
    .poll(() => own.query(`select from pg_stat_activity where query like '%marker_of_the_test' and state = 'active'`))
    .toHaveLength(0);
});

it('reads no more of an answer than it may', async () => {
  const session = await open();
  await expect(session.query(`select repeat('x', 1000) from generate_series(1, 100000)`)).rejects.toMatchObject({
    code: 'result_too_large',
    details: { limit: 1_000_000 },
  });
});

it('cancels when its client goes away', async () => {
  const controller = new AbortController();
  const session = await open({ signal: controller.signal });
  const answer = session.query('select pg_sleep(20)');
  setTimeout(() => controller.abort(), 50);
  await expect(answer).rejects.toMatchObject({ code: 'request_aborted' });
});
