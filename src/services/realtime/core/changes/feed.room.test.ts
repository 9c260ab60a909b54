import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../../../../test/support/client.ts';
import { type TestDatabase, testDatabase } from '../../../../../test/support/database.ts';
import { feedClient, testFeed } from '../../testing/feed-client.ts';
import type { ChangeFeed } from './feed.ts';

const alice = { role: 'authenticated', sub: '00000000-0000-4000-8000-00000000000a', exp: 4_000_000_000 };
const bob = { role: 'authenticated', sub: '00000000-0000-4000-8000-00000000000b', exp: 4_000_000_000 };
const anon = { role: 'anon', exp: 4_000_000_000 };
const service = { role: 'service_role', exp: 4_000_000_000 };

let database: TestDatabase;
let feed: ChangeFeed;

const eventually = (condition: () => unknown) => until('what was expected', async () => Boolean(condition()));

beforeAll(async () => {
  database = await testDatabase();
  await database.query(`
    create type public.mood as enum ('glad', 'sad');
    create type public.pair as (a int, b text);
    create domain public.short as varchar(5);
    create table public.todos (id bigint primary key, owner uuid, title text, done boolean default false, amount numeric, note text);
    alter table public.todos enable row level security;
    create policy own on public.todos for select to authenticated using ((select auth.uid()) = owner);
    create table public.open (id int primary key, body text, secret text);
    create table public.kinds (
      id int primary key, i8 int8, n numeric, f float8, b boolean, j jsonb, js json, ts timestamptz, t timestamp, d date, u uuid,
      by bytea, m public.mood, p public.pair, s public.short, a int[], aa text[], r int4range, iv interval, c char(4), e public.mood[], inf timestamptz);
    create table public.keyless (body text);
    create table public.wide (id int primary key, a text, b text);
    create table public."Odd name, yes" (id int primary key);
    create table public.identity_full (id int primary key, v text);
    alter table public.identity_full replica identity full;
    create function public.twice(n int) returns int language sql immutable as 'select n * 2';
    create table public.made (
      id int primary key, a text, n int, at timestamptz, upper text generated always as (upper(a)) stored,
      double int generated always as (public.twice(n)) stored, "at utc" timestamp generated always as (at at time zone 'utc') stored);
    create table public.unpublished (id int primary key);
    grant all on all tables in schema public to anon, authenticated, service_role;
    revoke select on public.open from anon;
    grant select (id, body) on public.open to anon;
    alter publication supabase_realtime add table public.todos, public.open, public.kinds, public.keyless, public.wide,
      public."Odd name, yes", public.identity_full, public.made;`);
  feed = testFeed(() => database.connection('supabase_admin'));
  await feed.start(new AbortController().signal);
});

afterAll(async () => {
  await feed?.stop();
  await database?.drop();
});

describe('subscribing', () => {
  it('refuses what names nothing, is not published or filters wrongly, in the words of the original', async () => {
    const told = async (entry: unknown, claims = alice) => {
      const client = feedClient(feed, [entry], claims);
      await eventually(() => client.notices.length > 0);
      client.subscription.close();
      const [notice] = client.notices;
      return notice?.kind === 'failed' ? notice.message : notice?.kind;
    };
    expect(await told({ event: '*' })).toMatch(/^No subscription params provided\. Please provide at least a `schema`/);
    expect(await told({ event: '*', schema: 'public', table: 'todos', filter: 'id=like.hey.you' })).toMatch(
      'Unable to',
    );
    expect(await told({ event: '*', schema: 'public', table: 'todos', filter: 'id=nix.hey' })).toBe(
      'Error parsing `filter` params: ["nix", "hey"]',
    );
    expect(await told({ event: '*', schema: 'public', table: 'todos', filter: 'id=in.1,2' })).toMatch(
      'Error parsing `filter` params: `in` filter value must be wrapped by parentheses',
    );
    expect(await told({ event: '*', schema: 'public', table: 'unpublished' })).toBe(
      'Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect parameters: [event: *, schema: public, table: unpublished, filters: [], select: []]',
    );
    expect(await told({ event: '*', schema: 'public', table: 'todos', filter: 'subject=eq.hey' })).toBe(
      'Unable to subscribe to changes with given parameters. An exception happened so please check your connect parameters: [event: *, schema: public, table: todos, filters: [{"subject", "eq", "hey"}], select: []]. Exception: ERROR P0001 (raise_exception) invalid column for filter subject',
    );
    expect(await told({ event: '*', schema: 'public', table: 'todos', filter: 'id=eq.x' })).toMatch(
      /Exception: ERROR 22P02 \(invalid_text_representation\) invalid input syntax for type bigint: "x"$/,
    );
    expect(await told({ event: '*', schema: 'public', table: 'open', filter: 'secret=eq.x' }, anon as never)).toMatch(
      'invalid column for filter secret',
    );
    expect(await told({ event: '*', schema: 'public' }, { ...alice, role: 'nobody_such' })).toMatch('does not exist');
    expect(await told({ event: 'INSERT', schema: '*' })).toBe('subscribed');
    expect(await told({ table: 'todos', filter: 'title=match.[' })).toMatch('invalid_regular_expression');
    expect(await told({ table: 'todos', filter: `id=in.(${Array.from({ length: 101 }, (_, n) => n)})` })).toMatch(
      'too many values for `in` filter. Maximum 100',
    );
  });

  it('delivers everything that is committed after it was told to be subscribed', async () => {
    for (let round = 0; round < 10; round++) {
      const client = feedClient(feed, [{ event: 'INSERT', schema: 'public', table: 'open' }], service);
      await client.ready();
      await database.query('insert into public.open values ($1)', [1_000 + round]);
      await eventually(() => client.events.length > 0);
      expect(client.events.map(({ parsed }) => parsed.record?.id)).toEqual([1_000 + round]);
      client.subscription.close();
    }
  });
});

describe('events', () => {
  it('carry types and values as to_jsonb has them', async () => {
    const client = feedClient(feed, [{ event: '*', schema: 'public', table: 'kinds' }], service);
    await client.ready();
    await database.query(`insert into public.kinds values
      (1, 9223372036854775807, 1.50, 1e-7, true, '{"a": [1, "x"]}', '{"k" : 1}', '2026-11-22 23:41:03.154301+02', '2026-11-22 23:41:03',
       '2026-11-22', 'AAAAAAAA-0000-4000-8000-000000000001', '\\x00ff', 'sad', (1, 'x,"y"'), 'short', '{1,NULL,3}', '{{a,b},{"c,d",NULL}}',
       '[1,5)', '1 day 02:03:04', 'ab', '{glad,sad}', 'infinity'),
      (2, null, 'NaN', 'Infinity', false, null, null, null, null, null, null, null, null, null, null, '{}', null, null, null, null, null, null),
      (3, 0, 123456789012345678901234567890.123, 1.5e300, null, '"s"', '[]', '1999-01-01', null, null, null, '', null, null, '', '[2:3]={7,8}', '{}', 'empty', '-1 mon', '', '{}', '-infinity')`);
    await eventually(() => client.events.length === 3);
    // The original gives hex digits only. The database compares, since its numbers have more digits than ours.
    for (const [index, { data }] of client.events.entries()) {
      const record = /"record":(\{.*\}),"errors"/s.exec(data)?.[1] as string;
      const [row] = await database.query<{ same: boolean; expected: string }>(
        `select e.expected = $2::jsonb as same, e.expected::text from public.kinds k,
           lateral (select to_jsonb(k) || jsonb_build_object('by', encode(by, 'hex')) as expected) e where id = $1`,
        [index + 1, record],
      );
      expect(row?.same, `${record}\n${row?.expected}`).toBe(true);
    }
    expect(client.events[0]?.data).toContain('"i8":9223372036854775807,"n":1.50,');
    const types = Object.fromEntries((client.events[0]?.parsed.columns ?? []).map(({ name, type }) => [name, type]));
    expect(types).toMatchObject({
      id: 'int4',
      i8: 'int8',
      a: '_int4',
      ts: 'timestamptz',
      c: 'bpchar',
      m: 'mood',
      s: 'short',
    });
    client.subscription.close();
  });

  it('have old records by replica identity', async () => {
    const client = feedClient(
      feed,
      [
        { event: '*', schema: 'public', table: 'wide' },
        { event: '*', schema: 'public', table: 'identity_full' },
      ],
      service,
    );
    await client.ready();
    const big = 'x'.repeat(20_000);
    await database.query('alter table public.wide alter column b set storage external');
    await database.query(`insert into public.wide values (1, 'a', '${big}')`);
    await database.query("update public.wide set a = 'c'");
    await database.query('update public.wide set id = 2');
    await database.query('delete from public.wide');
    await database.query("insert into public.identity_full values (1, 'a')");
    await database.query("update public.identity_full set v = 'b'");
    await database.query('delete from public.identity_full');
    await eventually(() => client.events.length === 7);
    const [, update, moved, gone, , full, fullGone] = client.events.map(({ parsed }) => parsed);
    // The long value did not change and was not sent.
    expect(update).toMatchObject({ type: 'UPDATE', record: { id: 1, a: 'c' }, old_record: { id: 1 } });
    expect(Object.keys(update?.record ?? {})).toEqual(['id', 'a']);
    expect(moved).toMatchObject({ record: { id: 2 }, old_record: { id: 1 } });
    expect(gone?.old_record).toEqual({ id: 2 });
    expect(gone).not.toHaveProperty('record');
    expect(full).toMatchObject({ record: { id: 1, v: 'b' }, old_record: { id: 1, v: 'a' } });
    expect(fullGone?.old_record).toEqual({ id: 1, v: 'b' });
    expect(gone?.commit_timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    client.subscription.close();
  });

  it.each(['stored', 'none'])('have generated columns, and are filtered by them (published: %s)', async (published) => {
    await database.query(`
      alter publication supabase_realtime set (publish_generated_columns = ${published});
      alter table public.made replica identity ${published === 'none' ? 'default' : 'full'};
      truncate public.made;`);
    const entry = { event: '*', schema: 'public', table: 'made' };
    const all = feedClient(feed, [entry], service);
    const some = feedClient(feed, [{ ...entry, filter: 'upper=eq.X' }], service);
    await Promise.all([all.ready(), some.ready()]);
    await database.query("insert into public.made values (1, 'x', 2, '2026-01-02 03:04:05+02'), (2, null, null, null)");
    await database.query("update public.made set a = 'y', n = 3 where id = 1");
    await eventually(() => all.events.length === 3);
    const first = {
      id: 1,
      a: 'x',
      n: 2,
      at: '2026-01-02T01:04:05+00:00',
      upper: 'X',
      double: 4,
      'at utc': '2026-01-02T01:04:05',
    };
    const nothing = { id: 2, a: null, n: null, at: null, upper: null, double: null, 'at utc': null };
    expect(all.events.map(({ parsed }) => parsed.record)).toEqual([
      first,
      nothing,
      { ...first, a: 'y', n: 3, upper: 'Y', double: 6 },
    ]);
    expect(all.events[2]?.parsed.old_record).toEqual(published === 'none' ? { id: 1 } : first);
    expect(all.events[0]?.parsed.columns).toEqual([
      { name: 'id', type: 'int4' },
      { name: 'a', type: 'text' },
      { name: 'n', type: 'int4' },
      { name: 'at', type: 'timestamptz' },
      { name: 'upper', type: 'text' },
      { name: 'double', type: 'int4' },
      { name: 'at utc', type: 'timestamp' },
    ]);
    expect(some.events.map(({ parsed }) => parsed.type)).toEqual(['INSERT']);
    all.subscription.close();
    some.subscription.close();
  });

  it('say what cannot be shown: no key, no right to the key, too large', async () => {
    await database.query('create table public.hidden_key (id int primary key, v text)');
    await database.query('revoke all on public.hidden_key from anon; grant select (v) on public.hidden_key to anon');
    await database.query('alter publication supabase_realtime add table public.hidden_key');
    const keyless = feedClient(feed, [{ event: '*', schema: 'public', table: 'keyless' }], anon);
    const hidden = feedClient(feed, [{ event: '*', schema: 'public', table: 'hidden_key' }], anon);
    const wide = feedClient(feed, [{ event: '*', schema: 'public', table: 'wide' }], anon);
    await Promise.all([keyless, hidden, wide].map((client) => client.ready()));
    await database.query("insert into public.keyless values ('x')");
    await database.query("insert into public.hidden_key values (1, 'x')");
    await database.query(`insert into public.wide values (9, 'small', '${'y'.repeat(1_100_000)}')`);
    await eventually(() => keyless.events.length + hidden.events.length + wide.events.length === 3);
    expect(keyless.events[0]?.parsed).toEqual({
      schema: 'public',
      table: 'keyless',
      type: 'INSERT',
      commit_timestamp: null,
      columns: [],
      record: {},
      errors: ['Error 400: Bad Request, no primary key'],
    });
    expect(hidden.events[0]?.parsed).toMatchObject({ errors: ['Error 401: Unauthorized'], record: {} });
    expect(wide.events[0]?.parsed).toMatchObject({ errors: ['Error 413: Payload Too Large'] });
    expect(wide.events[0]?.parsed.record).toEqual({ id: 9, a: 'small' });
    for (const client of [keyless, hidden, wide]) client.subscription.close();
  });

  it('come once for all bindings that match, apart for different columns', async () => {
    const entries = [
      { event: '*', schema: 'public', table: 'open' },
      { event: 'INSERT', schema: 'public', table: 'open', filter: 'id=gt.5000' },
      { event: 'UPDATE', schema: 'public', table: 'open' },
      { event: 'INSERT', schema: 'public', table: 'open', select: ['body'] },
    ];
    const client = feedClient(feed, entries, service);
    await client.ready();
    await database.query("insert into public.open values (5001, 'b', 's')");
    await eventually(() => client.events.length === 2);
    const ids = feed.bindingIds(entries);
    const given = client.events.map((event) => [...event.ids].sort());
    expect(given).toContainEqual([ids[0], ids[1]].sort());
    expect(given).toContainEqual([ids[3]]);
    expect(client.events.find((event) => event.ids.length === 1)?.parsed.record).toEqual({ id: 5001, body: 'b' });
    client.subscription.close();
  });

  it('of tables with any name, and of all tables of a schema, also later ones', async () => {
    const odd = feedClient(feed, [{ event: '*', schema: 'public', table: 'Odd name, yes' }], service);
    const all = feedClient(feed, [{ event: '*', schema: 'public' }], service);
    await Promise.all([odd.ready(), all.ready()]);
    await database.query('create table public.later (id int primary key); grant all on public.later to service_role');
    await database.query('alter publication supabase_realtime add table public.later');
    await database.query('insert into public."Odd name, yes" values (1)');
    await database.query('insert into public.later values (1)');
    await eventually(() => all.events.length === 2);
    expect(odd.events).toHaveLength(1);
    expect(all.events.map(({ parsed }) => parsed.table)).toEqual(['Odd name, yes', 'later']);
    odd.subscription.close();
    all.subscription.close();
  });
});

describe('authorisation', () => {
  it('lets everybody see what policies let them see', async () => {
    const entry = { event: '*', schema: 'public', table: 'todos' };
    const clients = [alice, bob, anon, service].map((claims) => feedClient(feed, [entry], claims));
    await Promise.all(clients.map((client) => client.ready()));
    await database.query("insert into public.todos values (1, $1, 'a'), (2, $2, 'b'), (3, null, 'c')", [
      alice.sub,
      bob.sub,
    ]);
    await eventually(() => clients[3]?.events.length === 3);
    await database.query('delete from public.todos where id = 1');
    await eventually(() => clients[3]?.events.length === 4);
    const seen = clients.map(({ events }) =>
      events.map(({ parsed }) => [parsed.type, (parsed.record ?? parsed.old_record)?.id]),
    );
    expect(seen).toEqual([
      [
        ['INSERT', 1],
        ['DELETE', 1],
      ],
      [
        ['INSERT', 2],
        ['DELETE', 1],
      ],
      [['DELETE', 1]],
      [
        ['INSERT', 1],
        ['INSERT', 2],
        ['INSERT', 3],
        ['DELETE', 1],
      ],
    ]);
    for (const client of clients) client.subscription.close();
  });

  it('follows the policies, grants and tokens of the moment', async () => {
    const entry = { event: 'INSERT', schema: 'public', table: 'todos' };
    const client = feedClient(feed, [entry], alice);
    const all = feedClient(feed, [entry], service);
    await Promise.all([client.ready(), all.ready()]);
    let id = 100;
    const insert = async () => {
      const before = all.events.length;
      await database.query('insert into public.todos values ($1, $2)', [++id, bob.sub]);
      await eventually(() => all.events.length > before);
      return client.events.length;
    };
    expect(await insert()).toBe(0);
    await database.query('create policy shared on public.todos for select to authenticated using (true)');
    expect(await insert()).toBe(1);
    await database.query('create policy less on public.todos as restrictive for select to authenticated using (done)');
    expect(await insert()).toBe(1);
    await database.query('drop policy less on public.todos; drop policy shared on public.todos');
    expect(await insert()).toBe(1);
    client.subscription.update('authenticated', bob);
    await client.ready(2);
    expect(await insert()).toBe(2);
    await database.query(
      'revoke select (title) on public.todos from authenticated; revoke select on public.todos from authenticated; grant select (id, owner) on public.todos to authenticated',
    );
    expect(await insert()).toBe(3);
    expect(client.events.at(-1)?.parsed.columns.map(({ name }) => name)).toEqual(['id', 'owner']);
    await database.query('grant select on public.todos to authenticated');
    client.subscription.close();
    all.subscription.close();
  });
});

describe('resuming', () => {
  const entry = { event: 'INSERT', schema: 'public', table: 'open' };

  it('brings what was missed, in order, and goes on', async () => {
    const first = feedClient(feed, [entry], anon, {});
    await first.ready();
    await database.query('insert into public.open values (2001), (2002)');
    await eventually(() => first.events.length === 2);
    first.subscription.close();
    await database.query('insert into public.open values (2003)');
    const again = feedClient(feed, [entry], anon, { after: first.events[0]?.position as string });
    await again.ready();
    await database.query('insert into public.open values (2004)');
    await eventually(() => again.events.length === 3);
    expect(again.events.map(({ parsed }) => parsed.record?.id)).toEqual([2002, 2003, 2004]);
    expect(again.notices.map(({ kind }) => kind)).toEqual(['subscribed']);
    again.subscription.close();
  });

  it('goes on over a restart, from the position told at the beginning, too', async () => {
    const before = feedClient(feed, [entry], anon, {});
    await before.ready();
    const [notice] = before.notices;
    await feed.stop();
    await database.query('insert into public.open values (2101)');
    feed = testFeed(() => database.connection('supabase_admin'));
    await feed.start(new AbortController().signal);
    const after = feedClient(feed, [entry], anon, { after: notice?.kind === 'subscribed' ? notice.position : '' });
    await after.ready();
    expect(after.events.map(({ parsed }) => parsed.record?.id)).toEqual([2101]);
    after.subscription.close();
  });

  it('says so when the window was exceeded', async () => {
    const client = feedClient(feed, [entry], anon, { after: '0'.repeat(24) });
    const wrong = feedClient(feed, [entry], anon, { after: 'nonsense' });
    await Promise.all([client.ready(), wrong.ready()]);
    expect(client.notices.map(({ kind }) => kind)).toEqual(['gap', 'subscribed']);
    expect(wrong.notices.map(({ kind }) => kind)).toEqual(['gap', 'subscribed']);
    client.subscription.close();
    wrong.subscription.close();
  });

  it('loses nothing while the token changes', async () => {
    const client = feedClient(feed, [entry], anon);
    await client.ready();
    for (let id = 2201; id <= 2240; id++) {
      await database.query('insert into public.open values ($1)', [id]);
      if (id % 5 === 0) client.subscription.update('anon', { ...anon, exp: 4_000_000_000 + id });
    }
    await eventually(() => client.events.length >= 40);
    expect(client.events.map(({ parsed }) => parsed.record?.id)).toEqual(
      Array.from({ length: 40 }, (_, n) => 2201 + n),
    );
    client.subscription.close();
  });
});
