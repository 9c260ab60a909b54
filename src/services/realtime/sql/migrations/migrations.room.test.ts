import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../../../test/support/database.ts';
import { migrate, realtimeMigrations } from './index.ts';

const [alice, bob] = ['00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b'];
let db: TestDatabase;
beforeAll(async () => {
  db = await testDatabase();
  await Promise.all([1, 2].map(() => migrate(db.connection('supabase_admin'), realtimeMigrations)));
  await migrate(db.connection('supabase_admin'), realtimeMigrations);
  await db.query(`
    create table public.notes (id int primary key, owner uuid, body text);
    alter table public.notes enable row level security;
    grant select on public.notes to authenticated;
    create policy own on public.notes for select to authenticated using ((select auth.uid()) = owner);
    insert into public.notes values (1, '${alice}', 'mine');`);
});
afterAll(() => db.drop());

const subscribe = (sub: string, filters = '{}', role = 'authenticated') =>
  db.query(
    `insert into realtime.subscription (subscription_id, entity, filters, claims)
     values ($1, 'public.notes', $2::realtime.user_defined_filter[], $3)`,
    [sub, filters, JSON.stringify({ role, sub })],
  );

const wal = (action: 'I' | 'U' | 'D', body: string | null = 'mine') =>
  JSON.stringify({
    action,
    schema: 'public',
    table: 'notes',
    timestamp: '2026-01-02 03:04:05.678901+00',
    pk: [{ name: 'id', type: 'integer' }],
    columns: [
      { name: 'id', value: 1 },
      { name: 'owner', value: alice },
      { name: 'body', value: body },
    ],
    identity: [{ name: 'id', value: 1 }],
  });

test('apply_rls tells who may see a change, each by claims of its own', async () => {
  await subscribe(alice as string);
  await subscribe(bob as string);
  const [change] = await db.query<{
    wal: object;
    subscription_ids: string[];
    errors: string[];
    is_rls_enabled: boolean;
  }>('select * from realtime.apply_rls($1)', [wal('I')]);
  expect(change).toEqual({
    is_rls_enabled: true,
    subscription_ids: [alice],
    errors: [],
    wal: {
      schema: 'public',
      table: 'notes',
      type: 'INSERT',
      commit_timestamp: '2026-01-02T03:04:05.678Z',
      columns: [
        { name: 'id', type: 'int4' },
        { name: 'owner', type: 'uuid' },
        { name: 'body', type: 'text' },
      ],
      record: { id: 1, owner: alice, body: 'mine' },
    },
  });
  const [deleted] = await db.query<{ wal: object; subscription_ids: string[] }>(
    'select * from realtime.apply_rls($1)',
    [wal('D')],
  );
  expect(deleted?.subscription_ids.sort()).toEqual([alice, bob]);
  expect(deleted?.wal).toMatchObject({ type: 'DELETE', old_record: { id: 1 } });
  const [large] = await db.query<{ wal: { record: object }; errors: string[] }>(
    'select * from realtime.apply_rls($1, 500)',
    [wal('U', 'x'.repeat(600))],
  );
  expect(large?.errors).toEqual(['Error 413: Payload Too Large']);
  expect(large?.wal.record).toEqual({ id: 1, owner: alice });
  await db.query('delete from realtime.subscription');
});

test('filters are checked when a subscription is written, and decide', async () => {
  await subscribe(alice as string, '{"(body,eq,mine,f)"}');
  const ids = async (body: string) =>
    (await db.query<{ subscription_ids: string[] }>('select * from realtime.apply_rls($1)', [wal('I', body)]))[0]
      ?.subscription_ids;
  expect(await ids('mine')).toEqual([alice]);
  expect(await ids('other')).toEqual([]);
  await expect(subscribe(bob as string, '{"(nothing,eq,1,)"}')).rejects.toThrow('invalid column for filter nothing');
  await expect(subscribe(bob as string, '{"(id,eq,x,)"}')).rejects.toThrow(/invalid input syntax/);
  const many = Array.from({ length: 101 }, (_, index) => index).join(',');
  await expect(subscribe(bob as string, `{"(id,in,\\"{${many}}\\",)"}`)).rejects.toThrow(
    'too many values for `in` filter. Maximum 100',
  );
  await expect(subscribe(bob as string, '{}', 'no_such_role')).rejects.toThrow(/role/);
});

test('operators are those of sockets, negated or not, and columns can be chosen', async () => {
  await db.query('delete from realtime.subscription');
  const matches = async (filter: string, body: string | null = 'mine') => {
    await subscribe(alice as string, `{"(${filter})"}`);
    const [change] = await db.query<{ subscription_ids: string[] }>('select * from realtime.apply_rls($1)', [
      wal('I', body),
    ]);
    await db.query('delete from realtime.subscription');
    return change?.subscription_ids.length === 1;
  };
  expect(await matches('body,like,m%,')).toBe(true);
  expect(await matches('body,like,m%,t')).toBe(false);
  expect(await matches('body,ilike,M%,f')).toBe(true);
  expect(await matches('body,match,^m,')).toBe(true);
  expect(await matches('body,imatch,^N,t')).toBe(true);
  expect(await matches('body,isdistinct,other,')).toBe(true);
  expect(await matches('body,is,null,')).toBe(false);
  expect(await matches('body,is,null,', null)).toBe(true);
  expect(await matches('body,is,null,t')).toBe(true);
  // Unknown matches neither way.
  expect(await matches('body,eq,mine,t', null)).toBe(false);
  const refused = (filter: string) => expect(subscribe(alice as string, `{"(${filter})"}`)).rejects;
  await refused('id,is,true,').toThrow('is true filter requires a boolean column');
  await refused('body,is,maybe,').toThrow(/is maybe filter requires/);
  await refused('body,match,[,').toThrow(/invalid regular expression/);
  await refused('id,like,1%,').toThrow(/operator does not exist/);

  const choose = (sub: string, columns: string) =>
    db.query(
      `insert into realtime.subscription (subscription_id, entity, claims, selected_columns)
       values ($1, 'public.notes', $2, $3)`,
      [sub, JSON.stringify({ role: 'authenticated', sub: alice }), columns],
    );
  await choose(alice as string, '{body}');
  await choose(bob as string, '{}');
  await expect(choose(bob as string, '{nothing}')).rejects.toThrow('invalid column for select nothing');
  const changes = await db.query<{ subscription_ids: string[]; wal: { columns: { name: string }[]; record: object } }>(
    'select * from realtime.apply_rls($1) order by subscription_ids',
    [wal('I')],
  );
  expect(changes.map(({ subscription_ids: ids, wal: { columns, record } }) => [ids, columns.length, record])).toEqual([
    [[alice], 2, { id: 1, body: 'mine' }],
    [[bob], 3, { id: 1, owner: alice, body: 'mine' }],
  ]);
  await db.query('delete from realtime.subscription');
});

test('names of tables are quoted for the plugin', async () => {
  await db.query('create table public."a b.c" (id int)');
  expect(await db.query(`select realtime.quote_wal2json('public."a b.c"'::regclass) as name`)).toEqual([
    { name: 'public.a\\ b\\.c' },
  ]);
});

test('a later start only mends the publication', async () => {
  await db.query('drop publication supabase_realtime_messages_publication; drop function realtime.topic()');
  await migrate(db.connection('supabase_admin'), realtimeMigrations);
  const [found] = await db.query(
    "select to_regproc('realtime.topic') as topic, count(*)::int as publications from pg_publication where pubname = 'supabase_realtime_messages_publication'",
  );
  expect(found).toEqual({ topic: null, publications: 1 });
  await migrate(db.connection('supabase_admin'), [...realtimeMigrations, { version: 'next', sql: 'select 1' }]);
  expect(await db.query("select to_regproc('realtime.topic') as topic")).toEqual([{ topic: 'realtime.topic' }]);
});

test('what an earlier release made is brought up to date', async () => {
  await db.query(`
    drop publication supabase_realtime_messages_publication;
    drop schema realtime cascade; create schema realtime;
    create type realtime.equality_op as enum ('eq', 'neq', 'lt', 'lte', 'gt', 'gte', 'in');
    create type realtime.user_defined_filter as (column_name text, op realtime.equality_op, value text);
    create function realtime.to_regrole(role_name text) returns regrole language sql immutable as 'select role_name::regrole';
    create table realtime.subscription (
      id bigint generated always as identity primary key, subscription_id uuid not null, entity regclass not null,
      filters realtime.user_defined_filter[] not null default '{}', claims jsonb not null,
      claims_role regrole not null generated always as (realtime.to_regrole(claims ->> 'role')) stored,
      created_at timestamp not null default timezone('utc', now()), action_filter text default '*');
    insert into realtime.subscription (subscription_id, entity, filters, claims)
      values ('${alice}', 'public.notes', '{"(body,eq,mine)"}', '{"role": "authenticated", "sub": "${alice}"}');`);
  await migrate(db.connection('supabase_admin'), realtimeMigrations);
  const [change] = await db.query<{ subscription_ids: string[] }>('select * from realtime.apply_rls($1)', [wal('I')]);
  expect(change?.subscription_ids).toEqual([alice]);
  await subscribe(bob as string, '{"(body,like,m%,t)"}');
});
