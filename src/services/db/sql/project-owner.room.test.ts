import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connectClient } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';

let db: TestDatabase;
let postgres: Client;
beforeAll(async () => {
  db = await testDatabase();
  postgres = await connectClient(db.connection('postgres'));
});
afterAll(async () => {
  await postgres.pg.end();
  await db.drop();
});

const run = (sql: string) => postgres.pg.query(sql);
const code = (sql: string) =>
  run(sql).then(
    () => 'accepted',
    (error: { code: string }) => error.code,
  );

describe('postgres, the project owner', () => {
  it('is no superuser, and owns the database', async () => {
    const { rows } = await run(
      `select rolsuper as super, (select datdba = pg_roles.oid from pg_database where datname = current_database()) as owner
       from pg_roles where rolname = current_user`,
    );
    expect(rows).toEqual([{ super: false, owner: true }]);
  });

  it('may switch triggers off as restores do, and set what PostgREST and extensions read', async () => {
    await run("begin; set session_replication_role = 'replica'; set local log_min_messages = 'error'; rollback");
    await run("begin; alter role authenticator set pgrst.db_max_rows = '7'; rollback");
    await run("begin; alter role authenticator set statement_timeout = '20s'; rollback");
    await run("begin; alter database current_database_name set work_mem = '8MB'; rollback").catch(() =>
      run('rollback'),
    );
    expect(await code("set lc_messages = 'C'")).toBe('42501');
  });

  it('makes tables that the API roles may use', async () => {
    await run('create table public.exposed (id bigserial primary key)');
    await run('create function public.answer() returns int language sql as $$ select 42 $$');
    const { rows } = await run(
      `select role, has_table_privilege(role, 'exposed', 'insert') and has_table_privilege(role, 'exposed', 'select')
         and has_sequence_privilege(role, 'exposed_id_seq', 'usage') and has_function_privilege(role, 'answer()', 'execute')
         as granted
       from unnest(array['anon', 'authenticated', 'service_role']) as role`,
    );
    expect(rows.map(({ granted }) => granted)).toEqual([true, true, true]);
  });

  it('alters the realtime publication and makes its own', async () => {
    await run('create table public.published (id int primary key)');
    await run('alter publication supabase_realtime add table public.published');
    expect(await code('alter publication supabase_realtime add table public.published')).toBe('42710');
    await run('create publication mine for table public.published');
    expect(await code('create publication everything for all tables')).toBe('42501');
  });

  it('makes policies on tables of the services, and triggers on the users', async () => {
    await db.query('set role supabase_storage_admin; create table storage.thing (id int); reset role');
    await run('create policy mine on storage.thing for select to authenticated using (true)');
    await run('create function public.on_user() returns trigger language plpgsql as $$ begin return new; end $$');
    await run('create trigger on_user after insert on auth.users for each row execute function public.on_user()');
    await run('create table public.profile (id uuid primary key references auth.users (id) on delete cascade)');
  });

  it('makes roles, hands the API roles on, and switches to them', async () => {
    await run(
      'begin; create role team_role nologin; grant team_role to authenticator; grant anon to team_role; rollback',
    );
    await run('begin; set local role service_role; rollback');
    await run('begin; set local role authenticated; rollback');
  });

  it('gets 42501 for what only superusers may do', async () => {
    await run('create function public.watch() returns event_trigger language plpgsql as $$ begin end $$');
    expect(await code('create event trigger mine on ddl_command_end execute function public.watch()')).toBe('42501');
    expect(await code('alter role supabase_admin nologin')).toBe('42501');
    expect(await code('create extension plpython3u')).toBe('42501');
  });

  it('cannot change what we keep for ourselves', async () => {
    // Reading everything comes with pg_read_all_data, as on a hosted project.
    expect(await code('delete from _supavisor.stack_steps')).toBe('42501');
    expect(await code("update _supavisor.stack_state set value = ''")).toBe('42501');
    expect(await code('create table _supavisor.mine ()')).toBe('42501');
  });
});

describe('role settings', () => {
  it('authenticator gives up after its timeouts', async () => {
    const client = await connectClient(db.connection('authenticator'));
    const { rows } = await client.pg.query(
      `select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock`,
    );
    await client.pg.end();
    expect(rows).toEqual([{ statement: '8s', lock: '8s' }]);
  });
});
