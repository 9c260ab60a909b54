import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connectClient } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';

let db: TestDatabase;
let postgres: Client;
let heard: string[];
beforeAll(async () => {
  db = await testDatabase();
  postgres = await connectClient(db.connection('postgres'));
  postgres.pg.on('notification', ({ channel, payload }) => heard.push(`${channel}: ${payload}`));
  await postgres.pg.query('listen pgrst');
});
afterAll(async () => {
  await postgres.pg.end();
  await db.drop();
});

/** Runs a statement; what it notified arrives with the answer of the next one at the latest. */
async function notifications(sql: string): Promise<string[]> {
  heard = [];
  await postgres.pg.query(sql);
  await postgres.pg.query('select 1');
  return heard;
}

const reload = ['pgrst: reload schema'];

describe('schema changes reach PostgREST', () => {
  it.each([
    'create schema s',
    'create table s.t (id int primary key, name text)',
    'create view s.v as select 1 as one',
    'create materialized view s.m as select 1 as one',
    'create table s.u as select 1 as one',
    "create type s.kind as enum ('a')",
    'create function s.f() returns int language sql as $$ select 1 $$',
    'alter table s.t add column more int',
    'alter function s.f() stable',
    "comment on table s.t is 'x'",
    'create rule r as on insert to s.u do instead nothing',
    'drop function s.f()',
    'drop view s.v',
    'drop schema s cascade',
  ])('%s', async (sql) => {
    expect(await notifications(sql)).toEqual(reload);
  });

  it.each([
    'create temp table private (id int)',
    'drop table private',
    'create role test_watch',
    'drop role test_watch',
  ])('but not %s', async (sql) => {
    expect(await notifications(sql)).toEqual([]);
  });
});

describe('extensions', () => {
  it('pg_cron is handed to the project owner, its jobs read-only', async () => {
    await postgres.pg.query('create extension pg_cron');
    const { rows } = await postgres.pg.query(
      `select has_schema_privilege('cron', 'usage') as schema, has_table_privilege('cron.job', 'select') as read,
         has_table_privilege('cron.job', 'insert') as write, has_table_privilege('cron.job_run_details', 'delete') as runs`,
    );
    expect(rows).toEqual([{ schema: true, read: true, write: false, runs: true }]);
  });

  it('pg_net is opened to the API roles when it is made again', async () => {
    await postgres.pg.query('create schema if not exists other');
    await db.query('drop extension pg_net');
    await postgres.pg.query('create extension pg_net with schema extensions');
    const { rows } = await postgres.pg.query(`select has_schema_privilege('anon', 'net', 'usage') as granted`);
    expect(rows).toEqual([{ granted: true }]);
  });

  it('pg_graphql takes the entry function over, and gives it back', async () => {
    const definition = async () =>
      (await postgres.pg.query(`select prosrc from pg_proc where proname = 'graphql'`)).rows.map(
        ({ prosrc }) => prosrc,
      );
    const [placeholder] = await definition();
    await postgres.pg.query('create extension pg_graphql');
    const [entry, ...more] = await definition();
    expect(entry).toContain('graphql.resolve');
    expect(more).toEqual([]);
    await postgres.pg.query('drop extension pg_graphql');
    expect(await definition()).toEqual([placeholder]);
    const { rows } = await postgres.pg.query(
      `select has_function_privilege('anon', 'graphql_public.graphql(text, text, jsonb, jsonb)', 'execute') as granted`,
    );
    expect(rows).toEqual([{ granted: true }]);
  });

  it('foreign data wrappers can be used by the project owner', async () => {
    await postgres.pg.query('create extension postgres_fdw');
    await postgres.pg.query('create server elsewhere foreign data wrapper postgres_fdw');
  });
});
