import { setImmediate as breathe } from 'node:timers/promises';

/** A computation that can be left and taken up again at many places, so that a long one need not be done in one go. */
export type Work<T> = Generator<undefined, T>;

/** Items between two places where work may be left. */
const pace = 200;

/** Does something for each of many items. */
export function* forEach<T>(items: Iterable<T>, action: (item: T) => void): Work<void> {
  let count = 0;
  for (const item of items) {
    action(item);
    if (++count % pace === 0) yield;
  }
}

/** Does work in one go. */
export function finish<T>(work: Work<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/**
 * Does work in slices; whatever else waits has its turn between two of them.
 *
 * @param slice in milliseconds
 */
export async function inSlices<T>(work: Work<T>, slice: number): Promise<T> {
  let end = performance.now() + slice;
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (performance.now() < end) continue;
    await breathe();
    end = performance.now() + slice;
  }
}
