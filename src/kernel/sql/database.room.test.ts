import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { connectClient } from './client.ts';
import { createDatabase, type Database } from './database.ts';
import { asDatabaseError } from './database-error.ts';
import { applyMigrations } from './migrations.ts';

let own: TestDatabase;
let database: Database;

beforeAll(async () => {
  own = await testDatabase();
  await own.query('create table numbers (n int primary key check (n < 100)); grant all on numbers to authenticator');
  database = createDatabase({
    connection: own.connection('authenticator'),
    size: 2,
    queueLimit: 1,
    acquireTimeout: 5_000,
  });
});
afterAll(async () => {
  await database.close();
  await own.drop();
});

test('values come in the types JavaScript has for them', async () => {
  const { rows, rowCount } = await database.query('select 1 as a, $1::text as b, true as c, null as d, $2::int8 as e', [
    'x',
    9,
  ]);
  expect(rows).toEqual([{ a: 1, b: 'x', c: true, d: null, e: '9' }]);
  expect(rowCount).toBe(1);
});

test('no digit is lost where every value is a text', async () => {
  const texts = createDatabase({ connection: own.connection('authenticator'), rawText: true });
  const { rows } = await texts.query("select 1.10::numeric as a, '2020-01-01'::date as b, array[1, 2] as c, null as d");
  expect(rows).toEqual([{ a: '1.10', b: '2020-01-01', c: '{1,2}', d: null }]);
  await texts.close();
});

describe('a transaction', () => {
  test('commits what was done, under the opening it was given', async () => {
    const level = await database.transaction(async (transaction) => {
      await transaction.query('insert into numbers values ($1)', [1]);
      return (await transaction.query('show transaction_isolation')).rows[0];
    }, 'begin isolation level serializable');
    expect(level).toEqual({ transaction_isolation: 'serializable' });
    expect((await database.query('select n from numbers')).rows).toEqual([{ n: 1 }]);
  });

  test('undoes everything when its work throws, and throws on', async () => {
    const refusal = new Error('changed my mind');
    const work = database.transaction(async (transaction) => {
      await transaction.query('insert into numbers values (2)');
      throw refusal;
    });
    await expect(work).rejects.toBe(refusal);
    expect((await database.query('select n from numbers where n = 2')).rows).toEqual([]);
  });

  test('that lost its connection is an error, and the pool recovers', async () => {
    const work = database.transaction(async (transaction) => {
      const { rows } = await transaction.query<{ pid: number }>('select pg_backend_pid() as pid');
      await own.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await transaction.query('select 1');
    });
    await expect(work).rejects.toBeInstanceOf(Error);
    expect((await database.query('select 1 as a')).rows).toEqual([{ a: 1 }]);
  });
});

test("an error of the server carries all its fields; another's is none", async () => {
  const failure = await database.query('insert into numbers values (100)').catch((error: unknown) => error);
  expect(asDatabaseError(failure)).toMatchObject({
    code: '23514',
    severity: 'ERROR',
    schema: 'public',
    table: 'numbers',
    constraint: 'numbers_n_check',
  });
  expect(asDatabaseError(new Error('other'))).toBeUndefined();
  expect(asDatabaseError(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toBeUndefined();
  expect(asDatabaseError(null)).toBeUndefined();
});

test('overload is refused, not queued without end', async () => {
  const sleep = () => database.query('select pg_sleep(0.3)');
  const outcomes = await Promise.allSettled([sleep(), sleep(), sleep(), sleep()]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
  expect((outcomes[3] as PromiseRejectedResult).reason).toMatchObject({ code: 'pool_exhausted', status: 503 });
});

describe('connecting', () => {
  test('with a wrong password is refused by the server', async () => {
    const wrong = connectClient({ ...own.connection('authenticator'), password: 'wrong' });
    await expect(wrong).rejects.toMatchObject({ code: '28P01' });
  });

  test('to nobody is refused by the system', async () => {
    await expect(
      connectClient({ ...own.connection('authenticator'), host: '127.0.0.1', port: 1 }),
    ).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });
  });

  test('to nobody does not use up the pool', async () => {
    const broken = createDatabase({ connection: { ...own.connection('authenticator'), port: 1 }, size: 1 });
    for (let n = 0; n < 3; n++) await expect(broken.query('select 1')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(broken.stats.open).toBe(0);
    await broken.close();
  });
});

describe('migrations', () => {
  const history = { schema: 'public', table: 'steps' };
  const files = [
    { version: '1', sql: 'create table steps (version text primary key); create table first (a int)' },
    { version: '2', sql: "insert into first values (1); insert into first values (2); comment on table first is 'x'" },
  ];
  const apply = async (list: typeof files) => {
    const client = await connectClient(own.connection('supabase_admin'));
    try {
      return await applyMigrations(client, history, list, 4711);
    } finally {
      await client.pg.end();
    }
  };

  test('are applied once, however many nodes start at once', async () => {
    const applied = await Promise.all([apply(files), apply(files), apply(files)]);
    expect(applied.flat().sort()).toEqual(['1', '2']);
    expect(await own.query('select count(*)::int as n from first')).toEqual([{ n: 2 }]);
    expect(await own.query('select version from steps order by 1')).toEqual([{ version: '1' }, { version: '2' }]);
  });

  test('stop at the one that fails, which leaves nothing behind', async () => {
    const broken = [
      ...files,
      { version: '3', sql: 'create table third (a int)' },
      { version: '4', sql: 'create table fourth (a int); select 1/0' },
      { version: '5', sql: 'create table fifth (a int)' },
    ];
    await expect(apply(broken)).rejects.toThrow('migration 4: division by zero');
    expect(
      await own.query(
        "select to_regclass('third')::text as a, to_regclass('fourth')::text as b, to_regclass('fifth')::text as c",
      ),
    ).toEqual([{ a: 'third', b: null, c: null }]);
    expect(await apply([...broken.slice(0, 3), { version: '4', sql: 'create table fourth (a int)' }])).toEqual(['4']);
  });
});
