import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '#kernel/log';
import { type Client, type ConnectionOptions, connectClient } from '#kernel/sql';
import { storageError } from '../errors.ts';

/** Channel on which holders are asked to let go. */
const channel = 'storage_lock_release';
const retryEvery = 100;

/** Locks by name that hold for all nodes. */
export interface SessionLocks {
  /**
   * Waits for a lock. Whoever holds it is asked to let go.
   *
   * @param letGo called when somebody else wants it, or when it was lost
   * @returns gives it back
   * @throws ResourceLocked after `timeout` milliseconds
   */
  acquire(name: string, timeout: number, letGo: () => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

interface Holder {
  readonly letGo: () => void;
  readonly released: Promise<void>;
}

/**
 * Advisory locks of PostgreSQL, all on one connection of this node: a node that dies loses them at once, and none costs a
 * connection of its own.
 */
export function createSessionLocks(connection: ConnectionOptions, log: Logger): SessionLocks {
  const holders = new Map<string, Holder>();
  let opening: Promise<Client> | undefined;
  let isClosed = false;

  function session(): Promise<Client> {
    if (isClosed) return Promise.reject(storageError('ResourceLocked'));
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  async function open(): Promise<Client> {
    const client = await connectClient({ ...connection, applicationName: 'pmoves-supabase storage locks' }, 10);
    client.pg.on('notification', ({ payload }) => holders.get(payload ?? '')?.letGo());
    client.pg.once('end', () => {
      opening = undefined;
      if (holders.size > 0 && !isClosed)
        log.warn({ locks: holders.size }, 'the connection of the upload locks was lost');
      for (const holder of holders.values()) holder.letGo();
    });
    await client.pg.query(`listen ${channel}`);
    return client;
  }

  async function ask(name: string): Promise<boolean> {
    const client = await session();
    const { rows } = await client.pg.query<{ got: boolean }>(
      'select pg_try_advisory_lock(hashtextextended($1, 7221041)) as got',
      [name],
    );
    if (rows[0]?.got === true) return true;
    await client.pg.query('select pg_notify($1, $2)', [channel, name]);
    return false;
  }

  async function giveBack(name: string): Promise<void> {
    // With the connection the lock is gone anyway.
    const client = await opening?.catch(() => undefined);
    await client?.pg
      .query('select pg_advisory_unlock(hashtextextended($1, 7221041))', [name])
      .catch((error: unknown) => log.debug({ err: error }, 'an upload lock could not be given back'));
  }

  return {
    async acquire(name, timeout, letGo) {
      const deadline = performance.now() + timeout;
      for (;;) {
        const holder = holders.get(name);
        if (holder) {
          holder.letGo();
          await Promise.race([holder.released, sleep(Math.max(0, deadline - performance.now()))]);
          if (performance.now() >= deadline && holders.get(name) === holder) throw storageError('ResourceLocked');
          continue;
        }
        let release = () => {};
        const released = new Promise<void>((resolve) => {
          release = resolve;
        });
        // Others of this node wait for this attempt: the server would give the session the same lock twice.
        holders.set(name, { letGo, released });
        const end = () => {
          holders.delete(name);
          release();
        };
        try {
          while (!(await ask(name))) {
            if (performance.now() >= deadline) throw storageError('ResourceLocked');
            await sleep(retryEvery);
          }
        } catch (error) {
          end();
          throw error;
        }
        return async () => {
          await giveBack(name);
          end();
        };
      }
    },
    async close() {
      isClosed = true;
      const client = await opening?.catch(() => undefined);
      await client?.pg.end().catch(() => {});
    },
  };
}
