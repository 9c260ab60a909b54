import { asDatabaseError, type Client } from '#kernel/sql';

/** The one connection of the work behind the extensions: statements of all its parts, one after the other. */
export interface WorkConnection {
  /** @throws DatabaseError; the socket's error once the connection is lost */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** False once the connection is lost, or ending. */
  readonly usable: boolean;
  /** Takes no more statements, and ends when those it has are done: what they took is not lost with their answers. */
  end(): void;
}

/** Puts statements in a row, since the driver takes one at a time. */
export function workConnection(client: Client): WorkConnection {
  let last: Promise<unknown> = Promise.resolve();
  let isEnding = false;
  return {
    query<Row extends object>(text: string, values: readonly unknown[] = []) {
      if (isEnding) return Promise.reject(new Error('the connection is ending'));
      const next = last.then(
        async () => (await client.pg.query<Row & Record<string, unknown>>(text, [...values])).rows,
      );
      last = next.catch((error: unknown) => {
        // The server ends the session after such an error, and the socket tells of it later.
        if (asDatabaseError(error)?.severity === 'FATAL') isEnding = true;
      });
      return next;
    },
    get usable() {
      return client.usable && !isEnding;
    },
    end() {
      isEnding = true;
      last.then(() => client.pg.end()).catch(() => {});
    },
  };
}
