import { afterAll, beforeAll, expect, it } from 'vitest';
import { deliveryTables, listDeliveries } from '#kernel/deliveries';
import { type Client, connectClient } from '#kernel/sql';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';
import { outboxSteps } from './migrations/outbox.ts';
import { deliverySteps } from './migrations/outbox-deliveries.ts';

let db: TestDatabase;
let client: Client;

beforeAll(async () => {
  db = await testDatabase();
  client = await connectClient(db.connection('supabase_admin'));
});
afterAll(async () => {
  await client?.pg.end();
  await db?.drop();
});

const query = async (sql: string, values: unknown[] = []) => (await client.pg.query(sql, values)).rows;

it('what stood in the tables of before is delivered and dead as it was', async () => {
  await query(`drop view supabase_functions.outbox_events, supabase_functions.outbox_dead_letters`);
  await query(`drop function supabase_functions.outbox_queue, supabase_functions.outbox_retry`);
  await query(`create table supabase_functions.outbox_events (
    id bigint generated always as identity primary key, message_id uuid not null default gen_random_uuid(),
    rule text references supabase_functions.outbox_rules on delete cascade, target text, key text not null,
    event text not null, payload jsonb not null, created_at timestamptz not null default clock_timestamp(),
    attempts integer not null default 0, next_at timestamptz not null default '-infinity', error text)`);
  await query(`create table supabase_functions.outbox_dead_letters (
    id bigint primary key, message_id uuid not null, rule text, target text, key text not null, event text not null,
    payload jsonb not null, created_at timestamptz not null, attempts integer not null, error text,
    failed_at timestamptz not null default now())`);
  await query('create table things (id int primary key)');
  await query(`insert into supabase_functions.outbox_rules (name, source, object, target)
    values ('web', 'table', 'public.things', 'https://example.com/'), ('bus', 'table', 'public.things', 'nats:')`);
  await query(`insert into supabase_functions.outbox_events (message_id, rule, target, key, event, payload, attempts, next_at, error)
    values ('00000000-0000-4000-8000-000000000001', 'web', null, 'web/1', 'insert', '{"n": 1}', 2, now() + interval '1 hour', 'answered 500'),
      ('00000000-0000-4000-8000-000000000002', 'web', null, 'web/1', 'update', '{"n": 2}', 0, default, null),
      ('00000000-0000-4000-8000-000000000003', null, 'nats://a.b', 'webhook/1', 'insert', '{"n": 3}', 0, default, null)`);
  await query(`insert into supabase_functions.outbox_dead_letters
    values (1, '00000000-0000-4000-8000-000000000004', 'bus', null, 'bus/1', 'delete', '{"n": 4}', now(), 12, 'no stream')`);

  const step = outboxSteps.find(({ version }) => version === 'schema/outbox/deliveries');
  const due = async () => (await query(`select (${step?.unless}) as done`))[0].done === false;
  expect(await due()).toBe(true);
  await query(
    step?.sql({ admin: 'supabase_admin', database: 'postgres', superuser: true, serverVersion: 0 }) as string,
  );
  expect(await due()).toBe(false);

  expect(
    await query(`select right(message_id::text, 1) as id, rule, target, key, event, payload, attempts, error, next_at > now() as later
      from supabase_functions.outbox_events order by outbox_events.id`),
  ).toEqual([
    {
      id: '1',
      rule: 'web',
      target: null,
      key: 'web/1',
      event: 'insert',
      payload: { n: 1 },
      attempts: 2,
      error: 'answered 500',
      later: true,
    },
    {
      id: '2',
      rule: 'web',
      target: null,
      key: 'web/1',
      event: 'update',
      payload: { n: 2 },
      attempts: 0,
      error: null,
      later: false,
    },
    {
      id: '3',
      rule: null,
      target: 'nats://a.b',
      key: 'webhook/1',
      event: 'insert',
      payload: { n: 3 },
      attempts: 0,
      error: null,
      later: false,
    },
  ]);
  const database = {
    query: async (text: string, values: readonly unknown[] = []) => client.pg.query(text, [...values]),
  };
  expect(await listDeliveries(database as never, { state: 'dead', limit: 9 })).toMatchObject([
    {
      queue: 'outbox_nats',
      target: 'bus',
      payload: { event: 'delete', body: { n: 4 } },
      attempts: [{ number: 12, error: 'no stream' }],
    },
  ]);
  const project = await connectClient(db.connection('postgres'));
  const [retried] = (await project.pg.query('select supabase_functions.outbox_retry() as count')).rows;
  expect(retried).toEqual({ count: 1 });
  await project.pg.query('delete from supabase_functions.outbox_events where rule is null');
  await project.pg.end();
  await query(`update supabase_functions.outbox_rules set name = 'line', target = 'nats:x' where name = 'web'`);
  expect(await query('select queue, target from _pmoves.deliveries order by id')).toEqual([
    { queue: 'outbox_nats', target: 'line' },
    { queue: 'outbox_nats', target: 'line' },
    { queue: 'outbox_nats', target: 'bus' },
  ]);
  await query('delete from supabase_functions.outbox_rules');
  expect(await query('select * from supabase_functions.outbox_events')).toEqual([]);
});

it('rooms may post with their roles, and clients may not', async () => {
  const may = async (role: string) =>
    (
      await query(
        `select has_function_privilege($1, '_pmoves.enqueue_delivery(text, text, jsonb, text)', 'execute') as may`,
        [role],
      )
    )[0].may;
  for (const role of ['supabase_storage_admin', 'supabase_auth_admin', 'supabase_functions_admin'])
    expect(await may(role)).toBe(true);
  for (const role of ['anon', 'authenticated', 'service_role']) expect(await may(role)).toBe(false);
  await query('set role supabase_storage_admin');
  await query(`select _pmoves.enqueue_delivery('storage', 'hook', '{}', 'bucket')`);
  await query('reset role');
  expect(await query('select queue, key from _pmoves.deliveries')).toEqual([{ queue: 'storage', key: 'bucket' }]);
});

it("tables that a room made for itself become the stack's, and the room goes on delivering from them", async () => {
  const step = deliverySteps.find(({ version }) => version === 'schema/deliveries/owner');
  const due = async () => (await query(`select (${step?.unless}) as done`))[0].done === false;
  expect(await due()).toBe(false);
  await query(`drop schema _pmoves cascade; grant create on database "${db.name}" to supabase_storage_admin`);
  expect(await due()).toBe(false);
  await query('set role supabase_storage_admin');
  await query(deliveryTables);
  await query(`select _pmoves.enqueue_delivery('storage', 'hook', '{}', 'bucket')`);
  await query('reset role');
  expect(await due()).toBe(true);
  await query(step?.sql({ admin: 'supabase_admin', database: db.name, superuser: true, serverVersion: 0 }) as string);
  expect(await due()).toBe(false);
  expect(
    await query(`select distinct owner::regrole::text from (
      select relowner as owner from pg_class where relnamespace = '_pmoves'::regnamespace
      union all select proowner from pg_proc where pronamespace = '_pmoves'::regnamespace
      union all select nspowner from pg_namespace where nspname = '_pmoves') as everything`),
  ).toEqual([{ owner: 'supabase_admin' }]);
  await query('set role supabase_storage_admin');
  expect(await query(`select key from _pmoves.take_deliveries('storage', 5, 30) where id is not null`)).toEqual([
    { key: 'bucket' },
  ]);
  await query('delete from _pmoves.deliveries');
  await query('reset role');
  for (const role of ['supabase_auth_admin', 'supabase_functions_admin']) {
    await query(`set role ${role}`);
    await query(`select _pmoves.enqueue_delivery('of a room', 'hook', '{}')`);
    await query('reset role');
  }
});
