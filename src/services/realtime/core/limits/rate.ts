/** Samples that an average is made of, one a second. */
const samplesKept = 60;

/**
 * How often something happens. As in the original, a limit counts against the average of the last minute's seconds: short
 * bursts pass, and a large one is felt for up to a minute (spec §1.10).
 */
export class Rate {
  #current = 0;
  #samples: number[] = [];
  #sum = 0;
  #total = 0;

  add(count: number): void {
    this.#current += count;
    this.#total += count;
  }

  /** Ends a second. */
  tick(): void {
    this.#samples.push(this.#current);
    this.#sum += this.#current;
    this.#current = 0;
    if (this.#samples.length > samplesKept) this.#sum -= this.#samples.shift() as number;
  }

  /** A second, over the samples there are. */
  get average(): number {
    return this.#samples.length === 0 ? 0 : this.#sum / this.#samples.length;
  }

  /** All there ever were. */
  get total(): number {
    return this.#total;
  }

  /** Whether a limit is reached. @param limit a second; 0 means none */
  reaches(limit: number): boolean {
    return limit > 0 && this.average >= limit;
  }
}
