import type { Client } from './client.ts';

/** The part of the driver's connection that a copy needs. */
interface Wire {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** What the driver calls while a statement is its turn. */
class CopyIn {
  readonly #statement: string;
  readonly #chunks: readonly Buffer[];
  readonly #done: (error: unknown, rows: number) => void;
  #rows = 0;

  constructor(statement: string, chunks: readonly Buffer[], done: (error: unknown, rows: number) => void) {
    this.#statement = statement;
    this.#chunks = chunks;
    this.#done = done;
  }

  submit(connection: Wire): void {
    connection.query(this.#statement);
  }

  handleCopyInResponse(connection: Wire): void {
    for (const chunk of this.#chunks) connection.sendCopyFromChunk(chunk);
    connection.endCopyFrom();
  }

  handleCommandComplete({ text }: { text: string }): void {
    this.#rows = Number(/^COPY (\d+)/.exec(text)?.[1] ?? 0);
  }

  // The server drops what is still on its way of the copy; the driver waits for ReadyForQuery before its next statement.
  handleError(error: unknown): void {
    this.#done(error, 0);
  }

  handleReadyForQuery(): void {
    this.#done(undefined, this.#rows);
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}

/**
 * Runs `COPY … FROM STDIN` on a client and sends it all chunks, which together are the whole data.
 *
 * @param client one that nobody else uses meanwhile
 * @returns the number of rows
 * @throws the server's error; none of the rows is there then
 */
export function copyIn(client: Pick<Client, 'pg'>, statement: string, chunks: readonly Buffer[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const copy = new CopyIn(statement, chunks, (error, rows) => (error === undefined ? resolve(rows) : reject(error)));
    client.pg.query(copy as never);
  });
}
