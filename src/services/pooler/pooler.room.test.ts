import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { type PoolerUnderTest, startPooler, testTenant } from './testing/pooler-under-test.ts';
import { rowsOf, describe as told, typesOf, WireClient } from './testing/wire-client.ts';
import { cancelRequest, int32, message, startupMessage } from './wire/messages.ts';

const { password } = inject('roomServer');
let database: TestDatabase;
let pooler: PoolerUnderTest;

beforeAll(async () => {
  database = await testDatabase();
  pooler = await startPooler(() => database.connection('pgbouncer'), {
    POOLER_DEFAULT_POOL_SIZE: '2',
    POOLER_CHECKOUT_TIMEOUT: '2s',
    POOLER_SERVER_STATEMENTS: '3',
    POOLER_CLIENT_STATEMENTS: '20',
  });
  await database.query('create table items (id int primary key, text text)');
  await database.query('grant all on items to postgres');
});

afterAll(async () => {
  await pooler?.stop();
  await database?.drop();
});

const login = (port = pooler.transactionPort, user = 'postgres', parameters: Record<string, string> = {}) =>
  WireClient.login(port, user, password, { database: database.name, ...parameters });
const backend = async (client: WireClient) => (await client.query('select pg_backend_pid()'))[0]?.[0];

// Extended protocol, message by message.
const parse = (name: string, sql: string) => message('P', name, sql, Buffer.alloc(2));
const bind = (name: string, ...values: string[]) =>
  message(
    'B',
    '',
    name,
    Buffer.from([0, 0, 0, values.length]),
    ...values.flatMap((value) => [int32(Buffer.byteLength(value)), Buffer.from(value)]),
    Buffer.from([0, 0]),
  );
const execute = message('E', '', int32(0));
const sync = message('S');
const closeStatement = (name: string) => message('C', Buffer.from('S'), name);
const describeStatement = (name: string) => message('D', Buffer.from('S'), name);

describe('transaction mode', () => {
  test('clients share server connections, and a transaction keeps one', async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => login()));
    const pids = new Set<string | undefined>();
    for (let round = 0; round < 5; round++)
      for (const pid of await Promise.all(clients.map(({ client }) => backend(client)))) pids.add(pid);
    expect(pids.size).toBeLessThanOrEqual(2);
    const [{ client: first }, { client: second }] = clients as [(typeof clients)[0], (typeof clients)[0]];
    await first.query('begin');
    const held = await backend(first);
    for (let round = 0; round < 5; round++) expect(await backend(second)).not.toBe(held);
    expect(await backend(first)).toBe(held);
    await first.query('commit');
    for (const { client } of clients) client.destroy();
  });

  test('a client waits for its turn, first come first served, and no longer than the setting', async () => {
    const holders = [(await login()).client, (await login()).client];
    for (const holder of holders) await holder.query('begin');
    const order: number[] = [];
    const waiting = [1, 2, 3].map(async (number) => {
      const { client } = await login();
      await new Promise((resolve) => setTimeout(resolve, number * 100));
      await client.query('select 1');
      order.push(number);
      client.destroy();
    });
    await new Promise((resolve) => setTimeout(resolve, 600));
    await holders[0]?.query('commit');
    await Promise.all(waiting);
    expect(order).toEqual([1, 2, 3]);
    await holders[0]?.query('begin');
    const { client: late } = await login();
    await expect(late.query('select 1')).rejects.toThrow(
      'XX000 Unable to check out process from the pool due to timeout',
    );
    for (const holder of holders) holder.destroy();
  });

  test('several queries in one packet: the connection is given back after the last answer', async () => {
    const { client } = await login();
    client.send(
      parse('', 'select 1'),
      bind(''),
      execute,
      sync,
      message('Q', 'select 2'),
      parse('', 'select 3'),
      bind(''),
      execute,
      sync,
    );
    const first = rowsOf(await client.untilReady());
    const second = rowsOf(await client.untilReady());
    const third = rowsOf(await client.untilReady());
    expect([first, second, third]).toEqual([[['1']], [['2']], [['3']]]);
    client.send(sync);
    expect(typesOf(await client.untilReady())).toBe('Z');
    client.destroy();
  });

  test('after an error the rest up to Sync is skipped, and nothing is counted that is not answered', async () => {
    const { client } = await login();
    client.send(
      parse('bad', 'select nowhere'),
      bind('bad'),
      execute,
      parse('good', 'select 1'),
      bind('good'),
      execute,
      sync,
    );
    client.send(parse('good', 'select 2'), bind('good'), execute, sync);
    expect(typesOf(await client.untilReady())).toBe('EZ');
    expect(rowsOf(await client.untilReady())).toEqual([['2']]);
    client.destroy();
  });

  test('settings follow the client from one connection to the other', async () => {
    const { client: one, greeting } = await login(pooler.transactionPort, 'postgres', {
      application_name: 'first',
      TimeZone: 'Asia/Tokyo',
    });
    expect(greeting.filter(({ type }) => type === 'S').map(({ payload }) => payload.toString())).toContain(
      'TimeZone\0Asia/Tokyo\0',
    );
    const { client: two } = await login(pooler.transactionPort, 'postgres', { application_name: "se'c\\ond" });
    const show = async (client: WireClient) =>
      (await client.query(`select current_setting('application_name'), current_setting('TimeZone')`))[0];
    for (let round = 0; round < 4; round++) {
      const [first, second] = await Promise.all([show(one), show(two)]);
      expect(first).toEqual(['first', 'Asia/Tokyo']);
      expect(second).toEqual(["se'c\\ond", 'UTC']);
    }
    await one.query(`set datestyle to 'SQL, DMY'`);
    await two.query('begin');
    expect(await one.query(`select date '2026-02-01'`)).toEqual([['01/02/2026']]);
    await two.query('commit');
    expect(await two.query(`select date '2026-02-01'`)).toEqual([['2026-02-01']]);
    one.destroy();
    two.destroy();
  });

  test('startup options and search_path make pools of their own; unknown settings are refused by the server', async () => {
    await database.query('create schema if not exists other; create table other.only_here (id int)');
    await database.query('grant usage on schema other to postgres; grant select on other.only_here to postgres');
    const { client } = await login(pooler.transactionPort, 'postgres', { options: '--search_path=other,public' });
    expect(await client.query('select count(*) from only_here')).toEqual([['0']]);
    const { client: plain } = await login();
    await expect(plain.query('select * from only_here')).rejects.toThrow('42P01');
    await expect(login(pooler.transactionPort, 'postgres', { options: '-c no_such_setting=1' })).rejects.toThrow(
      '42704',
    );
    await expect(login(pooler.transactionPort, 'postgres', { options: 'rubbish' })).rejects.toThrow('22023');
    client.destroy();
    plain.destroy();
  });

  test('COPY in and out, a failing COPY whose data is still under way, and COPY in the extended protocol', async () => {
    const { client } = await login();
    await client.query('truncate items');
    client.send(message('Q', 'copy items from stdin'));
    expect((await client.next()).type).toBe('G');
    const data = (text: string) => message('d', Buffer.from(text));
    for (let id = 0; id < 100; id++) client.send(data(`${id}\ttext\n`));
    client.send(message('c'));
    expect(typesOf(await client.untilReady())).toBe('CZ');
    client.send(message('Q', 'copy items from stdin'), data('bad\n'), data('1\tx\n'), data('2\ty\n'), message('c'));
    expect(typesOf((await client.untilReady()).filter(({ type }) => type !== 'G'))).toBe('EZ');
    client.send(data('99\tstray\n'), message('c'));
    expect(await client.query('select count(*) from items')).toEqual([['100']]);
    client.send(parse('', 'copy items from stdin'), bind(''), execute, sync);
    expect(typesOf([await client.next(), await client.next(), await client.next()])).toBe('12G');
    client.send(data('100\tx\n'), message('c'), sync);
    expect(typesOf(await client.untilReady())).toBe('CZ');
    // The data ahead of the server's invitation.
    client.send(parse('', 'copy items from stdin'), bind(''), execute, data('101\tx\n'), message('c'), sync);
    expect(typesOf(await client.untilReady())).toBe('12GCZ');
    expect(await client.query('select count(*) from items')).toEqual([['102']]);
    client.send(message('Q', 'copy items to stdout'));
    expect((await client.untilReady()).filter(({ type }) => type === 'd')).toHaveLength(102);
    const other = (await login()).client;
    for (let round = 0; round < 4; round++) expect(await other.query('select 1')).toEqual([['1']]);
    client.destroy();
    other.destroy();
  });

  test('messages of many megabytes go through both ways, in any pieces', async () => {
    const { client } = await login();
    const long = randomBytes(4 * 1024 * 1024).toString('hex');
    const [[length] = []] = await client.query(`select length('${long}')`);
    expect(length).toBe(String(long.length));
    client.send(parse('big', 'select $1::text'));
    const whole = Buffer.concat([bind('big', long), execute, sync]);
    for (let at = 0; at < whole.length; at += 300_001) client.send(whole.subarray(at, at + 300_001));
    expect(rowsOf(await client.untilReady())).toEqual([[long]]);
    const small = Buffer.concat([bind('big', 'x'), execute, sync]);
    for (const byte of small) {
      client.send(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(rowsOf(await client.untilReady())).toEqual([['x']]);
    client.destroy();
  });

  test('who does not read slows the server down instead of filling memory', async () => {
    const { client } = await login();
    client.pause();
    const before = process.memoryUsage().external + process.memoryUsage().arrayBuffers;
    client.send(message('Q', `select repeat('x', 1000) from generate_series(1, 200000)`));
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const after = process.memoryUsage().external + process.memoryUsage().arrayBuffers;
    expect(after - before).toBeLessThan(60 * 1024 * 1024);
    client.resume();
    let rows = 0;
    for (let received = await client.next(); received.type !== 'Z'; received = await client.next())
      if (received.type === 'D') rows++;
    expect(rows).toBe(200_000);
    client.destroy();
  });

  test('cancel reaches the query of whoever has the key, and nobody else', async () => {
    const { client, greeting } = await login();
    const key = greeting.find(({ type }) => type === 'K')?.payload as Buffer;
    const cancel = async (secret: Buffer) => {
      const other = await WireClient.connect(pooler.transactionPort);
      other.send(cancelRequest(key.readInt32BE(0), secret));
      await other.ended();
    };
    const running = client.query('select pg_sleep(5)');
    const outcome = expect(running).rejects.toThrow('57014 canceling statement due to user request');
    await new Promise((resolve) => setTimeout(resolve, 200));
    await cancel(randomBytes(4));
    await cancel(key.subarray(4));
    await outcome;
    // Idle: there is nothing to cancel, and the next query is not hit.
    await cancel(key.subarray(4));
    expect(await client.query('select 1')).toEqual([['1']]);
    client.destroy();
  });

  test('a client that goes away in the middle of its work leaves nothing behind', async () => {
    const { client } = await login();
    await client.query('begin');
    await client.query(`insert into items values (1000, 'never')`);
    const pid = await backend(client);
    client.send(message('Q', 'select pg_sleep(60)'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    client.destroy();
    await expect
      .poll(async () => (await database.query('select 1 from pg_stat_activity where pid = $1', [pid])).length)
      .toBe(0);
    expect(await database.query('select * from items where id = 1000')).toEqual([]);
    // Said goodbye right behind its work: that is done.
    const { client: hasty } = await login();
    hasty.send(message('Q', `insert into items values (1001, 'done')`), message('X'));
    await hasty.ended();
    await expect.poll(async () => (await database.query('select * from items where id = 1001')).length).toBe(1);
  });

  test('replication is refused, notifications are not passed on, notices are', async () => {
    await expect(login(pooler.transactionPort, 'postgres', { replication: 'database' })).rejects.toThrow(
      '0A000 replication connections are not possible in transaction mode',
    );
    const { client } = await login();
    client.send(message('Q', `listen news; notify news; do $$begin raise notice 'hello'; end$$`));
    expect(typesOf(await client.untilReady())).toBe('CCNCZ');
    client.send(message('Q', 'unlisten *'));
    await client.untilReady();
    client.destroy();
  });

  test('a lost server connection ends its client alone; the others go on', async () => {
    const { client: victim } = await login();
    const { client: other } = await login();
    await victim.query('begin');
    const pid = await backend(victim);
    await database.query('select pg_terminate_backend($1)', [pid]);
    await expect(victim.query('select 1')).rejects.toThrow(/57P01|08006|closed/);
    await victim.ended();
    const idle = await backend(other);
    await database.query('select pg_terminate_backend($1)', [idle]);
    const isThere = async () => (await database.query('select 1 from pg_stat_activity where pid = $1', [idle])).length;
    await expect.poll(isThere).toBe(0);
    expect(await other.query('select 1')).toEqual([['1']]);
    other.destroy();
  });
});

describe('prepared statements in transaction mode', () => {
  test('a name works on every connection, and two clients may give it to different statements', async () => {
    const [{ client: one }, { client: two }, { client: holder }] = await Promise.all([login(), login(), login()]);
    one.send(parse('s1', 'select $1::int + 1'), sync);
    two.send(parse('s1', 'select $1::int * 10'), sync);
    expect(typesOf(await one.untilReady())).toBe('1Z');
    expect(typesOf(await two.untilReady())).toBe('1Z');
    const run = async (client: WireClient, value: string) => {
      client.send(bind('s1', value), execute, sync);
      return rowsOf(await client.untilReady())[0]?.[0];
    };
    const pids = new Set<string | undefined>();
    for (let round = 0; round < 6; round++) {
      // Whoever holds a connection drives the others to the second one.
      if (round % 2 === 1) await holder.query('begin');
      expect(await run(one, '5')).toBe('6');
      expect(await run(two, '5')).toBe('50');
      pids.add(await backend(one));
      if (round % 2 === 1) await holder.query('commit');
    }
    expect(pids.size).toBe(2);
    for (const client of [one, two, holder]) client.destroy();
  });

  test('the same text is prepared once on a connection, whoever asks', async () => {
    const { client: first } = await login();
    await first.query('begin');
    const text = `select 'shared ' || $1::text`;
    first.send(parse('a', text), sync);
    await first.untilReady();
    await first.query('commit');
    const { client: second } = await login();
    second.send(parse('b', text), bind('b', 'x'), execute, sync);
    expect(typesOf(await second.untilReady())).toBe('12DCZ');
    const [[count] = []] = await second.query(
      `select count(*) from pg_prepared_statements where statement = 'select ''shared '' || $1::text'`,
    );
    expect(Number(count)).toBeLessThanOrEqual(1);
    first.destroy();
    second.destroy();
  });

  test('errors say what PostgreSQL says, with the client’s own names', async () => {
    const { client } = await login();
    client.send(bind('none'), execute, sync);
    expect(told((await client.untilReady())[0] as never)).toBe('26000 prepared statement "none" does not exist');
    client.send(parse('twice', 'select 1'), sync, parse('twice', 'select 2'), sync);
    await client.untilReady();
    expect(told((await client.untilReady())[0] as never)).toBe('42P05 prepared statement "twice" already exists');
    client.send(
      closeStatement('twice'),
      parse('twice', 'select 2'),
      describeStatement('twice'),
      bind('twice'),
      execute,
      sync,
    );
    expect(typesOf(await client.untilReady())).toBe('31tT2DCZ');
    client.send(closeStatement('twice'), bind('twice'), execute, sync);
    expect(typesOf(await client.untilReady())).toBe('3EZ');
    // Names of the pooler's own lead nowhere.
    client.send(bind('pooler_1'), execute, sync);
    expect((await client.untilReady())[0]?.type).toBe('E');
    client.destroy();
  });

  test('a Close that an error skipped has not happened', async () => {
    const { client } = await login();
    client.send(parse('kept', 'select 7'), sync);
    await client.untilReady();
    client.send(bind('nothing'), closeStatement('kept'), sync);
    expect(typesOf(await client.untilReady())).toBe('EZ');
    client.send(bind('kept'), execute, sync);
    expect(rowsOf(await client.untilReady())).toEqual([['7']]);
    client.destroy();
  });

  test('more statements than a connection keeps', async () => {
    const { client } = await login();
    for (let number = 0; number < 10; number++) client.send(parse(`n${number}`, `select ${number}`), sync);
    for (let number = 0; number < 10; number++) await client.untilReady();
    for (let round = 0; round < 3; round++)
      for (let number = 0; number < 10; number++) {
        client.send(bind(`n${number}`), execute, sync);
        expect(rowsOf(await client.untilReady())).toEqual([[String(number)]]);
      }
    const [[count] = []] = await client.query(`select count(*) from pg_prepared_statements where name like 'pooler%'`);
    expect(Number(count)).toBeLessThanOrEqual(3);
    for (let number = 10; number < 40; number++) client.send(parse(`n${number}`, 'select 1'), sync);
    await expect(
      (async () => {
        for (;;) await client.untilReady();
      })(),
    ).rejects.toThrow('XX000 max prepared statements limit reached');
  });

  test('DISCARD ALL, DEALLOCATE and SQL-level PREPARE', async () => {
    const { client } = await login();
    client.send(parse('x', 'select 1'), sync);
    await client.untilReady();
    await client.query('deallocate x');
    client.send(bind('x'), execute, sync);
    expect(typesOf(await client.untilReady())).toBe('EZ');
    client.send(parse('x', 'select 1'), sync);
    await client.untilReady();
    await client.query('discard all');
    client.send(parse('x', 'select 3'), bind('x'), execute, sync);
    expect(rowsOf(await client.untilReady())).toEqual([['3']]);
    const { client: other } = await login();
    other.send(parse('y', 'select 3'), bind('y'), execute, sync);
    expect(rowsOf(await other.untilReady())).toEqual([['3']]);
    for (const sql of ['prepare p as select 1', '/* c */ EXECUTE p(1)'])
      await expect(client.query(sql)).rejects.toThrow(
        'XX000 Supavisor transaction mode only supports prepared statements using the Extended Query Protocol',
      );
    expect(await client.query('select 1')).toEqual([['1']]);
    client.destroy();
    other.destroy();
  });

  test('an unnamed statement that was prepared in another transaction', async () => {
    const { client } = await login();
    const { client: holder } = await login();
    client.send(parse('', 'select 42'), describeStatement(''), sync);
    expect(typesOf(await client.untilReady())).toBe('1tTZ');
    await holder.query('begin');
    client.send(bind(''), execute, sync);
    expect(rowsOf(await client.untilReady())).toEqual([['42']]);
    client.destroy();
    holder.destroy();
  });
});

describe('sessions', () => {
  test('a plain user name gets a session of its own, LISTEN included', async () => {
    const listener = new pg.Client({
      host: '127.0.0.1',
      port: pooler.sessionPort,
      user: 'postgres',
      password,
      database: database.name,
    });
    await listener.connect();
    const heard = new Promise((resolve) => listener.once('notification', resolve));
    await listener.query('listen news');
    await listener.query(`notify news, 'hello'`);
    expect(await heard).toMatchObject({ channel: 'news', payload: 'hello' });
    await listener.query('create temp table mine (id int)');
    await listener.query('prepare p as select 5 as five');
    expect((await listener.query('execute p')).rows).toEqual([{ five: 5 }]);
    await listener.end();
  });

  test('with the tenant sessions are limited to the pool size', async () => {
    const user = `postgres.${testTenant}`;
    const held = [(await login(pooler.sessionPort, user)).client, (await login(pooler.sessionPort, user)).client];
    await expect(login(pooler.sessionPort, user)).rejects.toThrow(
      'XX000 MaxClientsInSessionMode: max clients reached - in Session mode max clients are limited to pool_size',
    );
    const next = login(pooler.sessionPort, user);
    await new Promise((resolve) => setTimeout(resolve, 200));
    held[0]?.destroy();
    const { client } = await next;
    expect(await client.query('select 1')).toEqual([['1']]);
    client.destroy();
    held[1]?.destroy();
  });

  test('replication is passed through', async () => {
    const { client } = await login(pooler.sessionPort, 'postgres', { replication: 'database' });
    client.send(message('Q', 'IDENTIFY_SYSTEM'));
    expect(rowsOf(await client.untilReady())[0]?.[3]).toBe(database.name);
    client.destroy();
  });

  test('cancel', async () => {
    const { client, greeting } = await login(pooler.sessionPort);
    const key = greeting.find(({ type }) => type === 'K')?.payload as Buffer;
    const outcome = expect(client.query('select pg_sleep(5)')).rejects.toThrow('57014');
    await new Promise((resolve) => setTimeout(resolve, 200));
    const other = await WireClient.connect(pooler.sessionPort);
    other.send(cancelRequest(key.readInt32BE(0), key.subarray(4)));
    await other.ended();
    await outcome;
    client.destroy();
  });
});

test('protocol 3.2 and extensions of it are negotiated down', async () => {
  const client = await WireClient.connect(pooler.transactionPort);
  const startup = startupMessage([
    ['user', 'postgres'],
    ['database', database.name],
    ['_pq_.something', '1'],
  ]);
  startup.writeUInt16BE(2, 6);
  client.send(startup);
  const answer = await client.next();
  expect(answer.type).toBe('v');
  expect(answer.payload.subarray(8).toString()).toBe('_pq_.something\0');
  await client.prove(password);
  await client.untilReady();
  client.destroy();
});
