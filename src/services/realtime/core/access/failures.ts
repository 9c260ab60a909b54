/** Milliseconds in which failures count together. */
const window = 30_000;
/** Milliseconds between attempts while there were too many failures. */
const attemptEvery = 1_000;

/**
 * Failed attempts to reach the database. After too many of them within 30 s (spec §1.10) all are refused but one a second, so
 * that a server that comes back is neither stormed nor left alone for long.
 */
export class Failures {
  readonly #most: number;
  readonly #now: () => number;
  #times: number[] = [];
  #attemptedAt = Number.NEGATIVE_INFINITY;

  /**
   * @param most within the window; 0: no bound
   * @param now milliseconds
   */
  constructor(most: number, now: () => number) {
    this.#most = most;
    this.#now = now;
  }

  /** Whether the database may be asked now. Counts as an attempt where it may. */
  mayAttempt(): boolean {
    const now = this.#now();
    this.#times = this.#times.filter((time) => now - time < window);
    if (this.#most === 0 || this.#times.length < this.#most) return true;
    if (now - this.#attemptedAt < attemptEvery) return false;
    this.#attemptedAt = now;
    return true;
  }

  failed(): void {
    if (this.#most === 0) return;
    this.#times.push(this.#now());
    // More than those that count need not be kept.
    if (this.#times.length > this.#most) this.#times.shift();
  }

  /** It answered. */
  succeeded(): void {
    if (this.#times.length > 0) this.#times = [];
  }
}
