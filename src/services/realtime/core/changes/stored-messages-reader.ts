import type { ChangeLog, LogEntry, RowChange } from '#kernel/replication';
import type { MessageHistory, Position, StoredMessage } from './feed.ts';

const partition = /^messages(_\d{4}_\d{2}_\d{2})?$/;

/** Reads a row inserted into `realtime.messages` or one of its partitions; undefined for every other change. */
export function storedMessage(change: RowChange): StoredMessage | undefined {
  const { relation, kind, new: values, position } = change;
  if (kind !== 'insert' || relation.schema !== 'realtime' || !partition.test(relation.name) || !values)
    return undefined;
  const texts = new Map<string, string>();
  for (const [index, { name }] of relation.columns.entries()) {
    const value = values[index];
    if (typeof value === 'string') texts.set(name, value);
  }
  const binary = texts.get('binary_payload');
  return {
    id: texts.get('id') ?? '',
    topic: texts.get('topic') ?? '',
    event: texts.get('event') ?? null,
    extension: texts.get('extension') ?? '',
    private: texts.get('private') === 't',
    payload: texts.get('payload') ?? null,
    binaryPayload: binary === undefined ? null : Buffer.from(binary.slice(2), 'hex'),
    position,
  };
}

const isBroadcast = ({ extension }: StoredMessage): boolean => extension === 'broadcast';

/** Hands the stored broadcasts among entries to listeners. */
export function handOver(entries: readonly LogEntry[], listeners: Iterable<(message: StoredMessage) => void>): void {
  for (const entry of entries) {
    const message = entry.kind === 'gap' ? undefined : storedMessage(entry);
    if (message && isBroadcast(message)) for (const listener of listeners) listener(message);
  }
}

/** Stored broadcasts of a topic in a part of the log. @param until what was handed to listeners already */
export function messagesBetween(
  log: ChangeLog,
  after: Position,
  until: Position,
  topic: string,
  isPrivate: boolean,
): MessageHistory {
  const messages: StoredMessage[] = [];
  const entries = log.entriesAfter(after);
  let gap = entries === undefined;
  for (const entry of entries ?? []) {
    if (entry.position > until) break;
    if (entry.kind === 'gap') {
      gap = true;
      continue;
    }
    const message = storedMessage(entry);
    if (message && isBroadcast(message) && message.topic === topic && message.private === isPrivate)
      messages.push(message);
  }
  return { messages, gap, position: until };
}
