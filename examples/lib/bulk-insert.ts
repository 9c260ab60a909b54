import { setTimeout as sleep } from 'node:timers/promises';

/** A row as JSON has it. */
export type Row = Readonly<Record<string, unknown>>;

/** Rows that go to one table. */
export interface Load {
  readonly table: string;
  /** How many rows will come, for the progress. */
  readonly total: number;
  readonly rows: Iterable<Row>;
}

/** Where and how to insert. */
export interface BulkOptions {
  readonly url: string;
  /** The service key, which row level security does not hold back. */
  readonly key: string;
  /** Rows in a request; default 2000. */
  readonly batch?: number;
  /** Requests at a time; default 4. */
  readonly concurrency?: number;
  readonly onProgress?: (table: string, done: number, total: number) => void;
}

/**
 * Inserts rows through REST, many in a request and a few requests at a time. A busy server's 503 is waited for.
 *
 * @returns the number of rows acknowledged
 * @throws Error with the server's words when a batch is refused; batches before it stay
 */
export async function bulkInsert(load: Load, options: BulkOptions): Promise<number> {
  const batches = inBatches(load.rows, options.batch ?? 2_000);
  let done = 0;
  options.onProgress?.(load.table, 0, load.total);
  const worker = async () => {
    // All workers draw from one iterator, so that rows are made only as fast as they are taken.
    for (const batch of batches) {
      await insert(load.table, batch, options);
      done += batch.length;
      options.onProgress?.(load.table, done, load.total);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency ?? 4 }, worker));
  return done;
}

async function insert(table: string, batch: readonly Row[], { url, key }: BulkOptions): Promise<void> {
  // Naming the columns spares the server reading the rows to find them.
  const columns = Object.keys(batch[0] ?? {}).join(',');
  const body = JSON.stringify(batch);
  for (;;) {
    const answer = await fetch(`${url}/rest/v1/${table}?columns=${columns}`, {
      method: 'POST',
      headers: { apikey: key, 'content-type': 'application/json', prefer: 'return=minimal' },
      body,
    });
    const text = await answer.text();
    if (answer.ok) return;
    if (answer.status !== 503) throw new Error(`${table}: ${answer.status} ${text}`);
    await sleep(Number(answer.headers.get('retry-after') ?? 1) * 1_000);
  }
}

function* inBatches(rows: Iterable<Row>, size: number): Generator<Row[]> {
  let batch: Row[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** Waits until rest serves a table that was made a moment ago. @throws Error after ten seconds */
export async function untilServed({ url, key }: BulkOptions, table: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const answer = await fetch(`${url}/rest/v1/${table}?limit=0`, { headers: { apikey: key } });
    await answer.arrayBuffer();
    if (answer.ok) return;
    await sleep(50);
  }
  throw new Error(`${table} is not served`);
}
