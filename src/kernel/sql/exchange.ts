import type { Socket } from 'node:net';
import type pg from 'pg';
import type { DatabaseError } from './database-error.ts';
import { readErrorFields } from './error-fields.ts';
import { WireReader } from './wire-reader.ts';

/** What one statement gave back: its rows as the server's bytes, and the command tag (`SELECT 1`). */
export interface RawResult {
  readonly cells: (Buffer | null)[][];
  readonly command: string;
  /** Body of the RowDescription that came before the rows, where one was asked for. */
  readonly fields?: Buffer | undefined;
}

/** The answer to one batch of messages up to a Sync. */
export interface Reply {
  readonly results: readonly RawResult[];
  /** What made the server skip to the Sync. */
  readonly error: DatabaseError | undefined;
  /** True when the server is inside a transaction block, failed or not, after the batch. */
  readonly inTransaction: boolean;
  /** Milliseconds from the batch's turn (sent, and everything before it answered) to its answer. */
  readonly took: number;
}

interface Pending {
  readonly results: RawResult[];
  cells: (Buffer | null)[][];
  fields: Buffer | undefined;
  error: DatabaseError | undefined;
  readonly sent: number;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

const code = (letter: string): number => letter.charCodeAt(0);
const type = {
  rowDescription: code('T'),
  dataRow: code('D'),
  commandComplete: code('C'),
  emptyQuery: code('I'),
  error: code('E'),
  ready: code('Z'),
  notice: code('N'),
  parameterStatus: code('S'),
  notification: code('A'),
  copyIn: code('G'),
} as const;

const copyFail = Buffer.from('f\0\0\0\x37COPY is not possible in a pipelined transaction\0', 'latin1');
copyFail.writeInt32BE(copyFail.length - 1, 1);

/**
 * Batches of extended-protocol messages over a connection that the driver opened. While one is under way the answers are
 * read here, without an event and an object for each message; otherwise the driver has its socket for itself.
 */
export class Exchange {
  readonly #stream: Socket;
  readonly #pending: Pending[] = [];
  readonly #reader: WireReader;
  /** Written together once the event loop has read what there is to read: a write costs more than what is in it. */
  #outgoing: Buffer[] = [];
  #answered = 0;

  /** @param client connected, and idle whenever a batch is sent */
  constructor(client: pg.Client) {
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    const driver = stream.listeners('data') as ((chunk: Buffer) => void)[];
    const toDriver = (chunk: Buffer) => {
      for (const listener of driver) listener.call(stream, chunk);
    };
    stream.removeAllListeners('data');
    // All of the stream is cut here: a message may begin before a batch is sent and end after it.
    stream.on('data', (chunk: Buffer) => this.#read(chunk));
    this.#stream = stream;
    this.#reader = new WireReader((kind, bytes, start, end) => {
      const isForDriver = this.#pending.length === 0;
      // Notices, settings and notifications may come at any time, and concern the connection as a whole.
      if (isForDriver || kind === type.notice || kind === type.parameterStatus || kind === type.notification)
        toDriver(bytes.subarray(start - 5, end));
      else this.#message(kind, bytes, start, end);
    });
  }

  /**
   * Sends messages that end in a Sync. Answers come in the order of the batches.
   *
   * @returns also where the server reported an error
   * @throws what ended the connection
   */
  send(bytes: Buffer): Promise<Reply> {
    if (!this.#stream.writable) return Promise.reject(new Error('Connection terminated unexpectedly'));
    return new Promise((resolve, reject) => {
      const sent = performance.now();
      this.#pending.push({ results: [], cells: [], fields: undefined, error: undefined, sent, resolve, reject });
      if (this.#outgoing.push(bytes) === 1) setImmediate(() => this.#flush());
    });
  }

  /** Gives up everything under way, because the connection is gone. */
  fail(error: unknown): void {
    for (const { reject, error: told } of this.#pending.splice(0)) reject(told ?? error);
  }

  #flush(): void {
    const all = this.#outgoing;
    this.#outgoing = [];
    this.#stream.write(all.length === 1 ? (all[0] as Buffer) : Buffer.concat(all));
  }

  #read(chunk: Buffer): void {
    try {
      this.#reader.feed(chunk);
    } catch (error) {
      this.fail(error);
      this.#stream.destroy();
    }
  }

  #message(kind: number, bytes: Buffer, start: number, end: number): void {
    const batch = this.#pending[0];
    if (!batch) return;
    switch (kind) {
      case type.dataRow:
        batch.cells.push(readRow(bytes, start));
        return;
      case type.commandComplete:
        batch.results.push({
          cells: batch.cells,
          command: bytes.toString('latin1', start, end - 1),
          ...(batch.fields && { fields: batch.fields }),
        });
        batch.cells = [];
        batch.fields = undefined;
        return;
      case type.rowDescription:
        batch.fields = bytes.subarray(start, end);
        return;
      case type.emptyQuery:
        batch.results.push({ cells: [], command: '' });
        return;
      case type.error:
        batch.error ??= readErrorFields(bytes.subarray(start, end));
        return;
      case type.copyIn:
        this.#stream.write(copyFail);
        return;
      case type.ready: {
        this.#pending.shift();
        const { results, error } = batch;
        const now = performance.now();
        const took = now - Math.max(batch.sent, this.#answered);
        this.#answered = now;
        batch.resolve({ results, error, inTransaction: bytes[start] !== code('I'), took });
      }
    }
  }
}

function readRow(bytes: Buffer, start: number): (Buffer | null)[] {
  const count = bytes.readUInt16BE(start);
  const cells: (Buffer | null)[] = new Array(count);
  let at = start + 2;
  for (let column = 0; column < count; column++) {
    const length = bytes.readInt32BE(at);
    at += 4;
    cells[column] = length < 0 ? null : bytes.subarray(at, at + length);
    if (length > 0) at += length;
  }
  return cells;
}
