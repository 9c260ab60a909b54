import type { LogBus, LogNews, LogRecord } from '#kernel/log';
import { shapeEntry } from './shape/entries.ts';
import { shapeLine } from './shape/lines.ts';
import { shapeAuthRequest, shapeEdge, shapeStorageRequest } from './shape/requests.ts';
import { createRecordMaker, type Shaped } from './shape/shaper.ts';
import { streams } from './shape/streams.ts';

/** How events of this program are taken in. */
export interface IntakeOptions {
  readonly bus: LogBus;
  /** Milliseconds. */
  readonly flushInterval: number;
  /** Events that may wait. */
  readonly limit: number;
  /** Requests a second that get an event of their own. */
  readonly requestRate: number;
  readonly forward: (records: readonly LogRecord[]) => void;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The program's own events on their way to becoming records: collected for a moment, then shaped in small portions. */
export interface Intake {
  readonly figures: { readonly taken: number; readonly dropped: number; readonly notKept: number };
  start(): void;
  /** Shapes and forwards what has been collected. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

// Between portions others get their turn: 64 take about a millisecond.
const portion = 64;

/** Creates an intake; it hears of nothing before `start`. */
export function createIntake(options: IntakeOptions): Intake {
  const { bus, limit, requestRate, forward, now } = options;
  const makeShown = createRecordMaker(undefined);
  const makeHidden = createRecordMaker(bus.redact);
  const counts = { taken: 0, dropped: 0, notKept: 0 };
  let pending: LogNews[] = [];
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> | undefined;
  let unlisten: (() => void) | undefined;
  let second = 0;
  let requests = 0;
  let skipped = 0;

  function take(news: LogNews): void {
    if (news.kind === 'request' && !mayKeep(news.status)) return;
    if (pending.length >= limit) {
      counts.dropped++;
      return;
    }
    counts.taken++;
    pending.push(news);
    timer ??= setTimeout(() => void flush(), options.flushInterval);
  }

  // A flood of requests must not become a flood of events that slows them down; what failed is kept all the same.
  function mayKeep(status: number): boolean {
    const current = Math.floor(now() / 1_000);
    if (current !== second) {
      if (skipped > 0) tellSkipped();
      second = current;
      requests = 0;
    }
    if (++requests <= requestRate || status >= 400) return true;
    skipped++;
    counts.notKept++;
    return false;
  }

  function tellSkipped(): void {
    const message = `${skipped} requests that succeeded have no event of their own: more than VECTOR_REQUEST_RATE`;
    take({ kind: 'entry', room: 'vector', at: now(), message, fields: { level: 'warn', requests: skipped } });
    skipped = 0;
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    flushing ??= drain().finally(() => {
      flushing = undefined;
    });
    return flushing;
  }

  async function drain(): Promise<void> {
    const taken = pending;
    pending = [];
    for (let at = 0; at < taken.length; at += portion) {
      if (at > 0) await new Promise<void>((resolve) => setImmediate(resolve));
      const records = taken.slice(at, at + portion).flatMap(recordOf);
      if (records.length > 0) forward(records);
    }
  }

  function recordOf(news: LogNews): LogRecord[] {
    const shaped = shape(news);
    if (!shaped) return [];
    return [news.kind === 'line' ? makeShown(shaped) : makeHidden(shaped)];
  }

  return {
    figures: counts,
    start() {
      unlisten = bus.listen(take);
    },
    flush,
    async stop() {
      unlisten?.();
      if (skipped > 0) tellSkipped();
      await flush();
      // What came while the last portion was shaped.
      if (pending.length > 0) await flush();
      clearTimeout(timer);
      timer = undefined;
    },
  };
}

function shape(news: LogNews): Shaped | undefined {
  switch (news.kind) {
    case 'line':
      return shapeLine(news.text);
    case 'entry':
      return shapeEntry(news);
    case 'request':
      if (news.room === 'gateway') return shapeEdge(news);
      if (news.room === 'auth') return shapeAuthRequest(news);
      if (news.room === 'storage') return shapeStorageRequest(news);
      return { source: streams.stack, at: news.at, message: `${news.method} ${news.url} ${news.status}`, metadata: {} };
  }
}
