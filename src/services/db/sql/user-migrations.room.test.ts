import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectClient } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';
import { applyUserMigrations } from './user-migrations.ts';

let db: TestDatabase;
let root: string;
beforeAll(async () => {
  db = await testDatabase();
});
afterAll(() => db.drop());
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'user-migrations-'));
});
afterEach(async () => {
  rmSync(root, { recursive: true, force: true });
  await db.query(`drop schema if exists supabase_migrations cascade; drop schema if exists app cascade`);
});

const put = (file: string, text: string | Buffer) => {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), text);
};
const apply = () =>
  applyUserMigrations({
    projectDir: root,
    initDir: path.join(root, 'init'),
    connect: () => connectClient(db.connection('postgres')),
  });

describe('applyUserMigrations', () => {
  it('does not even connect when there is nothing', async () => {
    const connect = () => Promise.reject(new Error('connected'));
    expect(await applyUserMigrations({ projectDir: root, initDir: undefined, connect })).toEqual({ applied: [] });
    expect(await applyUserMigrations({ projectDir: undefined, initDir: root, connect })).toEqual({ applied: [] });
  });

  it('applies init scripts, migrations and seed in order, as postgres, once', async () => {
    put('supabase/seed.sql', `insert into app.log (what) values ('seed')`);
    put('supabase/migrations/20240102000000_second.sql', `insert into app.log (what) values ('second')`);
    put('supabase/migrations/20240101000000_first.sql', `insert into app.log (what) values ('first')`);
    put('supabase/migrations/README.sql', 'not a migration');
    put('init/10-log.sql', `insert into app.log (what) values ('init')`);
    put(
      'init/00-schema.sql',
      'create schema app; create table app.log (id serial, what text, who text default current_user)',
    );
    put('init/notes.txt', 'not SQL');
    const names = [
      'init/00-schema.sql',
      'init/10-log.sql',
      'supabase/migrations/20240101000000_first.sql',
      'supabase/migrations/20240102000000_second.sql',
      'supabase/seed.sql',
    ];
    expect(await apply()).toEqual({ applied: names });
    expect(await db.query('select what, who from app.log order by id')).toEqual(
      ['init', 'first', 'second', 'seed'].map((what) => ({ what, who: 'postgres' })),
    );
    expect(await apply()).toEqual({ applied: [] });
    put('supabase/seed.sql', 'select 1 / 0');
    put('supabase/migrations/20240103000000_third.sql', `insert into app.log (what) values ('third')`);
    expect(await apply()).toEqual({ applied: ['supabase/migrations/20240103000000_third.sql'] });
  });

  it("keeps the CLI's history", async () => {
    put(
      'supabase/migrations/20240101000000_make_app.sql',
      '-- why\ncreate schema app;\n\ncreate table app.t (id int);\n',
    );
    put('supabase/seed.sql', 'insert into app.t values (1)');
    await apply();
    expect(await db.query('select * from supabase_migrations.schema_migrations')).toEqual([
      {
        version: '20240101000000',
        statements: ['-- why\ncreate schema app', 'create table app.t (id int)'],
        name: 'make_app',
      },
    ]);
    const seeds = await db.query<{ path: string; hash: string }>('select * from supabase_migrations.seed_files');
    expect(seeds).toEqual([{ path: 'supabase/seed.sql', hash: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    const columns = await db.query(
      `select column_name::text as name, data_type::text as type, is_nullable::text as nullable
       from information_schema.columns where table_name = 'schema_migrations' and table_schema = 'supabase_migrations'
       order by ordinal_position`,
    );
    expect(columns).toEqual([
      { name: 'version', type: 'text', nullable: 'NO' },
      { name: 'statements', type: 'ARRAY', nullable: 'YES' },
      { name: 'name', type: 'text', nullable: 'YES' },
    ]);
  });

  it('goes on from a history the CLI wrote', async () => {
    const postgres = await connectClient(db.connection('postgres'));
    await postgres.pg.query(`create schema app; create schema supabase_migrations;
      create table supabase_migrations.schema_migrations (version text not null primary key);
      insert into supabase_migrations.schema_migrations values ('20240101000000')`);
    await postgres.pg.end();
    put('supabase/migrations/20240101000000_done.sql', 'select 1 / 0');
    put('supabase/migrations/20240102000000_next.sql', 'create table app.t ()');
    expect(await apply()).toEqual({ applied: ['supabase/migrations/20240102000000_next.sql'] });
  });

  it('stops at a file that fails, undoes it, names the line, and goes on there next time', async () => {
    put('supabase/migrations/1_good.sql', 'create schema app');
    put(
      'supabase/migrations/2_bad.sql',
      `create table app.t (id text);\n\n-- größe 𝒳\ninsert into app.t\n  values ('eins'), ('zwölf𝒳'),\n  (nonsense);`,
    );
    put('supabase/migrations/3_never.sql', 'create table app.never ()');
    const bad = {
      file: 'supabase/migrations/2_bad.sql',
      line: 6,
      message: 'column "nonsense" does not exist [SQLSTATE 42703]',
    };
    expect(await apply()).toEqual({ applied: ['supabase/migrations/1_good.sql'], failure: bad });
    expect(await db.query(`select to_regclass('app.t') as t, to_regclass('app.never') as never`)).toEqual([
      { t: null, never: null },
    ]);
    put('supabase/migrations/2_bad.sql', 'create table app.t (id int)');
    expect(await apply()).toEqual({ applied: ['supabase/migrations/2_bad.sql', 'supabase/migrations/3_never.sql'] });
  });

  it.each([
    [
      'without a position, the statement',
      'select 1;\n\n-- c\nselect 1 / 0;',
      4,
      /^division by zero \[SQLSTATE 22012\]$/,
    ],
    [
      'at commit, the last statement',
      'create schema app; create table app.t (id int unique deferrable initially deferred);\ninsert into app.t values (1), (1);',
      2,
      /23505/,
    ],
    ['psql commands', 'select 1;\n\\set x 1\n', 2, /^psql command \\set/],
    ['an unfinished string', "select 1;\nselect 'x", 2, /^unterminated quoted string$/],
    [
      'a mix with what needs no transaction',
      'create schema app;\nvacuum;',
      2,
      /^VACUUM … cannot run inside a transaction/,
    ],
  ])('names the line: %s', async (_name, sql, line, message) => {
    put('supabase/migrations/1_bad.sql', sql);
    const { failure } = await apply();
    expect(failure).toEqual({ file: 'supabase/migrations/1_bad.sql', line, message: expect.stringMatching(message) });
    expect(await db.query('select * from supabase_migrations.schema_migrations')).toEqual([]);
  });

  it('refuses what is not UTF-8', async () => {
    put('supabase/migrations/1_latin.sql', Buffer.from("select 'gr\xf6\xdfe'", 'latin1'));
    expect((await apply()).failure).toEqual({
      file: 'supabase/migrations/1_latin.sql',
      line: 1,
      message: 'the file is not valid UTF-8',
    });
  });

  it('takes files that manage transactions themselves, and files that must not be in one', async () => {
    put('supabase/migrations/1_wrapped.sql', 'begin;\ncreate schema app;\ncreate table app.t (id int);\ncommit;\n');
    put(
      'supabase/migrations/2_own.sql',
      'begin; insert into app.t values (1); commit; begin; insert into app.t values (2); commit;',
    );
    put('supabase/migrations/3_alone.sql', 'create index concurrently t_id on app.t (id); vacuum app.t;');
    put(
      'supabase/migrations/4_open.sql',
      'begin; insert into app.t values (3); commit; begin; insert into app.t values (4);',
    );
    expect((await apply()).applied).toHaveLength(4);
    // What the last file left open was never committed.
    expect(await db.query('select id from app.t order by id')).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    expect(await db.query(`select indisvalid from pg_index where indexrelid = 'app.t_id'::regclass`)).toEqual([
      { indisvalid: true },
    ]);
  });

  it('does not let one file disturb the next', async () => {
    put(
      'supabase/migrations/1_dump.sql',
      `select pg_catalog.set_config('search_path', '', false);\nset role anon;\nset statement_timeout = 1;`,
    );
    put(
      'supabase/migrations/2_next.sql',
      'create schema app; create table app.t as select current_user as who; select pg_sleep(0.01)',
    );
    expect(await apply()).toEqual({
      applied: ['supabase/migrations/1_dump.sql', 'supabase/migrations/2_next.sql'],
    });
    expect(await db.query('select who from app.t')).toEqual([{ who: 'postgres' }]);
  });

  it('runs what real projects contain', async () => {
    put(
      'supabase/migrations/20240101000000_init.sql',
      `create extension if not exists vector with schema extensions;
create extension if not exists "uuid-ossp";
create schema app;
create table app.profiles (id uuid primary key references auth.users (id) on delete cascade, e vector(3));
alter table app.profiles enable row level security;
create policy "own; rows" on app.profiles for all using (auth.uid() = id);
create function app.twice(a int) returns int language sql begin atomic; select a * 2; end;
create or replace function app.touch() returns trigger language plpgsql security definer as $body$
begin
  -- a semicolon; inside
  return new;
end;
$body$;
create trigger touch before update on app.profiles for each row execute function app.touch();
do $$ begin create role anon; exception when duplicate_object then null; end $$;
alter publication supabase_realtime add table app.profiles;
create index on app.profiles using hnsw (e vector_cosine_ops);
notify pgrst, 'reload schema';
`.replace('begin atomic; select', 'begin atomic select'),
    );
    expect(await apply()).toEqual({ applied: ['supabase/migrations/20240101000000_init.sql'] });
  });

  it('lets ten nodes start at once', async () => {
    put('supabase/migrations/1_app.sql', 'create schema app; create table app.t (id int)');
    put('supabase/seed.sql', 'insert into app.t values (1)');
    const results = await Promise.all(Array.from({ length: 10 }, apply));
    expect(results.flatMap(({ applied }) => applied)).toEqual(['supabase/migrations/1_app.sql', 'supabase/seed.sql']);
    expect(results.every(({ failure }) => failure === undefined)).toBe(true);
    expect(await db.query('select id from app.t')).toEqual([{ id: 1 }]);
  });
});
