/** One `track` of one channel. Only the node it was made on ever removes it. */
export interface Entry {
  /** Unique for all nodes and times; the client knows it as `phx_ref`. */
  readonly ref: string;
  /** The one it took the place of. */
  readonly previous: string | undefined;
  /** Key of the room (`keyOf`). */
  readonly room: string;
  readonly key: string;
  /** JSON text of the object the client gave. */
  readonly meta: string;
}

/** What a merge made appear and disappear. */
export interface Change {
  readonly joins: readonly Entry[];
  readonly leaves: readonly Entry[];
}

/** A node's changes since one of its earlier clocks. */
export interface Delta {
  readonly node: string;
  /** Clock before and after. */
  readonly from: number;
  readonly to: number;
  readonly adds: readonly Entry[];
  /** Refs. */
  readonly removes: readonly string[];
}

/** All of a node's entries at one of its clocks. */
export interface State {
  readonly node: string;
  readonly clock: number;
  readonly entries: readonly Entry[];
}

const nothing: Change = { joins: [], leaves: [] };

interface Known {
  clock: number;
  readonly entries: Map<string, Entry>;
}

/**
 * Who is present, on all nodes: for each node the newest state that was heard of. A node's own clock orders its states and
 * nobody else changes them, so merging is the greater clock: commutative, associative and idempotent, in whatever order
 * deltas and states arrive. Node names are used once: one that comes back is another.
 */
export class Replica {
  readonly #nodes = new Map<string, Known>();
  readonly #rooms = new Map<string, Map<string, Entry>>();

  /** The clock of a node as far as it is known here. */
  clockOf(node: string): number | undefined {
    return this.#nodes.get(node)?.clock;
  }

  /** Entries of a room, in the order they became known. */
  entriesOf(room: string): Iterable<Entry> {
    return this.#rooms.get(room)?.values() ?? [];
  }

  get size(): number {
    let size = 0;
    for (const { entries } of this.#nodes.values()) size += entries.size;
    return size;
  }

  stateOf(node: string): State {
    const known = this.#nodes.get(node);
    return { node, clock: known?.clock ?? 0, entries: [...(known?.entries.values() ?? [])] };
  }

  /**
   * Takes a node's changes in.
   *
   * @returns undefined when something before them is missing: then the node's state is needed
   */
  apply(delta: Delta): Change | undefined {
    const { node, from, to, adds, removes } = delta;
    const known = this.#nodes.get(node) ?? { clock: 0, entries: new Map<string, Entry>() };
    if (to <= known.clock) return nothing;
    if (from !== known.clock) return undefined;
    this.#nodes.set(node, known);
    known.clock = to;
    const leaves: Entry[] = [];
    for (const ref of removes) {
      const entry = known.entries.get(ref);
      if (entry) leaves.push(this.#remove(known, entry));
    }
    for (const entry of adds) this.#add(known, entry);
    return { joins: adds, leaves };
  }

  /** Takes a node's whole state in. One that is no newer than what is known changes nothing. */
  merge({ node, clock, entries }: State): Change {
    const known = this.#nodes.get(node) ?? { clock: -1, entries: new Map<string, Entry>() };
    if (clock <= known.clock) return nothing;
    this.#nodes.set(node, known);
    known.clock = clock;
    const remaining = new Set(entries.map(({ ref }) => ref));
    const leaves = [...known.entries.values()].filter(({ ref }) => !remaining.has(ref));
    const joins = entries.filter(({ ref }) => !known.entries.has(ref));
    for (const entry of leaves) this.#remove(known, entry);
    for (const entry of joins) this.#add(known, entry);
    return { joins, leaves };
  }

  /** A node is gone, with all that was on it. */
  forget(node: string): Change {
    const known = this.#nodes.get(node);
    if (!known) return nothing;
    const leaves = [...known.entries.values()];
    for (const entry of leaves) this.#remove(known, entry);
    this.#nodes.delete(node);
    return { joins: [], leaves };
  }

  #add(known: Known, entry: Entry): void {
    known.entries.set(entry.ref, entry);
    const room = this.#rooms.get(entry.room);
    if (room) room.set(entry.ref, entry);
    else this.#rooms.set(entry.room, new Map([[entry.ref, entry]]));
  }

  #remove(known: Known, entry: Entry): Entry {
    known.entries.delete(entry.ref);
    const room = this.#rooms.get(entry.room);
    if (room?.delete(entry.ref) && room.size === 0) this.#rooms.delete(entry.room);
    return entry;
  }
}
