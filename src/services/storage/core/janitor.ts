import { setTimeout as sleep } from 'node:timers/promises';
import { deleteAbandonedMultipart } from '../sql/multipart.ts';
import type { StorageContext } from './context.ts';

/** Removes content that nobody needs any more, a batch at a time. */
export interface Janitor {
  start(): void;
  /** Removes what is due now. @returns how many contents */
  sweep(): Promise<number>;
  stop(): Promise<void>;
}

/** Milliseconds that a batch gets to end when the room stops. */
const stopPatience = 5_000;

/** Creates the janitor. Any number of nodes may have one: what one of them has taken, the others pass over. */
export function createJanitor(
  context: Pick<StorageContext, 'db' | 'versions' | 'uploads' | 'store' | 'settings' | 'log'>,
  ownSchema: string,
): Janitor {
  const { db, versions, uploads, store, settings, log } = context;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let isStopped = false;

  async function batch(): Promise<number> {
    return db.transaction(async (transaction) => {
      const due = await versions.due(transaction, settings.janitorBatch);
      if (due.length === 0) return 0;
      // Removed again after a crash it is removed for good: the rows go last.
      await store.remove(due);
      await versions.forget(
        transaction,
        due.map(({ version }) => version),
      );
      return due.length;
    });
  }

  async function sweep(): Promise<number> {
    await db.transaction(async (transaction) => {
      await uploads.forgetComplete(transaction, settings.tusExpiry, settings.janitorBatch);
      const parts = await deleteAbandonedMultipart(transaction, ownSchema, settings.janitorBatch);
      await versions.retire(transaction, parts, 0);
    });
    let removed = 0;
    for (;;) {
      const count = await batch();
      removed += count;
      if (count < settings.janitorBatch || isStopped) return removed;
    }
  }

  function plan(): void {
    if (isStopped) return;
    timer = setTimeout(() => {
      running = sweep()
        .catch((error: unknown) => log.warn({ err: error }, 'content that is due could not be removed'))
        .finally(plan);
    }, settings.janitorInterval);
    timer.unref();
  }

  return {
    start: plan,
    sweep,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      // A backend that does not answer must not hold up the end; a batch that is broken off is taken again.
      await Promise.race([running, sleep(stopPatience, undefined, { ref: false })]);
    },
  };
}
