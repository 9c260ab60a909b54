import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '#kernel/bus';
import type { Logger } from '#kernel/log';
import {
  type ChangeLog,
  createChangeLog,
  type Following,
  type Gap,
  isPosition,
  type LogEntry,
  positionOf,
  type RowChange,
  SeenBy,
} from '#kernel/replication';
import { type ConnectionOptions, createDatabase, type Database } from '#kernel/sql';
import { type Binding, bindingIds, parseBinding } from './binding.ts';
import { type EvaluateContext, evaluate } from './evaluate.ts';
import type {
  ChangeFeed,
  Claims,
  FeedHealth,
  FeedRequest,
  FeedSubscription,
  Position,
  RowSnapshot,
  SnapshotRequest,
  StoredMessage,
} from './feed.ts';
import { FilterPreparer } from './match/prepare.ts';
import { MessageRooms } from './message-rooms.ts';
import { Published } from './published.ts';
import { Registry } from './registry.ts';
import { readSnapshot, SnapshotUnavailable } from './snapshot.ts';
import { handOver } from './stored-messages-reader.ts';
import { canResume, type Subscription, Tenure, tell } from './subscription.ts';
import { Tables } from './tables.ts';

/** What a feed is made of; each bound is a setting of the room. */
export interface FeedOptions {
  /** A superuser, or a role that has the attribute REPLICATION and may become every role of tokens. */
  readonly connection: () => ConnectionOptions;
  readonly log: Logger;
  /** How nodes hand changes to each other. */
  readonly bus?: Bus;
  /** Publication of the tables that clients may subscribe to. */
  readonly publication: string;
  /** Publication of `realtime.messages`. */
  readonly messagesPublication: string;
  /** Milliseconds and bytes of the window in which clients can resume. */
  readonly retention: { readonly time: number; readonly bytes: number };
  /** Bytes of WAL beyond which the slot is given up. */
  readonly slotLimit: number;
  /** Bytes of changes that may wait for authorisation. */
  readonly backlogLimit: number;
  /** Bytes of a row beyond which only short values are sent. */
  readonly recordLimit: number;
  /** Connections for authorisation at most. */
  readonly connections: number;
  /** Changes that are authorised together at most. */
  readonly batch: number;
  /** Channels that catch up at a time. */
  readonly catchUps: number;
  /** Milliseconds between positions told to channels that can resume while nothing happens. */
  readonly positionEvery: number;
  /** Told how long deciding about changes that came together took, in milliseconds. */
  readonly decided?: (milliseconds: number) => void;
  /** Where the rows of snapshots are read, and how many at once. Absent: there are none. */
  readonly snapshots?: { readonly db: Database; readonly rows: number; readonly bytes: number };
}

const subscribed = 'Subscribed to PostgreSQL';
/** Values of filters remembered in their types' form. */
const filterValues = 10_000;
const retryFirst = 500;
const retryLongest = 5_000;
const warnEvery = 10_000;
/** Another node may be ahead of this one for so long, in milliseconds. */
const aheadFor = 3_000;
const lookEvery = 20;

/** Creates a feed. Nothing happens before `start`. */
export function createChangeFeed(options: FeedOptions): ChangeFeed {
  return new Feed(options);
}

function latest(one: Position | undefined, other: Position | undefined): Position | undefined {
  return one === undefined || (other !== undefined && other > one) ? other : one;
}

/** Who gets what is taken from the log. */
interface Audiences {
  readonly registry: Registry;
  readonly rooms: MessageRooms;
  readonly gap: (after: Position | undefined, position: Position) => void;
  /** Everything up to this entry was handed over. */
  readonly done: (entry: LogEntry) => void;
}

class Feed implements ChangeFeed {
  readonly #options: FeedOptions;
  readonly #log: ChangeLog;
  readonly #seenBy: SeenBy;
  readonly #registry = new Registry();
  readonly #rooms = new MessageRooms();
  readonly #subscriptions = new Set<Subscription>();
  readonly #listeners = new Set<(message: StoredMessage) => void>();
  readonly #queue: (() => void)[] = [];
  #catchingUp = 0;
  #db: Database | undefined;
  #context: EvaluateContext | undefined;
  #published: Published | undefined;
  #changes: Following | undefined;
  #messages: Following | undefined;
  /** Last position of what was taken from the log, handed over or not. */
  #taken: Position | undefined;
  /** What was handed over of entries that have to be taken once more. */
  #done: LogEntry | undefined;
  #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #checks = 0;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#log = createChangeLog({
      connection: options.connection,
      publications: [options.publication, options.messagesPublication],
      retention: options.retention,
      slotLimit: options.slotLimit,
      backlogLimit: options.backlogLimit,
      log: options.log,
      ...(options.bus && { bus: options.bus }),
    });
    this.#seenBy = new SeenBy(this.#log);
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const options = this.#options;
    this.#stopping = new AbortController();
    // Every channel that waits listens to it.
    setMaxListeners(0, this.#stopping.signal);
    const db = createDatabase({ connection: options.connection(), size: options.connections, lanes: 0 });
    const tables = new Tables(db);
    const preparer = new FilterPreparer(db, tables.type, filterValues);
    this.#db = db;
    this.#published = new Published({ db, tables, preparer, publication: options.publication });
    this.#context = {
      db,
      tables,
      preparer,
      limits: { record: options.recordLimit },
      log: options.log,
      counted: (runs) => {
        this.#checks += runs;
      },
      decided: options.decided ?? (() => {}),
    };
    this.#log.start();
    this.#timer = setInterval(() => this.#tellPositions(), options.positionEvery);
    this.#timer.unref();
    void this.#follow(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#timer);
    this.#changes?.close();
    this.#messages?.close();
    this.#changes = undefined;
    this.#messages = undefined;
    for (const subscription of this.#subscriptions) this.#close(subscription);
    await this.#log.stop();
    await this.#db?.close();
    this.#db = undefined;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    try {
      await this.#log.streaming(signal);
    } catch {
      return;
    }
    let warned = Number.NEGATIVE_INFINITY;
    const onError = (error: unknown) => {
      if (signal.aborted || performance.now() - warned < warnEvery) return;
      warned = performance.now();
      this.#options.log.warn({ err: error }, 'changes could not be authorised; it is tried again');
    };
    this.#taken = this.#log.head;
    this.#changes = this.#log.follow({
      handle: (entries) => this.#handle(entries),
      limit: this.#options.batch,
      onError,
    });
    this.#messages = this.#log.follow({
      handle: (entries) => handOver(entries, this.#listeners),
      onError,
    });
  }

  async #handle(entries: readonly LogEntry[]): Promise<void> {
    this.#taken = entries.at(-1)?.position ?? this.#taken;
    const from = this.#done ? entries.indexOf(this.#done) + 1 : 0;
    await this.#handOver(entries.slice(from), {
      registry: this.#registry,
      rooms: this.#rooms,
      gap: (after, position) => {
        for (const subscription of this.#subscriptions)
          if (canResume(subscription)) tell(subscription, { kind: 'gap', after, position });
      },
      done: (entry) => {
        this.#done = entry;
      },
    });
  }

  /** Evaluates runs of changes; hands messages over, and tells of gaps, in their place between them. */
  async #handOver(entries: readonly LogEntry[], { registry, rooms, gap, done }: Audiences): Promise<void> {
    const context = this.#context as EvaluateContext;
    let run: RowChange[] = [];
    const settle = async (): Promise<void> => {
      await evaluate(context, registry, run);
      run = [];
    };
    for (const entry of entries) {
      const message = rooms.wanted(entry);
      if (entry.kind !== 'gap') run.push(entry);
      if (entry.kind !== 'gap' && !message) continue;
      await settle();
      if (message) rooms.give(message);
      else gap((entry as Gap).after, entry.position);
      done(entry);
    }
    await settle();
    const last = entries.at(-1);
    if (last) done(last);
  }

  /** Everything up to here was handed over. */
  get #handed(): Position | undefined {
    const done = this.#done;
    return latest(this.#changes?.position, done && done.kind !== 'gap' ? done.position : undefined);
  }

  bindingIds(entries: readonly unknown[]): readonly number[] {
    return bindingIds(entries);
  }

  subscribe(request: FeedRequest): FeedSubscription {
    const { role, claims } = request;
    const bindings: Binding[] = [];
    let fault: string | undefined;
    for (const entry of request.entries) {
      const binding = parseBinding(entry);
      if ('fault' in binding) fault ??= binding.fault;
      else bindings.push(binding);
    }
    if (request.entries.length === 0 && !request.messages) fault = (parseBinding(undefined) as { fault: string }).fault;
    const subscription: Subscription = {
      request,
      bindings,
      ids: bindingIds(request.entries),
      tenure: new Tenure(request, role, claims, request.resume?.after),
      isClosed: false,
      told: undefined,
    };
    this.#subscriptions.add(subscription);
    if (fault !== undefined) tell(subscription, { kind: 'failed', message: fault });
    else void this.#enter(subscription);
    return {
      update: (newRole: string, newClaims: Claims) => {
        if (!subscription.isClosed && fault === undefined) this.#update(subscription, newRole, newClaims);
      },
      close: () => this.#close(subscription),
    };
  }

  #update(subscription: Subscription, role: string, claims: Claims): void {
    const { tenure, request } = subscription;
    // What is being authorised for the old token is decided anew for the new one.
    const reached = latest(tenure.after ?? tenure.from, tenure.isIn ? this.#handed : undefined);
    this.#leave(tenure);
    subscription.tenure = new Tenure(request, role, claims, reached);
    void this.#enter(subscription);
  }

  #leave(tenure: Tenure): void {
    tenure.isOver = true;
    tenure.isIn = false;
    this.#rooms.remove(tenure);
    for (const member of tenure.members) this.#registry.remove(member);
    tenure.members = [];
  }

  #close(subscription: Subscription): void {
    subscription.isClosed = true;
    this.#leave(subscription.tenure);
    this.#subscriptions.delete(subscription);
  }

  /** Checks the bindings, catches up from a position where there is one, and lets the changes flow. */
  async #enter(subscription: Subscription): Promise<void> {
    const { tenure } = subscription;
    const signal = this.#stopping.signal;
    let pause = retryFirst;
    while (!tenure.isOver && !signal.aborted) {
      try {
        await this.#log.streaming(signal);
        const refused = await this.#published?.refusalOf(subscription.bindings, tenure.role);
        if (tenure.isOver) return;
        if (refused !== undefined) {
          tell(subscription, { kind: 'failed', message: refused });
          return;
        }
        const after = tenure.after ?? tenure.from;
        if (after !== undefined) await this.#reach(after, signal);
        await this.#inTurn(after !== undefined, () => this.#catchUp(subscription, tenure, after));
        return;
      } catch (error) {
        if (signal.aborted || tenure.isOver) return;
        const { topic, reqId } = subscription.request;
        this.#options.log.debug({ reqId, err: error, topic }, 'a subscription is tried again');
        await sleep(pause * (1 + Math.random()), undefined, { signal }).catch(() => {});
        pause = Math.min(pause * 2, retryLongest);
      }
    }
  }

  /** Waits for a position that another node has told: this one may be a moment behind. */
  async #reach(position: Position, signal: AbortSignal): Promise<void> {
    const deadline = performance.now() + aheadFor;
    const isAhead = () => isPosition(position) && (this.#log.head ?? '') < position;
    while (isAhead() && performance.now() < deadline) await sleep(lookEvery, undefined, { signal });
  }

  async #catchUp(subscription: Subscription, tenure: Tenure, after: Position | undefined): Promise<void> {
    tenure.join(subscription.bindings, subscription.ids);
    const members = tenure.members;
    tenure.members = [];
    if (after !== undefined) await this.#replay(subscription, tenure, members, after);
    if (tenure.isOver) return;
    // Nothing may come between these: whatever is taken from the log from now on is for it, too.
    tenure.after ??= this.#taken;
    tenure.members = members;
    tenure.isIn = true;
    for (const member of members) this.#registry.add(member);
    this.#rooms.add(tenure);
    const position = latest(tenure.after, this.#handed) ?? positionOf(0n);
    tell(subscription, { kind: 'subscribed', message: subscribed, position });
  }

  async #replay(
    subscription: Subscription,
    tenure: Tenure,
    members: Tenure['members'],
    after: Position,
  ): Promise<void> {
    const gap = (from: Position | undefined, position: Position): void => {
      if (canResume(subscription)) tell(subscription, { kind: 'gap', after: from, position });
    };
    if (!isPosition(after)) {
      gap(undefined, this.#taken ?? positionOf(0n));
      return;
    }
    const registry = new Registry();
    for (const member of members) registry.add(member);
    const rooms = new MessageRooms();
    rooms.add(tenure);
    const done = (entry: LogEntry): void => {
      // The first entry after a gap may have the gap's position.
      if (entry.kind !== 'gap') tenure.after = entry.position;
    };
    for (tenure.after = after; ; ) {
      const chunk = this.#chunkAfter(tenure.after);
      if (!chunk) {
        gap(tenure.after, this.#taken ?? positionOf(0n));
        return;
      }
      // It has everything that is in the log now, so also what was taken from there.
      if (chunk.length === 0) return;
      await this.#handOver(chunk, { registry, rooms, gap, done });
      if (tenure.isOver || this.#stopping.signal.aborted) return;
      tenure.after = chunk.at(-1)?.position ?? tenure.after;
    }
  }

  #chunkAfter(position: Position): LogEntry[] | undefined {
    const entries = this.#log.entriesAfter(position);
    if (!entries) return undefined;
    const chunk: LogEntry[] = [];
    for (const entry of entries) if (chunk.push(entry) === this.#options.batch) break;
    return chunk;
  }

  /** Catching up is bounded: after a restart everybody comes at once. */
  async #inTurn(isBounded: boolean, work: () => Promise<void>): Promise<void> {
    if (!isBounded) {
      await work();
      return;
    }
    if (this.#catchingUp >= this.#options.catchUps) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#catchingUp++;
    try {
      await work();
    } finally {
      this.#catchingUp--;
      this.#queue.shift()?.();
    }
  }

  #tellPositions(): void {
    const position = this.#handed;
    if (position === undefined) return;
    for (const subscription of this.#subscriptions) {
      if (!canResume(subscription) || !subscription.tenure.isIn) continue;
      if (subscription.told === undefined || subscription.told < position)
        tell(subscription, { kind: 'position', position });
    }
  }

  onMessages(listener: (message: StoredMessage) => void): () => void {
    const entry = (message: StoredMessage) => listener(message);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  async snapshot(request: SnapshotRequest): Promise<RowSnapshot> {
    const published = this.#published;
    const { snapshots } = this.#options;
    if (this.#log.state.phase !== 'streaming' || !published || !snapshots)
      throw new SnapshotUnavailable('changes do not flow');
    const { db, ...limits } = snapshots;
    return readSnapshot({ db, published, seenBy: this.#seenBy, limits }, request);
  }

  get position(): Position | undefined {
    return this.#handed;
  }

  health(): FeedHealth {
    const { phase, owner, retainedBytes, lagBytes, reason } = this.#log.state;
    return {
      streaming: phase === 'streaming',
      owner,
      retainedBytes,
      lagBytes,
      subscriptions: this.#subscriptions.size,
      checks: this.#checks,
      ...(reason !== undefined && { reason }),
    };
  }
}
