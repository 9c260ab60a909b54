import { existsSync, lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectClient } from '#kernel/sql';
import { type OwnRoom, ownRoom, queryOnce, removeFolder, testFolder, testPassword } from './testing/own-room.ts';

let folder: string;
let own: OwnRoom;

beforeAll(async () => {
  folder = testFolder();
  own = await ownRoom(folder, { POSTGRES_DB: 'pmoves' });
  await own.start();
});

afterAll(async () => {
  await own.room.stop();
  removeFolder(folder);
});

const tcp = (user: string, password: string) => ({
  host: '127.0.0.1',
  port: own.port,
  database: 'pmoves',
  user,
  password,
});

test('a new database has the settings that promises depend on', async () => {
  const [settings] = await queryOnce(
    own.room.api.connection('postgres'),
    `select current_database() as database, current_setting('wal_level') as wal, current_setting('fsync') as fsync,
      current_setting('full_page_writes') as pages, current_setting('data_checksums') as checksums,
      current_setting('timezone') as timezone, current_setting('password_encryption') as password,
      current_setting('max_replication_slots') as slots, current_setting('max_wal_senders') as senders,
      current_setting('max_slot_wal_keep_size') as kept, current_setting('server_encoding') as encoding,
      (select datlocprovider::text || datlocale from pg_database where datname = current_database()) as locale,
      current_setting('shared_preload_libraries') as preload`,
  );
  expect(settings).toEqual({
    database: 'pmoves',
    wal: 'logical',
    fsync: 'on',
    pages: 'on',
    checksums: 'on',
    timezone: 'UTC',
    password: 'scram-sha-256',
    slots: '5',
    senders: '10',
    kept: '4GB',
    encoding: 'UTF8',
    locale: 'bC.UTF-8',
    preload: 'pg_stat_statements,auto_explain',
  });
});

test('health is asked of the server itself', async () => {
  expect(await own.room.health()).toEqual({ status: 'healthy', detail: { version: '18.4', embedded: true } });
  expect(own.room.api).toMatchObject({ embedded: true, port: own.port, database: 'pmoves' });
  expect(own.room.api.serverVersion).toBeGreaterThanOrEqual(180_000);
});

test('the socket is closed to other users, and only its superuser line needs no password', async () => {
  const { socketDir } = own.room.api;
  const dir = lstatSync(socketDir as string);
  expect(dir.mode & 0o777).toBe(0o700);
  expect(Buffer.byteLength(`${socketDir}/.s.PGSQL.${own.port}`)).toBeLessThanOrEqual(107);

  const socket = { ...tcp('supabase_admin', 'wrong'), host: socketDir as string };
  expect(await queryOnce(socket, 'select current_user::text as me')).toEqual([{ me: 'supabase_admin' }]);
  for (const user of ['postgres', 'authenticator'])
    await expect(connectClient({ ...socket, user })).rejects.toMatchObject({ code: '28P01' });
});

test('on loopback everybody needs the password', async () => {
  for (const user of ['supabase_admin', 'postgres', 'authenticator', 'supabase_auth_admin']) {
    await expect(connectClient(tcp(user, 'wrong'))).rejects.toMatchObject({ code: '28P01' });
    expect(await queryOnce(tcp(user, testPassword), 'select current_user::text as me')).toEqual([{ me: user }]);
  }
});

test('replication connections need the password too', async () => {
  const { rows } = (await queryOnce(
    tcp('supabase_admin', testPassword),
    `select type, database, auth_method from pg_hba_file_rules where 'replication' = any(database) and type = 'host'`,
  ).then((found) => ({ rows: found }))) as { rows: { auth_method: string }[] };
  expect(rows.map((row) => row.auth_method)).toEqual(['scram-sha-256', 'scram-sha-256']);
});

test('a restart keeps the data and is quick', async () => {
  await queryOnce(own.room.api.connection('postgres'), 'create table kept as select 42 as answer');
  const runtime = own.room.api.socketDir as string;
  await own.room.stop();
  expect(await own.room.health()).toEqual({ status: 'stopped' });
  expect(existsSync(join(folder, 'db', 'owner.json'))).toBe(false);
  expect(existsSync(runtime)).toBe(false);
  expect(() => own.room.api.connection('postgres')).toThrow('The database has not started');
  await own.room.stop();

  const before = performance.now();
  await own.start();
  // Far above what it takes, so that a busy machine does not fail it; a repeated set-up would.
  expect(performance.now() - before).toBeLessThan(3_000);
  expect(own.lines.filter((line) => line === 'the database was set up')).toHaveLength(1);
  expect(await queryOnce(own.room.api.connection('postgres'), 'select answer from kept')).toEqual([{ answer: 42 }]);
});

test('a changed password holds from the next start on', async () => {
  await own.room.stop();
  const changed = await ownRoom(folder, {
    POSTGRES_DB: 'pmoves',
    POSTGRES_PORT: String(own.port),
    POSTGRES_PASSWORD: "new p@ss'word",
  });
  await changed.start();
  await expect(connectClient(tcp('postgres', testPassword))).rejects.toMatchObject({ code: '28P01' });
  expect(await queryOnce(tcp('postgres', "new p@ss'word"), 'select 1 as one')).toEqual([{ one: 1 }]);
  await changed.room.stop();
  await own.start();
});

test("the project's own SQL is applied once, and a failing file is reported with its line", async () => {
  mkdirSync(join(folder, 'db/init'), { recursive: true });
  mkdirSync(join(folder, 'supabase/migrations'), { recursive: true });
  writeFileSync(join(folder, 'db/init/first.sql'), 'create table from_init (id int);');
  writeFileSync(join(folder, 'supabase/migrations/20260101000000_todos.sql'), 'create table todos (id int);');
  writeFileSync(join(folder, 'supabase/seed.sql'), 'insert into todos values (1);\ninsert into nowhere values (1);');
  expect(await own.room.api.applyProjectSql()).toEqual({
    applied: ['init/first.sql', 'supabase/migrations/20260101000000_todos.sql'],
    failure: { file: 'supabase/seed.sql', line: 2, message: expect.stringContaining('"nowhere" does not exist') },
  });
  writeFileSync(join(folder, 'supabase/seed.sql'), 'insert into todos values (1);');
  expect(await own.room.api.applyProjectSql()).toEqual({ applied: ['supabase/seed.sql'] });
  expect(await own.room.api.applyProjectSql()).toEqual({ applied: [] });
  const owners = await queryOnce(
    own.room.api.connection('postgres'),
    `select tableowner::text from pg_tables where tablename = 'todos'`,
  );
  expect(owners).toEqual([{ tableowner: 'postgres' }]);
});

test('no file that everybody can read holds a secret', () => {
  for (const file of ['conf/postgresql.conf', 'conf/pg_hba.conf', 'conf/pg_ident.conf', 'database.json', 'owner.json'])
    expect(readFileSync(join(folder, 'db', file), 'utf8')).not.toMatch(/own-room/);
  expect(lstatSync(join(folder, 'db', 'data')).mode & 0o077).toBe(0);
});
