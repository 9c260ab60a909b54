import type { Logger, LogRecord } from '#kernel/log';
import { asDatabaseError, type Client, type ConnectionOptions, connectClient } from '#kernel/sql';
import { analyticsError } from '../errors.ts';
import { knownIds, writeRows } from '../sql/events.ts';
import { addPartitions, dropPartitions, listPartitions, type Partition } from '../sql/partitions.ts';
import type { Row } from '../sql/rows.ts';
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
  /** Hears of records once they are committed. */
  readonly onStored: (records: readonly LogRecord[]) => void;
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
  /**
   * @param isRetry whether ids may have been sent before without a moment of their own, so that they are looked for
   * @throws ServiceError `refused`, `buffer_full`; else the database's error
   */
  store(records: readonly LogRecord[], isRetry?: boolean): Promise<void>;
  sources(): Promise<ReadonlyMap<string, Source>>;
  addSource(name: string): Promise<Source>;
  /** Drops partitions that are due. */
  sweep(): Promise<void>;
  /** Writes what waits, and closes the connection. */
  close(): Promise<void>;
}

interface Parcel {
  readonly records: readonly LogRecord[];
  readonly bytes: number;
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

  async function numbersOf(active: Client, records: readonly LogRecord[]): Promise<void> {
    const missing = new Set(records.map(({ source }) => source).filter((name) => !known.has(name)));
    if (missing.size === 0) return;
    known = await readSources(active, schema);
    for (const name of missing) if (!known.has(name)) await createSource(active, schema, name);
    known = await readSources(active, schema);
  }

  /** Where a moment has no partition, one is made. */
  async function partitionsFor(active: Client, rows: readonly Row[], isSecond: boolean): Promise<void> {
    if (isSecond || partitions.length === 0) partitions = await listPartitions(active, schema);
    const moments = new Set<number>();
    let last: Partition | undefined;
    for (const { record } of rows) {
      const moment = Math.floor(record.at / 1e6);
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

  async function write(active: Client, rows: readonly Row[]): Promise<readonly Row[]> {
    for (let attempt = 1; ; attempt++) {
      await partitionsFor(active, rows, attempt > 1);
      try {
        await writeRows(active, schema, rows);
        return [];
      } catch (error) {
        const code = asDatabaseError(error)?.code ?? '';
        // A partition that another node has dropped meanwhile.
        if ((code === '23514' || code === '42P01') && attempt < 3) continue;
        // Classes 22 and 54: data that the server cannot hold. Whose it is shows when they are written apart.
        if (!/^(22|54)/.test(code)) throw error;
        if (rows.length === 1) return rows;
        const half = rows.length >> 1;
        return [...(await write(active, rows.slice(0, half))), ...(await write(active, rows.slice(half)))];
      }
    }
  }

  async function writeParcels(parcels: readonly Parcel[]): Promise<void> {
    const earliest = (now() - options.retention) * 1_000;
    const latest = now() * 1_000 + ahead;
    await withClient(async (active) => {
      const all = parcels.flatMap(({ records }) => records);
      const timely = all.filter(({ at }) => at >= earliest);
      counts.expired += all.length - timely.length;
      await numbersOf(active, timely);
      const repeated = await repetitions(active, parcels);
      const rows = timely
        .filter(({ id }) => !repeated.has(id))
        .map((record) => ({
          record: record.at > latest ? { ...record, at: now() * 1_000 } : record,
          source: (known.get(record.source) as Source).id,
        }));
      const refused = rows.length === 0 ? [] : await write(active, rows);
      counts.stored += rows.length - refused.length;
      counts.refused += refused.length;
      if (refused.length > 0) {
        const lost = new Set(refused.map(({ record }) => record.id));
        log.warn({ events: refused.length }, 'events that the database cannot hold were left out');
        for (const parcel of parcels)
          parcel.done(parcel.records.some(({ id }) => lost.has(id)) ? analyticsError('refused') : undefined);
      }
      options.onStored(rows.map(({ record }) => record));
    });
  }

  async function repetitions(active: Client, parcels: readonly Parcel[]): Promise<Set<string>> {
    const ids = parcels.flatMap(({ records, isRetry }) => (isRetry ? records.map(({ id }) => id) : []));
    return ids.length === 0 ? new Set() : knownIds(active, schema, ids);
  }

  async function writeAll(): Promise<void> {
    while (queue.length > 0) {
      let rows = 0;
      let bytes = 0;
      let parcels = 0;
      for (const parcel of queue) {
        if (parcels > 0 && (rows + parcel.records.length > copyRows || bytes + parcel.bytes > copyBytes)) break;
        rows += parcel.records.length;
        bytes += parcel.bytes;
        parcels++;
      }
      const taken = queue.splice(0, parcels);
      let failure: unknown;
      try {
        await writeParcels(taken);
      } catch (error) {
        failure = error;
      }
      for (const { bytes: size, done } of taken) {
        waiting -= size;
        done(failure);
      }
    }
  }

  return {
    get figures() {
      const bytes = partitions.reduce((sum, partition) => sum + partition.bytes, 0);
      return { ...counts, waiting, partitions: partitions.length, bytes };
    },
    prepare: () => withClient((active) => prepareSchema(active, options)),
    store(records, isRetry = false) {
      if (records.length === 0) return Promise.resolve();
      const bytes = sizeOf(records);
      if (waiting > 0 && waiting + bytes > options.queueMemory)
        return Promise.reject(analyticsError('buffer_full', { headers: { 'retry-after': '1' } }));
      waiting += bytes;
      return new Promise((resolve, reject) => {
        const done = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
        queue.push({ records, bytes, isRetry, done });
        writing ??= writeAll().finally(() => {
          writing = undefined;
        });
      });
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

function sizeOf(records: readonly LogRecord[]): number {
  let size = 0;
  for (const { message, metadata, extra } of records)
    size += message.length + metadata.length + (extra?.length ?? 0) + 200;
  return size;
}
