import { availableParallelism } from 'node:os';
import { type Client, connectClient } from './client.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { sqlError } from './errors.ts';

/** Bounds of a pool; every one of them is a setting of the room that owns it. */
export interface PoolOptions {
  readonly connection: ConnectionOptions;
  /** Server connections at most. */
  readonly size: number;
  /** Requests that may wait for one; the next is refused with 503. */
  readonly queueLimit: number;
  /** Milliseconds a request may wait (504 afterwards). */
  readonly acquireTimeout: number;
  /** Milliseconds after which an unused connection is closed. */
  readonly idleTimeout: number;
  /** Milliseconds after which a connection is closed when it is returned. */
  readonly maxLifetime: number;
  /** Prepared statements kept per connection. */
  readonly statementLimit: number;
  /** Values as the server's text instead of JavaScript types. */
  readonly rawText: boolean;
  /**
   * Connections that brief transactions fill before they share one. Default: as many as the machine has cores, two at
   * least, so that one is at work while the answers of the other are.
   */
  readonly lanes?: number;
}

/** What a pool is doing, for metrics. */
export interface PoolStats {
  readonly open: number;
  readonly idle: number;
  readonly waiting: number;
  readonly max: number;
  readonly timeouts: number;
  /** Requests that had to wait so far, and the milliseconds they waited together. */
  readonly waits: number;
  readonly waited: number;
}

interface Waiter {
  /** May be served together with others. */
  readonly brief: boolean;
  readonly resolve: (client: Client) => void;
  readonly reject: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** Transactions on a shared connection at a time. */
const laneLength = 16;

/** A bounded pool with a bounded, fair waiting queue. Connections are opened on demand and lent last-in first-out. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #openClient: typeof connectClient;
  readonly #idle: Client[] = [];
  readonly #waiters: Waiter[] = [];
  /** Connections lent to brief transactions only, which others may board. */
  readonly #lanes = new Set<Client>();
  readonly #laneCount: number;
  #open = 0;
  #timeouts = 0;
  #waits = 0;
  #waited = 0;
  #closed = false;
  #closing: Promise<void> | undefined;
  #sweeper: NodeJS.Timeout | undefined;
  #drained: (() => void) | undefined;

  /** @param openClient how connections are opened; tests give their own */
  constructor(options: PoolOptions, openClient: typeof connectClient = connectClient) {
    this.#options = options;
    this.#laneCount = options.lanes ?? Math.max(2, availableParallelism());
    this.#openClient = openClient;
  }

  get stats(): PoolStats {
    return {
      open: this.#open,
      idle: this.#idle.length,
      waiting: this.#waiters.length,
      max: this.#options.size,
      timeouts: this.#timeouts,
      waits: this.#waits,
      waited: this.#waited,
    };
  }

  /**
   * @param brief true: the connection may be one that is lent to other brief transactions too, so that nothing but batches
   *   may be sent over it
   * @throws 503 when the queue is full or the pool closed, 504 when waiting took too long, or the connect error
   */
  acquire(brief = false): Promise<Client> | Client {
    if (this.#closed) throw sqlError('pool_closed');
    const lane = brief ? this.#board() : undefined;
    if (lane) return lane;
    for (let client = this.#idle.pop(); client; client = this.#idle.pop()) {
      if (client.usable) return this.#lend(client, brief, 1);
      this.#discard(client);
    }
    if (this.#open < this.#options.size) return this.#connect(brief);
    if (this.#waiters.length >= this.#options.queueLimit)
      throw sqlError('pool_exhausted', { headers: { 'retry-after': '1' } });
    return new Promise<Client>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#timeouts++;
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(sqlError('pool_timeout'));
      }, this.#options.acquireTimeout);
      const began = Date.now();
      const lend = (client: Client): void => {
        this.#waited += Date.now() - began;
        resolve(client);
      };
      const waiter: Waiter = { brief, resolve: lend, reject, timer };
      this.#waits++;
      this.#waiters.push(waiter);
    });
  }

  /** Returns a client; one that is broken or too old is closed instead. */
  release(client: Client): void {
    if (--client.passengers > 0) return;
    this.#lanes.delete(client);
    if (!client.usable || this.#isTooOld(client) || this.#closed) {
      this.#discard(client);
      this.#serveWaiter();
      return;
    }
    if (this.#waiters.length > 0) {
      this.#hand(client);
      return;
    }
    client.idleSince = Date.now();
    this.#idle.push(client);
    this.#startSweeper();
  }

  /** The emptiest lane. Nobody boards one past those who wait, or it would never be free for them. */
  #board(): Client | undefined {
    if (this.#waiters.length > 0 || this.#lanes.size < this.#laneCount) return undefined;
    let best: Client | undefined;
    for (const lane of this.#lanes)
      if (lane.usable && lane.passengers < (best?.passengers ?? laneLength) && !this.#isTooOld(lane)) best = lane;
    if (best) best.passengers++;
    return best;
  }

  #lend(client: Client, brief: boolean, passengers: number): Client {
    client.passengers = passengers;
    if (brief) this.#lanes.add(client);
    return client;
  }

  #isTooOld(client: Client): boolean {
    return Date.now() - client.openedAt > this.#options.maxLifetime;
  }

  // Where many wait, one write and one wake-up of the server serve several; each connection takes its share of them.
  #hand(client: Client): void {
    const share = Math.min(laneLength, Math.ceil(this.#waiters.length / this.#open));
    const brief = this.#waiters[0]?.brief ?? false;
    let count = 1;
    if (brief) while (count < share && this.#waiters[count]?.brief) count++;
    this.#lend(client, brief, count);
    for (const waiter of this.#waiters.splice(0, count)) {
      clearTimeout(waiter.timer);
      waiter.resolve(client);
    }
  }

  /** Forgets all prepared statements of idle connections; busy ones repair themselves (stale plans are re-sent). */
  clearStatements(): void {
    for (const client of this.#idle) client.statements.clear();
  }

  /** Closes idle connections at once, busy ones when they are returned; resolves when none is left. */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#sweeper);
    for (const waiter of this.#waiters.splice(0)) {
      clearTimeout(waiter.timer);
      waiter.reject(sqlError('pool_closed'));
    }
    for (const client of this.#idle.splice(0)) this.#discard(client);
    if (this.#open > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
  }

  async #connect(brief: boolean): Promise<Client> {
    this.#open++;
    const { connection, statementLimit, rawText, acquireTimeout } = this.#options;
    try {
      const client = await this.#openClient(connection, statementLimit, rawText, acquireTimeout);
      return this.#lend(client, brief, 1);
    } catch (error) {
      this.#open--;
      this.#serveWaiter();
      if (this.#open === 0) this.#drained?.();
      throw error;
    }
  }

  // A place became free without a client to hand over: open one for whoever waits longest.
  #serveWaiter(): void {
    if (this.#closed || this.#open >= this.#options.size) return;
    const waiter = this.#waiters.shift();
    if (!waiter) return;
    clearTimeout(waiter.timer);
    this.#connect(waiter.brief).then(waiter.resolve, waiter.reject);
  }

  #discard(client: Client): void {
    this.#open--;
    client.usable = false;
    client.pg.end().catch(() => {});
    if (this.#open === 0) this.#drained?.();
  }

  #startSweeper(): void {
    if (this.#sweeper) return;
    this.#sweeper = setInterval(
      () => {
        const limit = Date.now() - this.#options.idleTimeout;
        // Oldest idle first: the list is used as a stack.
        while (this.#idle.length > 0 && (this.#idle[0] as Client).idleSince < limit)
          this.#discard(this.#idle.shift() as Client);
        if (this.#idle.length === 0) {
          clearInterval(this.#sweeper);
          this.#sweeper = undefined;
        }
      },
      Math.max(100, Math.min(this.#options.idleTimeout / 2, 10_000)),
    );
    this.#sweeper.unref();
  }
}
