import type { Delivery, DeliveryStore, EndedAttempt, Outcome } from './store.ts';

/** How deliveries of a queue are made. */
export interface DeliveryLoopOptions {
  readonly store: DeliveryStore;
  /** Makes one attempt. What it throws is a failed attempt. */
  readonly deliver: (delivery: Delivery, signal: AbortSignal) => Promise<Outcome>;
  /** Attempts at once on this node. Those of one key follow one another. */
  readonly concurrency: number;
  /** Deliveries taken at once; undefined: as many as can be begun. More of them make short attempts cheaper. */
  readonly batch?: number;
  /** Milliseconds an attempt may take; it is aborted then, and given to somebody else a little later. */
  readonly timeout: number;
  /** Attempts until a delivery is a dead letter, unless an outcome is final before. */
  readonly maxAttempts: number;
  /** Milliseconds before the second attempt; twice as many before each further one, up to `longestDelay`. */
  readonly firstDelay: number;
  readonly longestDelay: number;
  /** Milliseconds for which delivered ones and dead letters are kept. 0: nothing is kept of delivered ones. */
  readonly keepDelivered: number;
  readonly keepDead: number;
  /** Milliseconds, of any origin. */
  readonly now: () => number;
  /** Whether anything can be delivered now; where that is no, `wake` says when it is. Default: always. */
  readonly isReady?: () => boolean;
  /** Hears of a database that cannot be asked; the loop goes on. */
  readonly onError: (error: unknown) => void;
  /** Hears of each new dead letter. */
  readonly onDead?: (delivery: Delivery, outcome: Outcome) => void;
}

/** A loop that makes deliveries. It does nothing while none is due. */
export interface DeliveryLoop {
  /** Something may be due. */
  wake(): void;
  /**
   * Takes nothing more, and ends attempts under way, which others take up again.
   *
   * @param grace they may come to their end until it is aborted; undefined: not at all
   */
  stop(grace?: AbortSignal): Promise<void>;
  /** Since the start. */
  readonly counts: { readonly delivered: number; readonly failed: number; readonly dead: number };
}

/** Milliseconds a lease is longer than an attempt may take. */
const leaseMargin = 15_000;

/** Milliseconds after which the loop looks again by itself at the latest, and removes what is old. */
const longestPause = 60_000;

/** Milliseconds before another look when the database could not be asked. */
const errorPause = 2_000;

/** Delay before the attempt after the given one, up to a quarter shorter so that not all come at once. @param random 0 to 1 */
export function delayAfter(
  attempt: number,
  { firstDelay, longestDelay }: Pick<DeliveryLoopOptions, 'firstDelay' | 'longestDelay'>,
  random: number,
): number {
  return Math.round(Math.min(longestDelay, firstDelay * 2 ** Math.min(attempt - 1, 30)) * (0.75 + random / 4));
}

/** Starts the loop; it looks for what is due at once. */
export function startDeliveryLoop(options: DeliveryLoopOptions): DeliveryLoop {
  const { store, maxAttempts } = options;
  const aborting = new AbortController();
  const pending: { readonly chain: readonly Delivery[]; readonly takenAt: number }[] = [];
  const running = new Set<Promise<void>>();
  const counts = { delivered: 0, failed: 0, dead: 0 };
  const succeed = gathering<EndedAttempt>((ended) => store.succeed(ended, options.keepDelivered > 0));
  let isStopping = false;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;
  let isAgain = false;
  let sweptAt = Number.NEGATIVE_INFINITY;

  /** @returns whether the next of the same key may go */
  async function attempt(delivery: Delivery, notes: Promise<void>[]): Promise<boolean> {
    if (delivery.attempt > maxAttempts) {
      // Each attempt took a node with it, or its lease.
      await bury({ delivery, outcome: { isDelivered: false, error: 'the last attempt has not come to an end' } });
      return true;
    }
    const signal = AbortSignal.any([aborting.signal, AbortSignal.timeout(options.timeout)]);
    const began = options.now();
    const outcome = await options
      .deliver(delivery, signal)
      .catch((error: Error): Outcome => ({ isDelivered: false, error: error.message }));
    const ended = { delivery, outcome: { milliseconds: options.now() - began, ...outcome } };
    if (outcome.isDelivered) {
      counts.delivered++;
      const noted = succeed(ended);
      // Whoever waits for all of them hears of it; before that it is nobody's affair.
      noted.catch(() => {});
      notes.push(noted);
      return true;
    }
    if (aborting.signal.aborted) await store.giveBack([delivery]);
    else if (outcome.isUncounted) await store.giveBack([delivery], options.firstDelay);
    else {
      counts.failed++;
      if (outcome.isFinal || delivery.attempt >= maxAttempts) {
        await bury(ended);
        return true;
      }
      await store.postpone(ended, delayAfter(delivery.attempt, options, Math.random()));
    }
    return false;
  }

  async function bury(ended: EndedAttempt): Promise<void> {
    await store.bury(ended);
    counts.dead++;
    options.onDead?.(ended.delivery, ended.outcome);
  }

  /** Deliveries of one key. */
  async function follow(chain: readonly Delivery[], takenAt: number): Promise<void> {
    const notes: Promise<void>[] = [];
    for (const [at, delivery] of chain.entries()) {
      const isLate = options.now() - takenAt > leaseMargin / 2;
      if (isStopping || isLate) {
        await store.giveBack(chain.slice(at));
        break;
      }
      if (await attempt(delivery, notes)) continue;
      if (at + 1 < chain.length) await store.giveBack(chain.slice(at + 1));
      break;
    }
    await Promise.all(notes);
  }

  function begin(): void {
    while (running.size < options.concurrency) {
      const next = pending.shift();
      if (!next) return;
      const work: Promise<void> = follow(next.chain, next.takenAt)
        .catch(options.onError)
        .finally(() => {
          running.delete(work);
          begin();
          if (pending.length === 0) wake();
        });
      running.add(work);
    }
  }

  async function look(): Promise<void> {
    const free = options.concurrency - running.size;
    if (free <= 0 || pending.length > 0 || options.isReady?.() === false) return;
    const limit = options.batch ?? free;
    const takenAt = options.now();
    const { deliveries, nextDue } = await store.take(limit, options.timeout + leaseMargin);
    for (const chain of chainsOf(deliveries)) pending.push({ chain, takenAt });
    begin();
    // There may be more than was asked for; the end of these looks for it.
    if (deliveries.length === limit) return;
    if (options.now() - sweptAt > longestPause) {
      sweptAt = options.now();
      await store.sweep(options.keepDelivered, options.keepDead);
    }
    // Nothing waits: whatever comes is told.
    if (nextDue !== undefined) schedule(Math.min(longestPause, Math.max(10, nextDue)));
  }

  function schedule(delay: number): void {
    clearTimeout(timer);
    if (isStopping) return;
    timer = setTimeout(wake, delay);
    timer.unref();
  }

  function wake(): void {
    if (isStopping) return;
    if (looking !== undefined) {
      isAgain = true;
      return;
    }
    isAgain = false;
    looking = look()
      .catch((error: unknown) => {
        if (!isStopping) options.onError(error);
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
    counts,
    async stop(grace) {
      isStopping = true;
      clearTimeout(timer);
      if (!grace || grace.aborted) aborting.abort();
      else grace.addEventListener('abort', () => aborting.abort(), { once: true });
      await looking;
      while (running.size > 0) await Promise.all(running);
    },
  };
}

/** The deliveries of each key in their order, those without one by themselves. */
function chainsOf(deliveries: readonly Delivery[]): Delivery[][] {
  const chains: Delivery[][] = [];
  const byKey = new Map<string, Delivery[]>();
  for (const delivery of deliveries) {
    const known = delivery.key === null ? undefined : byKey.get(delivery.key);
    if (known) known.push(delivery);
    else {
      const chain = [delivery];
      chains.push(chain);
      if (delivery.key !== null) byKey.set(delivery.key, chain);
    }
  }
  return chains;
}

/** Calls `write` with everything that came while it last ran. */
function gathering<T>(write: (items: readonly T[]) => Promise<void>): (item: T) => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  let next: { readonly items: T[]; readonly done: Promise<void> } | undefined;
  return (item) => {
    if (!next) {
      const items: T[] = [];
      const done = last.then(() => {
        next = undefined;
        return write(items);
      });
      last = done.catch(() => {});
      next = { items, done };
    }
    next.items.push(item);
    return next.done;
  };
}
