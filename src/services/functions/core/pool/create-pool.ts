import { availableParallelism } from 'node:os';
import { createExclusivePool } from './exclusive.ts';
import type { Pool, PoolOptions } from './pool.ts';
import { createSharedPool } from './shared.ts';

/** How requests share workers; the original's names. */
export type Policy = 'per_worker' | 'per_request' | 'oneshot';

/** @param maxParallel workers of one function at most, where requests do not share one; 0: as many as there are processors */
export function createPool(policy: Policy, maxParallel: number, options: PoolOptions): Pool {
  if (policy === 'per_worker') return createSharedPool(options);
  return createExclusivePool({
    ...options,
    maxParallel: maxParallel || availableParallelism(),
    isOneshot: policy === 'oneshot',
  });
}
