import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { createDatabase, type Database } from './database.ts';
import { asDatabaseError } from './database-error.ts';

let own: TestDatabase;
let database: Database;
let plain: Database;

beforeAll(async () => {
  own = await testDatabase();
  await own.query('create table things (n int primary key, name text); grant all on things to authenticator');
});
afterAll(() => own.drop());
beforeEach(() => {
  const connection = own.connection('authenticator');
  database = createDatabase({ connection, size: 1, prepares: true, statementLimit: 4 });
  plain = createDatabase({ connection, size: 1 });
});
afterEach(async () => {
  await database.close();
  await plain.close();
  await own.query('truncate things');
});

const prepared = async (): Promise<string[]> =>
  (await database.query<{ statement: string }>('select statement from pg_prepared_statements order by 1')).rows.map(
    ({ statement }) => statement,
  );

test('values and results are those of the driver', async () => {
  const text = `select $1::int as n, $2::text as t, $3::bool as b, $4::jsonb as j, $5::text[] as a, $6::bytea as y,
    $7::timestamptz as d, $8::int8 as big, $9::text as nothing`;
  const values = [1, 'ä€😀', true, { a: [1, null] }, ['x', 'y"', null], Buffer.from([0, 255]), new Date(0), 9, null];
  const expected = (await plain.query(text, values)).rows;
  for (let run = 0; run < 3; run++) expect((await database.query(text, values)).rows).toEqual(expected);
});

test('rows are counted as the driver counts them', async () => {
  const insert = 'insert into things select generate_series(1, $1)';
  expect(await database.query(insert, [3])).toEqual({ rows: [], rowCount: 3 });
  expect((await database.query('update things set name = $1 where n > 1', ['x'])).rowCount).toBe(2);
  expect((await database.query('select from things where n = $1', [1])).rows).toEqual([{}]);
  expect(await database.query('delete from things where n = $1 returning n, name', [2])).toEqual({
    rows: [{ n: 2, name: 'x' }],
    rowCount: 1,
  });
});

test('a statement is parsed once, and the least recently used ones give way', async () => {
  for (let run = 0; run < 3; run++) await database.query('select $1::int', [run]);
  expect(await prepared()).toEqual(['select $1::int']);
  for (let n = 0; n < 10; n++) await database.query(`select $1::int + ${n}`, [n]);
  expect((await prepared()).length).toBeLessThanOrEqual(5);
});

test('a statement whose result changes its shape is sent anew', async () => {
  const text = 'select * from things where n = $1';
  await database.query('insert into things values ($1, $2)', [1, 'one']);
  expect((await database.query(text, [1])).rows).toEqual([{ n: 1, name: 'one' }]);
  await own.query('alter table things add extra int default 7');
  expect((await database.query(text, [1])).rows).toEqual([{ n: 1, name: 'one', extra: 7 }]);
  await own.query('alter table things drop extra');
  const first = await database.transaction(async (sql) => (await sql.query(text, [1])).rows);
  expect(first).toEqual([{ n: 1, name: 'one' }]);
});

test('an error names its statement’s fault, and the statement works afterwards', async () => {
  const text = 'insert into things values ($1, $2)';
  await database.query(text, [1, 'a']);
  const failure = await database.query(text, [1, 'b']).catch((error: unknown) => error);
  expect(asDatabaseError(failure)).toMatchObject({ code: '23505', table: 'things' });
  await expect(database.query('select $1::nothing', [1])).rejects.toMatchObject({ code: '42704' });
  expect((await database.query(text, [2, 'b'])).rowCount).toBe(1);
});

describe('a transaction', () => {
  const insert = 'insert into things values ($1, $2)';
  const count = async (): Promise<number> =>
    (await plain.query<{ n: number }>('select count(*)::int as n from things')).rows[0]?.n ?? -1;

  test('opens with its first statement, and has the level it was given', async () => {
    const level = await database.transaction(
      async (sql) => (await sql.query('select current_setting($1) as level', ['transaction_isolation'])).rows[0],
      'begin isolation level repeatable read',
    );
    expect(level).toEqual({ level: 'repeatable read' });
  });

  test('is undone as a whole, whichever statement fails', async () => {
    for (const failing of [0, 1, 2]) {
      const work = database.transaction(async (sql) => {
        for (let n = 0; n < 3; n++)
          await (n === failing ? sql.query('select 1 / $1::int', [0]) : sql.query(insert, [n, 'x']));
      });
      await expect(work).rejects.toMatchObject({ code: '22012' });
      expect(await count()).toBe(0);
    }
  });

  test('whose first statement failed does nothing more, though the failure was overlooked', async () => {
    await database.query(insert, [1, 'a']);
    const work = database.transaction(async (sql) => {
      await sql.query(insert, [1, 'b']).catch(() => {});
      await sql.query(insert, [2, 'b']);
    });
    await expect(work).rejects.toMatchObject({ code: '25P02' });
    expect(await count()).toBe(1);
  });

  test('without statements leaves the connection as it was', async () => {
    expect(await database.transaction(async () => 'nothing')).toBe('nothing');
    await database.query(insert, [5, 'x']);
    expect(await count()).toBe(1);
  });

  test('takes statements without values, first and later', async () => {
    await database.transaction(async (sql) => {
      await sql.query('insert into things values (1); insert into things values (2)');
      await sql.query(insert, [3, 'c']);
    });
    expect(await count()).toBe(3);
  });
});
