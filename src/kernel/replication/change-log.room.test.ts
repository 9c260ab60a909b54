import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Bus, createLocalBus } from '#kernel/bus';
import { createLogger, createRedactor } from '#kernel/log';
import { connectClient } from '#kernel/sql';
import { until } from '../../../test/support/client.ts';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { type ChangeLog, createChangeLog, type LogEntry, type RowChange } from './index.ts';

const log = createLogger({ level: 'silent', redact: createRedactor([]) });
const never = new AbortController().signal;

const eventually = (condition: () => unknown, timeout?: number) =>
  until('what was expected', async () => Boolean(await condition()), timeout);

let database: TestDatabase;
let logs: ChangeLog[];

function open(options: { time?: number; slotLimit?: number; bus?: Bus } = {}): ChangeLog {
  const opened = createChangeLog({
    connection: () => database.connection('supabase_admin'),
    publications: ['changes_test', 'missing_publication'],
    retention: { time: options.time ?? 300_000, bytes: 50_000_000 },
    slotLimit: options.slotLimit ?? 1_000_000_000,
    backlogLimit: 1_000_000,
    log,
    ...(options.bus && { bus: options.bus }),
  });
  logs.push(opened);
  opened.start();
  return opened;
}

function collect(from: ChangeLog): LogEntry[] {
  const entries: LogEntry[] = [];
  from.follow({ handle: (some) => void entries.push(...some), onError: () => {} });
  return entries;
}

const changes = (entries: Iterable<LogEntry>): RowChange[] =>
  [...entries].filter((entry): entry is RowChange => entry.kind !== 'gap');
const ids = (entries: Iterable<LogEntry>) => changes(entries).map((entry) => (entry.new ?? entry.old?.values)?.[0]);

async function cutReader(): Promise<void> {
  await database.query(
    `select pg_terminate_backend(active_pid) from pg_replication_slots
     where database = current_database() and active_pid is not null`,
  );
}

beforeEach(async () => {
  logs = [];
  database = await testDatabase();
  await database.query('create table public.t (id int primary key, body text)');
  await database.query('create publication changes_test for table public.t');
});

afterEach(async () => {
  await Promise.all(logs.map((each) => each.stop()));
  await database.drop();
});

describe('change log', () => {
  it('streams changes with tables, transactions and growing positions', async () => {
    const changeLog = open();
    await changeLog.streaming(never);
    const entries = collect(changeLog);
    await database.query("insert into public.t values (1, 'Ünï'), (2, null)");
    await database.query("update public.t set body = 'x' where id = 1");
    await database.query('update public.t set id = 3 where id = 2');
    await database.query('delete from public.t where id = 3');
    await eventually(() => entries.length === 5);
    const [first, second, update, moved, gone] = changes(entries);
    expect(first).toMatchObject({ kind: 'insert', new: ['1', 'Ünï'], relation: { schema: 'public', name: 't' } });
    expect(second?.transaction).toBe(first?.transaction);
    expect(update).toMatchObject({ kind: 'update', old: undefined, new: ['1', 'x'] });
    expect(moved).toMatchObject({ kind: 'update', old: { holds: 'key', values: ['2', null] }, new: ['3', null] });
    expect(gone).toMatchObject({ kind: 'delete', old: { holds: 'key', values: ['3', null] } });
    const positions = entries.map(({ position }) => position);
    expect(positions).toEqual([...positions].sort());
    expect(new Set(positions).size).toBe(5);
    expect(Math.abs((first?.transaction.committedAt ?? 0) / 1_000 - Date.now())).toBeLessThan(20_000);
  });

  it('loses and repeats nothing when the connection is cut', async () => {
    const changeLog = open();
    await changeLog.streaming(never);
    const entries = collect(changeLog);
    for (let id = 1; id <= 60; id++) {
      await database.query('insert into public.t values ($1)', [id]);
      if (id % 20 === 0) await cutReader();
    }
    await eventually(() => entries.length >= 60);
    expect(ids(entries)).toEqual(Array.from({ length: 60 }, (_, index) => String(index + 1)));
  });

  it('fills its window again after a restart', async () => {
    const before = open();
    await before.streaming(never);
    const seen = collect(before);
    for (let id = 1; id <= 5; id++) await database.query('insert into public.t values ($1)', [id]);
    await eventually(() => seen.length === 5);
    await before.stop();
    await database.query('insert into public.t values (6)');
    const after = open();
    await after.streaming(never);
    const resumed = after.entriesAfter(seen[1]?.position as string);
    expect(ids(resumed as Iterable<LogEntry>)).toEqual(['3', '4', '5', '6']);
    expect(after.entriesAfter('0'.repeat(24))).toBeUndefined();
    expect(after.entriesAfter('f'.repeat(24))).toBeUndefined();
  });

  it('is read by one, and taken over within seconds', async () => {
    const one = open();
    await one.streaming(never);
    const other = open();
    await eventually(() => other.state.reason?.includes('another node'));
    await database.query('insert into public.t values (1)');
    const since = Date.now();
    await one.stop();
    await other.streaming(never);
    expect(Date.now() - since).toBeLessThan(5_000);
    expect(other.state.owner).toBe(true);
    const entries = collect(other);
    await database.query('insert into public.t values (2)');
    await eventually(() => entries.length === 1);
    expect(ids(entries)).toEqual(['2']);
  });

  it('is fed to the other nodes, whole and in order, whoever reads', async () => {
    const local = createLocalBus((error) => {
      throw error;
    });
    let lost = 0;
    // Every tenth message is lost, and everything is JSON on its way.
    const bus: Bus = {
      ...local,
      publish: (subject, payload) => {
        if (Math.random() < 0.1) lost++;
        else local.publish(subject, JSON.parse(JSON.stringify(payload)));
      },
    };
    const nodes = [open({ bus }), open({ bus }), open({ bus })];
    await Promise.all(nodes.map((node) => node.streaming(never)));
    const seen = nodes.map(collect);
    expect(nodes.filter(({ state }) => state.owner)).toHaveLength(1);
    for (let id = 1; id <= 60; id++) await database.query('insert into public.t values ($1)', [id]);
    await eventually(() => seen.every((entries) => entries.length >= 60));
    const first = nodes.findIndex(({ state }) => state.owner);
    await nodes[first]?.stop();
    for (let id = 61; id <= 80; id++) await database.query('insert into public.t values ($1)', [id]);
    const rest = seen.filter((_, index) => index !== first);
    await eventually(() => rest.every((entries) => entries.length >= 80), 20_000);
    for (const entries of rest)
      expect(ids(entries)).toEqual(Array.from({ length: 80 }, (_, index) => String(index + 1)));
    const position = rest[0]?.[9]?.position as string;
    for (const [index, node] of nodes.entries())
      if (index !== first) expect(ids(node.entriesAfter(position) ?? [])).toHaveLength(70);
    expect(lost).toBeGreaterThan(0);
  });

  it('makes a new slot with a gap where the old one is gone', async () => {
    const changeLog = open();
    await changeLog.streaming(never);
    const entries = collect(changeLog);
    await database.query('insert into public.t values (1)');
    await eventually(() => entries.length === 1);
    const client = await connectClient(database.connection('supabase_admin'));
    await eventually(async () => {
      await cutReader();
      const dropped = client.pg.query(
        `select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = current_database()`,
      );
      return dropped.then(
        () => true,
        () => false,
      );
    });
    await client.pg.end();
    await eventually(() => entries.some(({ kind }) => kind === 'gap'));
    await changeLog.streaming(never);
    await database.query('insert into public.t values (2)');
    await eventually(() => changes(entries).length === 2);
    expect(entries.map(({ kind }) => kind)).toEqual(['insert', 'gap', 'insert']);
  });

  it('gives a slot up that holds back too much', async () => {
    const first = open();
    await first.streaming(never);
    await first.stop();
    await database.query("insert into public.t select n, repeat('x', 200) from generate_series(1, 5000) n");
    const second = open({ slotLimit: 100_000 });
    await second.streaming(never);
    const entries = collect(second);
    await database.query('insert into public.t values (10001)');
    await eventually(() => entries.length > 0);
    expect(ids(entries)).toEqual(['10001']);
  });

  it('lets the server throw away what left the window, also while nothing happens', async () => {
    const changeLog = open({ time: 1_500 });
    await changeLog.streaming(never);
    await database.query('insert into public.t values (1)');
    const confirmed = async () =>
      (
        await database.query<{ lsn: string }>(
          `select pg_wal_lsn_diff(confirmed_flush_lsn, '0/0') as lsn from pg_replication_slots where database = current_database()`,
        )
      )[0]?.lsn;
    const before = Number(await confirmed());
    await eventually(async () => Number(await confirmed()) > before, 8_000);
    await eventually(() => changeLog.bytes === 0, 8_000);
  });

  it('does not run ahead of a slow reader for ever', async () => {
    const changeLog = open();
    await changeLog.streaming(never);
    let open_: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open_ = resolve;
    });
    let count = 0;
    const following = changeLog.follow({
      handle: async (entries) => {
        await gate;
        count += entries.length;
      },
      onError: () => {},
    });
    await database.query("insert into public.t select n, repeat('x', 1000) from generate_series(1, 20000) n");
    await eventually(() => following.backlog > 1_000_000);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(following.backlog).toBeLessThan(5_000_000);
    open_();
    await eventually(() => count === 20_000, 20_000);
    expect(following.backlog).toBe(0);
  });
});
