import type { Logger, LogRecord } from '#kernel/log';
import { asDatabaseError, type Client, type ConnectionOptions, connectClient } from '#kernel/sql';
import { analyticsError } from '../errors.ts';
import { knownIds, writeRows } from '../sql/events.ts';
import { addPartitions, dropPartitions, listPartitions, type Partition } from '../sql/partitions.ts';
import { idOf, momentOf, RowBatch, recordOf, rowsOf, Slabs } from '../sql/rows.ts';
import {
  applicationName,
  createSource,
  prepareSchema,
  readSources,
  type SchemaOptions,
  type SchemaResult,
  type Source,
} from '../sql/schema.ts';
import { duePartitions, spanFor } from './retention.ts';

/** How events are kept. */
export interface LogStoreOptions extends SchemaOptions {
  readonly connection: () => ConnectionOptions;
  readonly log: Logger;
  /** Milliseconds. */
  readonly retention: number;
  /** Bytes of all events with their indexes. */
  readonly maxSize: number;
  /** Milliseconds of a partition at most. */
  readonly partition: number;
  /** Bytes that may wait to be written. */
  readonly queueMemory: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Hears of records once they are committed. They are only made where somebody asks for them. */
  readonly onStored: (records: Iterable<LogRecord>) => void;
}

/** What there is to say of the store. */
export interface StoreFigures {
  readonly stored: number;
  /** Older than the retention when they came. */
  readonly expired: number;
  readonly refused: number;
  readonly waiting: number;
  readonly partitions: number;
  readonly bytes: number;
}

/**
 * Writes events over one connection of its own, which is closed while there is nothing to do. What arrives while a COPY
 * runs goes into the next one together.
 */
export interface LogStore {
  readonly figures: StoreFigures;
  prepare(): Promise<SchemaResult>;
  /** Begins to take records of these sources, which are made where they are missing. */
  open(sources: ReadonlySet<string>): Promise<LogWriter>;
  sources(): Promise<ReadonlyMap<string, Source>>;
  addSource(name: string): Promise<Source>;
  /** Drops partitions that are due. */
  sweep(): Promise<void>;
  /** Writes what waits, and closes the connection. */
  close(): Promise<void>;
}

/** Takes records that are committed together, or not at all. One of `commit` and `drop` has to follow. */
export interface LogWriter {
  /** @throws ServiceError `buffer_full` where too much waits already */
  add(record: LogRecord): void;
  /**
   * Fulfilled once they are there for good. A record whose id is there already is left as it is.
   *
   * @param isRetry whether ids may have been sent before without a moment of their own, so that they are looked for
   * @throws ServiceError `refused`; else the database's error
   */
  commit(isRetry?: boolean): Promise<void>;
  /** Forgets them. */
  drop(): void;
}

interface Parcel {
  readonly rows: RowBatch;
  readonly isRetry: boolean;
  readonly done: (error?: unknown) => void;
}

/** Rows and bytes of one COPY. */
const copyRows = 5_000;
const copyBytes = 4 * 1024 * 1024;
/** Milliseconds after which an idle connection is closed. */
const idleAfter = 10_000;
/** Microseconds by which events may be ahead of our clock. */
const ahead = 24 * 3_600_000_000;

/** Creates a store; nothing is opened before it is used. */
export function createLogStore(options: LogStoreOptions): LogStore {
  const { schema, log, now } = options;
  const queue: Parcel[] = [];
  const counts = { stored: 0, expired: 0, refused: 0 };
  const slabs = new Slabs();
  let waiting = 0;
  let client: Client | undefined;
  let idle: NodeJS.Timeout | undefined;
  let partitions: readonly Partition[] = [];
  let known = new Map<string, Source>();
  let turn: Promise<unknown> = Promise.resolve();
  let writing: Promise<void> | undefined;

  // One connection, one user at a time.
  function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const mine = turn.then(async () => {
      clearTimeout(idle);
      if (!client?.usable) {
        client = await connectClient({ ...options.connection(), applicationName });
        partitions = [];
      }
      try {
        return await work(client);
      } finally {
        idle = setTimeout(() => void withdraw(), idleAfter).unref();
      }
    });
    turn = mine.catch(() => {});
    return mine;
  }

  function withdraw(): Promise<void> {
    const mine = turn.then(async () => {
      clearTimeout(idle);
      const closing = client;
      client = undefined;
      await closing?.pg.end().catch(() => {});
    });
    turn = mine;
    return mine;
  }

  async function numbersOf(names: ReadonlySet<string>): Promise<void> {
    const isMissing = (name: string) => !known.has(name);
    if (![...names].some(isMissing)) return;
    await withClient(async (active) => {
      known = await readSources(active, schema);
      for (const name of names) if (isMissing(name)) await createSource(active, schema, name);
      known = await readSources(active, schema);
    });
  }

  /** Where a moment has no partition, one is made. */
  async function partitionsFor(active: Client, chunks: readonly Buffer[], isSecond: boolean): Promise<void> {
    if (isSecond || partitions.length === 0) partitions = await listPartitions(active, schema);
    const moments = new Set<number>();
    let last: Partition | undefined;
    for (const row of rowsOf(chunks)) {
      const moment = Math.floor(momentOf(row) / 1e6);
      if (last && last.from <= moment && moment < last.to) continue;
      last = partitions.find(({ from, to }) => from <= moment && moment < to);
      if (!last) moments.add(moment);
    }
    if (moments.size === 0) return;
    const span = spanFor(options.partition, options.maxSize, partitions, now());
    partitions = await addPartitions(
      active,
      schema,
      [...moments].sort((a, b) => a - b),
      span,
    );
  }

  /** @returns the rows that the database cannot hold */
  async function write(active: Client, chunks: readonly Buffer[]): Promise<readonly Buffer[]> {
    for (let attempt = 1; ; attempt++) {
      await partitionsFor(active, chunks, attempt > 1);
      try {
        await writeRows(active, schema, chunks);
        return [];
      } catch (error) {
        const code = asDatabaseError(error)?.code ?? '';
        // A partition that another node has dropped meanwhile.
        if ((code === '23514' || code === '42P01') && attempt < 3) continue;
        // Classes 22 and 54: data that the server cannot hold. Whose it is shows when they are written apart.
        if (!/^(22|54)/.test(code)) throw error;
        const rows = [...rowsOf(chunks)];
        if (rows.length === 1) return rows;
        const half = rows.length >> 1;
        return [...(await write(active, rows.slice(0, half))), ...(await write(active, rows.slice(half)))];
      }
    }
  }

  async function writeParcels(parcels: readonly Parcel[]): Promise<void> {
    await withClient(async (active) => {
      const repeated = await repetitions(active, parcels);
      const all = parcels.flatMap(({ rows }) => rows.chunks);
      const chunks = repeated.size === 0 ? all : [...rowsOf(all)].filter((row) => !repeated.has(idOf(row)));
      const refused = chunks.length === 0 ? [] : await write(active, chunks);
      counts.stored += parcels.reduce((sum, { rows }) => sum + rows.count, 0) - repeated.size - refused.length;
      counts.refused += refused.length;
      if (refused.length > 0) {
        const lost = new Set(refused.map(idOf));
        log.warn({ events: refused.length }, 'events that the database cannot hold were left out');
        for (const { rows, done } of parcels) {
          const isHit = [...rowsOf(rows.chunks)].some((row) => lost.has(idOf(row)));
          done(isHit ? analyticsError('refused') : undefined);
        }
      }
      options.onStored(recordsOf(chunks));
    });
  }

  function* recordsOf(chunks: readonly Buffer[]): Generator<LogRecord> {
    const names = new Map([...known.values()].map(({ id, name }) => [id, name]));
    for (const row of rowsOf(chunks)) yield recordOf(row, (source) => names.get(source) ?? '');
  }

  async function repetitions(active: Client, parcels: readonly Parcel[]): Promise<Set<string>> {
    const ids = parcels.flatMap(({ rows, isRetry }) => (isRetry ? [...rowsOf(rows.chunks)].map(idOf) : []));
    return ids.length === 0 ? new Set() : knownIds(active, schema, ids);
  }

  async function writeAll(): Promise<void> {
    while (queue.length > 0) {
      let rows = 0;
      let bytes = 0;
      let parcels = 0;
      for (const parcel of queue) {
        if (parcels > 0 && (rows + parcel.rows.count > copyRows || bytes + parcel.rows.bytes > copyBytes)) break;
        rows += parcel.rows.count;
        bytes += parcel.rows.bytes;
        parcels++;
      }
      const taken = queue.splice(0, parcels);
      let failure: unknown;
      try {
        await writeParcels(taken);
      } catch (error) {
        failure = error;
      }
      for (const { done } of taken) done(failure);
    }
  }

  return {
    get figures() {
      const bytes = partitions.reduce((sum, partition) => sum + partition.bytes, 0);
      return { ...counts, waiting, partitions: partitions.length, bytes };
    },
    prepare: () => withClient((active) => prepareSchema(active, options)),
    async open(sources) {
      await numbersOf(sources);
      const earliest = (now() - options.retention) * 1_000;
      const latest = now() * 1_000 + ahead;
      const rows = new RowBatch(slabs);
      let bytes = 0;
      const drop = (): void => {
        waiting -= bytes;
        bytes = 0;
        rows.release();
      };
      return {
        add(record) {
          if (record.at < earliest) {
            counts.expired++;
            return;
          }
          rows.add(
            record.at > latest ? { ...record, at: now() * 1_000 } : record,
            (known.get(record.source) as Source).id,
          );
          waiting += rows.bytes - bytes;
          // One that is larger than the bound has to pass, too, where nothing else waits.
          const isOver = waiting > options.queueMemory && waiting > rows.bytes;
          bytes = rows.bytes;
          if (isOver) throw analyticsError('buffer_full', { headers: { 'retry-after': '1' } });
        },
        async commit(isRetry = false) {
          if (rows.count > 0)
            await new Promise<void>((resolve, reject) => {
              const done = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
              queue.push({ rows, isRetry, done });
              writing ??= writeAll().finally(() => {
                writing = undefined;
              });
            }).finally(drop);
        },
        drop,
      };
    },
    sources: () =>
      withClient(async (active) => {
        known = await readSources(active, schema);
        return known;
      }),
    addSource: (name) =>
      withClient(async (active) => {
        await createSource(active, schema, name);
        known = await readSources(active, schema);
        return known.get(name) as Source;
      }),
    // Looking costs a connection, so it is only looked while there is one: nothing grows otherwise.
    sweep: () =>
      withClient(async (active) => {
        partitions = await listPartitions(active, schema);
        const due = duePartitions(partitions, { ...options, now: now() });
        if (due.length === 0) return;
        const dropped = await dropPartitions(
          active,
          schema,
          due.map(({ name }) => name),
        );
        if (dropped) log.info({ partitions: due.length }, 'events that are due were removed');
        partitions = await listPartitions(active, schema);
      }),
    async close() {
      await writing;
      await withdraw();
    },
  };
}
