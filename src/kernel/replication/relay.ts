import { randomUUID } from 'node:crypto';
import type { Bus } from '#kernel/bus';
import type { Clock } from '#kernel/lifecycle';
import type { ChangeRing, LogEntry } from './change-ring.ts';
import { lsnOf, type Position, positionOf } from './position.ts';
import { type Packed, packEntries, unpackEntries } from './relay-format.ts';

/** What handing entries on between nodes needs. */
export interface RelayOptions {
  readonly bus: Bus;
  readonly ring: ChangeRing;
  readonly clock: Clock;
  /** Whether this node reads the slot. */
  readonly isOwner: () => boolean;
  /** Takes an entry from the owner. */
  readonly append: (entry: LogEntry) => void;
  /** Whether this node has everything the owner has changed. */
  readonly onFed: (isFed: boolean) => void;
}

/** Hands the log's entries from the node that reads the slot to all others. */
export interface Relay {
  readonly isFed: boolean;
  start(): void;
  stop(): void;
  /** The owner's log has grown. */
  grown(): void;
}

interface Batch {
  readonly node: string;
  /** Everything after this and up to `head` is in. */
  readonly after: Position;
  readonly head: Position;
  readonly isEnd: boolean;
  readonly packed: Packed;
}

interface Call {
  readonly node: string;
  /** Present: entries after this position are wanted; null for whatever there is. */
  readonly after?: Position | null;
}

const batches = 'changes.log';
const calls = 'changes.call';
const tickEvery = 1_000;
const callEvery = 2_000;
const silence = 5_000;
/** Without a call for so long there is nobody to publish for. */
const lonely = 10_000;
const entriesInBatch = 500;
const bytesInBatch = 1_000_000;

/** Creates a relay. At most once delivery is enough: what is missing is noticed by its positions and asked for. */
export function createRelay({ bus, ring, clock, isOwner, append, onFed }: RelayOptions): Relay {
  const node = randomUUID();
  const ends: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  let isFed = false;
  let heard = 0;
  let called = Number.NEGATIVE_INFINITY;
  let askedBy = Number.NEGATIVE_INFINITY;
  let published: Position | undefined;
  let isScheduled = false;

  function feed(next: boolean): void {
    if (isFed === next) return;
    isFed = next;
    onFed(next);
  }

  function call(wantsEntries: boolean): void {
    called = clock.now();
    const message: Call = wantsEntries ? { node, after: ring.head ?? null } : { node };
    bus.publish(calls, message);
  }

  function batchAfter(after: Position): Batch | undefined {
    const from = ring.indexAfter(after);
    if (from === undefined || ring.head === undefined) return undefined;
    const entries: LogEntry[] = [];
    let bytes = 0;
    for (let index = from; index < ring.nextIndex && entries.length < entriesInBatch && bytes < bytesInBatch; index++) {
      const entry = ring.at(index);
      entries.push(entry);
      bytes += entry.kind === 'gap' ? 0 : entry.bytes;
    }
    const isEnd = from + entries.length === ring.nextIndex;
    const head = isEnd ? ring.head : (entries.at(-1)?.position ?? ring.head);
    return { node, after, head, isEnd, packed: packEntries(entries) };
  }

  function publish(): void {
    isScheduled = false;
    if (!isOwner() || clock.now() - askedBy > lonely) return;
    for (;;) {
      const batch = batchAfter(published ?? ring.head ?? positionOf(0n));
      if (!batch) {
        // Too far behind: the others notice and ask.
        published = ring.head;
        return;
      }
      published = batch.head;
      bus.publish(batches, batch);
      if (batch.isEnd) return;
    }
  }

  function answer({ node: asker, after }: Call): void {
    if (asker === node || !isOwner()) return;
    askedBy = clock.now();
    if (after === undefined) return;
    const oldest = ring.oldest;
    if (oldest === undefined) return;
    const known = after !== null && batchAfter(after);
    const batch = known || batchAfter(oldest);
    if (batch) bus.publish(`${batches}.${asker}`, batch);
  }

  function take(batch: Batch, isAnswer: boolean): void {
    if (batch.node === node || isOwner()) return;
    heard = clock.now();
    if (!isAnswer && !isFed) return;
    const { head } = ring;
    if (head === undefined) ring.open(lsnOf(batch.after));
    else if (batch.after > head) {
      feed(false);
      if (!isAnswer) {
        call(true);
        return;
      }
      append({ kind: 'gap', after: head, position: batch.after });
    }
    for (const entry of unpackEntries(batch.packed)) append(entry);
    ring.advance(lsnOf(batch.head), clock.now());
    if (isAnswer && !batch.isEnd) call(true);
    else feed(true);
  }

  function tick(): void {
    const now = clock.now();
    if (isOwner()) {
      feed(false);
      publish();
      return;
    }
    published = undefined;
    if (ring.head !== undefined) ring.prune(now, lsnOf(ring.head));
    if (isFed && now - heard > silence) feed(false);
    if (!isFed || now - called > callEvery) call(!isFed);
  }

  return {
    get isFed() {
      return isFed;
    },
    start() {
      ends.push(
        bus.subscribe(calls, (payload) => answer(payload as Call)),
        bus.subscribe(batches, (payload) => take(payload as Batch, false)),
        bus.subscribe(`${batches}.${node}`, (payload) => take(payload as Batch, true)),
      );
      timer = setInterval(tick, tickEvery);
      call(true);
    },
    stop() {
      clearInterval(timer);
      for (const end of ends.splice(0)) end();
      isFed = false;
    },
    grown() {
      if (isScheduled || clock.now() - askedBy > lonely) return;
      isScheduled = true;
      queueMicrotask(publish);
    },
  };
}
