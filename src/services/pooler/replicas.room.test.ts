import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type PlainPostgres, startPlainPostgres } from '../../../test/support/plain-postgres.ts';
import { askPooler, type PoolerUnderTest, startPooler } from './testing/pooler-under-test.ts';
import { rowsOf, WireClient } from './testing/wire-client.ts';
import { int32, message } from './wire/messages.ts';

const { password } = inject('roomServer');
let primary: PlainPostgres;
let replica: PlainPostgres;
let pooler: PoolerUnderTest;

beforeAll(async () => {
  primary = startPlainPostgres();
  await primary.query(
    `create role pgbouncer login superuser; alter role postgres password '${password}'; create table items (id int)`,
  );
  replica = primary.replica();
  pooler = await startPooler(() => ({ host: primary.socketDir, port: 5432, user: 'pgbouncer', database: 'postgres' }), {
    POOLER_AUTH_QUERY: 'select rolname, rolpassword from pg_authid where rolname = $1',
    POOLER_READ_HOSTS: `${replica.socketDir}:5432`,
    POOLER_CONNECT_TIMEOUT: '2s',
    VAULT_ENC_KEY: 'k'.repeat(32),
  });
}, 60_000);

afterAll(async () => {
  await pooler?.stop();
  replica?.remove();
  primary?.remove();
});

const login = async (parameters: Record<string, string> = {}) =>
  (await WireClient.login(pooler.transactionPort, 'postgres', password, { database: 'postgres', ...parameters }))
    .client;
const where = 'select case when pg_is_in_recovery() then $$replica$$ else $$primary$$ end';
const inTransaction = async (client: WireClient, begin: string, sql: string) => {
  await client.query(begin);
  const [[found] = []] = await client.query(sql);
  await client.query('commit');
  return found;
};
const reading = (client: WireClient, sql = where) => inTransaction(client, 'begin read only', sql);
/** The replica is known to be there and has caught up. */
const onReplica = (client: WireClient) => expect.poll(() => reading(client), { timeout: 20_000 }).toBe('replica');

test('only what is announced as read only goes to the replica', async () => {
  const client = await login();
  await onReplica(client);
  expect(await client.query(where)).toEqual([['primary']]);
  await onReplica(client);
  expect(await inTransaction(client, 'begin', where)).toBe('primary');
  await onReplica(client);
  expect(await inTransaction(client, 'start transaction read write', where)).toBe('primary');
  // The extended protocol, as JDBC begins such transactions.
  await onReplica(client);
  const execute = Buffer.concat([message('B', '', '', Buffer.alloc(6)), message('E', '', int32(0))]);
  client.send(
    message('P', '', 'BEGIN READ ONLY', Buffer.alloc(2)),
    execute,
    message('P', '', where, Buffer.alloc(2)),
    execute,
    message('S'),
  );
  expect(rowsOf(await client.untilReady())).toEqual([['replica']]);
  await client.query('commit');
  client.destroy();
});

test('a client whose transactions read only by default', async () => {
  const client = await login({ options: '-c default_transaction_read_only=on' });
  await expect.poll(async () => (await client.query(where))[0]?.[0], { timeout: 20_000 }).toBe('replica');
  expect(await inTransaction(client, 'begin read write', where)).toBe('primary');
  await client.query('set default_transaction_read_only = off');
  expect(await client.query(where)).toEqual([['primary']]);
  client.destroy();
});

test('nobody reads less than what they wrote, and others read on', async () => {
  const [writer, other] = [await login(), await login()];
  await onReplica(writer);
  await replica.query('select pg_wal_replay_pause()');
  await expect
    .poll(async () => (await replica.query('select pg_get_wal_replay_pause_state() as state')).rows)
    .toEqual([{ state: 'paused' }]);
  await writer.query('insert into items values (1)');
  expect(await reading(writer)).toBe('primary');
  expect(await reading(writer, 'select count(*) from items')).toBe('1');
  expect(await reading(other)).toBe('replica');
  expect(await reading(other, 'select count(*) from items')).toBe('0');
  await replica.query('select pg_wal_replay_resume()');
  await onReplica(writer);
  expect(await reading(writer, 'select count(*) from items')).toBe('1');
  for (const client of [writer, other]) client.destroy();
});

test('prepared statements and settings follow to the replica', async () => {
  const client = await login({ application_name: 'mine' });
  client.send(message('P', 'named', 'select $1::int + 1', Buffer.alloc(2)), message('S'));
  await client.untilReady();
  await onReplica(client);
  await client.query('begin read only');
  client.send(
    message('B', '', 'named', Buffer.from([0, 0, 0, 1]), int32(1), Buffer.from('5'), Buffer.alloc(2)),
    message('E', '', int32(0)),
    message('S'),
  );
  expect(rowsOf(await client.untilReady())).toEqual([['6']]);
  expect(await client.query(`select current_setting('application_name')`)).toEqual([['mine']]);
  await client.query('commit');
  client.destroy();
});

test('a cluster of tenants: one that writes, and one that is its replica', async () => {
  const members = [
    ['write', 'leader', primary],
    ['read', 'follower', replica],
  ] as const;
  for (const [, id, { socketDir }] of members)
    expect(
      await askPooler(pooler, 'PUT', `/api/tenants/${id}`, {
        tenant: {
          db_host: socketDir,
          db_port: 5432,
          db_database: 'postgres',
          require_user: true,
          users: [{ db_user: 'postgres', db_password: password }],
        },
      }),
    ).toMatchObject({ status: 201 });
  const cluster = { cluster_tenants: members.map(([type, id]) => ({ type, tenant_external_id: id })) };
  expect(await askPooler(pooler, 'PUT', '/api/clusters/pair', { cluster })).toMatchObject({ status: 201 });
  const { client } = await WireClient.login(pooler.transactionPort, 'postgres.cluster.pair', password);
  await onReplica(client);
  expect(await client.query(where)).toEqual([['primary']]);
  client.destroy();
});

test('without the replica reading goes on at the primary, and back when it is there again', async () => {
  const [client, held] = [await login(), await login()];
  await onReplica(client);
  await onReplica(held);
  await held.query('begin read only');
  replica.stopServer();
  expect(String(await held.ended())).toMatch(/57P01|08006/);
  expect(await reading(client)).toBe('primary');
  const told = () =>
    pooler.lines.flatMap((line) => /POOLER_READ_HOSTS is (not usable|read from)/.exec(line)?.[1] ?? []);
  await expect.poll(() => told().at(-1)).toBe('not usable');
  replica.startServer();
  await onReplica(client);
  expect(told().at(-1)).toBe('read from');
  // Each change once, however often it was asked.
  expect(told().every((state, index) => state !== told()[index - 1])).toBe(true);
  client.destroy();
});
