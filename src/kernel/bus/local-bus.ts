/** Messages between rooms, and between the processes of an installation. At most once; order is kept per publisher. */
export interface Bus {
  /** True where other processes may listen: by NATS, or between the workers of one machine. */
  readonly isShared: boolean;
  /** False while the others cannot be reached. */
  readonly isConnected: boolean;
  /** @param subject dot-separated name, e.g. `rest.schema.reload` @param payload any JSON value, or a Buffer */
  publish(subject: string, payload: unknown): void;
  /**
   * Messages of this process arrive as well as those of others. A Buffer arrives as a Buffer.
   *
   * @returns a function that ends the subscription
   */
  subscribe(subject: string, handler: (payload: unknown) => void): () => void;
  /** Resolves once what the others publish reaches all subscriptions made so far; undefined where it does already. */
  settled(): Promise<void> | undefined;
}

/**
 * The bus of a single process. Handlers run in the publisher's turn; one that throws is reported to `onError` and
 * does not keep the others from their message.
 */
export function createLocalBus(onError: (error: unknown, subject: string) => void): Bus {
  const handlers = new Map<string, Set<(payload: unknown) => void>>();
  return {
    isShared: false,
    isConnected: true,
    publish(subject, payload) {
      for (const handler of [...(handlers.get(subject) ?? [])]) {
        try {
          handler(payload);
        } catch (error) {
          onError(error, subject);
        }
      }
    },
    subscribe(subject, handler) {
      const set = handlers.get(subject) ?? new Set();
      // A function of its own, so that one handler may subscribe twice and each end its own subscription.
      const entry = (payload: unknown) => handler(payload);
      handlers.set(subject, set.add(entry));
      return () => {
        if (set.delete(entry) && set.size === 0) handlers.delete(subject);
      };
    },
    settled: () => undefined,
  };
}
