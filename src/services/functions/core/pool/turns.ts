import type { ServiceError } from '#kernel/errors';
import { functionsError } from '../../errors.ts';

/** How long and how many may wait. */
export interface TurnsOptions {
  /** Milliseconds. */
  readonly waitTimeout: number;
  readonly maxWaiting: number;
  /** Milliseconds, of any origin. */
  readonly now: () => number;
}

/** A bounded queue of those who wait for something to change, first come, first served. */
export interface Turns {
  /** When somebody who begins to wait now gives up. */
  deadline(): number;
  /** @throws ServiceError `OVERLOADED` at the deadline, or where too many wait */
  wait(until: number): Promise<void>;
  /** Lets the first one have a look. */
  next(): void;
}

/** @see Turns */
export function createTurns({ waitTimeout, maxWaiting, now }: TurnsOptions): Turns {
  const waiting: (() => void)[] = [];
  return {
    deadline: () => now() + waitTimeout,
    next: () => waiting.shift()?.(),
    async wait(until) {
      if (waiting.length >= maxWaiting) throw overloaded();
      await new Promise<void>((resolve, reject) => {
        const proceed = () => {
          clearTimeout(timer);
          resolve();
        };
        const timer = setTimeout(
          () => {
            waiting.splice(waiting.indexOf(proceed), 1);
            reject(overloaded());
          },
          Math.max(0, until - now()),
        );
        waiting.push(proceed);
      });
    },
  };
}

const overloaded = (): ServiceError => functionsError('OVERLOADED', { headers: { 'retry-after': '1' } });
