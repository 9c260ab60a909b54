import type { RealtimeContext } from './context.ts';

/** How the room looks after itself. */
export interface HousekeepingOptions {
  readonly context: RealtimeContext;
  /** Looks for sockets whose clients are gone. */
  readonly sweep: () => void;
  /** Milliseconds a socket may be without channels. */
  readonly noChannel: number;
  /** Keeps the partitions of stored messages. */
  readonly keepPartitions: () => Promise<void>;
}

const second = 1_000;
/** Seconds between two looks at idle sockets. */
const sweepEvery = 5;
const partitionsEvery = 3_600;

/** One timer for all sockets. @returns a function that ends it */
export function startHousekeeping(options: HousekeepingOptions): () => void {
  const { context } = options;
  let seconds = 0;

  function closeUnused(now: number): void {
    for (const session of context.sessions)
      if (session.channelCount === 0 && now - session.idleSince > options.noChannel) session.disconnect(1000);
  }

  function tick(): void {
    seconds++;
    for (const rate of Object.values(context.rates)) rate.tick();
    const now = context.clock.now();
    for (const session of context.sessions) session.checkExpiry(now);
    if (seconds % sweepEvery === 0) {
      options.sweep();
      closeUnused(now);
    }
    if (seconds % partitionsEvery === 0)
      options
        .keepPartitions()
        .catch((error: unknown) => context.log.error({ err: error }, 'partitions of stored messages were not kept'));
  }

  const timer = setInterval(tick, second);
  return () => clearInterval(timer);
}
