import net, { type AddressInfo, type Socket } from 'node:net';
import tls from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import type { ConnectionOptions } from '#kernel/sql';
import { selfSignedCertificate } from '#kernel/tls';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { type PlainPostgres, startPlainPostgres } from '../../../test/support/plain-postgres.ts';
import { type PoolerUnderTest, startPooler } from './testing/pooler-under-test.ts';
import { WireClient } from './testing/wire-client.ts';

const { password } = inject('roomServer');
let database: TestDatabase;
let pooler: PoolerUnderTest | undefined;

beforeAll(async () => {
  database = await testDatabase();
});

afterEach(async () => {
  await pooler?.stop();
  pooler = undefined;
});

afterAll(async () => {
  await database?.drop();
});

const login = async (port: number, name = database.name) =>
  (await WireClient.login(port, 'postgres', password, { database: name })).client;
const backend = async (client: WireClient) => (await client.query('select pg_backend_pid()'))[0]?.[0];
const isThere = async (pid: string | undefined) =>
  (await database.query('select 1 from pg_stat_activity where pid = $1', [pid])).length;
const start = async (env: Record<string, string>) => {
  pooler = await startPooler(() => database.connection('pgbouncer'), env);
  return pooler;
};

describe('time limits', () => {
  test('clients that do nothing, in a transaction or outside, and queries that take too long', async () => {
    const { transactionPort, sessionPort } = await start({
      POOLER_CLIENT_IDLE_TIMEOUT: '1s',
      POOLER_IDLE_TRANSACTION_TIMEOUT: '1s',
      POOLER_QUERY_TIMEOUT: '1s',
    });
    const [idle, session, open, slow] = await Promise.all([
      login(transactionPort),
      login(sessionPort),
      login(transactionPort),
      login(transactionPort),
    ]);
    await session.query('select 1');
    await open.query('begin');
    const [held] = await Promise.all([backend(open), slow.query('select 1')]);
    const refused = expect(slow.query('select pg_sleep(60)')).rejects.toThrow(
      '57014 canceling statement due to the query timeout',
    );
    const ends = await Promise.all([idle.ended(), session.ended(), open.ended(), refused]);
    expect(String(ends[0])).toContain('57P05');
    expect(String(ends[1])).toContain('57P05');
    expect(String(ends[2])).toContain('25P03');
    await expect.poll(() => isThere(held)).toBe(0);
    await expect
      .poll(
        async () =>
          (
            await database.query(
              `select 1 from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()`,
            )
          ).length,
      )
      .toBe(0);
  });

  test('server connections that nobody uses are closed, and so are those that got old', async () => {
    const { transactionPort } = await start({ POOLER_SERVER_IDLE_TIMEOUT: '500ms' });
    const client = await login(transactionPort);
    const unused = await backend(client);
    await expect.poll(() => isThere(unused), { timeout: 10_000 }).toBe(0);
    expect(await client.query('select 1')).toEqual([['1']]);
    client.destroy();
    await pooler?.stop();
    const aged = await start({ POOLER_SERVER_LIFETIME: '500ms' });
    const other = await login(aged.transactionPort);
    const first = await backend(other);
    await expect.poll(() => backend(other), { timeout: 10_000 }).not.toBe(first);
    await expect.poll(() => isThere(first)).toBe(0);
    other.destroy();
  });
});

test('PostgreSQL restarts under load: idle clients stay, those at work are told', async () => {
  const server: PlainPostgres = startPlainPostgres();
  const loops: Promise<string>[] = [];
  let running = true;
  try {
    await server.query(`create role pgbouncer login superuser; alter role postgres password '${password}'`);
    const address: ConnectionOptions = { host: server.socketDir, port: 5432, user: 'pgbouncer', database: 'postgres' };
    pooler = await startPooler(() => address, {
      POOLER_AUTH_QUERY: 'select rolname, rolpassword from pg_authid where rolname = $1',
      POOLER_DEFAULT_POOL_SIZE: '5',
    });
    const { transactionPort } = pooler;
    const clients = (count: number) =>
      Promise.all(Array.from({ length: count }, () => login(transactionPort, 'postgres')));
    const [idle, open, busy] = [await clients(20), await clients(2), await clients(8)];
    for (const client of idle) await client.query('select 1');
    for (const client of open) await client.query('begin');
    let done = 0;
    for (const client of busy)
      loops.push(
        (async () => {
          try {
            while (running) {
              await client.query('select 1');
              done++;
            }
            return 'unharmed';
          } catch (error) {
            return (error as Error).message;
          }
        })(),
      );
    await expect.poll(() => done).toBeGreaterThan(50);
    server.stopServer();
    const waiting = idle.slice(0, 10).map((client) => client.query('select 2'));
    server.startServer();
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => [['2']]));
    for (const client of idle) expect(await client.query('select 3')).toEqual([['3']]);
    for (const client of open) expect(String(await client.ended())).toMatch(/57P01|08006/);
    running = false;
    for (const outcome of await Promise.all(loops)) expect(outcome).toMatch(/^(unharmed|57P01 |08006 )/);
    for (const client of [...idle, ...busy]) client.destroy();
  } finally {
    running = false;
    await pooler?.stop();
    pooler = undefined;
    server.remove();
  }
}, 60_000);

describe('TLS towards the server', () => {
  const pair = selfSignedCertificate();
  const fronts: net.Server[] = [];
  afterAll(() => {
    for (const front of fronts) front.close();
  });

  /** The test's server with TLS in front of it, or without. */
  async function front(offers: boolean): Promise<{ readonly port: number; readonly secured: () => number }> {
    const { host, port } = database.connection('pgbouncer');
    let secured = 0;
    const join = (client: Socket) => {
      const server = net.connect(`${host}/.s.PGSQL.${port}`);
      client.pipe(server).pipe(client);
      client.on('error', () => server.destroy());
      server.on('error', () => client.destroy());
    };
    const listener = net.createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', (request) => {
        if (request.length !== 8 || request.readUInt32BE(4) !== 80_877_103) {
          socket.pause();
          socket.unshift(request);
          join(socket);
          return;
        }
        socket.write(offers ? 'S' : 'N');
        if (!offers) return join(socket);
        const over = new tls.TLSSocket(socket, { isServer: true, cert: pair.certificate, key: pair.key });
        over.once('secure', () => secured++);
        join(over);
      });
    });
    fronts.push(listener);
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    return { port: (listener.address() as AddressInfo).port, secured: () => secured };
  }

  const through = async (port: number, more: Partial<ConnectionOptions>, env: Record<string, string> = {}) => {
    pooler = await startPooler(() => ({ ...database.connection('pgbouncer'), host: '127.0.0.1', port, ...more }), env);
    return pooler;
  };

  test('a certificate that is trusted; cancelling goes the same way', async () => {
    const { port, secured } = await front(true);
    const own = await through(
      port,
      { sslMode: 'verify-ca', sslRootCertificate: pair.certificate },
      { POOLER_QUERY_TIMEOUT: '1s' },
    );
    const long = 'x'.repeat(300_000);
    for (const each of [own.transactionPort, own.sessionPort]) {
      const client = await login(each);
      expect(await client.query(`select '${long}'`)).toEqual([[long]]);
      client.destroy();
    }
    expect(secured()).toBeGreaterThanOrEqual(3);
    const before = secured();
    const client = await login(own.transactionPort);
    await expect(client.query('select pg_sleep(61)')).rejects.toThrow('57014');
    await expect
      .poll(
        async () =>
          (
            await database.query(
              `select 1 from pg_stat_activity where query like '%pg_sleep(61)%' and state = 'active' and pid <> pg_backend_pid()`,
            )
          ).length,
      )
      .toBe(0);
    expect(secured()).toBeGreaterThan(before);
  });

  test('one that is not trusted, and a server without TLS', async () => {
    const { port } = await front(true);
    const stranger = selfSignedCertificate();
    const soon = { POOLER_CONNECT_TIMEOUT: '1s' };
    const own = await through(port, { sslMode: 'verify-ca', sslRootCertificate: stranger.certificate }, soon);
    await expect(login(own.transactionPort)).rejects.toThrow('08006');
    await own.stop();
    const { port: plain, secured } = await front(false);
    const lenient = await through(plain, { sslMode: 'prefer' });
    const client = await login(lenient.transactionPort);
    expect(await client.query('select 1')).toEqual([['1']]);
    expect(secured()).toBe(0);
    client.destroy();
    await lenient.stop();
    const strict = await through(plain, { sslMode: 'require' }, soon);
    await expect(login(strict.transactionPort)).rejects.toThrow('08006');
  });
});
