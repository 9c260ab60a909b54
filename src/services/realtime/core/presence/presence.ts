import { randomBytes } from 'node:crypto';
import { keyOf, type RoomKey } from '../hub.ts';
import { diffText, stateText } from './payload.ts';
import { type Change, type Delta, type Entry, Replica, type State } from './replica.ts';

/** What presence tells others. */
export interface PresenceOutlets {
  /** For the members of a room on this node; JSON text of `presence_diff`. */
  readonly diff: (room: RoomKey, payload: string) => void;
  /** For the other nodes. */
  readonly delta: (delta: Delta) => void;
  /** A node's state is needed: something from it was missed. */
  readonly missing: (node: string) => void;
}

/** How presence works. */
export interface PresenceOptions {
  /** Name of this node, used by no other process before or after. */
  readonly node: string;
  /** Milliseconds in which changes of a room are gathered into one diff. */
  readonly window: number;
  readonly outlets: PresenceOutlets;
}

interface Pending {
  readonly joins: Map<string, Entry>;
  readonly leaves: Map<string, Entry>;
}

/** Who is in which room, on all nodes. */
export class Presence {
  readonly #options: PresenceOptions;
  readonly #replica = new Replica();
  readonly #pending = new Map<string, Pending>();
  #adds = new Map<string, Entry>();
  #removes: string[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PresenceOptions) {
    this.#options = options;
  }

  get clock(): number {
    return this.#replica.clockOf(this.#options.node) ?? 0;
  }

  get size(): number {
    return this.#replica.size + this.#adds.size;
  }

  /** @param previous ref of what the same channel tracked before @returns the ref of the new entry */
  track(room: RoomKey, key: string, meta: string, previous?: string): string {
    const ref = randomBytes(12).toString('base64url');
    if (previous !== undefined) this.#remove(previous);
    this.#adds.set(ref, { ref, previous, room: keyOf(room), key, meta });
    this.#schedule();
    return ref;
  }

  untrack(ref: string): void {
    this.#remove(ref);
    this.#schedule();
  }

  #remove(ref: string): void {
    // One that nobody has heard of yet needs no leave.
    if (!this.#adds.delete(ref)) this.#removes.push(ref);
  }

  /** JSON text of `presence_state`. What is under way is sent to those who are there first, so that nothing comes twice. */
  state(room: RoomKey): string {
    this.flush();
    return stateText(this.#replica.entriesOf(keyOf(room)));
  }

  /** What another node said of itself. */
  receiveDelta(delta: Delta): void {
    const change = this.#replica.apply(delta);
    if (change) this.#enqueue(change);
    else this.#options.outlets.missing(delta.node);
  }

  receiveState(state: State): void {
    if (state.node !== this.#options.node) this.#enqueue(this.#replica.merge(state));
  }

  /** Another node lives, and is at this clock. */
  heard(node: string, clock: number): void {
    if ((this.#replica.clockOf(node) ?? 0) < clock) this.#options.outlets.missing(node);
  }

  forget(node: string): void {
    this.#enqueue(this.#replica.forget(node));
  }

  /** This node's own state, for those who miss it. */
  ownState(): State {
    this.#publishOwn();
    return this.#replica.stateOf(this.#options.node);
  }

  /** Sends what was gathered. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#publishOwn();
    const pending = [...this.#pending];
    this.#pending.clear();
    for (const [room, { joins, leaves }] of pending) {
      if (joins.size === 0 && leaves.size === 0) continue;
      const change = { joins: [...joins.values()], leaves: [...leaves.values()] };
      this.#options.outlets.diff(roomOf(room), diffText(change));
    }
  }

  #publishOwn(): void {
    if (this.#adds.size === 0 && this.#removes.length === 0) return;
    const from = this.clock;
    const delta = {
      node: this.#options.node,
      from,
      to: from + 1,
      adds: [...this.#adds.values()],
      removes: this.#removes,
    };
    this.#adds = new Map();
    this.#removes = [];
    const change = this.#replica.apply(delta);
    if (change) this.#gather(change);
    this.#options.outlets.delta(delta);
  }

  #enqueue(change: Change): void {
    if (change.joins.length === 0 && change.leaves.length === 0) return;
    this.#gather(change);
    this.#schedule();
  }

  #gather({ joins, leaves }: Change): void {
    for (const entry of leaves) {
      const pending = this.#pendingOf(entry.room);
      if (!pending.joins.delete(entry.ref)) pending.leaves.set(entry.ref, entry);
    }
    for (const entry of joins) {
      const pending = this.#pendingOf(entry.room);
      // A node that was thought to be gone brings back what it had.
      if (!pending.leaves.delete(entry.ref)) pending.joins.set(entry.ref, entry);
    }
  }

  #pendingOf(room: string): Pending {
    const known = this.#pending.get(room);
    if (known) return known;
    const made = { joins: new Map(), leaves: new Map() };
    this.#pending.set(room, made);
    return made;
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => this.flush(), this.#options.window);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

const roomOf = (key: string): RoomKey => ({ isPrivate: key.startsWith('p'), name: key.slice(1) });
