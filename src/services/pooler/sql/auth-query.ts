import { setTimeout as sleep } from 'node:timers/promises';
import { asDatabaseError, type Client, type ConnectionOptions, connectClient } from '#kernel/sql';

/** Looks stored passwords up, over one connection that is opened again when it is lost. */
export interface AuthQuery {
  /**
   * `rolpassword` of a role; null where it has none (or none that is valid), undefined where there is no such role,
   * `unreadable` where the server does not let us see it.
   *
   * @throws the connection's error once `patience` has passed
   */
  look(role: string): Promise<string | null | undefined | 'unreadable'>;
  close(): Promise<void>;
}

// Privileges, a function or schema or role that is not there, a refused login.
const cannotRead = /^(42|3F|28|0A)/;
const pause = 100;

/**
 * @param query with the role as $1; its columns are the role's name and its password
 * @param patience milliseconds during which a server that does not answer is asked again
 */
export function createAuthQuery(connection: () => ConnectionOptions, query: string, patience: number): AuthQuery {
  let opening: Promise<Client> | undefined;
  let closed = false;

  async function client(): Promise<Client> {
    opening ??= connectClient(connection(), 10, false, patience);
    try {
      const opened = await opening;
      if (opened.usable) return opened;
      opening = undefined;
      void opened.pg.end().catch(() => {});
      return client();
    } catch (error) {
      opening = undefined;
      throw error;
    }
  }

  async function ask(role: string): Promise<string | null | undefined> {
    const { pg } = await client();
    const { rows } = await pg.query<unknown[]>({ name: 'auth', text: query, values: [role], rowMode: 'array' });
    const [row] = rows;
    return row === undefined ? undefined : ((row[1] as string | null) ?? null);
  }

  return {
    async look(role) {
      const end = performance.now() + patience;
      for (;;) {
        try {
          return await ask(role);
        } catch (error) {
          if (cannotRead.test(asDatabaseError(error)?.code ?? '')) return 'unreadable';
          if (closed || performance.now() > end) throw error;
          await sleep(pause);
        }
      }
    },
    async close() {
      closed = true;
      const opened = await opening?.catch(() => undefined);
      opening = undefined;
      await opened?.pg.end().catch(() => {});
    },
  };
}
