/** Something with frames to write. */
export interface Flushable {
  flush(): void;
}

/** Gathers what was sent in one turn of the event loop. */
export interface Flusher {
  /** To be flushed at the end of this turn. */
  add(connection: Flushable): void;
}

/**
 * @param slice connections written to in one turn; beyond it others get theirs, so that one large room delays nobody for
 * long
 */
export function createFlusher(slice: number): Flusher {
  let waiting: Flushable[] = [];
  let next = 0;
  let scheduled = false;

  function run(): void {
    scheduled = false;
    const end = Math.min(waiting.length, next + slice);
    while (next < end) waiting[next++]?.flush();
    if (next < waiting.length) {
      schedule();
      return;
    }
    waiting = [];
    next = 0;
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(run);
  }

  return {
    add(connection) {
      waiting.push(connection);
      schedule();
    },
  };
}
