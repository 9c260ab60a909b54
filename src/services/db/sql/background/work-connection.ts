import type { Client } from '#kernel/sql';

/** The one connection of the work behind the extensions: statements of all its parts, one after the other. */
export interface WorkConnection {
  /** @throws DatabaseError; the socket's error once the connection is lost */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** False once the connection is lost. */
  readonly usable: boolean;
}

/** Puts statements in a row, since the driver takes one at a time. */
export function workConnection(client: Client): WorkConnection {
  let last: Promise<unknown> = Promise.resolve();
  return {
    query<Row extends object>(text: string, values: readonly unknown[] = []) {
      const next = last.then(
        async () => (await client.pg.query<Row & Record<string, unknown>>(text, [...values])).rows,
      );
      last = next.catch(() => {});
      return next;
    },
    get usable() {
      return client.usable;
    },
  };
}
