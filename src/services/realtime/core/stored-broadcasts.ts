import type { StoredMessage } from './changes/feed.ts';
import type { RealtimeContext } from './context.ts';
import type { RoomMessage } from './fanout.ts';

/**
 * A row of `realtime.messages` as its room gets it: JSON with the row's id as `meta`, binary ones as they are (spec §3.3).
 *
 * @param position where to go on after it, for channels that asked for it
 */
export function broadcastOf({ id, event, payload, binaryPayload }: StoredMessage, position?: string): RoomMessage {
  return {
    id,
    kind: 'user',
    event: event ?? '',
    metadata: JSON.stringify({ id, position }),
    ...(binaryPayload
      ? { encoding: 'raw', payload: binaryPayload }
      : { encoding: 'json', payload: Buffer.from(payload ?? '{}') }),
  };
}

/**
 * Lets what is inserted into `realtime.messages` reach the channels of this node, except those that follow it with the
 * changes. Dropped while too much is going on, as in the original. @returns a function that ends it
 */
export function deliverStored(context: RealtimeContext): () => void {
  const { clock, feed, hub, metrics, rates } = context;
  if (!feed) return () => {};
  return feed.onMessages((stored) => {
    const room = { isPrivate: stored.private, name: stored.topic };
    if (!hub.has(room) || rates.events.reaches(context.limits().events)) return;
    rates.events.add(hub.deliver(room, broadcastOf(stored)));
    const now = clock.now();
    // Clocks of two machines differ.
    metrics.observe('storedSinceCommit', Math.max(0, now - stored.committedAt));
    if (stored.insertedAt !== undefined) metrics.observe('storedSinceInsert', Math.max(0, now - stored.insertedAt));
  });
}
