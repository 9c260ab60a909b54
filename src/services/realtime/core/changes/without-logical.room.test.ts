import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../../../../../test/support/client.ts';
import type { TestDatabase } from '../../../../../test/support/database.ts';
import { type PlainPostgres, startPlainPostgres } from '../../../../../test/support/plain-postgres.ts';
import { type RealtimeUnderTest, startRealtime, testToken } from '../../testing/realtime-under-test.ts';

// As `initdb` leaves it, a server has wal_level = replica.
let server: PlainPostgres;
let realtime: RealtimeUnderTest;
beforeAll(async () => {
  server = startPlainPostgres();
  await server.query('create role anon; create role authenticated; create role service_role');
  const db: TestDatabase = {
    name: 'postgres',
    connection: () => ({ host: server.socketDir, port: 5432, database: 'postgres', user: 'postgres' }),
    query: async <Row>(sql: string) => (await server.query(sql)).rows as Row[],
    drop: async () => {},
  };
  realtime = await startRealtime({ db });
});
afterAll(async () => {
  await realtime?.stop();
  server?.remove();
});

const changes = async () => (await realtime.room.health()).detail?.changes as { streaming: boolean; reason?: string };

test('a server without logical decoding is told what to do, and serves all but changes until that is done', async () => {
  const advice = "ALTER SYSTEM SET wal_level = 'logical'";
  const words = `wal_level is replica: run ${advice} on the database server and restart it`;
  await until('the advice', async () => (await changes()).reason === words);
  expect(await changes()).toMatchObject({ streaming: false });
  const warnings = realtime.logLines().filter((line) => JSON.parse(line).level === 'warn' && line.includes(words));
  expect(warnings).toHaveLength(1);

  const client = await realtime.client();
  await client.join('works', { broadcast: { self: true } });
  client.send('realtime:works', 'broadcast', { n: 1 }, '1');
  expect((await client.event('broadcast')).payload).toEqual({ n: 1 });
  await server.query('create table news (id int primary key); grant select on news to anon');
  await server.query('create publication supabase_realtime for table news');
  const entry = { event: '*', schema: 'public', table: 'news' };
  expect((await client.join('changes', { postgres_changes: [entry] })).payload.status).toBe('ok');

  await server.query(advice);
  server.stopServer();
  server.startServer();
  expect((await client.event('system', 60_000)).payload).toMatchObject({
    status: 'ok',
    message: 'Subscribed to PostgreSQL',
  });
  await server.query('insert into news values (1)');
  expect((await client.event('postgres_changes', 30_000)).payload.data).toMatchObject({ record: { id: 1 } });
  // Changes have a count of their own; that of events has the broadcast, taken and delivered.
  const headers = { authorization: `Bearer ${testToken()}` };
  const metrics = await (await fetch(`${realtime.url}/metrics`, { headers })).text();
  expect(metrics).toContain('realtime_channel_db_events{tenant="realtime-dev"} 1\n');
  expect(metrics).toContain('realtime_channel_events{tenant="realtime-dev"} 2\n');
});
