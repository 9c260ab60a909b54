import { createHash } from 'node:crypto';
import { isUuid, type LogRecord, microsecondsOf, type RecordIds } from '#kernel/log';
import { analyticsError } from '../../errors.ts';
import { createEventSplitter } from './split-events.ts';

/** What events are read with. */
export interface ReadOptions {
  readonly source: string;
  readonly nextId: RecordIds;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Events at most. */
  readonly limit: number;
  /** Bytes of one at most. */
  readonly eventSize: number;
}

/** Reads the events of one body as it comes. */
export interface EventReader {
  /** @throws ServiceError `bad_body`; `rejected` beyond the limit; what `take` throws */
  push(chunk: Buffer): void;
  /**
   * The body is complete.
   *
   * @returns whether some brought an id but no moment, so that the same sent again would be another one
   * @throws ServiceError `bad_body`; `rejected`, whose details say what is wrong with each
   */
  end(): { readonly isRetry: boolean };
}

/** Nesting of an event at most. */
const deepest = 50;
/** What is wrong with more of them is not told. */
const problemsTold = 10;

/**
 * Reads events, see `createEventSplitter`. Fields `id`, `timestamp`, `event_message` (or `message`) and `metadata` have a
 * meaning, all others are kept beside.
 *
 * @param take hears each record; those of a body that is refused in the end are to be forgotten
 */
export function createEventReader(options: ReadOptions, take: (record: LogRecord) => void): EventReader {
  const problems: string[] = [];
  let isRetry = false;
  let count = 0;
  const splitter = createEventSplitter((event) => {
    const index = count++;
    if (count > options.limit) throw rejected([`more than ${options.limit} events`]);
    if (problems.length >= problemsTold) return;
    const problem = problemOf(event);
    if (problem !== undefined) {
      problems.push(`event ${index}: ${problem}`);
      return;
    }
    const { record, hasOwnId, hasOwnTime } = readEvent(event as Record<string, unknown>, options);
    if (record.metadata.length + record.message.length + (record.extra?.length ?? 0) > options.eventSize)
      problems.push(`event ${index}: larger than ${options.eventSize} bytes`);
    else if (problems.length === 0) take(record);
    isRetry ||= hasOwnId && !hasOwnTime;
  });
  return {
    push: (chunk) => readable(() => splitter.push(chunk)),
    end() {
      readable(() => splitter.end());
      if (problems.length > 0) throw rejected(problems);
      return { isRetry };
    },
  };
}

function readable(work: () => void): void {
  try {
    work();
  } catch (error) {
    throw error instanceof SyntaxError ? analyticsError('bad_body') : error;
  }
}

const rejected = (problems: readonly string[]) => analyticsError('rejected', { details: problems });

function problemOf(event: unknown): string | undefined {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return 'must be an object';
  return isDeeper(event, deepest) ? `nested more than ${deepest} deep` : undefined;
}

function isDeeper(value: unknown, allowed: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (allowed === 0) return true;
  for (const key in value) if (isDeeper((value as Record<string, unknown>)[key], allowed - 1)) return true;
  return false;
}

/** Fields with a meaning of their own. */
const known = new Set(['id', 'timestamp', 'event_message', 'message', 'metadata']);

function readEvent(event: Record<string, unknown>, { source, nextId, now }: ReadOptions) {
  const { id, timestamp, event_message, message, metadata } = event;
  const ownTime = microsecondsOf(timestamp);
  const ownId = typeof id === 'string' && id !== '' ? uuidOf(id) : undefined;
  const text = typeof event_message === 'string' ? event_message : typeof message === 'string' ? message : '';
  const data = unwrap(metadata);
  const extra = tidy(othersOf(event, typeof data === 'object' || data === undefined ? undefined : data));
  const record: LogRecord = {
    id: ownId ?? nextId(now),
    source,
    at: ownTime ?? now * 1_000,
    message: text,
    metadata: JSON.stringify(typeof data === 'object' && data !== null ? (tidy(data) ?? {}) : {}),
    ...(extra !== undefined && { extra: JSON.stringify(extra) }),
  };
  return { record, hasOwnId: ownId !== undefined, hasOwnTime: ownTime !== undefined };
}

/** What is kept beside, undefined where there is nothing. @param metadata where it is no map */
function othersOf(event: Record<string, unknown>, metadata: unknown): Record<string, unknown> | undefined {
  let others: Record<string, unknown> | undefined = metadata === undefined ? undefined : { metadata };
  for (const key in event) {
    if (known.has(key) || (key === 'project' && event[key] === 'default')) continue;
    // Without a prototype `__proto__` is a field like any other.
    others ??= Object.create(null) as Record<string, unknown>;
    others[key] = event[key];
  }
  return others;
}

// Clients of BigQuery wrap each map into an array of one; answers do so again.
function unwrap(value: unknown): unknown {
  return Array.isArray(value) && value.length === 1 && typeof value[0] === 'object' ? unwrap(value[0]) : value;
}

const noColumnName = /[-.\s]/;

/** Without what is empty, and with names that can be columns. Undefined where nothing is left. */
function tidy(value: unknown): unknown {
  // Most events are tidy, and making objects anew is what costs.
  if (isTidy(value)) return value;
  const plain = unwrap(value);
  if (plain === null || plain === undefined) return undefined;
  if (Array.isArray(plain)) {
    const items = plain.map(tidy).filter((item) => item !== undefined);
    return items.length === 0 ? undefined : items;
  }
  if (typeof plain !== 'object') return plain;
  const entries: [string, unknown][] = [];
  for (const [key, inner] of Object.entries(plain)) {
    const kept = tidy(inner);
    if (kept !== undefined) entries.push([key.replaceAll(/[-.\s]/g, '_'), kept]);
  }
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/** Whether `tidy` would change nothing. */
function isTidy(value: unknown): boolean {
  if (value === null || value === undefined) return false;
  if (typeof value !== 'object') return true;
  if (Array.isArray(value)) {
    if (value.length === 0 || (value.length === 1 && typeof value[0] === 'object')) return false;
    for (const item of value) if (!isTidy(item)) return false;
    return true;
  }
  let isEmpty = true;
  for (const key in value) {
    isEmpty = false;
    if (noColumnName.test(key) || !isTidy((value as Record<string, unknown>)[key])) return false;
  }
  return !isEmpty;
}

/** The id itself, or one that is always made of it (RFC 9562, version 8). */
function uuidOf(id: string): string {
  if (isUuid(id)) return id.toLowerCase();
  const hex = createHash('sha256').update(id).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
