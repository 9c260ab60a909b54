import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectClient } from '#kernel/sql';
import {
  eventually,
  freePort,
  type OwnRoom,
  ownRoom,
  queryOnce,
  removeFolder,
  testFolder,
  testPassword,
} from './testing/own-room.ts';

let serverFolder: string;
let server: OwnRoom;
const folders: string[] = [];

beforeAll(async () => {
  serverFolder = testFolder();
  server = await ownRoom(serverFolder);
  await server.start();
});

afterAll(async () => {
  await server.room.stop();
  for (const folder of [serverFolder, ...folders]) removeFolder(folder);
});

/** A room on the server, reached over TCP with the password, as somebody else's would be. */
async function external(env: Readonly<Record<string, string>> = {}): Promise<OwnRoom> {
  const folder = testFolder();
  folders.push(folder);
  return ownRoom(folder, { POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: String(server.port), ...env });
}

test('a server of one’s own is used, set up, and left running', async () => {
  await queryOnce(server.room.api.connection('postgres'), 'create database elsewhere');
  const own = await external({ POSTGRES_DB: 'elsewhere' });
  await own.start();
  expect(own.room.api).toMatchObject({
    embedded: false,
    socketDir: undefined,
    port: server.port,
    database: 'elsewhere',
  });
  expect(await own.room.health()).toEqual({ status: 'healthy', detail: { version: '18.4', embedded: false } });
  expect(existsSync(join(own.folder, 'db/data'))).toBe(false);
  for (const role of ['authenticator', 'supabase_auth_admin', 'postgres'] as const)
    expect(await queryOnce(own.room.api.connection(role), 'select current_user::text as me')).toEqual([{ me: role }]);
  expect(
    await queryOnce(own.room.api.connection('supabase_admin'), `select to_regnamespace('auth') is not null as auth`),
  ).toEqual([{ auth: true }]);
  await own.room.stop();
  expect((await server.room.health()).status).toBe('healthy');
});

test('a database that is set up already is accepted from a role that is no superuser', async () => {
  const own = await external({ POSTGRES_USER: 'postgres' });
  await own.start();
  expect((await own.room.health()).status).toBe('healthy');
  await own.room.stop();
});

test('a missing database is made', async () => {
  const own = await external({ POSTGRES_DB: 'made_on_demand' });
  await own.start();
  expect(await queryOnce(own.room.api.connection('postgres'), 'select current_database()::text as name')).toEqual([
    { name: 'made_on_demand' },
  ]);
  await own.room.stop();
});

test('a wrong password is one line naming the setting', async () => {
  const own = await external({ POSTGRES_PASSWORD: 'not the password' });
  await expect(own.start()).rejects.toMatchObject({
    setting: 'POSTGRES_PASSWORD',
    message: expect.not.stringContaining('not the password'),
  });
  expect(existsSync(join(own.folder, 'db'))).toBe(false);
});

test('TLS that the server does not offer is one line naming the setting', async () => {
  for (const mode of ['require', 'verify-full']) {
    const own = await external({ POSTGRES_SSLMODE: mode });
    await expect(own.start()).rejects.toMatchObject({ setting: 'POSTGRES_SSLMODE' });
  }
});

test('TLS is used as the mode says, and a server that is not the expected one is refused', async () => {
  const certificate = join(serverFolder, 'server.crt');
  const key = join(serverFolder, 'db/data/server.key');
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-out', certificate, '-keyout', key],
    ],
    { stdio: 'pipe' },
  );
  const owner = statSync(join(serverFolder, 'db/data'));
  chownSync(key, owner.uid, owner.gid);
  const admin = server.room.api.connection('supabase_admin');
  for (const statement of [
    `alter system set ssl_cert_file = '${certificate}'`,
    'alter system set ssl = on',
    'select pg_reload_conf()',
  ])
    await queryOnce(admin, statement);

  const isEncrypted = async (env: Readonly<Record<string, string>>) => {
    const own = await external(env);
    await own.start();
    const [row] = await queryOnce<{ ssl: boolean }>(
      own.room.api.connection('postgres'),
      'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
    );
    await own.room.stop();
    return row?.ssl;
  };
  await eventually(async () => await isEncrypted({ POSTGRES_SSLMODE: 'prefer' }));
  expect(await isEncrypted({ POSTGRES_SSLMODE: 'disable' })).toBe(false);
  expect(await isEncrypted({ POSTGRES_SSLMODE: 'require' })).toBe(true);
  const trusted = { POSTGRES_SSLROOTCERT: certificate };
  expect(await isEncrypted({ ...trusted, POSTGRES_HOST: 'localhost' })).toBe(true);
  expect(await isEncrypted({ ...trusted, POSTGRES_SSLMODE: 'verify-ca' })).toBe(true);

  for (const refused of [
    // The certificate is for another name, nobody vouches for it.
    { ...trusted, POSTGRES_SSLMODE: 'verify-full' },
    { POSTGRES_SSLMODE: 'verify-full', POSTGRES_HOST: 'localhost' },
  ]) {
    const own = await external(refused);
    await expect(own.start()).rejects.toMatchObject({ setting: 'POSTGRES_SSLMODE or POSTGRES_SSLROOTCERT' });
  }
});

test('a start waits for a server that is not there yet', async () => {
  const folder = testFolder();
  folders.push(folder);
  const port = await freePort();
  const late = await ownRoom(folder, { POSTGRES_PORT: String(port) });
  await late.start();
  await late.room.stop();
  const own = await external({ POSTGRES_PORT: String(port) });
  const starting = own.start();
  await new Promise((resolve) => setTimeout(resolve, 400));
  await late.start();
  await starting;
  expect(own.lines.some((line) => line.startsWith('waiting for the database: '))).toBe(true);
  expect((await own.room.health()).status).toBe('healthy');
  await own.room.stop();
  await late.room.stop();
});

test('waiting ends when it is called off or has a limit', async () => {
  const port = String(await freePort());
  const own = await external({ POSTGRES_PORT: port });
  const calledOff = new AbortController();
  setTimeout(() => calledOff.abort(), 100);
  await expect(own.room.start(calledOff.signal)).rejects.toMatchObject({ name: 'AbortError' });

  const limited = await external({ POSTGRES_PORT: port, STACK_DB_START_WAIT: '300ms' });
  await expect(limited.start()).rejects.toMatchObject({ setting: 'POSTGRES_HOST' });
});

test('the choice is recorded and never flips silently', async () => {
  const own = await external();
  await own.start();
  await own.room.stop();
  const record = join(own.folder, 'db/database.json');
  expect(JSON.parse(readFileSync(record, 'utf8'))).toEqual({ kind: 'external', host: '127.0.0.1' });

  const flipped = await ownRoom(own.folder);
  await expect(flipped.start()).rejects.toMatchObject({ setting: 'POSTGRES_HOST' });
  rmSync(record);
  await flipped.start();
  await flipped.room.stop();

  const back = await ownRoom(own.folder, { POSTGRES_HOST: '127.0.0.1', POSTGRES_PORT: String(server.port) });
  await expect(back.start()).rejects.toMatchObject({ setting: 'POSTGRES_HOST' });
  const compose = await ownRoom(own.folder, { POSTGRES_HOST: 'db' });
  await compose.start();
  expect(compose.room.api.embedded).toBe(true);
  await compose.room.stop();
});

test('health tells when the server goes away and comes back', async () => {
  const own = await external();
  await own.start();
  await server.room.stop();
  expect((await own.room.health()).status).toBe('unhealthy');
  await server.start();
  expect((await own.room.health()).status).toBe('healthy');
  const client = await connectClient({ ...own.room.api.connection('postgres'), password: testPassword });
  await client.pg.end();
  await own.room.stop();
});
