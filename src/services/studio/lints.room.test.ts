import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, type Database } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import type { StudioContext } from './core/context.ts';
import { lints, runLints } from './core/lints.ts';

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await testDatabase();
  db = createDatabase({ connection: database.connection('supabase_admin') });
});
afterAll(async () => {
  await db?.close();
  await database?.drop();
});

const look = () => runLints({ db, ports: { apiSchemas: () => ['public', 'pgmq_public'] } } as unknown as StudioContext);

/** What each lint is to find: SQL that makes it, and the object it is then told of. */
const planted: Readonly<Record<string, readonly [sql: string, object: string]>> = {
  rls_disabled_in_public: [
    'create table public.open (id int primary key); grant select on public.open to anon',
    'open',
  ],
  policy_exists_rls_disabled: [
    'create table public.asleep (id int primary key); create policy p on public.asleep for select using (id > 1)',
    'asleep',
  ],
  auth_users_exposed: [
    `create table if not exists auth.users (id uuid primary key);
     create view public.people with (security_invoker = on) as select id from auth.users; grant select on public.people to anon`,
    'people',
  ],
  security_definer_view: [
    'create view public.around as select 1 as one; grant select on public.around to anon',
    'around',
  ],
  insecure_queue_exposed_in_api: [
    'create schema if not exists pgmq; create table pgmq.q_jobs (id int primary key); grant select on pgmq.q_jobs to anon',
    'q_jobs',
  ],
  rls_references_user_metadata: [
    `create table public.trusting (id int primary key); alter table public.trusting enable row level security;
     create policy p on public.trusting for select using ((select current_setting('request.jwt.claims')::json #>> '{user_metadata,admin}') = 'yes')`,
    'trusting',
  ],
  rls_policy_always_true: [
    `create table public.guests (id int primary key); alter table public.guests enable row level security;
     create policy p on public.guests for insert with check (true)`,
    'guests',
  ],
  function_search_path_mutable: [
    `create function public.loose(a int, b text) returns int language sql as 'select 1'`,
    'loose',
  ],
  extension_in_public: ['create extension citext schema public version "1.4"', 'citext'],
  extension_versions_outdated: ['', 'citext'],
  materialized_view_in_api: [
    'create materialized view public.sums as select 1 as one; grant select on public.sums to authenticated',
    'sums',
  ],
  foreign_table_in_api: [
    `create foreign data wrapper lint; create server lint foreign data wrapper lint;
     create foreign table public.far (id int) server lint; grant select on public.far to anon`,
    'far',
  ],
  unsupported_reg_types: ['create table public.odd (id int primary key, f regproc)', 'odd'],
  fkey_to_auth_unique: [
    `create table auth.lint (id int primary key, name text unique);
     create table public.refers (id int primary key, name text references auth.lint (name)); create index on public.refers (name)`,
    'refers',
  ],
  rls_enabled_no_policy: [
    'create table public.shut (id int primary key); alter table public.shut enable row level security',
    'shut',
  ],
  auth_rls_initplan: [
    `create table public.mine (id int primary key, owner uuid); alter table public.mine enable row level security;
     create policy p on public.mine for update using (auth.uid() = owner)
       with check (owner = auth.uid() and current_setting('app.x', true) is null)`,
    'mine',
  ],
  unindexed_foreign_keys: [
    `create table public.parents (a int, b int, primary key (a, b));
     create table public.children (id int primary key, a int, b int, foreign key (a, b) references public.parents)`,
    'children',
  ],
  no_primary_key: ['create table public.keyless (id int)', 'keyless'],
  multiple_permissive_policies: [
    `create table public.twice (id int primary key); alter table public.twice enable row level security;
     create policy one on public.twice for select using (id = 1); create policy two on public.twice using (id = 2)`,
    'twice',
  ],
  duplicate_index: [
    `create table public.doubled (id int primary key, n int unique); create index again on public.doubled (n)`,
    'doubled',
  ],
  unused_index: [
    `create table public.idle (id int primary key, n int); insert into public.idle select n, n from generate_series(1, 2000) n;
     create index idle_n on public.idle (n)`,
    'idle',
  ],
  table_bloat: [
    `create table public.dead (id int primary key) with (autovacuum_enabled = off);
     insert into public.dead select generate_series(1, 12000); delete from public.dead`,
    'dead',
  ],
};

test('a new project has nothing to mend', async () => {
  expect(await look()).toEqual([]);
});

test('each lint finds what was planted for it, and its fix mends that', async () => {
  expect(lints.map(({ name }) => name).sort()).toEqual(Object.keys(planted).sort());
  for (const [sql] of Object.values(planted)) for (const one of sql.split(';')) if (one.trim()) await db.query(one);
  // Counts of rows reach the statistics after a while otherwise.
  await db.query('select pg_stat_force_next_flush()');
  await expect.poll(async () => (await look()).some(({ name }) => name === 'table_bloat')).toBe(true);

  const findings = await look();
  for (const [name, [, object]] of Object.entries(planted)) {
    const found = findings.filter((finding) => finding.name === name).map(({ metadata }) => metadata.name);
    expect(found, name).toContain(object);
  }
  expect(new Set(findings.map(({ cache_key }) => cache_key)).size).toBe(findings.length);
  expect(findings.map(({ level }) => level)).toEqual(
    findings
      .map(({ level }) => level)
      .sort((a, b) => ['ERROR', 'WARN', 'INFO'].indexOf(a) - ['ERROR', 'WARN', 'INFO'].indexOf(b)),
  );

  const policy = findings.find(({ name }) => name === 'auth_rls_initplan');
  expect(policy?.fix).toBe(
    `alter policy p on public.mine using (((select auth.uid()) = owner)) with check (((owner = (select auth.uid())) AND ((select current_setting('app.x'::text, true)) IS NULL)));`,
  );
  for (const { fix } of findings) if (fix !== null) await db.query(fix);
  await db.query('select pg_stat_force_next_flush()');
  await expect.poll(async () => (await look()).filter(({ fix }) => fix !== null)).toEqual([]);
});
