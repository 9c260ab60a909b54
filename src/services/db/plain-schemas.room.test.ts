import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type PlainPostgres, startPlainPostgres } from '../../../test/support/plain-postgres.ts';
import { eventually, type OwnRoom, ownRoom, queryOnce, removeFolder, testFolder } from './testing/own-room.ts';

/** Milliseconds; a busy machine takes its time. */
const patience = 40_000;
const debian = '/usr/lib/postgresql/15/bin';

/** Somebody else's servers: nothing of ours lies beside them. */
describe('on the embedded version without extension files of ours', () => behaviour(undefined));
describe.runIf(existsSync(debian))('on a distribution’s PostgreSQL 15 without extension files of ours', () =>
  behaviour(debian),
);

function behaviour(bin: string | undefined): void {
  let server: PlainPostgres;
  const folders: string[] = [];
  const rooms: OwnRoom[] = [];
  const seen: string[] = [];
  const receiver = createServer((request, response) => {
    seen.push(request.url ?? '');
    response.end('taken');
  });
  let base: string;

  beforeAll(async () => {
    server = startPlainPostgres(bin);
    // As hosters have it: the role that is given out is called postgres and is no superuser.
    await server.query('create role helper superuser login');
    const helper = { host: server.socketDir, port: 5432, database: 'postgres', user: 'helper' };
    await queryOnce(
      helper,
      `alter role postgres rename to hoster; create role postgres login createrole createdb;
       alter database postgres owner to postgres`,
    );
    await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
    base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    for (const { room } of rooms) {
      await room.api.background.stop();
      await room.stop();
    }
    server.remove();
    receiver.close();
    for (const folder of folders) removeFolder(folder);
  });

  async function started(user: string, database: string): Promise<OwnRoom> {
    const folder = testFolder();
    folders.push(folder);
    const own = await ownRoom(folder, {
      POSTGRES_HOST: server.socketDir,
      POSTGRES_PORT: '5432',
      POSTGRES_USER: user,
      POSTGRES_DB: database,
    });
    await own.start();
    rooms.push(own);
    await own.room.api.background.start(new AbortController().signal);
    return own;
  }

  async function serves(own: OwnRoom): Promise<void> {
    const query = <Row>(sql: string) => queryOnce<Row>(own.room.api.connection('postgres'), sql);
    const [{ id }] = (await query<{ id: string }>(
      `select net.http_get('${base}/asked', timeout_milliseconds => 30000) as id`,
    )) as [{ id: string }];
    const answer = () => query(`select status_code as status, content from net._http_response where id = ${id}`);
    expect(await eventually(async () => (await answer())[0], patience)).toEqual({ status: 200, content: 'taken' });

    await query(`create table public.orders (id int);
      create trigger told after insert on public.orders for each row
        execute function supabase_functions.http_request('${base}/hook', 'POST', 'null', 'null', '30000');
      insert into public.orders values (1)`);
    await eventually(() => seen.includes('/hook'), patience);

    await query(
      `create table public.ticks (); select cron.schedule('tick', '1 second', 'insert into public.ticks default values')`,
    );
    await eventually(
      async () => (await query(`select from cron.job_run_details where status = 'succeeded'`)).length > 0,
      patience,
    );
    await query(`select cron.unschedule('tick')`);

    await query(`select pgmq.create('q'); select pgmq.send('q', '{"a":1}')`);
    expect(await query(`select message from pgmq.read('q', 30, 1)`)).toEqual([{ message: { a: 1 } }]);

    const [token] = await query(`select (extensions.verify(extensions.sign('{"a":1}', 'key'), 'key')).valid`);
    expect(token).toEqual({ valid: true });
    const [advice] = await query<{ errors: string[] }>(`select errors from extensions.index_advisor('select 1')`);
    expect(advice?.errors).toEqual(['hypopg is not installed: no index was tried']);
    expect(
      await query(`select to_regclass('vault.secrets') as vault, to_regtype('vector') as vector,
        (select json_agg(extname) from pg_extension where extname in ('pg_net', 'pg_cron', 'pgmq', 'pgjwt')) as ours`),
    ).toEqual([{ vault: null, vector: null, ours: null }]);
  }

  test('they are plain schemas, and do what they do elsewhere', async () => {
    await serves(await started('postgres', 'postgres'));
    // Nothing more is to be done at the next start.
    const again = await started('postgres', 'postgres');
    expect(again.lines).not.toContain('the database was set up');
  }, 120_000);

  if (bin !== undefined) return;
  test('also where a superuser prepares the database', async () => {
    seen.length = 0;
    await serves(await started('hoster', 'second'));
  }, 120_000);

  // Only from 18 on does a server look for extensions in a second folder.
  test('not where the server has the originals: those are used', async () => {
    const folder = testFolder();
    folders.push(folder);
    mkdirSync(join(folder, 'extension'));
    for (const [name, script] of [
      ['pg_net', 'create schema net; create table net.http_request_queue (id bigint)'],
      ['pg_cron', 'create schema cron; create table cron.job (id bigint)'],
    ] as const) {
      writeFileSync(join(folder, 'extension', `${name}.control`), `default_version = '9'\n`);
      writeFileSync(join(folder, 'extension', `${name}--9.sql`), script);
    }
    const hoster = { host: server.socketDir, port: 5432, database: 'postgres', user: 'hoster' };
    await queryOnce(hoster, `alter system set extension_control_path = '${folder}:$system'`);
    await queryOnce(hoster, 'select pg_reload_conf()');
    await eventually(
      async () => (await queryOnce(hoster, `select from pg_available_extensions where name = 'pg_net'`)).length > 0,
    );
    const own = await started('hoster', 'third');
    const query = (sql: string) => queryOnce(own.room.api.connection('postgres'), sql);
    expect(
      await query(`select extversion as version, to_regprocedure('net._worker_is_up()') as ours,
        to_regnamespace('cron') as cron, to_regclass('pgmq.meta')::text as pgmq
        from pg_extension where extname = 'pg_net'`),
    ).toEqual([{ version: '9', ours: null, cron: null, pgmq: 'pgmq.meta' }]);
    await queryOnce({ ...hoster, database: 'third' }, 'create extension pg_cron');
    expect((await own.room.health()).status).toBe('healthy');
  });
}
