/** Parts of a request's work, in the order they are told. */
export type TimedPart = 'jwt' | 'parse' | 'plan' | 'transaction' | 'response';

/** Measures the parts of one request's work. */
export interface Timer {
  /** Notes that a part is over; the next one begins. */
  end(part: TimedPart): void;
  /** `Server-Timing`, or undefined when nobody wants to know. */
  header(): string | undefined;
}

const parts: readonly TimedPart[] = ['jwt', 'parse', 'plan', 'transaction', 'response'];

const silent: Timer = { end: () => {}, header: () => undefined };

/** Creates a timer. @param now milliseconds with fractions */
export function createTimer(enabled: boolean, now: () => number): Timer {
  if (!enabled) return silent;
  const spent = new Map<TimedPart, number>();
  let last = now();
  return {
    end(part) {
      const time = now();
      spent.set(part, (spent.get(part) ?? 0) + time - last);
      last = time;
    },
    header: () => parts.map((part) => `${part};dur=${(spent.get(part) ?? 0).toFixed(1)}`).join(', '),
  };
}
