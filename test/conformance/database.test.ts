import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newClient, until } from '../support/client.ts';
import { runTool } from '../support/program.ts';
import { connectDatabase, postgresUrl, runSql } from '../support/sql.ts';
import { type Stack, startStack } from '../support/stack.ts';
import { runSupabaseCli } from '../support/supabase-cli.ts';
import { addFiles, makeWorkspace, removeWorkspace } from '../support/workspace.ts';

// The database as tools meet it: a project's SQL files, psql, the Supabase CLI, a PostgreSQL driver.
const cwd = makeWorkspace({
  'volumes/db/init/10_settings.sql': `
    create table init_runs (at timestamptz not null default now());
    insert into init_runs default values;`,
  'supabase/migrations/20260101000000_notes.sql': `
    create table notes (id int primary key, text text not null);
    alter table notes enable row level security;
    create policy readable on notes for select to anon using (true);`,
  'supabase/migrations/20260101000001_broken.sql': `
create table half_done (id int);
insert into half_done values (1);
insert into nowhere values (1);`,
  'supabase/migrations/20260101000002_later.sql': 'create table later (id int);',
  'supabase/seed.sql': `insert into notes values (1, 'from the seed; once'), (2, 'it''s "quoted"');`,
});
let stack: Stack;

beforeAll(async () => {
  stack = await startStack({ cwd });
});

afterAll(async () => {
  await stack?.stop();
  removeWorkspace(cwd);
});

const anonymous = () => newClient(stack, stack.env.anonKey);
const exists = async (table: string) =>
  (await runSql<{ found: boolean }>(stack, 'select to_regclass($1) is not null as found', [table]))[0]?.found;

describe("the project's own SQL at start", () => {
  test('a failing migration is reported by file and line, and keeps nobody from serving', async () => {
    const { data, error } = await anonymous().from('notes').select();
    expect({ data, error }).toEqual({ data: [], error: null });
    const health = (await (await fetch(`${stack.url}/health`)).json()) as {
      services: Record<string, { detail?: { reason?: string; file?: string; line?: number } }>;
    };
    const failure = Object.values(health.services).find(({ detail }) => detail?.file !== undefined)?.detail;
    expect(failure).toMatchObject({ file: 'supabase/migrations/20260101000001_broken.sql', line: 4 });
    expect(failure?.reason).toMatch(/relation "nowhere" does not exist/);
    const line = stack
      .log()
      .split('\n')
      .find((text) => text.includes('20260101000001_broken.sql') && text.includes('"error"'));
    expect(line).toContain('relation \\"nowhere\\" does not exist');
  });

  test('the file left nothing behind, and nothing after it was applied', async () => {
    expect(await exists('half_done')).toBe(false);
    expect(await exists('later')).toBe(false);
    const rows = await runSql(stack, 'select version, name from supabase_migrations.schema_migrations');
    expect(rows).toEqual([{ version: '20260101000000', name: 'notes' }]);
    expect(await runSql(stack, 'select * from init_runs')).toHaveLength(1);
  });

  test('once it is mended, the next start applies the rest; everything once', async () => {
    addFiles(cwd, { 'supabase/migrations/20260101000001_broken.sql': 'create table half_done (id int);' });
    for (let start = 0; start < 2; start++) {
      await stack.stop();
      stack = await startStack({ cwd });
      expect(await exists('half_done')).toBe(true);
      expect(await exists('later')).toBe(true);
      const { data } = await anonymous().from('notes').select().order('id');
      expect(data).toEqual([
        { id: 1, text: 'from the seed; once' },
        { id: 2, text: 'it\'s "quoted"' },
      ]);
      expect(await runSql(stack, 'select * from init_runs')).toHaveLength(1);
    }
  });
});

describe('PostgreSQL clients', () => {
  test('a driver connects as postgres and finds a Supabase project', async () => {
    const client = await connectDatabase(stack);
    try {
      const { rows } = await client.query(`select current_user as role, usesuper as super,
        current_setting('wal_level') as wal, current_setting('data_checksums') as checksums,
        current_setting('fsync') as fsync, current_setting('timezone') as timezone,
        current_setting('app.settings.jwt_exp') as expiry, auth.uid() as uid, auth.role() as jwt_role, auth.jwt() as jwt
        from pg_user where usename = current_user`);
      expect(rows).toEqual([
        {
          role: 'postgres',
          super: false,
          wal: 'logical',
          checksums: 'on',
          fsync: 'on',
          timezone: 'UTC',
          expiry: '3600',
          uid: null,
          jwt_role: null,
          jwt: null,
        },
      ]);
      await client.query('set session_replication_role = replica; set session_replication_role = origin');
      await client.query('create publication mine for table notes; drop publication mine');
      await client.query('create role helper_role; grant helper_role to postgres; drop role helper_role');
      await expect(client.query('create publication all_of_it for all tables')).rejects.toMatchObject({
        code: '42501',
      });
      await expect(client.query("select pgbouncer.get_auth('postgres')")).rejects.toMatchObject({ code: '42501' });
    } finally {
      await client.end();
    }
  });

  test('notifications arrive on a direct connection', async () => {
    const client = await connectDatabase(stack);
    try {
      const arrived = new Promise<pg.Notification>((resolve) => client.once('notification', resolve));
      await client.query('listen news');
      await runSql(stack, `select pg_notify('news', 'fresh')`);
      expect((await arrived).payload).toBe('fresh');
    } finally {
      await client.end();
    }
  });

  test('every login role has the password, and a wrong one is refused', async () => {
    for (const role of [
      'supabase_admin',
      'authenticator',
      'supabase_auth_admin',
      'supabase_storage_admin',
      'pgbouncer',
    ]) {
      const client = await connectDatabase(stack, role);
      const { rows } = await client.query('select session_user as role');
      await client.end();
      expect(rows).toEqual([{ role }]);
    }
    const url = new URL(postgresUrl(stack));
    url.password = 'wrong';
    const client = new pg.Client({ connectionString: url.href });
    await expect(client.connect()).rejects.toMatchObject({ code: '28P01' });
    const anonymousRole = new pg.Client({ connectionString: postgresUrl(stack, 'anon') });
    await expect(anonymousRole.connect()).rejects.toMatchObject({ code: expect.stringMatching(/^28/) });
  });

  test('tables made and dropped over SQL are served and gone without a restart', async () => {
    await runSql(stack, 'create table fleeting (id int primary key)');
    await until('the new table being served', async () => (await anonymous().from('fleeting').select()).status === 200);
    await runSql(stack, 'alter table fleeting add column colour text');
    const service = newClient(stack, stack.env.serviceKey);
    await until('the new column being known', async () => {
      return (await service.from('fleeting').upsert({ id: 1, colour: 'red' })).error === null;
    });
    await runSql(stack, 'drop table fleeting');
    await until('the table being gone', async () => (await anonymous().from('fleeting').select()).status === 404);
  });

  test('psql connects, by URL and through the command line', async () => {
    const plain = await runTool('psql', [postgresUrl(stack), '-XAtc', 'select count(*) from notes'], { cwd }).catch(
      () => undefined,
    );
    const ours = await stack.run('psql', '--', '-XAtc', 'select current_user');
    if (plain === undefined)
      expect(ours).toMatchObject({ code: 1, stderr: expect.stringContaining('no psql is installed') });
    else {
      expect(plain).toMatchObject({ code: 0, stdout: '2\n', stderr: '' });
      expect(ours).toMatchObject({ code: 0, stdout: 'postgres\n' });
    }
  });
});

describe('the Supabase CLI', () => {
  const cli = (...args: string[]) => runSupabaseCli(args, { cwd });
  const target = () => postgresUrl(stack);

  test('db push applies a migration with the extensions that pulled projects begin with', async () => {
    writeFileSync(
      join(cwd, 'supabase/migrations/20260201000000_search.sql'),
      `create extension if not exists "pg_net" with schema "extensions";
create extension if not exists "pg_graphql" with schema "graphql";
create extension if not exists "pg_stat_statements" with schema "extensions";
create extension if not exists "pgcrypto" with schema "extensions";
create extension if not exists "pgjwt" with schema "extensions";
create extension if not exists "supabase_vault" with schema "vault";
create extension if not exists "uuid-ossp" with schema "extensions";
create extension if not exists "vector" with schema "extensions";
create extension if not exists "pg_cron" with schema "pg_catalog";
create extension if not exists "pgmq";
create extension if not exists pg_trgm;

create table documents (
  id uuid primary key default uuid_generate_v4(),
  body text not null,
  embedding vector(1536),
  short vector(3)
);
create index on documents using hnsw (embedding vector_cosine_ops);
create index on documents using ivfflat (short vector_l2_ops);
create index on documents using gin (body gin_trgm_ops);
alter table documents enable row level security;
create policy readable on documents for select to anon using (true);

create function match_documents(query vector(3), match_count int default 5)
returns table (body text, similarity float) language sql stable as $$
  select body, 1 - (short <=> query) from documents where short is not null order by short <=> query limit match_count
$$;
`,
    );
    const pushed = await cli('db', 'push', '--yes', '--db-url', target());
    expect(pushed.code, pushed.stderr).toBe(0);
    expect(pushed.stderr).toContain('Applying migration 20260201000000_search.sql');
    const installed = await runSql<{ extname: string }>(stack, 'select extname from pg_extension');
    expect(installed.map(({ extname }) => extname)).toEqual(
      expect.arrayContaining([
        ...['pg_net', 'pg_graphql', 'pg_stat_statements', 'pgcrypto', 'pgjwt', 'supabase_vault', 'uuid-ossp'],
        ...['vector', 'pg_cron', 'pgmq', 'pg_trgm'],
      ]),
    );
  });

  test('what it pushed is served, vectors included', async () => {
    const service = newClient(stack, stack.env.serviceKey);
    const up = { body: 'up', short: [0, 0, 1], embedding: Array.from({ length: 1536 }, (_, at) => at / 1536) };
    await until('the table being served', async () => (await service.from('documents').select()).status === 200);
    const written = await service.from('documents').insert(up).select('short');
    expect(written.error).toBeNull();
    expect(written.data).toEqual([{ short: '[0,0,1]' }]);
    expect((await service.from('documents').insert({ body: 'right', short: '[1,0,0]' })).error).toBeNull();
    const { data } = await anonymous().rpc('match_documents', { query: [0.1, 0, 0.9], match_count: 1 });
    expect(data).toEqual([{ body: 'up', similarity: expect.closeTo(0.9939, 3) }]);
  });

  test('SQL sends requests, to the own gateway too, with a key it keeps in the vault', async () => {
    const asked = await runSql<{ id: string }>(
      stack,
      `select vault.create_secret('${stack.env.serviceKey}', 'service key');
       select net.http_get(
         'http://kong:8000/rest/v1/documents', '{"select": "body", "limit": "1"}',
         jsonb_build_object('apikey', decrypted_secret)
       )::text as id from vault.decrypted_secrets where name = 'service key'`,
    );
    const id = asked.at(-1)?.id;
    await until('the answer', async () => {
      const rows = await runSql<{ status_code: number; content: string; error_msg: string }>(
        stack,
        `select status_code, content, error_msg from net._http_response where id = ${id}`,
      );
      if (rows[0] && rows[0].status_code !== 200) throw new Error(JSON.stringify(rows[0]));
      return rows[0]?.content.startsWith('[{"body":') ?? false;
    });
  });

  test('SQL is run by the clock, and has queues', async () => {
    await runSql(
      stack,
      `select pgmq.create('clock');
       select cron.schedule('tick', '1 second', $$select pgmq.send('clock', '{"tick": true}')$$)`,
    );
    await until('a run', async () => {
      const rows = await runSql<{ status: string; return_message: string }>(
        stack,
        `select status, return_message from cron.job_run_details where end_time is not null`,
      );
      if (rows[0] && rows[0].status !== 'succeeded') throw new Error(JSON.stringify(rows[0]));
      return rows.length > 0;
    });
    const read = `select message from pgmq.read(queue_name := 'clock', vt := 30, qty := 1)`;
    expect(await runSql(stack, `select cron.unschedule('tick'); ${read}`)).toEqual([{ message: { tick: true } }]);
  });

  test('it sees one history with the migrations that were applied at start', async () => {
    const again = await cli('db', 'push', '--yes', `--remote=${target()}`);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('up to date') });
    const listed = await cli('migration', 'list', `--remote=${target()}`);
    expect(listed.code, listed.stderr).toBe(0);
    for (const version of ['20260101000000', '20260101000001', '20260101000002', '20260201000000'])
      expect(listed.stdout).toMatch(new RegExp(`\`?${version}\`?[^\\n]*\\| *\`?${version}`));
  });
});
