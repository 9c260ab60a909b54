/** What keeps something read from the database up to date. */
export interface KeeperOptions {
  /** Reads anew; what it throws is reported and tried again later. */
  readonly load: () => Promise<void>;
  readonly onError: (error: unknown, retryInMilliseconds: number) => void;
  /** Milliseconds in which further requests lead to one more load only. */
  readonly delay: number;
  /** False: after a failure only a request leads to another load. */
  readonly retries: boolean;
  /** Milliseconds since some moment. */
  readonly now: () => number;
}

/** Loads on request, one at a time. */
export interface Keeper {
  /** Asks for a load: at once, or soon after the last one. Never throws. */
  request(): void;
  /** Loads and resolves when what it read is in force. @throws what the load threw */
  reload(): Promise<void>;
  /** Milliseconds until the next attempt after a failed one; 0 when none is waiting. */
  readonly retryIn: number;
  stop(): void;
}

const firstRetry = 1_000;
const longestRetry = 32_000;

/** Creates a keeper. After a failure it tries again with growing pauses, forever, until it is stopped. */
export function createKeeper({ load, onError, delay, retries, now }: KeeperOptions): Keeper {
  let running: Promise<void> | undefined;
  let again = false;
  let finishedAt = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let retryAt: number | undefined;
  let stopped = false;

  function run(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    retryAt = undefined;
    again = false;
    const work = load().then(
      () => {
        failures = 0;
      },
      (error: unknown) => {
        const pause = Math.min(firstRetry * 2 ** failures++, longestRetry);
        if (!stopped) {
          onError(error, pause);
          if (retries) {
            retryAt = now() + pause;
            wait(pause);
          }
        }
        throw error;
      },
    );
    running = work.finally(() => {
      running = undefined;
      finishedAt = now();
      if (again && timer === undefined) wait(delay);
    });
    return running;
  }

  function wait(pause: number): void {
    if (stopped) return;
    timer = setTimeout(() => {
      run().catch(() => {});
    }, pause);
    timer.unref();
  }

  return {
    request() {
      if (stopped) return;
      const pause = finishedAt + delay - now();
      if (running !== undefined) again = true;
      else if (retryAt === undefined && timer === undefined && pause > 0) wait(pause);
      // Whoever asks may know that what was missing is back.
      else if (retryAt !== undefined || timer === undefined) run().catch(() => {});
    },
    async reload() {
      // One that is under way may have read before what the caller means to see.
      await running?.catch(() => {});
      await (running ?? run());
    },
    get retryIn() {
      return retryAt === undefined ? 0 : Math.max(0, retryAt - now());
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
