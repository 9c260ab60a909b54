import { realtimeError } from '../errors.ts';
import { AccessError, type Asker } from './access/access.ts';
import type { RealtimeContext } from './context.ts';
import type { RoomMessage } from './fanout.ts';
import type { RoomKey } from './hub.ts';
import type { BatchMessage } from './parse-batch.ts';

/**
 * Sends a batch to its rooms. Private messages without the right to write are dropped without a word; each topic is asked
 * for once (spec §3.2).
 */
export async function broadcastBatch(
  context: RealtimeContext,
  messages: readonly BatchMessage[],
  sender: Asker,
): Promise<void> {
  assertRate(context, messages.length);
  const topics = new Set(messages.filter(({ room }) => room.isPrivate).map(({ room }) => room.name));
  const writable = new Map<string, boolean>();
  for (const topic of topics) writable.set(topic, await isWritable(context, topic, sender));
  for (const { room, event, payload } of messages) {
    if (room.isPrivate && writable.get(room.name) !== true) continue;
    const text = `{"payload":${payload},"event":${JSON.stringify(event)},"type":"broadcast"}`;
    send(context, room, { kind: 'text', event: 'broadcast', payload: text });
  }
}

/** Sends one message. @throws ServiceError `write_denied` where the caller may not write */
export async function broadcastOne(
  context: RealtimeContext,
  room: RoomKey,
  message: RoomMessage,
  sender: Asker,
): Promise<void> {
  assertRate(context, 1);
  if (room.isPrivate && !(await isWritable(context, room.name, sender))) throw realtimeError('write_denied');
  send(context, room, message);
}

/** A policy that raises something is a no. @throws ServiceError `access_unavailable` where it could not be asked */
async function isWritable({ access }: RealtimeContext, topic: string, sender: Asker): Promise<boolean> {
  try {
    return await access.writable(topic, sender, 'broadcast');
  } catch (error) {
    if (!(error instanceof AccessError)) throw error;
    if (error.why === 'denied') return false;
    throw realtimeError('access_unavailable', {
      message: error.text,
      headers: { 'retry-after': '1' },
      cause: error,
    });
  }
}

function send(context: RealtimeContext, room: RoomKey, message: RoomMessage): void {
  context.rates.events.add(1 + context.hub.deliver(room, message));
  context.relay(room, message);
}

function assertRate(context: RealtimeContext, count: number): void {
  const { events } = context.limits();
  if (events === 0) return;
  if (context.rates.events.reaches(events)) throw realtimeError('rate_exceeded');
  if (context.rates.events.average + count > events) throw realtimeError('too_many_messages');
}
