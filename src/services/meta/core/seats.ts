import { metaError } from '../errors.ts';

/** A bound on how much happens at once, with a bounded line of those who wait. */
export interface Seats {
  /** Fulfilled with the way to give the seat back. @throws ServiceError `too_many_requests` when the line is full */
  take(): Promise<() => void>;
}

/** @param count at once; @param waiting beyond that, in the order they came */
export function createSeats(count: number, waiting: number): Seats {
  let free = count;
  const line: (() => void)[] = [];
  const give = (): void => {
    const next = line.shift();
    if (next) next();
    else free++;
  };
  const once = (): (() => void) => {
    let given = false;
    return () => {
      if (!given) give();
      given = true;
    };
  };
  return {
    async take() {
      if (free > 0) free--;
      else if (line.length >= waiting) throw metaError('too_many_requests', { headers: { 'retry-after': '1' } });
      else await new Promise<void>((resolve) => line.push(resolve));
      return once();
    },
  };
}
