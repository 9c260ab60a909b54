import type { LogRecord } from '#kernel/log';

/** Something that takes records. */
export interface Sink {
  /** Also the name of its buffer's folder. */
  readonly name: string;
  /**
   * Takes all records or none.
   *
   * @throws ServiceError `refused` where trying again would not help; anything else is tried again
   */
  deliver(records: readonly LogRecord[], signal: AbortSignal): Promise<void>;
  close?(): Promise<void>;
}

/** A record as the sinks that take JSON get it. */
export function recordObject(record: LogRecord): Record<string, unknown> {
  return {
    id: record.id,
    timestamp: record.at,
    source: record.source,
    event_message: record.message,
    ...(record.extra === undefined ? {} : (JSON.parse(record.extra) as object)),
    metadata: JSON.parse(record.metadata) as unknown,
  };
}

/** Records by their streams. */
export function bySource(records: readonly LogRecord[]): Map<string, LogRecord[]> {
  const groups = new Map<string, LogRecord[]>();
  for (const record of records) {
    const group = groups.get(record.source);
    if (group) group.push(record);
    else groups.set(record.source, [record]);
  }
  return groups;
}
