import type { Delivery, DeliveryStore, Outcome } from './store.ts';

/** How deliveries of a queue are made. */
export interface DeliveryLoopOptions {
  readonly store: DeliveryStore;
  /** Makes one attempt. What it throws is a failed attempt. */
  readonly deliver: (delivery: Delivery, signal: AbortSignal) => Promise<Outcome>;
  /** Attempts at once on this node. */
  readonly concurrency: number;
  /** Milliseconds an attempt may take; it is aborted then, and given to somebody else a little later. */
  readonly timeout: number;
  /** Attempts until a delivery is a dead letter. */
  readonly maxAttempts: number;
  /** Milliseconds before the second attempt; twice as many before each further one, up to `longestDelay`. */
  readonly firstDelay: number;
  readonly longestDelay: number;
  /** Milliseconds for which delivered ones and dead letters are kept. */
  readonly keepDelivered: number;
  readonly keepDead: number;
  /** Milliseconds, of any origin. */
  readonly now: () => number;
  /** Hears of a database that cannot be asked; the loop goes on. */
  readonly onError: (error: unknown) => void;
}

/** A loop that makes deliveries. It does nothing while none is due. */
export interface DeliveryLoop {
  /** Something may be due. */
  wake(): void;
  /** Ends attempts under way, which others take up again. */
  stop(): Promise<void>;
}

/** Milliseconds a lease is longer than an attempt may take. */
const leaseMargin = 15_000;

/** Milliseconds after which the loop looks again by itself at the latest, and removes what is old. */
const longestPause = 60_000;

/** Milliseconds before another look when the database could not be asked. */
const errorPause = 2_000;

/** Delay before the attempt after the given one. */
export function delayAfter(
  attempt: number,
  { firstDelay, longestDelay }: Pick<DeliveryLoopOptions, 'firstDelay' | 'longestDelay'>,
): number {
  return Math.min(longestDelay, firstDelay * 2 ** Math.min(attempt - 1, 30));
}

/** Starts the loop; it looks for what is due at once. */
export function startDeliveryLoop(options: DeliveryLoopOptions): DeliveryLoop {
  const { store, concurrency, maxAttempts } = options;
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let isAgain = false;
  let sweptAt = Number.NEGATIVE_INFINITY;

  async function attempt(delivery: Delivery): Promise<void> {
    if (delivery.attempt > maxAttempts) {
      // Each attempt took a node with it, or its lease.
      await store.bury(delivery, { isDelivered: false, error: 'the last attempt has not come to an end' });
      return;
    }
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(options.timeout)]);
    const began = options.now();
    const outcome = await options
      .deliver(delivery, signal)
      .catch((error: Error): Outcome => ({ isDelivered: false, error: error.message }));
    if (stopping.signal.aborted && !outcome.isDelivered) {
      await store.giveBack(delivery);
      return;
    }
    const timed = { milliseconds: options.now() - began, ...outcome };
    if (outcome.isDelivered) await store.succeed(delivery, timed);
    else if (delivery.attempt >= maxAttempts) await store.bury(delivery, timed);
    else await store.postpone(delivery, timed, delayAfter(delivery.attempt, options));
  }

  async function look(): Promise<void> {
    const free = concurrency - running.size;
    if (free <= 0) return;
    const taken = await store.take(free, options.timeout + leaseMargin);
    for (const delivery of taken) {
      const work: Promise<void> = attempt(delivery)
        .catch(options.onError)
        .finally(() => {
          running.delete(work);
          wake();
        });
      running.add(work);
    }
    // There may be more than was asked for.
    if (taken.length === free) return;
    if (options.now() - sweptAt > longestPause) {
      sweptAt = options.now();
      await store.sweep(options.keepDelivered, options.keepDead);
    }
    const due = await store.nextDue();
    // Nothing waits: whatever comes is told.
    if (due !== undefined) schedule(Math.min(longestPause, Math.max(10, due)));
  }

  function schedule(delay: number): void {
    clearTimeout(timer);
    if (stopping.signal.aborted) return;
    timer = setTimeout(wake, delay);
    timer.unref();
  }

  function wake(): void {
    if (stopping.signal.aborted) return;
    if (looking !== undefined) {
      isAgain = true;
      return;
    }
    isAgain = false;
    looking = look()
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) options.onError(error);
        schedule(errorPause);
      })
      .finally(() => {
        looking = undefined;
        if (isAgain) wake();
      });
  }

  wake();
  return {
    wake,
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await looking;
      await Promise.all(running);
    },
  };
}
