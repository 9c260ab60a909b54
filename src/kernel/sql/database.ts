import { Briefness } from './briefness.ts';
import { type Client, cancelQuery } from './client.ts';
import { sqlError } from './errors.ts';
import { lastText, type PipelinedTransaction, rollBack, runPipeline, type StepResult } from './pipeline.ts';
import { Pool, type PoolOptions, type PoolStats } from './pool.ts';
import { runPrepared } from './prepared-query.ts';
import { traced } from './traced.ts';

/** Rows as objects, values in JavaScript types (or text, see `rawText`). */
export interface QueryResult<Row> {
  readonly rows: Row[];
  readonly rowCount: number;
}

/** Statements inside one transaction. */
export interface Transaction {
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>>;
}

/** A database reached under one role, through a bounded pool. */
export interface Database {
  /** One statement in a transaction of its own. */
  query<Row = Record<string, unknown>>(text: string, values?: readonly unknown[]): Promise<QueryResult<Row>>;
  /**
   * Runs `work` in a transaction; what it throws rolls back and is thrown on.
   *
   * @param begin the opening statement, default `begin`
   */
  transaction<T>(work: (transaction: Transaction) => Promise<T>, begin?: string): Promise<T>;
  /** Runs a transaction known beforehand in one write. Results are texts. */
  pipeline(transaction: PipelinedTransaction): Promise<readonly StepResult[]>;
  /** Forgets prepared statements, after the schema changed. */
  clearStatements(): void;
  readonly stats: PoolStats;
  /** Waits for what is running, then closes all connections. */
  close(): Promise<void>;
}

/** `connection` is required, the rest has defaults fit for a small server. */
export type DatabaseOptions = Pick<PoolOptions, 'connection'> &
  Partial<PoolOptions> & {
    /**
     * True: statements with values are prepared by `query` and `transaction`, too. Only where nothing ever changes the role
     * of a connection, since they are not told apart by roles. Default false.
     */
    readonly prepares?: boolean;
  };

/** Creates a database handle. No connection is opened before the first use. */
export function createDatabase(options: DatabaseOptions): Database {
  const pool = new Pool({
    size: 10,
    queueLimit: 1_000,
    acquireTimeout: 10_000,
    idleTimeout: 30_000,
    maxLifetime: 1_800_000,
    statementLimit: 100,
    rawText: false,
    ...options,
  });
  const briefness = new Briefness(1_000);
  const plain = options.prepares ? runPreparing : runOnce;
  const run: Run = (client, text, values, before) =>
    traced(text, values.length > 0, () => plain(client, text, values, before));
  return {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      const client = await pool.acquire();
      try {
        return await run<Row>(client, text, values);
      } finally {
        pool.release(client);
      }
    },
    async transaction(work, begin = 'begin') {
      const client = await pool.acquire();
      // The first statement takes the opening along, so that it costs no round trip of its own.
      let opening: string | undefined = begin;
      try {
        const result = await work({
          query(text, values = []) {
            const before = opening;
            opening = undefined;
            return run(client, text, values, before);
          },
        });
        if (opening === undefined) await traced('commit', true, () => client.pg.query('commit'));
        return result;
      } catch (error) {
        if (opening === undefined) await rollBack(client);
        throw error;
      } finally {
        pool.release(client);
      }
    },
    async pipeline(transaction) {
      const { signal } = transaction;
      if (signal?.aborted) throw sqlError('request_aborted');
      const { shares = false, begin, end = 'commit', steps } = transaction;
      const brief = shares && begin === undefined && end === 'commit' && briefness.isBrief(lastText(steps));
      const client = await pool.acquire(brief);
      const cancel = () => {
        // It would hit whichever of them runs.
        if (client.passengers > 1) return;
        // On its way it could hit whoever gets this connection next, so nobody does.
        client.usable = false;
        cancelQuery(client);
      };
      signal?.addEventListener('abort', cancel, { once: true });
      try {
        if (signal?.aborted) throw sqlError('request_aborted');
        return await traced(lastText(steps), true, () =>
          runPipeline(client, transaction, shares ? briefness : undefined),
        );
      } catch (error) {
        throw signal?.aborted ? sqlError('request_aborted', { cause: error }) : error;
      } finally {
        signal?.removeEventListener('abort', cancel);
        pool.release(client);
      }
    },
    clearStatements: () => pool.clearStatements(),
    get stats() {
      return pool.stats;
    },
    close: () => pool.close(),
  };
}

/** Runs one statement on a client. @param before a statement that goes ahead of it */
type Run = <Row>(
  client: Client,
  text: string,
  values: readonly unknown[],
  before?: string,
) => Promise<QueryResult<Row>>;

const runOnce: Run = async <Row>(client: Client, text: string, values: readonly unknown[], before?: string) => {
  if (before !== undefined) await client.pg.query(before);
  const result = await client.pg.query(text, values as unknown[]);
  return { rows: result.rows as Row[], rowCount: result.rowCount ?? 0 };
};

// A text without values may hold several statements, of which none can be prepared.
const runPreparing: Run = async <Row>(client: Client, text: string, values: readonly unknown[], before?: string) =>
  values.length === 0
    ? runOnce<Row>(client, text, values, before)
    : ((await runPrepared(client, text, values, before)) as QueryResult<Row>);
