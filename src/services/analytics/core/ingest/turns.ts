/** Work that takes a while, one piece after the other with a look at everything else in between. */
export interface Turns {
  /** Whoever came first has precedence over all others in all its pieces. */
  join(): Turn;
}

/** The place of one who has work. */
export interface Turn {
  /** Does a piece of work when it is its turn. @throws what the work throws */
  take(work: () => void): Promise<void>;
}

interface Piece {
  readonly place: number;
  readonly run: () => void;
}

/**
 * Creates turns. Bodies that come side by side are read one after the other by them, so that the first can be written while
 * the second is read; taking their pieces as they come would end all of them at the same late moment.
 */
export function createTurns(): Turns {
  const waiting: Piece[] = [];
  let places = 0;

  function next(): void {
    let first = 0;
    for (let at = 1; at < waiting.length; at++)
      if ((waiting[at] as Piece).place < (waiting[first] as Piece).place) first = at;
    const [piece] = waiting.splice(first, 1);
    if (waiting.length > 0) setImmediate(next);
    piece?.run();
  }

  return {
    join() {
      const place = places++;
      return {
        take: (work) =>
          new Promise((resolve, reject) => {
            const run = (): void => {
              try {
                work();
                resolve();
              } catch (error) {
                reject(error);
              }
            };
            waiting.push({ place, run });
            if (waiting.length === 1) setImmediate(next);
          }),
      };
    },
  };
}
