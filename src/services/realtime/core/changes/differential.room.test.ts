import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, connectClient } from '#kernel/sql';
import { until } from '../../../../../test/support/client.ts';
import { type TestDatabase, testDatabase } from '../../../../../test/support/database.ts';
import { type FeedClient, feedClient, testFeed } from '../../testing/feed-client.ts';
import type { ChangeFeed, Claims } from './feed.ts';

const users = Array.from({ length: 5 }, (_, n) => `00000000-0000-4000-8000-00000000000${n}`);
const teams = ['red', 'green', 'blue'];

/** Policies of every kind: decided here, asked of the database, failing for some, reading whatever they like. */
const policies: readonly string[] = [
  'true',
  '(select auth.uid()) = owner',
  'owner = auth.uid() or open',
  'owner = auth.uid() and not open',
  "(auth.jwt() ->> 'team') = team",
  "(auth.jwt() -> 'app_metadata' ->> 'team') = team and open",
  "auth.role() = 'authenticated' and team is not null",
  'owner is null or owner <> auth.uid()',
  "((auth.jwt() ->> 'tenant'))::uuid = owner",
  "((auth.jwt() ->> 'level'))::int >= level",
  'exists (select from public.members m where m.user_id = auth.uid() and m.team = access_test.team)',
  'public.is_member(team)',
  "current_setting('request.jwt.claims', true)::jsonb ->> 'session' = 'even'",
  'level = 3',
  "(owner)::text = (auth.jwt() ->> 'sub')",
  "kind = (auth.jwt() ->> 'kind')::public.access_kind",
];

interface Person extends Claims {
  readonly role: string;
}

const people: Person[] = [
  ...users.flatMap((sub, n): Person[] => [
    {
      role: 'authenticated',
      sub,
      exp: 4_000_000_000,
      team: teams[n % 3],
      app_metadata: { team: teams[(n + 1) % 3] },
      level: n,
      session: n % 2 ? 'odd' : 'even',
      kind: n % 2 ? 'small' : 'large',
      tenant: users[(n + 1) % 5],
    },
    // The same user with another session, a broken tenant and a level that is no number.
    {
      role: 'authenticated',
      sub: sub.toUpperCase(),
      exp: 4_000_000_001 + n,
      session: 'even',
      tenant: 'none',
      level: 'high',
    },
  ]),
  { role: 'authenticated', exp: 4_000_000_000 },
  { role: 'authenticated', sub: 'no uuid', exp: 4_000_000_000, team: 'red' },
  { role: 'anon', exp: 4_000_000_000 },
  { role: 'service_role', exp: 4_000_000_000 },
];

let database: TestDatabase;
let feed: ChangeFeed;
let oracle: Client;

beforeAll(async () => {
  database = await testDatabase();
  await database.query(`
    create type public.access_kind as enum ('small', 'large');
    create table public.access_test (id int primary key, owner uuid, team text, level int, open boolean, kind public.access_kind);
    create table public.members (user_id uuid, team text);
    alter table public.members enable row level security;
    create policy own on public.members for select using (user_id = auth.uid());
    insert into public.members select ('00000000-0000-4000-8000-00000000000' || n)::uuid, (array['red','green','blue'])[1 + n % 3]
      from generate_series(0, 4) n;
    create function public.is_member(wanted text) returns boolean language sql stable security definer as $$
      select exists (select from public.members where user_id = (current_setting('request.jwt.claims', true)::jsonb ->> 'sub')::uuid and team = wanted)
    $$;
    alter table public.access_test enable row level security;
    grant all on all tables in schema public to anon, authenticated, service_role;
    alter publication supabase_realtime add table public.access_test;`);
  feed = testFeed(() => database.connection('supabase_admin'));
  await feed.start(new AbortController().signal);
  oracle = await connectClient(database.connection('supabase_admin'));
});

afterAll(async () => {
  await oracle?.pg.end();
  await feed?.stop();
  await database?.drop();
});

/** Each subscriber in a transaction of its own, with role and claims, asked for the row by its key. */
async function sees(person: Person, id: number): Promise<boolean | 'failed'> {
  const { pg } = oracle;
  await pg.query('begin');
  try {
    await pg.query("select set_config('request.jwt.claims', $1, true), set_config('role', $2, true)", [
      JSON.stringify(person),
      person.role,
    ]);
    return (await pg.query('select 1 from public.access_test where id = $1', [id])).rows.length > 0;
  } catch {
    return 'failed';
  } finally {
    await pg.query('rollback');
  }
}

async function setPolicies(chosen: readonly number[], restrictive: number | undefined, roles: string): Promise<void> {
  const made = chosen.map(
    (n, at) => `create policy p${at} on public.access_test for select to ${roles} using (${policies[n]});`,
  );
  if (restrictive !== undefined)
    made.push(`create policy r on public.access_test as restrictive for select using (${policies[restrictive]});`);
  await database.query(`
    do $$ declare name text; begin
      for name in select polname from pg_policy where polrelid = 'public.access_test'::regclass loop
        execute format('drop policy %I on public.access_test', name);
      end loop; end $$;
    ${made.join('\n')}`);
}

const rows = fc.array(
  fc.record({
    owner: fc.option(fc.constantFrom(...users)),
    team: fc.option(fc.constantFrom(...teams)),
    level: fc.option(fc.nat(5)),
    open: fc.option(fc.boolean()),
    kind: fc.option(fc.constantFrom('small', 'large')),
  }),
  { minLength: 1, maxLength: 5 },
);
const policy = fc.nat(policies.length - 1);
const rounds = Number(process.env.TEST_REALTIME_ACCESS_ROUNDS ?? 15);

let nextId = 1;

describe('authorisation of changes', () => {
  it(`agrees with asking for each subscriber alone (${rounds} rounds of policies and rows)`, async () => {
    const clients = new Map<Person, FeedClient>();
    for (const person of people)
      clients.set(person, feedClient(feed, [{ event: '*', schema: 'public', table: 'access_test' }], person));
    await Promise.all([...clients.values()].map((client) => client.ready()));
    const service = clients.get(people.at(-1) as Person) as FeedClient;
    await fc.assert(
      fc.asyncProperty(
        fc.array(policy, { minLength: 1, maxLength: 3 }),
        fc.option(policy, { nil: undefined }),
        fc.constantFrom('public', 'authenticated', 'anon, authenticated'),
        rows,
        async (chosen, restrictive, roles, drawn) => {
          await setPolicies(chosen, restrictive, roles);
          const before = new Map([...clients].map(([person, { events }]) => [person, events.length]));
          const ids: number[] = [];
          for (const { owner, team, level, open, kind } of drawn) {
            ids.push(nextId);
            await database.query('insert into public.access_test values ($1, $2, $3, $4, $5, $6)', [
              nextId++,
              owner,
              team,
              level,
              open,
              kind,
            ]);
          }
          // The service role sees everything, last of all since it is the last that was let in.
          await until(
            'delivery',
            async () => service.events.length === (before.get(people.at(-1) as Person) ?? 0) + ids.length,
          );
          for (const [person, { events }] of clients) {
            const expected: number[] = [];
            const failed = new Set<number>();
            for (const id of ids) {
              const answer = await sees(person, id);
              // Whether a policy that can fail for a token does so depends on the plan: both are right then.
              if (answer === 'failed') failed.add(id);
              else if (answer) expected.push(id);
            }
            const all = events.slice(before.get(person)).map(({ parsed }) => parsed.record?.id as number);
            const given = all.filter((id) => !failed.has(id));
            expect(given, `${JSON.stringify(person)} under ${chosen.map((n) => policies[n]).join(' | ')}`).toEqual(
              expected,
            );
          }
        },
      ),
      { numRuns: rounds, endOnFailure: true },
    );
    for (const client of clients.values()) client.subscription.close();
  }, 600_000);

  it('agrees with the row itself for filters of all operators', async () => {
    await setPolicies([0], undefined, 'public');
    const filters: [filter: string, condition: string][] = [
      ['level=eq.3', 'level = 3'],
      ['level=neq.3', 'level <> 3'],
      ['level=lt.3', 'level < 3'],
      ['level=lte.03', 'level <= 3'],
      ['level=gt.3', 'level > 3'],
      ['level=gte.3', 'level >= 3'],
      ['level=in.(1,2,5)', 'level in (1, 2, 5)'],
      ['level=not.in.(1,2,5)', 'level not in (1, 2, 5)'],
      ['level=isdistinct.3', 'level is distinct from 3'],
      ['level=not.isdistinct.3', 'level is not distinct from 3'],
      ['level=is.null', 'level is null'],
      ['level=not.is.null', 'level is not null'],
      ['open=is.true', 'open is true'],
      ['open=not.is.true', 'open is not true'],
      ['open=is.unknown', 'open is unknown'],
      ['team=like.r%', "team like 'r%'"],
      ['team=not.like.%e%', "team not like '%e%'"],
      ['team=ilike.R_D', "team ilike 'R_D'"],
      ['team=match.^(r|b)', "team ~ '^(r|b)'"],
      ['team=imatch.^B', "team ~* '^B'"],
      ['team=lt.c', "team < 'c'"],
      ['team=in.("red","blue")', "team in ('red', 'blue')"],
      ['kind=eq.large', "kind = 'large'"],
      ['kind=gt.small', "kind > 'small'"],
      [`owner=eq.${users[1]?.toUpperCase()}`, `owner = '${users[1]}'`],
      ['team=eq.red,level=gt.2', "team = 'red' and level > 2"],
      ['level=gt.1,level=lt.4,open=eq.true', 'level > 1 and level < 4 and open'],
    ];
    const person = people[0] as Person;
    const clients = filters.map(([filter]) =>
      feedClient(feed, [{ event: 'INSERT', schema: 'public', table: 'access_test', filter }], person),
    );
    const all = feedClient(feed, [{ event: 'INSERT', schema: 'public', table: 'access_test' }], person);
    await Promise.all([all, ...clients].map((client) => client.ready()));
    const from = nextId;
    await database.query(
      `insert into public.access_test
       select $1 + row_number() over () - 1, o, t, l, b, k::public.access_kind
       from unnest(array[null, '${users[1]}', '${users[2]}']::uuid[]) o, unnest(array[null, 'red', 'green', 'blue']) t,
         unnest(array[null, 0, 1, 2, 3, 4, 5]) l, unnest(array[null, true, false]) b, unnest(array[null, 'small', 'large']) k`,
      [from],
    );
    nextId += 3 * 4 * 7 * 3 * 3;
    await until('delivery', async () => all.events.length === 756);
    for (const [index, [filter, condition]] of filters.entries()) {
      const expected = await database.query<{ id: number }>(
        `select id from public.access_test where id >= $1 and (${condition}) order by id`,
        [from],
      );
      const given = clients[index]?.events.map(({ parsed }) => parsed.record?.id as number) ?? [];
      expect(
        [...given].sort((a, b) => a - b),
        filter,
      ).toEqual(expected.map(({ id }) => id));
    }
    for (const client of [all, ...clients]) client.subscription.close();
  }, 60_000);
});
