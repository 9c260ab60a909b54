import { afterAll, beforeAll, expect, it } from 'vitest';
import { until } from '../../../../../test/support/client.ts';
import { type TestDatabase, testDatabase } from '../../../../../test/support/database.ts';
import { feedClient, testFeed } from '../../testing/feed-client.ts';
import type { ChangeFeed } from './feed.ts';

/** Who is told what, for each role, owner of the row, grant of columns, row security and kind of change. */

const owner = '00000000-0000-4000-8000-000000000001';
const stranger = '00000000-0000-4000-8000-000000000002';
const roles = ['anon', 'authenticated', 'service_role'] as const;
const grants = ['all', 'key and owner', 'without key', 'none'] as const;
const tables = grants.flatMap((grant) => [true, false].map((secured) => ({ grant, secured })));
const nameOf = ({ grant, secured }: (typeof tables)[number]) =>
  `${grant.replaceAll(' ', '_')}_${secured ? 'secured' : 'plain'}`;

let database: TestDatabase;
let feed: ChangeFeed;

beforeAll(async () => {
  database = await testDatabase();
  const columns = { all: 'id, owner, body', 'key and owner': 'id, owner', 'without key': 'owner, body', none: '' };
  for (const table of tables) {
    const name = nameOf(table);
    await database.query(`
      create table public.${name} (id int primary key, owner uuid, body text);
      alter table public.${name} replica identity full;
      revoke all on public.${name} from anon, authenticated, service_role;
      ${columns[table.grant] ? `grant select (${columns[table.grant]}) on public.${name} to anon, authenticated, service_role;` : ''}
      ${table.secured ? `alter table public.${name} enable row level security; create policy own on public.${name} for select to authenticated using (auth.uid() = owner);` : ''}
      alter publication supabase_realtime add table public.${name};`);
  }
  feed = testFeed(() => database.connection('supabase_admin'));
  await feed.start(new AbortController().signal);
});

afterAll(async () => {
  await feed?.stop();
  await database?.drop();
});

/** The rules of authorisation, written down once more (spec §2.3). */
interface Told {
  readonly type: string;
  readonly shown: readonly string[];
  readonly error: readonly string[] | null;
}

function expected(role: (typeof roles)[number], isOwner: boolean, { grant, secured }: (typeof tables)[number]): Told[] {
  const visible = {
    all: ['id', 'owner', 'body'],
    'key and owner': ['id', 'owner'],
    'without key': ['owner', 'body'],
    none: [],
  };
  const columns: readonly string[] = visible[grant];
  const seesKey = columns.includes('id');
  const bypasses = role === 'service_role';
  const seesRow = !secured || bypasses || (role === 'authenticated' && isOwner);
  return ['INSERT', 'UPDATE', 'DELETE'].flatMap((type): Told[] => {
    if (type === 'DELETE')
      return [{ type, shown: secured ? columns.filter((name) => name === 'id') : columns, error: null }];
    if (!seesKey) return [{ type, shown: [], error: ['Error 401: Unauthorized'] }];
    return seesRow ? [{ type, shown: columns, error: null }] : [];
  });
}

it.each(tables)('grant: $grant, row security: $secured', async (table) => {
  const name = nameOf(table);
  const people = roles.flatMap((role) => [true, false].map((isOwner) => ({ role, isOwner })));
  const clients = people.map(({ role, isOwner }) =>
    feedClient(feed, [{ event: '*', schema: 'public', table: name }], {
      role,
      exp: 4_000_000_000,
      ...(role === 'authenticated' && { sub: isOwner ? owner : stranger }),
    }),
  );
  await Promise.all(clients.map((client) => client.ready()));
  await database.query(`insert into public.${name} values (1, '${owner}', 'a')`);
  await until('the insert', async () =>
    clients.every(({ events }, at) => events.length >= countOf(people[at], table, 1)),
  );
  await database.query(`update public.${name} set body = 'b'`);
  await until('the update', async () =>
    clients.every(({ events }, at) => events.length >= countOf(people[at], table, 2)),
  );
  await database.query(`delete from public.${name}`);
  await until('the delete', async () => clients.every(({ events }) => events.at(-1)?.type === 'DELETE'));
  for (const [at, { role, isOwner }] of people.entries()) {
    const given = (clients[at]?.events ?? []).map(({ type, parsed }) => ({
      type,
      shown: Object.keys((type === 'DELETE' ? parsed.old_record : parsed.record) ?? {}),
      error: parsed.errors,
    }));
    expect(given, `${role}, ${isOwner ? 'owner' : 'stranger'}`).toEqual(expected(role, isOwner, table));
  }
  for (const client of clients) client.subscription.close();
});

function countOf(
  person: { role: (typeof roles)[number]; isOwner: boolean } | undefined,
  table: (typeof tables)[number],
  upTo: number,
) {
  const kinds = ['INSERT', 'UPDATE'].slice(0, upTo);
  return person ? expected(person.role, person.isOwner, table).filter(({ type }) => kinds.includes(type)).length : 0;
}
