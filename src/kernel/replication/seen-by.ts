import type { CommittedTransaction, LogEntry } from './change-ring.ts';
import type { Position } from './position.ts';

/** What a snapshot sees (`pg_current_snapshot()`). */
export interface Snapshot {
  readonly xmax: bigint;
  readonly running: ReadonlySet<bigint>;
}

/** Reads a `pg_snapshot` as text: `xmin:xmax:xid,xid…`. @throws Error for anything else */
export function parseSnapshot(text: string): Snapshot {
  const match = /^\d+:(\d+):([\d,]*)$/.exec(text);
  if (!match) throw new Error('this is no snapshot');
  const [, xmax = '', running = ''] = match;
  return { xmax: BigInt(xmax), running: new Set(running.split(',').filter(Boolean).map(BigInt)) };
}

const epoch = 1n << 32n;

/** Whether a snapshot sees a transaction that has committed. @param xid 32 bits, at most half of them away from the snapshot */
export function isSeen({ xmax, running }: Snapshot, xid: number): boolean {
  let full = (xmax & ~(epoch - 1n)) | BigInt(xid);
  if (full - xmax > epoch / 2n) full -= epoch;
  else if (xmax - full > epoch / 2n) full += epoch;
  return full < xmax && !running.has(full);
}

/** What is asked of a log. */
export interface SeenLog {
  /** Everything up to here was read. */
  readonly head: Position | undefined;
  /** Everything after this is kept. */
  readonly oldest: Position | undefined;
  entriesAfter(position: Position): IterableIterator<LogEntry> | undefined;
}

/** A moment before a snapshot is taken. */
export interface Before {
  /** The last position before the first change that a snapshot taken since then does not see. */
  upTo(snapshot: Snapshot): Position;
}

/**
 * Finds the place in a log up to which a snapshot sees everything. The stream can be ahead of what others see: a commit is read
 * from the WAL before it is visible, with synchronous standbys long before.
 */
export class SeenBy {
  readonly #log: SeenLog;
  /** Every snapshot taken from now on sees everything up to here, so it is looked at only once. */
  #known: Position | undefined;

  constructor(log: SeenLog) {
    this.#log = log;
  }

  /** @returns undefined while the log is empty */
  begin(): Before | undefined {
    const { head } = this.#log;
    const known = this.#known;
    if (head === undefined) return undefined;
    return {
      upTo: (snapshot) => {
        const seen = this.#upTo(snapshot, head, known);
        if (this.#known === undefined || seen > this.#known) this.#known = seen;
        return seen;
      },
    };
  }

  #upTo(snapshot: Snapshot, head: Position, known: Position | undefined): Position {
    const oldest = this.#log.oldest ?? head;
    let last = known !== undefined && known > oldest ? known : oldest;
    let transaction: CommittedTransaction | undefined;
    if (last > head) return head;
    const entries = this.#log.entriesAfter(last);
    if (!entries) return last;
    for (const entry of entries) {
      if (entry.position > head) break;
      if (entry.kind !== 'gap' && entry.transaction !== transaction) {
        transaction = entry.transaction;
        if (!isSeen(snapshot, transaction.xid)) return last;
      }
      last = entry.position;
    }
    return head;
  }
}
