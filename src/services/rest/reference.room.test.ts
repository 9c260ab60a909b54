import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { QueryMaker, queryString, type RandomLevel } from './testing/random-query.ts';
import { Chooser, type RandomSchema, randomSchema } from './testing/random-schema.ts';
import { Reference } from './testing/reference-query.ts';
import { type Reply, type RestServer, startRest } from './testing/rest-server.ts';

// Random queries over random schemas: the answer has to be what a slow evaluation in other words says.
const schemaName = 'random';
const schemas = 3;
const queriesEach = 80;

let database: TestDatabase;
let rest: RestServer;
beforeAll(async () => {
  database = await testDatabase();
  await database.query(`create schema ${schemaName}`);
  rest = await startRest(database.connection('authenticator'), {
    PGRST_DB_SCHEMAS: schemaName,
    PGRST_DB_AGGREGATES_ENABLED: 'true',
    PGRST_DB_TX_END: 'commit-allow-override',
    PGRST_DB_CHANNEL_ENABLED: 'false',
  });
});
afterAll(async () => {
  await rest?.stop();
  await database?.drop();
});

async function install({ sql }: RandomSchema): Promise<void> {
  await database.query(`
    drop schema ${schemaName} cascade; create schema ${schemaName}; ${sql}
    grant usage on schema ${schemaName} to anon; grant all on all tables in schema ${schemaName} to anon`);
  await rest.reload();
}

const answerOf = async (level: RandomLevel): Promise<unknown> =>
  (await database.query<{ answer: unknown }>(new Reference(schemaName).answer(level)))[0]?.answer;
const totalOf = async (level: RandomLevel): Promise<number | undefined> =>
  (await database.query<{ total: number }>(new Reference(schemaName).total(level)))[0]?.total;

describe.each(Array.from({ length: schemas }, () => Math.floor(Math.random() * 2 ** 31)))('schema %d', (seed) => {
  let schema: RandomSchema;
  beforeAll(async () => {
    schema = fc.sample(
      fc.gen().map((generate) => randomSchema(new Chooser(generate), schemaName)),
      { seed, numRuns: 1 },
    )[0] as RandomSchema;
    await install(schema);
  });

  const check = (ask: (choose: Chooser) => Promise<void>, numRuns: number) =>
    fc.assert(
      fc.asyncProperty(fc.gen(), (generate) => ask(new Chooser(generate))),
      { numRuns, endOnFailure: true },
    );

  test('reads, of tables and of what functions give', { timeout: 120_000 }, () =>
    check(async (choose) => {
      const table = choose.of(schema.tables);
      const level = new QueryMaker(choose).level(table, { depth: 3, filtersByEmbeds: true });
      const path = choose.chance(30)
        ? `/rpc/${encodeURIComponent(table.routine)}`
        : `/${encodeURIComponent(table.name)}`;
      const reply = await rest.send('GET', `${path}?${queryString(level)}`, { headers: { prefer: 'count=exact' } });
      const total = await totalOf(level);
      const offset = level.offset ?? 0;
      const where = `${path}?${decodeURIComponent(queryString(level))}`;
      if (offset > (total ?? 0) || (level.limit === 0 && offset > 0)) {
        expect(reply.status, where).toBe(416);
        return;
      }
      expect(reply.status, `${where}\n${reply.body}`).toBeLessThan(300);
      expect(known(reply), where).toEqual(await answerOf(level));
      expect(reply.headers['content-range']?.split('/')[1], where).toBe(String(total));
    }, queriesEach),
  );

  test('groups', { timeout: 120_000 }, () =>
    check(async (choose) => {
      const table = choose.of(schema.tables);
      const level = new QueryMaker(choose).grouped(table);
      const path = `/${encodeURIComponent(table.name)}?${queryString(level)}`;
      const reply = await rest.send('GET', path);
      expect(reply.status, `${decodeURIComponent(path)}\n${reply.body}`).toBe(200);
      expect(sorted(known(reply)), decodeURIComponent(path)).toEqual(sorted(await answerOf(level)));
    }, queriesEach / 2),
  );

  test('what is shown of changed rows', { timeout: 120_000 }, () =>
    check(async (choose) => {
      const table = choose.of(schema.tables.filter(({ name }) => !name.startsWith('view of')));
      const made = new QueryMaker(choose).level(table, { depth: 2, filtersByEmbeds: false });
      // Pages do not say which rows are changed.
      const level: RandomLevel = { ...made, limit: undefined, offset: undefined };
      const filters = level.filters.length + level.logic.length === 0 ? 'id=gt.0&' : '';
      const path = `/${encodeURIComponent(table.name)}?${filters}${queryString(level)}`;
      const headers = { prefer: 'return=representation, tx=rollback, count=exact' };
      const reply = choose.chance(50)
        ? await rest.send('DELETE', path, { headers })
        : await rest.send('PATCH', path, { headers, body: { touched: 1 } });
      expect(reply.status, `${decodeURIComponent(path)}\n${reply.body}`).toBe(200);
      expect(known(reply), decodeURIComponent(path)).toEqual(await answerOf(level));
    }, queriesEach / 2),
  );
});

/** Groups whose keys a spread gives are in no order. */
const sorted = (rows: unknown): string[] =>
  (rows as object[]).map((row) => JSON.stringify(Object.entries(row).sort())).sort();

/** An answer without the column that tables have besides those a query knows of. */
const known = ({ body }: Reply): unknown =>
  JSON.parse(body, (name, value: unknown) => (name === 'touched' ? undefined : value));
