import type { LogEntry } from '#kernel/replication';
import type { StoredMessage } from './feed.ts';

const partition = /^messages(_\d{4}_\d{2}_\d{2})?$/;

/** Reads a broadcast inserted into `realtime.messages` or one of its partitions; undefined for everything else. */
export function storedBroadcast(entry: LogEntry): StoredMessage | undefined {
  if (entry.kind !== 'insert') return undefined;
  const { relation, new: values, position, transaction } = entry;
  if (relation.schema !== 'realtime' || !partition.test(relation.name) || !values) return undefined;
  const texts = new Map<string, string>();
  for (const [index, { name }] of relation.columns.entries()) {
    const value = values[index];
    if (typeof value === 'string') texts.set(name, value);
  }
  if (texts.get('extension') !== 'broadcast') return undefined;
  const binary = texts.get('binary_payload');
  return {
    id: texts.get('id') ?? '',
    topic: texts.get('topic') ?? '',
    event: texts.get('event') ?? null,
    private: texts.get('private') === 't',
    payload: texts.get('payload') ?? null,
    binaryPayload: binary === undefined ? null : Buffer.from(binary.slice(2), 'hex'),
    position,
    insertedAt: timeOf(texts.get('inserted_at')),
    committedAt: transaction.committedAt / 1_000,
  };
}

/** Of a timestamp without time zone, in UTC. */
function timeOf(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(`${text.replace(' ', 'T')}Z`);
  return Number.isNaN(time) ? undefined : time;
}

/** Hands the stored broadcasts among entries to listeners. */
export function handOver(entries: readonly LogEntry[], listeners: Iterable<(message: StoredMessage) => void>): void {
  for (const entry of entries) {
    const message = storedBroadcast(entry);
    if (message) for (const listener of listeners) listener(message);
  }
}
