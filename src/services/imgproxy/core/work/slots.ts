import { imgproxyError } from '../../errors.ts';

/** A bounded number of places, and a bounded queue before them. */
export interface Slots {
  /**
   * Waits for a place, first come first served.
   *
   * @returns what gives it back; further calls of that do nothing
   * @throws ServiceError `too_many_requests` when the queue is full, the signal's reason when it is aborted
   */
  take(signal: AbortSignal): Promise<() => void>;
  readonly taken: number;
  readonly waiting: number;
}

/** Creates places. @param count at a time @param most waiting */
export function createSlots(count: number, most: number): Slots {
  const queue = new Set<() => void>();
  let taken = 0;

  const place = (): (() => void) => {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const [next] = queue;
      if (next === undefined) taken--;
      else next();
    };
  };

  return {
    async take(signal) {
      signal.throwIfAborted();
      if (taken < count) {
        taken++;
        return place();
      }
      if (queue.size >= most)
        throw imgproxyError('too_many_requests', { headers: { 'retry-after': '1' }, details: 'The queue is full' });
      await new Promise<void>((resolve, reject) => {
        const leave = () => {
          queue.delete(enter);
          reject(signal.reason);
        };
        const enter = () => {
          queue.delete(enter);
          signal.removeEventListener('abort', leave);
          resolve();
        };
        queue.add(enter);
        signal.addEventListener('abort', leave, { once: true });
      });
      return place();
    },
    get taken() {
      return taken;
    },
    get waiting() {
      return queue.size;
    },
  };
}
