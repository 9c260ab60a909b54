import type { LogEntry } from '#kernel/replication';
import type { StoredMessage } from './feed.ts';
import { storedBroadcast } from './stored-messages-reader.ts';

/** Who wants the stored broadcasts of a topic. */
export interface MessageTaker {
  readonly topic: string;
  /** Undefined: wants none. */
  readonly isPrivate: boolean | undefined;
  takeMessage(message: StoredMessage): void;
}

const keyOf = (topic: string, isPrivate: boolean): string => `${isPrivate ? 'p' : 'o'}${topic}`;

/** Channels that get stored broadcasts in one order with the changes, by their topics. */
export class MessageRooms {
  readonly #rooms = new Map<string, Set<MessageTaker>>();

  add(taker: MessageTaker): void {
    if (taker.isPrivate === undefined) return;
    const key = keyOf(taker.topic, taker.isPrivate);
    this.#rooms.set(key, (this.#rooms.get(key) ?? new Set()).add(taker));
  }

  remove(taker: MessageTaker): void {
    if (taker.isPrivate === undefined) return;
    const key = keyOf(taker.topic, taker.isPrivate);
    const takers = this.#rooms.get(key);
    if (takers?.delete(taker) && takers.size === 0) this.#rooms.delete(key);
  }

  /** A stored broadcast that somebody wants; undefined for every other entry. */
  wanted(entry: LogEntry): StoredMessage | undefined {
    const message = this.#rooms.size === 0 ? undefined : storedBroadcast(entry);
    return message && this.#rooms.has(keyOf(message.topic, message.private)) ? message : undefined;
  }

  give(message: StoredMessage): void {
    for (const taker of this.#rooms.get(keyOf(message.topic, message.private)) ?? []) taker.takeMessage(message);
  }
}
