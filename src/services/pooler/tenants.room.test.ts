import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createWebSocketStream, WebSocket } from 'ws';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { askPooler, type PoolerUnderTest, startPooler, testTenant } from './testing/pooler-under-test.ts';
import { WireClient } from './testing/wire-client.ts';

const { password } = inject('roomServer');
let database: TestDatabase;
let second: TestDatabase;
let pooler: PoolerUnderTest;
let server: Server;

const start = () =>
  startPooler(
    () => database.connection('pgbouncer'),
    { VAULT_ENC_KEY: 'k'.repeat(32), POOLER_DEFAULT_POOL_SIZE: '4' },
    { store: () => database.connection('supabase_admin') },
  );

beforeAll(async () => {
  [database, second] = await Promise.all([testDatabase(), testDatabase()]);
  pooler = await start();
  server = createServer();
  server.on('upgrade', (incoming, socket, head) => pooler.room.mounts[0]?.upgrade?.(incoming, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  server?.close();
  await pooler?.stop();
  await Promise.all([database?.drop(), second?.drop()]);
});

const port = () => (server.address() as AddressInfo).port;

const call = (method: string, path: string, body?: unknown) => askPooler(pooler, method, path, body);

const login = (user: string, secret = password, parameters: Record<string, string> = {}) =>
  WireClient.login(pooler.transactionPort, user, secret, parameters);
const place = () => {
  const { host, port: dbPort } = second.connection('pgbouncer');
  return { db_host: host, db_port: dbPort, db_database: second.name };
};

describe('a tenant that was put', () => {
  const reader = { db_user: 'postgres', db_user_alias: 'reader', db_password: password, pool_size: 1, max_clients: 2 };

  test('has passwords and names of its own for its users, and is kept over a restart', async () => {
    const users = [reader];
    const put = await call('PUT', '/api/tenants/other.one', { tenant: { ...place(), users } });
    expect(put).toMatchObject({ status: 201, body: { data: { external_id: 'other.one', require_user: true } } });
    expect(JSON.stringify(put.body)).not.toContain(password);
    const stored = await database.query<{ text: string }>(
      'select document::text as text from _supavisor.pooler_tenants',
    );
    expect(stored).toHaveLength(1);
    expect(stored[0]?.text).not.toContain(password);
    const where = 'select current_database(), current_user';
    const { client } = await login('reader.other.one');
    expect(await client.query(where)).toEqual([[second.name, 'postgres']]);
    client.destroy();
    await expect(login('postgres.other.one')).rejects.toThrow('Tenant or user not found');
    await expect(login('reader.other.one', 'wrong')).rejects.toThrow('28P01');
    await pooler.stop();
    pooler = await start();
    const { client: again } = await login('reader.other.one');
    expect(await again.query(where)).toEqual([[second.name, 'postgres']]);
    again.destroy();
  });

  test('limits clients of a user, and its connections', async () => {
    const [{ client: one }, { client: two }] = [await login('reader.other.one'), await login('reader.other.one')];
    await expect(login('reader.other.one')).rejects.toThrow('Max client connections reached');
    await one.query('begin');
    const { body } = await call('GET', '/metrics/other.one');
    expect(body).toMatch(/supavisor_db_connections\{tenant="other.one",user="reader",[^}]*\} 1\n/);
    expect(body).not.toContain(testTenant);
    one.destroy();
    await two.query('select 1');
    two.destroy();
  });

  test('is served in the new way as soon as it is put again; who is there leaves after a transaction', async () => {
    const [{ client: idle }, { client: busy }] = [await login('reader.other.one'), await login('reader.other.one')];
    await busy.query('begin');
    const tenant = { ...place(), users: [{ ...reader, db_user_alias: 'writer' }] };
    expect((await call('PUT', '/api/tenants/other.one', { tenant })).status).toBe(200);
    expect((await idle.ended()).toString()).toContain('57P01');
    expect(await busy.query('select 1')).toEqual([['1']]);
    await expect(login('reader.other.one')).rejects.toThrow('Tenant or user not found');
    (await login('writer.other.one')).client.destroy();
    busy.destroy();
  });

  test('gets another password by its credentials', async () => {
    const credentials = '/api/tenants/other.one/update_auth_credentials';
    expect(await call('POST', credentials, { db_user: 'writer', db_password: 'another' })).toMatchObject({
      status: 204,
    });
    await expect(login('writer.other.one')).rejects.toThrow('28P01');
    expect(await call('POST', credentials, { db_user: 'nobody', db_password: 'x' })).toMatchObject({ status: 422 });
    expect(await call('POST', credentials, { db_password: password })).toMatchObject({ status: 204 });
    (await login('writer.other.one')).client.destroy();
  });

  test('asks its server for passwords where it has a manager, by its auth query', async () => {
    const manager = { db_user: 'pgbouncer', db_password: password, is_manager: true, mode_type: 'session' };
    const tenant = { ...place(), require_user: false, sni_hostname: 'second.example', users: [manager] };
    expect((await call('PUT', '/api/tenants/asking', { tenant })).status).toBe(201);
    const { client } = await login('postgres.asking');
    await client.query('set my.own = 1');
    expect(await client.query('select current_database(), current_setting($$my.own$$)')).toEqual([[second.name, '1']]);
    client.destroy();
    expect(
      await call('PUT', '/api/tenants/asking', { tenant: { ...tenant, allow_list: ['192.0.2.0/24'] } }),
    ).toMatchObject({
      status: 200,
    });
    await expect(login('postgres.asking')).rejects.toThrow('Address not in tenant allow_list: 127.0.0.1');
    expect((await call('DELETE', '/api/tenants/asking')).status).toBe(204);
    expect((await call('DELETE', '/api/tenants/asking')).status).toBe(404);
    await expect(login('postgres.asking')).rejects.toThrow('Tenant or user not found');
  });

  test('is known to another node when a client names it', async () => {
    const other = await startPooler(
      () => database.connection('pgbouncer'),
      { VAULT_ENC_KEY: 'k'.repeat(32), POOLER_TENANT_CACHE: '0' },
      { store: () => database.connection('supabase_admin') },
    );
    const users = [{ db_user: 'postgres', db_password: password }];
    await call('PUT', '/api/tenants/later', { tenant: { ...place(), users } });
    const { client } = await WireClient.login(other.transactionPort, 'postgres.later', password);
    expect(await client.query('select current_database()')).toEqual([[second.name]]);
    client.destroy();
    await other.stop();
    await call('DELETE', '/api/tenants/later');
  });

  test('makes sense, or is refused field by field', async () => {
    expect(await call('PUT', '/api/tenants/bad', { tenant: { db_host: 'x', db_port: 0 } })).toEqual({
      status: 422,
      body: {
        errors: {
          db_database: ["can't be blank"],
          db_port: ['must be a whole number from 1 to 65535'],
          users: ["can't be blank"],
        },
      },
    });
    expect(await call('PUT', '/api/tenants/bad', {})).toEqual({
      status: 422,
      body: { errors: { tenant: ["can't be blank"] } },
    });
    expect((await call('GET', '/api/tenants/bad')).status).toBe(404);
  });
});

test('the tenant of the settings can be put with other limits, and is what it was when that is deleted', async () => {
  const path = `/api/tenants/${testTenant}`;
  const { client: before } = await login('postgres', password, { database: database.name });
  const { client: direct } = await WireClient.login(pooler.sessionPort, 'postgres', password, {
    database: database.name,
  });
  expect(await call('PUT', path, { tenant: { default_max_clients: 1 } })).toMatchObject({
    status: 200,
    body: { data: { default_max_clients: 1, default_pool_size: 4, users: [{ db_user: 'pgbouncer' }] } },
  });
  expect((await before.ended()).toString()).toContain('57P01');
  expect(await direct.query('select 1')).toEqual([['1']]);
  const { client } = await login('postgres', password, { database: database.name });
  await expect(login(`postgres.${testTenant}`)).rejects.toThrow('Max client connections reached');
  client.destroy();
  direct.destroy();
  expect((await call('DELETE', path)).status).toBe(204);
  expect((await call('DELETE', path)).status).toBe(404);
  expect(await call('GET', path)).toMatchObject({ status: 200, body: { data: { default_max_clients: 3_000 } } });
});

test('a cluster is reached by its alias, and forgotten', async () => {
  const path = '/api/clusters/both';
  const cluster = { cluster_tenants: [{ type: 'write', tenant_external_id: testTenant }] };
  expect((await call('GET', path)).status).toBe(404);
  expect(
    await call('PUT', path, { cluster: { cluster_tenants: [{ type: 'write', tenant_external_id: 'nobody' }] } }),
  ).toEqual({ status: 422, body: { errors: { cluster_tenants: ['there is no tenant nobody'] } } });
  expect((await call('PUT', path, { cluster })).status).toBe(201);
  expect(await call('GET', path)).toMatchObject({ status: 200, body: { data: { alias: 'both', active: true } } });
  const { client } = await login('postgres.cluster.both');
  expect(await client.query('select current_database()')).toEqual([[database.name]]);
  expect((await call('PUT', path, { cluster: { ...cluster, active: false } })).status).toBe(200);
  expect((await client.ended()).toString()).toContain('57P01');
  await expect(login('postgres.cluster.both')).rejects.toThrow('Tenant or user not found');
  expect((await call('DELETE', path)).status).toBe(204);
  expect((await call('GET', path)).status).toBe(404);
});

test('the description, and the page that shows it', async () => {
  const { body } = await call('GET', '/api/openapi');
  expect(body).toMatchObject({ openapi: '3.0.0', paths: { '/api/tenants/{id}': { put: {} } } });
  const page = await call('GET', '/swaggerui');
  expect(page.body).toContain('<code>/api/tenants/{id}</code>');
  // It loads nothing from anywhere.
  expect(page.body).not.toMatch(/<script|<link|src=|https?:/);
});

describe('over a WebSocket', () => {
  const url = (path = '/v2') => `ws://127.0.0.1:${port()}${path}`;
  const connect = () => {
    const stream = createWebSocketStream(new WebSocket(url()));
    // What the driver wants of a socket.
    return Object.assign(stream, {
      connect: () => {},
      setNoDelay: () => {},
      setKeepAlive: () => {},
      ref: () => {},
      unref: () => {},
    });
  };

  test('a client speaks the protocol in binary frames, large results included', async () => {
    const stream = connect();
    const client = new pg.Client({
      user: 'postgres',
      password,
      database: database.name,
      stream: () => stream as never,
    });
    // The driver waits for a socket's event; the WebSocket holds back what is written before it is open.
    setImmediate(() => stream.emit('connect'));
    await client.connect();
    const { rows } = await client.query("select repeat('x', 3000000) as text, $1::int as number", [5]);
    expect([rows[0].text.length, rows[0].number]).toEqual([3_000_000, 5]);
    await client.query({ name: 'named', text: 'select 1' });
    await client.end();
  });

  test('a client that goes away leaves its connection to others', async () => {
    const stream = connect();
    const client = new pg.Client({
      user: 'postgres',
      password,
      database: database.name,
      stream: () => stream as never,
    });
    client.on('error', () => {});
    setImmediate(() => stream.emit('connect'));
    await client.connect();
    await client.query('begin');
    stream.destroy();
    await expect
      .poll(async () => (await call('GET', `/metrics/${testTenant}`)).body)
      .not.toMatch(/supavisor_connections_active\{[^}]*user="postgres",mode="transaction"[^}]*\} [1-9]/);
  });

  test('other paths are not found', async () => {
    const socket = new WebSocket(url('/v1'));
    const [error] = (await new Promise<unknown[]>((resolve) => socket.once('error', (...args) => resolve(args)))) as [
      Error,
    ];
    expect(error.message).toContain('404');
  });
});
