import type { ServiceError } from '#kernel/errors';
import { functionsError } from '../../errors.ts';
import type { Worker } from '../worker/worker.ts';

/** How many workers there may be, and how long somebody waits for one to be gone. */
export interface CapacityOptions {
  readonly maxWorkers: number;
  /** Milliseconds. */
  readonly waitTimeout: number;
  readonly maxWaiting: number;
  /** Milliseconds, of any origin. */
  readonly now: () => number;
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
export function createCapacity({ maxWorkers, waitTimeout, maxWaiting, now }: CapacityOptions): Capacity {
  const workers = new Set<Worker>();
  const waiting: (() => void)[] = [];

  function changed(): void {
    waiting.shift()?.();
  }

  function evict(): boolean {
    let oldest: Worker | undefined;
    for (const worker of workers)
      if (worker.isReady && worker.isIdle && (oldest === undefined || worker.lastUsed < oldest.lastUsed))
        oldest = worker;
    if (oldest) void oldest.stop('EarlyDrop');
    return oldest !== undefined;
  }

  async function change(until: number): Promise<void> {
    if (waiting.length >= maxWaiting) throw overloaded();
    await new Promise<void>((resolve, reject) => {
      const proceed = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(
        () => {
          waiting.splice(waiting.indexOf(proceed), 1);
          reject(overloaded());
        },
        Math.max(0, until - now()),
      );
      waiting.push(proceed);
    });
  }

  return {
    workers,
    changed,
    async place(start) {
      const until = now() + waitTimeout;
      while (workers.size >= maxWorkers) {
        evict();
        await change(until);
      }
      const worker = start();
      workers.add(worker);
      void worker.ended.then(() => {
        workers.delete(worker);
        changed();
      });
      return worker;
    },
  };
}

const overloaded = (): ServiceError => functionsError('OVERLOADED', { headers: { 'retry-after': '1' } });
