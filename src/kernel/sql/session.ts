import type { Socket } from 'node:net';
import type pg from 'pg';
import { cancelQuery, createConnection, withTls } from './client.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { sqlError } from './errors.ts';
import type { CancelSignal } from './pipeline.ts';
import { faithfulTypes } from './value-types.ts';

/** Bounds on a session and on what is asked in it. */
export interface SessionOptions {
  readonly connection: ConnectionOptions;
  /** Milliseconds. */
  readonly connectTimeout: number;
  /** Milliseconds one query may take before it is cancelled. */
  readonly queryTimeout: number;
  /** Bytes of all answers together at most, as the server sends them. */
  readonly resultLimit: number;
  /** Aborting cancels what runs. */
  readonly signal?: CancelSignal;
  /** Told what the server remarks while a query runs (`RAISE NOTICE`, warnings). Must not throw. */
  readonly onNotice?: (notice: SessionNotice) => void;
}

/** A remark of the server (PostgreSQL protocol, NoticeResponse). */
export interface SessionNotice {
  /** `NOTICE`, `WARNING`, `INFO` … */
  readonly severity: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
}

/** What one statement gave back. Only statements that return rows have columns. */
export interface SessionResult<Row = Record<string, unknown>> {
  readonly rows: readonly Row[];
  readonly columns: readonly string[];
  /** The first word of the server's tag (`INSERT`), and the rows that the statement returned or changed. */
  readonly command: string;
  readonly count: number | null;
  /** Types of the columns, by their numbers in the catalogue. */
  readonly types: readonly number[];
}

/** A connection of its own for statements that may do anything to it; nobody gets it afterwards. */
export interface Session {
  /**
   * Without values, `text` may hold several statements; the results are in their order.
   *
   * @throws DatabaseError as the server reports it; ServiceError `query_timeout`, `result_too_large` (`details` has
   * `size` and `limit` in bytes), `request_aborted`
   */
  query<Row = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<readonly SessionResult<Row>[]>;
  /** The server process that serves it. */
  readonly processId: number;
  close(): Promise<void>;
}

/** Opens a session. @throws the server's error (28P01 …) or the socket's (ECONNREFUSED …) */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { connection, connectTimeout, queryTimeout, resultLimit, signal, onNotice } = options;
  // The server's own defaults for the role and database are in force here, unlike in pools.
  const driver = await withTls(connection, async (tls) => {
    const opened = createConnection(connection, tls, false, connectTimeout);
    // What is lost while a query runs is told by the query, and otherwise by the next one.
    opened.on('error', () => {});
    if (onNotice)
      opened.on('notice', ({ severity = 'NOTICE', message = '', detail, hint }) =>
        onNotice({ severity, message, detail, hint }),
      );
    await opened.connect();
    return opened;
  });
  const client = { pg: driver, options: connection };
  const socket = (driver as unknown as { connection: { stream: Socket } }).connection.stream;

  let size = 0;

  // What is refused is cancelled on the server and read no further: the connection cannot be used any more.
  async function run(text: string, values: readonly unknown[] | undefined): Promise<pg.QueryResult | pg.QueryResult[]> {
    let stopped: Error | undefined;
    const stop = (reason: Error) => {
      stopped ??= reason;
      cancelQuery(client);
      socket.destroy();
    };
    const count = (chunk: Buffer) => {
      size += chunk.length;
      if (size > resultLimit) stop(sqlError('result_too_large', { details: { size, limit: resultLimit } }));
    };
    const abort = () => stop(sqlError('request_aborted'));
    const timer = setTimeout(() => stop(sqlError('query_timeout')), queryTimeout);
    socket.on('data', count);
    signal?.addEventListener('abort', abort);
    try {
      if (signal?.aborted) throw sqlError('request_aborted');
      const answer = await client.pg.query({ text, types: faithfulTypes, ...(values && { values: [...values] }) });
      // What came in one piece was whole before it was counted.
      if (stopped) throw stopped;
      return answer;
    } catch (error) {
      throw stopped ?? error;
    } finally {
      clearTimeout(timer);
      socket.off('data', count);
      signal?.removeEventListener('abort', abort);
    }
  }

  return {
    async query<Row>(text: string, values?: readonly unknown[]) {
      const answer = await run(text, values);
      return (Array.isArray(answer) ? answer : [answer]).map(({ rows, fields, command, rowCount }) => ({
        rows: rows as Row[],
        columns: fields.map(({ name }) => name),
        command,
        count: rowCount,
        types: fields.map(({ dataTypeID }) => dataTypeID),
      }));
    },
    processId: (driver as unknown as { processID: number }).processID,
    close: () => client.pg.end().catch(() => {}),
  };
}
