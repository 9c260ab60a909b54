import { Fanout, type RoomMessage } from './fanout.ts';

/** A public and a private channel of one name are different rooms. */
export interface RoomKey {
  readonly isPrivate: boolean;
  /** Topic without `realtime:`. */
  readonly name: string;
}

/** A channel as a room sees it. */
export interface Member {
  /** @returns true when it counts as delivered */
  receive(fanout: Fanout): boolean;
}

/** What every topic begins with on the wire. */
export const topicPrefix = 'realtime:';

/** The text under which a room is kept. */
export const keyOf = ({ isPrivate, name }: RoomKey): string => (isPrivate ? `p${name}` : `o${name}`);

/** Told when a room gets its first member here, and when it has lost its last. */
export interface HubWatcher {
  opened(room: RoomKey): void;
  closed(room: RoomKey): void;
  /** Resolves once the room's messages from elsewhere arrive; undefined where they do already. */
  settled(room: RoomKey): Promise<void> | undefined;
}

/** The rooms of this node and who is in them. */
export class Hub {
  readonly #watcher: HubWatcher;
  readonly #rooms = new Map<string, Set<Member>>();

  constructor(watcher: HubWatcher) {
    this.#watcher = watcher;
  }

  get size(): number {
    return this.#rooms.size;
  }

  /** @returns a promise of the moment from which on messages from elsewhere arrive, too; undefined where they do already */
  enter(room: RoomKey, member: Member): Promise<void> | undefined {
    const key = keyOf(room);
    const members = this.#rooms.get(key);
    if (members) members.add(member);
    else {
      this.#rooms.set(key, new Set([member]));
      this.#watcher.opened(room);
    }
    return this.#watcher.settled(room);
  }

  leave(room: RoomKey, member: Member): void {
    const key = keyOf(room);
    const members = this.#rooms.get(key);
    if (!members?.delete(member) || members.size > 0) return;
    this.#rooms.delete(key);
    this.#watcher.closed(room);
  }

  /** Those with members here. */
  rooms(): RoomKey[] {
    return [...this.#rooms.keys()].map((key) => ({ isPrivate: key.startsWith('p'), name: key.slice(1) }));
  }

  has(room: RoomKey): boolean {
    return this.#rooms.has(keyOf(room));
  }

  /** Hands a message to all members but one. @returns how many got it */
  deliver(room: RoomKey, message: RoomMessage, except?: Member): number {
    const members = this.#rooms.get(keyOf(room));
    if (!members) return 0;
    const fanout = new Fanout(topicPrefix + room.name, message);
    let count = 0;
    for (const member of members) if (member !== except && member.receive(fanout)) count++;
    return count;
  }
}
