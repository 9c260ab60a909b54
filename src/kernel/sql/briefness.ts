/** Milliseconds below which a statement counts as brief. */
const brief = 2;
/** Milliseconds that a brief statement never takes, whatever else the process was doing meanwhile. */
const slow = 50;
/** Runs before anything is believed, and before a slow one is forgiven. */
const trialRuns = 4;
const penaltyRuns = 64;
/** By how much the best run is believed less with each one that does not confirm it. */
const fade = 1.15;

interface Record {
  /** Milliseconds of the best of the latest runs: the time of the others may be that of a busy event loop. */
  best: number;
  /** Runs until it may count as brief. */
  barredFor: number;
}

/**
 * Remembers which statements have been brief lately, so that only these are sent to a connection that is still at work for
 * others: whoever stands behind a statement waits for it. The longest known are forgotten beyond the limit, and soon known
 * again.
 */
export class Briefness {
  readonly #limit: number;
  readonly #records = new Map<string, Record>();

  /** @param limit statements remembered */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether a statement may stand behind and before others. Unknown ones may not. */
  isBrief(text: string): boolean {
    const record = this.#records.get(text);
    return record !== undefined && record.barredFor === 0 && record.best < brief;
  }

  /** @param took milliseconds from its turn on the connection to its answer */
  ran(text: string, took: number): void {
    const record = this.#records.get(text) ?? this.#add(text);
    record.best = Math.min(took, record.best * fade);
    if (took > slow) record.barredFor = penaltyRuns;
    else if (record.barredFor > 0) record.barredFor--;
  }

  #add(text: string): Record {
    if (this.#records.size >= this.#limit) this.#records.delete(this.#records.keys().next().value as string);
    const record = { best: Number.POSITIVE_INFINITY, barredFor: trialRuns };
    this.#records.set(text, record);
    return record;
  }
}
