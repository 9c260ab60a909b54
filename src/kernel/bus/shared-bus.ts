import type { Bus } from './local-bus.ts';

/** The way to other processes. */
export interface Remote {
  readonly isConnected: boolean;
  /** Hands a message on, or drops it where there is no way at present. Never echoes it back. */
  send(subject: string, payload: unknown): void;
  /** Wants messages of a subject from now on. */
  want(subject: string): void;
  /** No longer wants them. */
  unwant(subject: string): void;
  /** Resolves once what was wanted so far comes; undefined where it does already. */
  settled(): Promise<void> | undefined;
}

/**
 * A bus between processes: what is published reaches the subscribers here in the same turn, and those elsewhere by the
 * remote.
 *
 * @param local the bus of this process, which also gets what comes from elsewhere
 */
export function createSharedBus(local: Bus, remote: Remote): Bus {
  const subscribers = new Map<string, number>();
  return {
    isShared: true,
    get isConnected() {
      return remote.isConnected;
    },
    publish(subject, payload) {
      local.publish(subject, payload);
      remote.send(subject, payload);
    },
    subscribe(subject, handler) {
      const end = local.subscribe(subject, handler);
      const count = subscribers.get(subject) ?? 0;
      subscribers.set(subject, count + 1);
      if (count === 0) remote.want(subject);
      let hasEnded = false;
      return () => {
        end();
        if (hasEnded) return;
        hasEnded = true;
        const left = (subscribers.get(subject) ?? 1) - 1;
        if (left > 0) {
          subscribers.set(subject, left);
          return;
        }
        subscribers.delete(subject);
        remote.unwant(subject);
      };
    },
    settled: () => remote.settled(),
  };
}
