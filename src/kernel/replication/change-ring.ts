import type { OldTuple, Relation, Tuple } from './pgoutput.ts';
import { lsnOf, type Position, positionOf } from './position.ts';

/** A committed transaction. */
export interface CommittedTransaction {
  readonly commitLsn: bigint;
  /** Of what follows the commit record; unknown until its last change was read. */
  endLsn: bigint | undefined;
  /** 32 bits, without the epoch. */
  readonly xid: number;
  /** Microseconds since 1970. */
  readonly committedAt: number;
}

/** A changed row. */
export interface RowChange {
  readonly kind: 'insert' | 'update' | 'delete';
  readonly relation: Relation;
  readonly old: OldTuple | undefined;
  /** Undefined for deletes. */
  readonly new: Tuple | undefined;
  readonly transaction: CommittedTransaction;
  readonly position: Position;
  /** Size of its message in the stream. */
  readonly bytes: number;
}

/** Stands where changes may be missing: after `after` (undefined: from the beginning) and up to `position`. */
export interface Gap {
  readonly kind: 'gap';
  readonly after: Position | undefined;
  readonly position: Position;
}

/** An entry of the log. */
export type LogEntry = RowChange | Gap;

/** How long and how much is kept. */
export interface Retention {
  /** Milliseconds. */
  readonly time: number;
  /** Bytes, of changes in memory as of WAL held back on the server. */
  readonly bytes: number;
}

interface Mark {
  readonly lsn: bigint;
  readonly at: number;
}

/** Memory an entry takes besides its values. */
const overhead = 200;
const markEvery = 1_000;

/**
 * The latest changes with their positions. Entries have ever-growing indexes by which readers keep their place; what is older
 * than the retention is given up, and only then may the server give it up, too.
 */
export class ChangeRing {
  readonly #retention: Retention;
  #entries: (LogEntry | undefined)[] = [];
  #offset = 0;
  #first = 0;
  #bytes = 0;
  #marks: Mark[] = [];
  #floor: bigint | undefined;
  #evicted: Position | undefined;
  #head: Position | undefined;

  constructor(retention: Retention) {
    this.#retention = retention;
  }

  /** Index of the oldest entry that is kept. */
  get firstIndex(): number {
    return this.#first;
  }

  /** Index that the next entry will have. */
  get nextIndex(): number {
    return this.#first + this.#entries.length - this.#offset;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Everything committed up to here is in, or was. */
  get head(): Position | undefined {
    return this.#head;
  }

  /** Everything after this is kept. */
  get oldest(): Position | undefined {
    return this.#evicted;
  }

  /** What the server may throw away; undefined before anything is known. */
  get floor(): bigint | undefined {
    return this.#floor;
  }

  /** @param index from `firstIndex` on and below `nextIndex` */
  at(index: number): LogEntry {
    return this.#entries[this.#offset + index - this.#first] as LogEntry;
  }

  /** Says where the stream begins: everything after `lsn` will be appended. The first time only. */
  open(lsn: bigint): void {
    this.#floor ??= lsn;
    this.#evicted ??= positionOf(lsn);
    this.#head ??= positionOf(lsn);
  }

  /** Appends what lies behind the head; what was seen before is passed over. @returns whether it was new */
  append(entry: LogEntry): boolean {
    if (this.#head !== undefined && entry.position <= this.#head) return false;
    this.#entries.push(entry);
    this.#head = entry.position;
    if (entry.kind !== 'gap') this.#bytes += entry.bytes + overhead;
    while (this.#bytes > this.#retention.bytes && this.nextIndex - this.#first > 1) this.#evict();
    if (entry.kind === 'gap') {
      this.#marks = [];
      this.#raise(lsnOf(entry.position));
    }
    return true;
  }

  /** Everything before `lsn` is in. */
  advance(lsn: bigint, now: number): void {
    const position = positionOf(lsn);
    if (this.#head === undefined || position > this.#head) this.#head = position;
    const last = this.#marks.at(-1);
    if (!last || (lsn > last.lsn && now - last.at >= markEvery)) this.#marks.push({ lsn, at: now });
  }

  /** Gives up what is older than the retention. @returns what the server may throw away */
  prune(now: number, head: bigint): bigint | undefined {
    let kept = 0;
    for (const { lsn, at } of this.#marks) {
      const isOld = now - at >= this.#retention.time || head - lsn > BigInt(this.#retention.bytes);
      if (!isOld) break;
      this.#raise(lsn);
      kept++;
    }
    if (kept > 0) this.#marks.splice(0, kept);
    const floor = this.#floor === undefined ? undefined : positionOf(this.#floor);
    while (floor !== undefined && this.#first < this.nextIndex && this.at(this.#first).position < floor) this.#evict();
    return this.#floor;
  }

  /**
   * Index of the first entry after a position.
   *
   * @returns undefined when entries after it are gone, or were never there
   */
  indexAfter(position: Position): number | undefined {
    if (this.#evicted === undefined || position < this.#evicted) return undefined;
    if (this.#head !== undefined && position > this.#head) return undefined;
    let low = this.#first;
    let high = this.nextIndex;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle).position <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #evict(): void {
    const entry = this.at(this.#first);
    this.#entries[this.#offset] = undefined;
    this.#offset++;
    this.#first++;
    if (this.#evicted === undefined || entry.position > this.#evicted) this.#evicted = entry.position;
    if (entry.kind !== 'gap') {
      this.#bytes -= entry.bytes + overhead;
      const next = this.#first < this.nextIndex ? this.at(this.#first) : undefined;
      const { endLsn } = entry.transaction;
      const isLast = next === undefined || next.kind === 'gap' || next.transaction !== entry.transaction;
      if (isLast && endLsn !== undefined) this.#raise(endLsn);
    }
    if (this.#offset > 1_024 && this.#offset * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#offset);
      this.#offset = 0;
    }
  }

  #raise(lsn: bigint): void {
    if (this.#floor === undefined || lsn > this.#floor) this.#floor = lsn;
    const position = positionOf(this.#floor);
    if (this.#evicted === undefined || position > this.#evicted) this.#evicted = position;
  }
}
