import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { signHs256 } from '#kernel/jwt';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { md5Digest } from './core/secret.ts';
import { type PoolerUnderTest, startPooler, testJwtSecret, testTenant } from './testing/pooler-under-test.ts';
import { describe as told, WireClient } from './testing/wire-client.ts';
import { int32, message, requestCode, sslRequest, startupMessage } from './wire/messages.ts';

const { password } = inject('roomServer');
const folder = mkdtempSync(join(tmpdir(), 'pooler-'));
const role = `pooler_${randomBytes(4).toString('hex')}`;
let database: TestDatabase;
let pooler: PoolerUnderTest;

beforeAll(async () => {
  database = await testDatabase();
  pooler = await startPooler(
    () => database.connection('pgbouncer'),
    { VOLUMES_DIR: folder, POOLER_LOGIN_TIMEOUT: '1500ms', POOLER_MAX_CLIENT_CONN: '4' },
    { embedded: true },
  );
  await database.query(`set scram_iterations = 5000; create role ${role} login password 'first'`);
});

afterAll(async () => {
  await pooler?.stop();
  await database?.query(`drop role if exists ${role}`);
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

const connect = () => WireClient.connect(pooler.transactionPort);
const startup = (user: string, more: Record<string, string> = {}) =>
  startupMessage([['user', user], ['database', database.name], ...Object.entries(more)]);
const login = (user: string, secret: string, port = pooler.transactionPort) =>
  WireClient.login(port, user, secret, { database: database.name });

describe('passwords', () => {
  test('a verifier with its own iteration count, and a password that is changed', async () => {
    const { client } = await login(role, 'first');
    expect(await client.query('select current_user')).toEqual([[role]]);
    await expect(login(role, 'wrong')).rejects.toThrow(`28P01 password authentication failed for user "${role}"`);
    await database.query(`alter role ${role} password 'second'`);
    await expect(login(role, 'first')).rejects.toThrow('28P01');
    const { client: again } = await login(role, 'second', pooler.sessionPort);
    expect(await again.query('select current_user')).toEqual([[role]]);
    again.destroy();
    client.destroy();
  });

  test('a password that has expired, a role that may not log in, roles that are not there', async () => {
    await database.query(`alter role ${role} valid until '2020-01-01'`);
    await expect(login(role, 'second')).rejects.toThrow('28P01');
    await database.query(`alter role ${role} valid until 'infinity'`);
    await expect(login('anon', password)).rejects.toThrow('XX000 Tenant or user not found');
    await expect(login('nobody_such', password)).rejects.toThrow('XX000 Tenant or user not found');
    // Where PostgreSQL itself would answer, nothing is given away.
    await expect(login('nobody_such', password, pooler.sessionPort)).rejects.toThrow('28P01');
    await expect(login('postgres.other-tenant', password)).rejects.toThrow('XX000 Tenant or user not found');
    for (const user of [`postgres.${testTenant}`, `postgres.cluster.${testTenant}`])
      (await login(user, password)).client.destroy();
    const reference = await connect();
    reference.send(startup('postgres', { options: `reference=${testTenant}` }));
    await reference.prove(password);
    await reference.untilReady();
    reference.destroy();
  });

  test('MD5 secrets', async () => {
    await database.query(`alter role ${role} password 'md5${md5Digest(role, 'third')}'`);
    const connection = { host: '127.0.0.1', user: role, database: database.name };
    for (const port of [pooler.transactionPort, pooler.sessionPort]) {
      const client = new pg.Client({ ...connection, port, password: 'third' });
      await client.connect();
      expect((await client.query('select current_user as me')).rows).toEqual([{ me: role }]);
      await client.end();
      const wrong = new pg.Client({ ...connection, port, password: 'second' });
      await expect(wrong.connect()).rejects.toMatchObject({ code: '28P01' });
    }
  });

  test('channel binding is refused', async () => {
    const client = await connect();
    client.send(startup('postgres'));
    await client.next();
    const first = Buffer.from('p=tls-server-end-point,,n=,r=abcdefgh');
    client.send(message('p', 'SCRAM-SHA-256', int32(first.length), first));
    expect(told(await client.next())).toBe('08P01 SCRAM channel binding is not offered here');
    await client.ended();
  });

  test('too many clients', async () => {
    const held = await Promise.all(Array.from({ length: 4 }, () => login('postgres', password)));
    await expect(login('postgres', password)).rejects.toThrow('XX000 Max client connections reached');
    // Direct sessions are the server's affair.
    (await login('postgres', password, pooler.sessionPort)).client.destroy();
    for (const { client } of held) client.destroy();
    await expect
      .poll(() =>
        login('postgres', password).then(
          ({ client }) => client.destroy(),
          () => 'full',
        ),
      )
      .toBe(undefined);
  });
});

describe('TLS', () => {
  test('a certificate is made once and kept; a client that knows it verifies fully', async () => {
    const file = join(folder, 'pooler/server.crt');
    const certificate = readFileSync(file, 'utf8');
    expect(statSync(join(folder, 'pooler/server.key')).mode & 0o777).toBe(0o600);
    const client = new pg.Client({
      host: 'localhost',
      port: pooler.transactionPort,
      user: 'postgres',
      password,
      database: database.name,
      ssl: { ca: certificate, rejectUnauthorized: true },
    });
    await client.connect();
    const big = 'x'.repeat(3_000_000);
    expect((await client.query('select $1::text as big', [big])).rows).toEqual([{ big }]);
    await client.end();
    const other = await startPooler(
      () => database.connection('pgbouncer'),
      { VOLUMES_DIR: folder },
      { embedded: true },
    );
    expect(readFileSync(file, 'utf8')).toBe(certificate);
    await other.stop();
  });

  test('the server name can stand for the tenant; GSS and TLS may be asked for one after the other', async () => {
    const client = await connect();
    client.send(Buffer.concat([int32(8), int32(requestCode.gss)]));
    expect((await client.take(1)).toString()).toBe('N');
    await client.secure(`${testTenant}.example.com`);
    client.send(startup('postgres'));
    await client.prove(password);
    await client.untilReady();
    client.destroy();
  });

  test('bytes that follow the request for TLS in the clear are not taken for what comes after it', async () => {
    const client = await connect();
    client.send(sslRequest(), startup('postgres'));
    expect((await client.ended()).toString()).toContain('protocol violation');
  });

  test('without a certificate it is refused, and where it is demanded plain clients are', async () => {
    const plain = await startPooler(() => database.connection('pgbouncer'));
    const client = await WireClient.connect(plain.transactionPort);
    client.send(sslRequest());
    expect((await client.take(1)).toString()).toBe('N');
    client.send(startup('postgres'));
    await client.prove(password);
    await client.untilReady();
    client.destroy();
    await plain.stop();
    const strict = await startPooler(
      () => database.connection('pgbouncer'),
      { POOLER_ENFORCE_SSL: 'true', VOLUMES_DIR: folder },
      { embedded: true },
    );
    await expect(WireClient.login(strict.transactionPort, 'postgres', password)).rejects.toThrow(
      'XX000 SSL connection is required',
    );
    await strict.stop();
  });
});

describe('hostile input', () => {
  test('a second StartupMessage during the exchange ends it, whenever it comes', async () => {
    const atOnce = await connect();
    atOnce.send(startup('postgres'), startup('supabase_admin'));
    expect((await atOnce.ended()).toString()).toContain('protocol violation');
    const later = await connect();
    later.send(startup('postgres'));
    await later.next();
    later.send(startup('supabase_admin'));
    expect((await later.ended()).toString()).toContain('protocol violation during authentication');
    const proving = await connect();
    proving.send(startup('postgres'));
    await proving.next();
    const first = Buffer.from('n,,n=,r=abcdefgh');
    proving.send(message('p', 'SCRAM-SHA-256', int32(first.length), first));
    await proving.next();
    proving.send(startup('supabase_admin'));
    expect((await proving.ended()).toString()).toContain('protocol violation during authentication');
  });

  test.each([
    ['a length beyond 2 GiB', Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 3, 0, 0])],
    ['a length of nothing', Buffer.from([0, 0, 0, 0, 0, 3, 0, 0])],
    ['more than the bound', Buffer.concat([int32(1025), int32(196_608), Buffer.alloc(1017, 0x61)])],
    ['HTTP', Buffer.from('POST / HTTP/1.1\r\n\r\n')],
  ])('%s is not answered', async (_name, bytes) => {
    const client = await connect();
    client.send(bytes);
    expect((await client.ended()).length).toBe(0);
  });

  test.each([
    ['an empty option name', Buffer.from('user\0postgres\0\0x\0\0')],
    ['no end', Buffer.from('user\0postgres')],
    ['a parameter twice', Buffer.from('user\0a\0user\0b\0\0')],
  ])('%s in the startup packet ends it at once', async (_name, text) => {
    const client = await connect();
    client.send(Buffer.concat([int32(text.length + 8), int32(196_608), text]));
    expect((await client.ended()).toString()).toContain('protocol violation');
  });

  test('names with control characters, protocol 2, and messages that make no sense', async () => {
    await expect(login('post\u0007gres', 'x')).rejects.toThrow(
      'XX000 Authentication error, reason: "Invalid format for user or db_name"',
    );
    const old = await connect();
    old.send(Buffer.concat([int32(8 + 20), int32(131_072), Buffer.from('user\0x\0database\0y\0\0\0')]));
    expect((await old.ended()).toString()).toMatch(/0A000|protocol violation/);
    for (const bytes of [
      Buffer.from('Q\0\0\0\x01'),
      Buffer.from('Q\xff\xff\xff\xff', 'latin1'),
      Buffer.from('!\0\0\0\x04'),
      startup('supabase_admin'),
      message('p', 'again'),
    ]) {
      const { client } = await login('postgres', password);
      client.send(bytes);
      expect((await client.ended()).toString()).toContain('08P01');
    }
  });

  test('who does not log in in time is sent away', async () => {
    const client = await connect();
    expect((await client.ended()).toString()).toContain('08006');
    expect(pooler.lines.join('\n')).not.toContain(password);
  });

  test('random bytes before and after the login never stop it', async () => {
    const rounds = Number(process.env.POOLER_FUZZ_ROUNDS ?? 60);
    for (let round = 0; round < rounds; round++) {
      const length = 8 + Math.floor(Math.random() * 300);
      const bytes = randomBytes(length);
      if (round % 3 === 0) {
        const client = await connect();
        if (round % 2 === 0) bytes.writeUInt32BE(length, 0);
        client.send(bytes);
        client.destroy();
      } else {
        const { client } = await login('postgres', password);
        bytes[0] = 'PBDECQSHFdcf'.charCodeAt(round % 12);
        bytes.writeUInt32BE(round % 2 === 0 ? length - 1 : Math.floor(Math.random() * 40), 1);
        client.send(bytes, message('S'));
        await new Promise((resolve) => setTimeout(resolve, 5));
        client.destroy();
      }
    }
    const { client } = await login('postgres', password);
    expect(await client.query('select 1')).toEqual([['1']]);
    client.destroy();
  }, 60_000);
});

test('GET is answered for load balancers', async () => {
  const client = await connect();
  client.send(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
  expect((await client.ended()).toString()).toMatch(/^HTTP\/1\.1 204 OK\r\nx-app-version: /);
});

describe('HTTP', () => {
  const [mount] = [() => pooler.room.mounts[0]];
  async function get(path: string, secret?: string, method = 'GET') {
    const server = createServer((incoming, outgoing) => mount()?.handle(incoming, outgoing));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const headers: Record<string, string> = secret
      ? { authorization: `Bearer ${await signHs256({ role: 'x' }, secret)}` }
      : {};
    return new Promise<{ status: number; body: string }>((resolve, reject) => {
      request({ port, path, method, headers }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () => {
          server.close();
          resolve({ status: response.statusCode ?? 0, body });
        });
      })
        .on('error', reject)
        .end();
    });
  }

  test('health for anybody, everything else by token', async () => {
    expect(await get('/api/health')).toEqual({ status: 204, body: '' });
    expect(await get(`/api/tenants/${testTenant}`)).toEqual({ status: 403, body: '' });
    expect(await get('/metrics', 'a secret that is another one altogether, long')).toEqual({ status: 403, body: '' });
    expect(await get('/api/tenants/other', testJwtSecret)).toEqual({ status: 404, body: '{"error":"not found"}' });
    const { status, body } = await get(`/api/tenants/${testTenant}`, testJwtSecret);
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject({
      data: { external_id: testTenant, require_user: false, default_pool_size: 20 },
    });
    expect(body).not.toContain(password);
  });

  test('metrics count, and terminate ends all clients', async () => {
    const { client } = await login('postgres', password);
    await client.query('select 1');
    const { body } = await get('/metrics', testJwtSecret);
    expect(body).toMatch(
      new RegExp(`supavisor_connections_active\\{tenant="${testTenant}",user="postgres",mode="transaction",.*\\} 1\\n`),
    );
    expect(Number(/supavisor_client_query_count\{[^}]*\} (\d+)/.exec(body)?.[1])).toBeGreaterThan(0);
    const figure = (name: string) => Number(new RegExp(`supavisor_${name} (\\d+)`).exec(body)?.[1]);
    const labels = `\\{tenant="${testTenant}",mode="transaction"\\}`;
    // The first of a pool waits until a connection is there.
    expect(figure(`pool_checkout_duration_local_count${labels}`)).toBeGreaterThan(0);
    expect(figure(`prepared_statements_evicted\\{tenant="${testTenant}"\\}`)).toBe(0);
    expect(await get(`/api/tenants/${testTenant}/terminate`, testJwtSecret)).toEqual({
      status: 200,
      body: '{"result":"ok"}',
    });
    expect((await client.ended()).toString()).toContain('57P01');
    await expect
      .poll(async () => (await get('/metrics', testJwtSecret)).body)
      .toMatch(new RegExp(`supavisor_client_connection_lifetime_count${labels} [1-9]`));
    (await login('postgres', password)).client.destroy();
    expect(await get(`/api/tenants/${testTenant}/update_auth_credentials`, testJwtSecret, 'POST')).toEqual({
      status: 204,
      body: '',
    });
  });
});

test('stopping lets a transaction finish, and tells the others why', async () => {
  const own = await startPooler(() => database.connection('pgbouncer'));
  const open = (port: number) => WireClient.login(port, 'postgres', password, { database: database.name });
  const [{ client: idle }, { client: busy }, { client: session }] = await Promise.all([
    open(own.transactionPort),
    open(own.transactionPort),
    open(own.sessionPort),
  ]);
  await busy.query('begin');
  const stopped = own.stop();
  expect((await idle.ended()).toString()).toContain('57P01');
  expect((await session.ended()).toString()).toContain('57P01');
  expect(await busy.query('select 1')).toEqual([['1']]);
  busy.send(message('Q', 'commit'));
  expect((await busy.ended()).toString()).toContain('COMMIT');
  await stopped;
});

test('a database that cannot be reached for a while is waited for', async () => {
  let reachable = true;
  const elsewhere = () => ({ ...database.connection('pgbouncer'), ...(!reachable && { host: '127.0.0.1', port: 1 }) });
  const own = await startPooler(elsewhere, { POOLER_SERVER_LIFETIME: '1ms' });
  const { client } = await WireClient.login(own.transactionPort, 'postgres', password, { database: database.name });
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await client.query('select 1');
  reachable = false;
  const waiting = client.query('select 2');
  await new Promise((resolve) => setTimeout(resolve, 600));
  reachable = true;
  expect(await waiting).toEqual([['2']]);
  client.destroy();
  await own.stop();
});
