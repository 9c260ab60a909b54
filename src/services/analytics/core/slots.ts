import { analyticsError } from '../errors.ts';

/** Places for work that may not run all at once. */
export interface Slots {
  /** Runs once a place is free. @throws ServiceError `too_many_requests` where too many wait */
  run<T>(work: () => Promise<T>): Promise<T>;
}

/** @param size places @param queue how many may wait */
export function createSlots(size: number, queue: number): Slots {
  const waiting: (() => void)[] = [];
  let busy = 0;
  return {
    async run(work) {
      if (busy >= size) {
        if (waiting.length >= queue) throw analyticsError('too_many_requests', { headers: { 'retry-after': '1' } });
        // Who leaves hands its place on.
        await new Promise<void>((resolve) => waiting.push(resolve));
      } else busy++;
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        if (next) next();
        else busy--;
      }
    },
  };
}
