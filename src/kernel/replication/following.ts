import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeRing, LogEntry } from './change-ring.ts';
import type { Position } from './position.ts';

/** How a log is followed. */
export interface FollowOptions {
  /** Gets the entries in order, at most `limit` at once; the next ones come when it is done. Thrown errors: once more. */
  readonly handle: (entries: readonly LogEntry[]) => Promise<void> | void;
  /** Default 500. */
  readonly limit?: number;
  readonly onError: (error: unknown) => void;
}

/** A reader's place in the log. */
export interface Following {
  /** Everything up to here was handled. */
  readonly position: Position | undefined;
  /** Bytes of the changes that wait for it. */
  readonly backlog: number;
  close(): void;
}

/** Reads the ring from an index on, and waits at its end. */
export class RingFollowing implements Following {
  readonly #ring: ChangeRing;
  readonly #options: FollowOptions;
  readonly #onProgress: () => void;
  #cursor: number;
  #position: Position | undefined;
  #backlog = 0;
  #wake: (() => void) | undefined;
  #closed = false;

  /** @param onProgress after entries were handled */
  constructor(ring: ChangeRing, from: number, options: FollowOptions, onProgress: () => void) {
    this.#ring = ring;
    this.#cursor = from;
    this.#position = ring.head;
    this.#options = options;
    this.#onProgress = onProgress;
    void this.#run();
  }

  get position(): Position | undefined {
    return this.#cursor === this.#ring.nextIndex && !this.#closed
      ? (this.#ring.head ?? this.#position)
      : this.#position;
  }

  get backlog(): number {
    return this.#backlog;
  }

  /** An entry was appended. */
  appended(bytes: number): void {
    this.#backlog += bytes;
    this.#wake?.();
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const entries = this.#next();
      if (entries.length === 0) {
        this.#backlog = 0;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
        continue;
      }
      try {
        await this.#options.handle(entries);
      } catch (error) {
        this.#options.onError(error);
        await sleep(100);
        continue;
      }
      this.#cursor = this.#after;
      this.#position = entries.at(-1)?.position;
      for (const entry of entries) if (entry.kind !== 'gap') this.#backlog -= entry.bytes;
      this.#onProgress();
    }
  }

  #after = 0;

  #next(): LogEntry[] {
    const ring = this.#ring;
    const entries: LogEntry[] = [];
    let from = this.#cursor;
    if (from < ring.firstIndex) {
      // It was slower than the window is long.
      from = ring.firstIndex;
      const first = from < ring.nextIndex ? ring.at(from).position : ring.head;
      if (first !== undefined) entries.push({ kind: 'gap', after: this.#position, position: first });
    }
    this.#after = Math.min(ring.nextIndex, from + (this.#options.limit ?? 500));
    for (let index = from; index < this.#after; index++) entries.push(ring.at(index));
    return entries;
  }
}
