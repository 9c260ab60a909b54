/** Runs work a few at a time; what is beyond the bound of the waiting line is refused at once. */
export interface WorkQueue {
  /** @throws what `refuse` makes when the line is full */
  run<T>(work: () => Promise<T>): Promise<T>;
  readonly waiting: number;
  readonly running: number;
}

/**
 * @param concurrency pieces of work under way at most
 * @param limit pieces of work that may wait
 * @param refuse makes the error for one too many
 */
export function createWorkQueue(concurrency: number, limit: number, refuse: () => Error): WorkQueue {
  const line: (() => void)[] = [];
  let running = 0;
  return {
    async run(work) {
      if (running < concurrency) running++;
      else {
        if (line.length >= limit) throw refuse();
        // Whoever finishes hands its place over, so `running` does not change hands.
        await new Promise<void>((resolve) => line.push(resolve));
      }
      try {
        return await work();
      } finally {
        const next = line.shift();
        if (next) next();
        else running--;
      }
    },
    get waiting() {
      return line.length;
    },
    get running() {
      return running;
    },
  };
}
