import type { WorkerLimits } from '../worker/limits.ts';
import type { Worker } from '../worker/worker.ts';
import type { CapacityOptions } from './capacity.ts';
import type { StartsOptions, Wanted } from './starts.ts';

/** What pools are made of. */
export interface PoolOptions extends CapacityOptions, StartsOptions {
  readonly limits: WorkerLimits;
  /** Milliseconds without requests after which a worker goes. */
  readonly idleTimeout: number;
}

/** A worker with a request taken on. */
export interface Lease {
  readonly worker: Worker;
  release(): void;
}

/** The workers of all functions. */
export interface Pool {
  /**
   * A worker for one request: the function's own, or a new one.
   *
   * @throws ServiceError `BOOT_ERROR`, `WORKER_ERROR` while it is not tried again, `OVERLOADED`
   */
  acquire(wanted: Wanted): Promise<Lease>;
  /** The same without waiting; undefined where no worker is ready that need not be replaced. */
  take(wanted: Wanted): Lease | undefined;
  readonly workers: ReadonlySet<Worker>;
  stop(): Promise<void>;
}
