/** A connection to the server as the lender sees it. */
export interface Lendable {
  /** False once it is closed, closing, too old, or not fit to be lent again. */
  readonly usable: boolean;
}

/** Somebody who waits for a connection. */
export interface Borrower<S> {
  /** Gets one; it is the borrower's until it is given back. */
  lend(server: S): void;
  refuse(error: unknown): void;
}

/** How connections are lent. */
export interface LenderOptions<S> {
  /** Connections at most, those being opened included. */
  readonly size: () => number;
  readonly open: () => Promise<S>;
  /** An error that waiting does not mend; it goes to all who wait. Others are tried again until the wait is over. */
  readonly isFinal: (error: unknown) => boolean;
  /** Milliseconds until another attempt to open after one that failed. */
  readonly retryAfter: number;
  readonly now: () => number;
  /** A wait is over. `cause` is the last failure to open, if any. */
  readonly timedOut: (cause: unknown) => unknown;
  readonly waitLimit: () => number;
  /** Somebody who had to wait got a connection, after so many milliseconds. */
  readonly waited?: (milliseconds: number) => void;
}

/** Lends connections first come, first served; among idle ones the last used goes first, so that the rest may age. */
export interface Lender<S extends Lendable> {
  /** An idle one at once, or undefined; those who wait go first. */
  take(): S | undefined;
  wait(borrower: Borrower<S>): void;
  /** The borrower has gone. */
  forget(borrower: Borrower<S>): void;
  give(server: S): void;
  /** A connection has closed, lent or idle. */
  lost(server: S): void;
  /** Opens one if there is none, so that the first login learns what sessions look like. */
  warm(): void;
  /** Ends waits that took too long. To be called every second or so. */
  sweep(): void;
  readonly idle: readonly S[];
  readonly open: number;
  readonly waiting: number;
  /** Refuses all who wait and everybody after them. */
  close(reason: unknown): void;
}

/** Creates a lender. */
export function createLender<S extends Lendable>(options: LenderOptions<S>): Lender<S> {
  const idle: S[] = [];
  const all = new Set<S>();
  /** In order of arrival, with the time of it: by the clock of the options, which may be a coarse one, and exactly. */
  const waiting = new Map<Borrower<S>, { readonly since: number; readonly began: number }>();
  let opening = 0;
  let paused = false;
  let lastFailure: unknown;
  let closed: { readonly reason: unknown } | undefined;

  function next(): Borrower<S> | undefined {
    if (waiting.size === 0) return undefined;
    const [[borrower, { began }]] = waiting as unknown as [[Borrower<S>, { began: number }]];
    waiting.delete(borrower);
    options.waited?.(performance.now() - began);
    return borrower;
  }

  function grow(wanted: number): void {
    while (!paused && !closed && opening < wanted && all.size + opening < options.size()) {
      opening++;
      options.open().then(opened, failed);
    }
  }

  function opened(server: S): void {
    opening--;
    lastFailure = undefined;
    all.add(server);
    give(server);
  }

  function failed(error: unknown): void {
    opening--;
    lastFailure = error;
    if (options.isFinal(error)) {
      for (const borrower of waiting.keys()) borrower.refuse(error);
      waiting.clear();
      return;
    }
    if (paused || closed) return;
    paused = true;
    setTimeout(() => {
      paused = false;
      grow(waiting.size);
    }, options.retryAfter).unref();
  }

  function give(server: S): void {
    if (!all.has(server)) return;
    if (!server.usable) {
      all.delete(server);
      grow(waiting.size);
      return;
    }
    const borrower = next();
    if (borrower) borrower.lend(server);
    else idle.push(server);
  }

  return {
    take() {
      if (closed || waiting.size > 0) return undefined;
      for (let server = idle.pop(); server; server = idle.pop()) {
        if (server.usable) return server;
        all.delete(server);
      }
      return undefined;
    },
    wait(borrower) {
      if (closed) {
        borrower.refuse(closed.reason);
        return;
      }
      waiting.set(borrower, { since: options.now(), began: performance.now() });
      grow(waiting.size);
    },
    forget: (borrower) => void waiting.delete(borrower),
    give,
    lost(server) {
      all.delete(server);
      const at = idle.indexOf(server);
      if (at >= 0) idle.splice(at, 1);
      grow(waiting.size);
    },
    warm() {
      if (all.size + opening === 0) grow(1);
    },
    sweep() {
      const limit = options.waitLimit();
      if (limit === 0) return;
      for (const [borrower, { since }] of waiting) {
        if (options.now() - since < limit) break;
        waiting.delete(borrower);
        borrower.refuse(options.timedOut(lastFailure));
      }
    },
    idle,
    get open() {
      return all.size + opening;
    },
    get waiting() {
      return waiting.size;
    },
    close(reason) {
      closed = { reason };
      for (const borrower of waiting.keys()) borrower.refuse(reason);
      waiting.clear();
    },
  };
}
