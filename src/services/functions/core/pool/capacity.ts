import type { Worker } from '../worker/worker.ts';
import { createTurns, type TurnsOptions } from './turns.ts';

/** How many workers there may be, and how long somebody waits for one to be gone. */
export interface CapacityOptions extends TurnsOptions {
  readonly maxWorkers: number;
}

/** Places for workers of all functions. */
export interface Capacity {
  /** All that live. */
  readonly workers: ReadonlySet<Worker>;
  /**
   * Waits for a place and starts a worker in it; where all are taken, the worker that was idle the longest makes way.
   *
   * @throws ServiceError `OVERLOADED`
   */
  place(start: () => Worker): Promise<Worker>;
  /** A worker may have become idle. */
  changed(): void;
}

/** Bounds the number of processes. */
export function createCapacity({ maxWorkers, ...waiting }: CapacityOptions): Capacity {
  const workers = new Set<Worker>();
  const turns = createTurns(waiting);

  function evict(): void {
    let oldest: Worker | undefined;
    for (const worker of workers)
      if (worker.isReady && worker.isIdle && (oldest === undefined || worker.lastUsed < oldest.lastUsed))
        oldest = worker;
    void oldest?.stop('EarlyDrop');
  }

  return {
    workers,
    changed: turns.next,
    async place(start) {
      const until = turns.deadline();
      while (workers.size >= maxWorkers) {
        evict();
        await turns.wait(until);
      }
      const worker = start();
      workers.add(worker);
      void worker.ended.then(() => {
        workers.delete(worker);
        turns.next();
      });
      return worker;
    },
  };
}
