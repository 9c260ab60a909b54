/** Joins those who want the same at the same time. */
export interface Flights<T> {
  /**
   * Does `work`, or waits for the same that is being done already. The work's signal is aborted when nobody waits for it any
   * more; one who leaves ends nothing for the others.
   *
   * @throws what `work` throws, or the reason of the caller's own signal
   */
  join(key: string, signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T>;
  readonly size: number;
}

interface Flight<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  passengers: number;
}

/** Creates an empty set of flights. */
export function createFlights<T>(): Flights<T> {
  const flights = new Map<string, Flight<T>>();

  function start(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const flight: Flight<T> = { controller, passengers: 0, result: work(controller.signal).finally(() => land()) };
    const land = () => {
      if (flights.get(key) === flight) flights.delete(key);
    };
    flights.set(key, flight);
    return flight;
  }

  return {
    async join(key, signal, work) {
      signal.throwIfAborted();
      const flight = flights.get(key) ?? start(key, work);
      flight.passengers++;
      try {
        return await unlessAborted(flight.result, signal);
      } finally {
        if (--flight.passengers === 0 && flights.get(key) === flight) {
          flights.delete(key);
          flight.controller.abort(signal.reason);
        }
      }
    },
    get size() {
      return flights.size;
    },
  };
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
