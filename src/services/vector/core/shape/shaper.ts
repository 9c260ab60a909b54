import { createRecordIds, type LogRecord } from '#kernel/log';

/** An event in the shape of its stream, not yet a record. */
export interface Shaped {
  readonly source: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly message: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Makes a record of an event. */
export type RecordMaker = (event: Shaped) => LogRecord;

/** @param redact hides secrets in text and metadata; never given for events that are redacted already */
export function createRecordMaker(redact: ((text: string) => string) | undefined): RecordMaker {
  const nextId = createRecordIds();
  const hidden = redact ?? ((text: string) => text);
  return ({ source, at, message, metadata }) => ({
    id: nextId(Math.floor(at)),
    source,
    at: Math.round(at * 1_000),
    message: hidden(message),
    metadata: hidden(JSON.stringify(metadata)),
  });
}
