import type { Bus } from '#kernel/bus';
import type { Clock } from '#kernel/lifecycle';
import type { RoomMessage } from '../fanout.ts';
import { keyOf, type RoomKey } from '../hub.ts';
import type { Limits } from '../limits/limits.ts';
import type { Presence } from '../presence/presence.ts';
import type { Entry, State } from '../presence/replica.ts';
import { packEnvelope, unpackEnvelope } from './room-message.ts';

/** How nodes find and follow each other. */
export interface NodesOptions {
  readonly node: string;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Milliseconds between two signs of life. */
  readonly interval: number;
  /** Milliseconds of silence after which a node is gone. */
  readonly timeout: number;
  readonly presence: () => Presence;
  /** A message of another node. */
  readonly deliver: (room: RoomKey, message: RoomMessage) => void;
  /** The tenant was changed by another node. */
  readonly tenantChanged: (limits: Partial<Limits>, disconnect: boolean) => void;
  /** Sockets with channels on this node. */
  readonly usersHere: () => number;
}

const subjects = {
  alive: 'realtime.alive',
  delta: 'realtime.presence.delta',
  wanted: 'realtime.presence.wanted',
  state: 'realtime.presence.state',
  gone: 'realtime.gone',
  tenant: 'realtime.tenant',
} as const;

/**
 * Subjects that rooms share, the same number on all nodes: a node hears only those of the rooms it has members in, and no broker
 * has to keep more of them.
 */
const roomSubjects = 1_024;

/** FNV-1a of the room's key. */
function subjectOf(room: RoomKey): string {
  const key = keyOf(room);
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193) >>> 0;
  return `realtime.room.${((hash ^ (hash >>> 16)) >>> 0) % roomSubjects}`;
}

/** Entries of presence in one message, at most; brokers bound the size of messages. */
const entriesAtOnce = 500;

interface Heard {
  /** With members here. */
  rooms: number;
  readonly end: () => void;
  /** Pending while messages may not come yet. */
  settling: Promise<void> | undefined;
}

interface Alive {
  readonly node: string;
  readonly users: number;
  /** Of its presence. */
  readonly clock: number;
}

interface TenantChanged {
  readonly node: string;
  readonly limits: Partial<Limits>;
  readonly disconnect: boolean;
}

interface StatePart {
  readonly node: string;
  readonly clock: number;
  readonly part: number;
  readonly parts: number;
  readonly entries: readonly Entry[];
}

/** The other nodes of this installation: what is said in rooms, and who is present, goes to all of them. */
export class Nodes {
  readonly #options: NodesOptions;
  readonly #others = new Map<string, { heardAt: number; users: number }>();
  readonly #parts = new Map<string, { readonly clock: number; readonly got: Map<number, readonly Entry[]> }>();
  readonly #ends: (() => void)[] = [];
  readonly #asked = new Map<string, number>();
  /** Subjects of the rooms with members here. */
  readonly #heard = new Map<string, Heard>();
  #isRunning = false;
  #saidStateAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: NodesOptions) {
    this.#options = options;
  }

  /** Whether there may be other nodes. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  get others(): ReadonlyMap<string, { readonly users: number }> {
    return this.#others;
  }

  usersElsewhere(): number {
    let users = 0;
    for (const other of this.#others.values()) users += other.users;
    return users;
  }

  start(): void {
    const { bus, interval } = this.#options;
    if (!bus.isShared || this.#isRunning) return;
    this.#isRunning = true;
    this.#ends.push(
      bus.subscribe(subjects.alive, (payload) => this.#onAlive(payload as Alive)),
      bus.subscribe(subjects.delta, (payload) => this.#options.presence().receiveDelta(payload as never)),
      bus.subscribe(subjects.wanted, (payload) => this.#onWanted(payload as { node: string })),
      bus.subscribe(subjects.state, (payload) => this.#onState(payload as StatePart)),
      bus.subscribe(subjects.tenant, (payload) => this.#onTenant(payload as TenantChanged)),
      bus.subscribe(subjects.gone, (payload) => this.#forget((payload as { node: string }).node)),
    );
    this.#sayAlive();
    this.#timer = setInterval(() => this.#beat(), interval);
  }

  stop(): void {
    const { bus, node } = this.#options;
    clearInterval(this.#timer);
    this.#isRunning = false;
    for (const end of this.#ends.splice(0)) end();
    for (const { end } of this.#heard.values()) end();
    this.#heard.clear();
    if (bus.isShared) bus.publish(subjects.gone, { node });
  }

  /** A room has its first member here. */
  opened(room: RoomKey): void {
    if (!this.#isRunning) return;
    const subject = subjectOf(room);
    const known = this.#heard.get(subject);
    if (known) known.rooms++;
    else {
      const { bus } = this.#options;
      const end = bus.subscribe(subject, (payload) => this.#onRoom(payload));
      const heard: Heard = { rooms: 1, end, settling: undefined };
      heard.settling = bus.settled()?.then(() => {
        heard.settling = undefined;
      });
      this.#heard.set(subject, heard);
    }
  }

  /** Resolves once messages of an opened room arrive from the other nodes; undefined where they do already. */
  settled(room: RoomKey): Promise<void> | undefined {
    return this.#heard.get(subjectOf(room))?.settling;
  }

  /** A room has lost its last member here. */
  closed(room: RoomKey): void {
    const subject = subjectOf(room);
    const known = this.#heard.get(subject);
    if (!known || --known.rooms > 0) return;
    known.end();
    this.#heard.delete(subject);
  }

  /** To the members of a room on the other nodes. */
  relay(room: RoomKey, message: RoomMessage): void {
    const { bus, node } = this.#options;
    if (bus.isShared) bus.publish(subjectOf(room), packEnvelope({ node, room, message }));
  }

  publishDelta(delta: unknown): void {
    const { bus } = this.#options;
    if (bus.isShared) bus.publish(subjects.delta, delta);
  }

  publishTenant(limits: Partial<Limits>, disconnect: boolean): void {
    const { bus, node } = this.#options;
    if (bus.isShared) bus.publish(subjects.tenant, { node, limits, disconnect } satisfies TenantChanged);
  }

  /** Asks for a node's state; not again before an answer could have come. */
  want(node: string): void {
    const { bus, clock, interval } = this.#options;
    const now = clock.now();
    if (!bus.isShared || now - (this.#asked.get(node) ?? 0) < interval / 2) return;
    this.#asked.set(node, now);
    bus.publish(subjects.wanted, { node });
  }

  #onRoom(payload: unknown): void {
    const envelope = Buffer.isBuffer(payload) ? unpackEnvelope(payload) : undefined;
    if (envelope && envelope.node !== this.#options.node) this.#options.deliver(envelope.room, envelope.message);
  }

  #onTenant({ node, limits, disconnect }: TenantChanged): void {
    if (node !== this.#options.node) this.#options.tenantChanged(limits, disconnect);
  }

  #onAlive({ node, users, clock }: Alive): void {
    if (node === this.#options.node) return;
    this.#others.set(node, { heardAt: this.#options.clock.now(), users });
    this.#options.presence().heard(node, clock);
  }

  #onWanted({ node }: { readonly node: string }): void {
    const { clock, interval } = this.#options;
    if (node !== this.#options.node || clock.now() - this.#saidStateAt < interval / 4) return;
    this.#saidStateAt = clock.now();
    this.#sayState();
  }

  #sayState(): void {
    const { bus, presence } = this.#options;
    const { node, clock, entries } = presence().ownState();
    const parts = Math.max(1, Math.ceil(entries.length / entriesAtOnce));
    for (let part = 0; part < parts; part++)
      bus.publish(subjects.state, {
        node,
        clock,
        part,
        parts,
        entries: entries.slice(part * entriesAtOnce, (part + 1) * entriesAtOnce),
      } satisfies StatePart);
  }

  #onState({ node, clock, part, parts, entries }: StatePart): void {
    if (node === this.#options.node) return;
    let gathered = this.#parts.get(node);
    if (gathered?.clock !== clock) {
      gathered = { clock, got: new Map() };
      this.#parts.set(node, gathered);
    }
    gathered.got.set(part, entries);
    if (gathered.got.size < parts) return;
    this.#parts.delete(node);
    const state: State = { node, clock, entries: [...gathered.got.values()].flat() };
    this.#options.presence().receiveState(state);
  }

  #beat(): void {
    const { clock, timeout } = this.#options;
    const now = clock.now();
    for (const [node, { heardAt }] of this.#others) if (now - heardAt > timeout) this.#forget(node);
    this.#sayAlive();
  }

  #sayAlive(): void {
    const { bus, node, usersHere, presence } = this.#options;
    bus.publish(subjects.alive, { node, users: usersHere(), clock: presence().clock } satisfies Alive);
  }

  #forget(node: string): void {
    if (node === this.#options.node) return;
    this.#others.delete(node);
    this.#parts.delete(node);
    this.#asked.delete(node);
    this.#options.presence().forget(node);
  }
}
