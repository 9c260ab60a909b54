import type { WorkerNews } from '../worker/worker.ts';

/** Something that happened in a worker, in the fields of the original's log events. */
export interface FunctionLogEntry {
  readonly kind: 'log';
  /** Grows by one with each entry of either kind. */
  readonly sequence: number;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly function: string;
  readonly execution_id: string;
  /** Where it happened in the course of one. */
  readonly request_id?: string;
  readonly event_type: 'Boot' | 'BootFailure' | 'UncaughtException' | 'Shutdown' | 'Log';
  readonly level: 'debug' | 'info' | 'warning' | 'error';
  readonly event_message: string;
  /** Numbers and reasons of the event. */
  readonly detail: Readonly<Record<string, string | number>>;
}

/** A request to a function and its answer. */
export interface InvocationEntry {
  readonly kind: 'invocation';
  readonly sequence: number;
  readonly timestamp: number;
  readonly function: string;
  /** Undefined where no worker took it. */
  readonly execution_id: string | undefined;
  readonly request_id: string;
  readonly method: string;
  readonly pathname: string;
  readonly status_code: number;
  readonly execution_time_ms: number;
}

/** An entry of the journal. */
export type JournalEntry = FunctionLogEntry | InvocationEntry;

type Unnumbered<T> = T extends unknown ? Omit<T, 'sequence'> : never;

/** What is asked of a journal. */
export interface JournalQuery {
  readonly kind: JournalEntry['kind'];
  readonly function?: string;
  /** Only entries after this one. */
  readonly after?: number;
  /** The newest so many. */
  readonly limit: number;
}

/** The last entries, in memory, and a way to hear of new ones. */
export interface Journal {
  /** Takes the entry over and numbers it. */
  append(entry: Unnumbered<JournalEntry>): void;
  /** Oldest first. */
  query(query: JournalQuery): readonly JournalEntry[];
  /** How many requests there were in all. */
  invocations(): number;
  /** @returns ends it */
  subscribe(listener: (entry: JournalEntry) => void): () => void;
  /** Keeps the last so many from now on. */
  resize(size: number): void;
}

/** Keeps the last `kept` entries. */
export function createJournal(kept: number): Journal {
  let size = kept;
  let ring: JournalEntry[] = [];
  const listeners = new Set<(entry: JournalEntry) => void>();
  let sequence = 0;
  let invocations = 0;
  return {
    append(entry) {
      // A copy would cost more than the rest of this, at each request.
      const numbered = Object.assign(entry, { sequence: ++sequence }) as JournalEntry;
      ring[(sequence - 1) % size] = numbered;
      if (entry.kind === 'invocation') invocations++;
      for (const listener of listeners) listener(numbered);
    },
    query({ kind, function: name, after = 0, limit }) {
      const found: JournalEntry[] = [];
      for (let at = sequence; at > Math.max(0, after, sequence - size) && found.length < limit; at--) {
        const entry = ring[(at - 1) % size] as JournalEntry;
        if (entry.kind === kind && (name === undefined || entry.function === name)) found.push(entry);
      }
      return found.reverse();
    },
    invocations: () => invocations,
    resize(wanted) {
      if (wanted === size) return;
      const moved: JournalEntry[] = [];
      for (let at = sequence; at > Math.max(0, sequence - Math.min(size, wanted)); at--)
        moved[(at - 1) % wanted] = ring[(at - 1) % size] as JournalEntry;
      [ring, size] = [moved, wanted];
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** A worker's news as an entry. */
export function entryOf(
  news: WorkerNews,
  source: Pick<FunctionLogEntry, 'function' | 'execution_id' | 'timestamp'>,
): Omit<FunctionLogEntry, 'sequence'> {
  const entry = { kind: 'log', ...source } as const;
  switch (news.kind) {
    case 'boot':
      return {
        ...entry,
        event_type: 'Boot',
        level: 'info',
        event_message: `booted (time: ${news.bootTime}ms)`,
        detail: { boot_time: news.bootTime },
      };
    case 'boot-failure':
      return {
        ...entry,
        event_type: 'BootFailure',
        level: 'error',
        event_message: `worker boot error: ${news.message}`,
        detail: {},
      };
    case 'exception':
      return {
        ...entry,
        event_type: 'UncaughtException',
        level: 'error',
        event_message: news.message,
        detail: { cpu_time_used: news.cpu },
      };
    case 'shutdown':
      return {
        ...entry,
        event_type: 'Shutdown',
        level: 'info',
        event_message: `shutdown (reason: ${news.reason})`,
        detail: { reason: news.reason, cpu_time_used: news.cpu, memory_used: news.memory },
      };
    default:
      return {
        ...entry,
        ...(news.request !== undefined && { request_id: news.request }),
        event_type: 'Log',
        level: news.level,
        event_message: news.text,
        detail: {},
      };
  }
}
