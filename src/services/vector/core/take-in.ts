import { isUuid, type LogRecord, microsecondsOf, parseEvents } from '#kernel/log';
import { vectorError } from '../errors.ts';
import type { RecordMaker } from './shape/shaper.ts';
import { streams } from './shape/streams.ts';

/** Events of one request at most. */
const maxEvents = 10_000;

/**
 * Reads the events of a body; see `parseEvents`. Fields `id` (a UUID), `timestamp`, `source` and `event_message` or `message` have a
 * meaning, all others become metadata.
 *
 * @param now milliseconds since the epoch
 * @throws ServiceError `bad_body`, `too_large`
 */
export function readEvents(text: string, make: RecordMaker, now: number): LogRecord[] {
  const events = parseEvents(text);
  if (!events) throw vectorError('bad_body');
  if (events.length > maxEvents) throw vectorError('too_large', { message: `More than ${maxEvents} events` });
  return events.map((event) => {
    if (!isObject(event)) throw vectorError('bad_body');
    const { id, timestamp, source, event_message, message, metadata, ...others } = event;
    const record = make({
      source: typeof source === 'string' && source !== '' ? source.slice(0, 200) : streams.stack,
      at: (microsecondsOf(timestamp) ?? now * 1_000) / 1_000,
      message: textOf(event_message) ?? textOf(message) ?? '',
      metadata: isObject(metadata) ? { ...others, ...metadata } : others,
    });
    return typeof id === 'string' && isUuid(id) ? { ...record, id } : record;
  });
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
