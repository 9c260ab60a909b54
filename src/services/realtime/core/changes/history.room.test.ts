import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Client, connectClient, createDatabase } from '#kernel/sql';
import { until } from '../../../../../test/support/client.ts';
import { type OwnRoom, ownRoom, removeFolder, testFolder } from '../../../db/testing/own-room.ts';
import { migrate, realtimeMigrations } from '../../sql/migrations/index.ts';
import { keepPartitions } from '../../sql/partitions.ts';
import { testFeed } from '../../testing/feed-client.ts';
import type { ChangeFeed, FeedNotice, FeedSubscription } from './feed.ts';

/**
 * Random writers, and kills of channels, of the node, of its database connections and of PostgreSQL. In the end every channel
 * that resumed must have been given every version of every row it may see, those of one row in the order of their commits, and
 * none of another's; and every broadcast that the database has stored.
 */

const rounds = Number(process.env.TEST_REALTIME_HISTORY_ROUNDS ?? 8);
const owners = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];

let own: OwnRoom;
let feed: ChangeFeed;

const connection = () => own.room.api.connection('supabase_admin');
const newFeed = () => testFeed(connection, { batch: 20 });

async function attempt<T>(work: (client: Client) => Promise<T>): Promise<T | undefined> {
  let client: Client | undefined;
  try {
    client = await connectClient(connection());
    return await work(client);
  } catch {
    return undefined;
  } finally {
    await client?.pg.end().catch(() => {});
  }
}

beforeAll(async () => {
  own = await ownRoom(testFolder());
  await own.start();
  await attempt((client) =>
    client.pg.query(`
      create table public.history (id int primary key, owner uuid, version int);
      alter table public.history enable row level security;
      create policy decided on public.history for select to authenticated using (auth.uid() = owner);
      create table public.asked (id int primary key, owner uuid, version int);
      alter table public.asked enable row level security;
      create function public.is_owner(owner uuid) returns boolean language sql stable as $$ select auth.uid() = owner $$;
      create policy asked on public.asked for select to authenticated using (public.is_owner(owner));
      grant select on public.history, public.asked to authenticated;
      alter publication supabase_realtime add table public.history, public.asked;
      insert into public.history select n, ('00000000-0000-4000-8000-00000000000' || 1 + n % 2)::uuid, 0 from generate_series(1, 10) n;
      insert into public.asked select * from public.history;`),
  );
  await migrate(connection(), realtimeMigrations);
  const db = createDatabase({ connection: connection() });
  await keepPartitions(db, 3);
  await db.close();
  feed = newFeed();
  await feed.start(new AbortController().signal);
}, 60_000);

afterAll(async () => {
  await feed?.stop();
  await own?.room.stop();
  removeFolder(own.folder);
});

/** A client that keeps its position and comes back with it. */
class Channel {
  readonly owner: string;
  readonly seen: string[] = [];
  readonly strangers: string[] = [];
  readonly gaps: FeedNotice[] = [];
  #position: string | undefined;
  #subscription: FeedSubscription | undefined;
  isReady = false;

  constructor(owner: string) {
    this.owner = owner;
  }

  open(): void {
    this.isReady = false;
    const claims = { role: 'authenticated', sub: this.owner, exp: 4_000_000_000 };
    this.#subscription = feed.subscribe({
      topic: 'history',
      reqId: 'r1',
      role: claims.role,
      claims,
      entries: [{ event: '*', schema: 'public' }],
      resume: this.#position === undefined ? {} : { after: this.#position },
      messages: {
        isPrivate: false,
        deliver: ({ payload, position }) => {
          this.#position = position;
          this.seen.push(`message 1 ${(JSON.parse(payload ?? '') as { n: number }).n}`);
        },
      },
      deliver: ({ data, position }) => {
        this.#position = position;
        const { table, record } = JSON.parse(data) as {
          table: string;
          record: { id: number; owner: string; version: number };
        };
        if (record.owner !== this.owner) this.strangers.push(data);
        this.seen.push(`${table} ${record.id} ${record.version}`);
      },
      notify: (notice) => {
        if (notice.kind === 'gap') this.gaps.push(notice);
        if (notice.kind === 'subscribed') this.isReady = true;
        if ('position' in notice) this.#position = notice.position;
      },
    });
  }

  close(): void {
    this.#subscription?.close();
  }
}

it(`gives everything to everybody who may see it, and nothing else (${rounds} kills)`, async () => {
  const channels = owners.flatMap((owner) => [new Channel(owner), new Channel(owner)]);
  for (const channel of channels) channel.open();
  await until('the start', async () => channels.every(({ isReady }) => isReady));
  let isWriting = true;
  const versions = new Map<string, number>();
  async function write(writer: number): Promise<void> {
    let sent = writer;
    while (isWriting) {
      await attempt(async (client) => {
        while (isWriting) {
          if (Math.random() < 0.2) {
            sent += 10;
            await client.pg.query("select realtime.send(jsonb_build_object('n', $1::int), 'e', 'history', false)", [
              sent,
            ]);
            continue;
          }
          const table = Math.random() < 0.5 ? 'history' : 'asked';
          const id = 1 + Math.floor(Math.random() * 10);
          const { rows } = await client.pg.query<{ version: number }>(
            `update public.${table} set version = version + 1 where id = $1 returning version`,
            [id],
          );
          versions.set(`${table} ${id}`, Math.max(versions.get(`${table} ${id}`) ?? 0, rows[0]?.version ?? 0));
          await sleep(Math.random() * 8);
        }
      });
      await sleep(50);
    }
  }
  const writers = [write(1), write(2), write(3)];
  for (let round = 0; round < rounds; round++) {
    await sleep(100 + Math.random() * 400);
    const what = round % 8 === 7 ? 'postgres' : (['channel', 'node', 'walsender', 'backends'] as const)[round % 4];
    if (what === 'channel') {
      for (const channel of channels.filter(() => Math.random() < 0.6)) {
        channel.close();
        await sleep(Math.random() * 50);
        channel.open();
      }
    } else if (what === 'node') {
      for (const channel of channels) channel.close();
      await feed.stop();
      feed = newFeed();
      await feed.start(new AbortController().signal);
      for (const channel of channels) channel.open();
    } else if (what === 'postgres') {
      const pid = await attempt(async (client) =>
        Number(
          (await client.pg.query("select (regexp_split_to_array(pg_read_file('postmaster.pid'), '\\n'))[1] as pid"))
            .rows[0]?.pid,
        ),
      );
      if (pid) process.kill(pid, 'SIGKILL');
    } else {
      await attempt((client) =>
        client.pg.query(
          `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()
           and backend_type = any($1)`,
          [what === 'walsender' ? ['walsender'] : ['client backend', 'walsender']],
        ),
      );
    }
  }
  await sleep(300);
  isWriting = false;
  await Promise.all(writers);
  // A write whose answer was lost may have been committed: the rows say how many there were.
  const expected = new Map<string, string[]>(owners.map((owner) => [owner, []]));
  let messages: string[] = [];
  let rows: { t: string; id: number; owner: string; version: number }[] = [];
  await until(
    'the database being back',
    async () => {
      const read = await attempt((client) =>
        client.pg.query("select 'history' as t, * from public.history union all select 'asked', * from public.asked"),
      );
      const stored = await attempt((client) =>
        client.pg.query<{ n: string }>("select payload ->> 'n' as n from realtime.messages where topic = 'history'"),
      );
      rows = read?.rows ?? [];
      messages = stored?.rows.map(({ n }) => `message 1 ${n}`) ?? [];
      return rows.length === 20 && stored !== undefined;
    },
    60_000,
  );
  for (const { t, id, owner, version } of rows) {
    expect(version).toBeGreaterThanOrEqual(versions.get(`${t} ${id}`) ?? 0);
    for (let each = 1; each <= version; each++) expected.get(owner)?.push(`${t} ${id} ${each}`);
  }
  for (const owner of owners) expected.get(owner)?.push(...messages);
  await until(
    'delivery of everything',
    async () => channels.every(({ seen, owner }) => new Set(seen).size >= (expected.get(owner)?.length ?? 0)),
    60_000,
  );
  for (const channel of channels) {
    expect(channel.gaps).toEqual([]);
    expect(channel.strangers).toEqual([]);
    expect([...new Set(channel.seen)].sort()).toEqual([...new Set(expected.get(channel.owner))].sort());
    // A repetition goes back to an older version; the first of each come in order.
    const latest = new Map<string, number>();
    for (const entry of new Set(channel.seen)) {
      const [table, id, version] = entry.split(' ');
      if (table === 'message') continue;
      expect(Number(version)).toBe((latest.get(`${table} ${id}`) ?? 0) + 1);
      latest.set(`${table} ${id}`, Number(version));
    }
  }
}, 600_000);
