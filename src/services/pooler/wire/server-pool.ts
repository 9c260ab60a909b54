import { type Borrower, createLender, type Lender } from '../core/lending.ts';
import { createStatementRegistry } from '../core/prepared-statements.ts';
import type { Credentials } from '../core/secret.ts';
import { createParameterSets, type SessionParameters, trackedName } from '../core/session-parameters.ts';
import { poolerFatal } from '../errors.ts';
import type { ReplicaWatch } from '../sql/replica-watch.ts';
import { ClientStatements, type StatementLimits } from './client-statements.ts';
import type { SocketIo } from './native-streams.ts';
import { PooledServer } from './pooled-server.ts';
import { logIn, type ServerAddress, ServerRefusal, sendCancel } from './server-login.ts';

/** What all connections of a pool have in common. */
export interface PoolIdentity {
  readonly role: string;
  /** Its name among clients. */
  readonly alias: string;
  readonly database: string;
  /** Settings of the session that the pooler does not carry from backend to backend. */
  readonly settings: ReadonlyMap<string, string>;
}

/** How pools behave. */
export interface PoolLimits {
  readonly size: number;
  /** Milliseconds a client waits for a connection; 0 = without end. */
  readonly checkoutTimeout: number;
  /** Milliseconds for a login at the server. */
  readonly connectTimeout: number;
  /** Milliseconds after which an unused connection is closed; 0 = never. */
  readonly serverIdleTimeout: number;
  /** Milliseconds after which a connection is not lent again; 0 = never. */
  readonly serverLifetime: number;
  readonly statements: StatementLimits;
}

/** What a pool reports. */
export interface PoolEvents {
  readonly now: () => number;
  readonly serverOpened: () => void;
  readonly serverClosed: () => void;
  readonly received: (bytes: number) => void;
  readonly transaction: () => void;
  /** A client had to wait so many milliseconds for a connection. */
  readonly waited: (milliseconds: number) => void;
  /** A prepared statement made room for another on a connection. */
  readonly evicted: () => void;
  readonly openFailed: (error: unknown) => void;
  readonly io: SocketIo;
}

/** Replicas for the reading transactions of a pool's clients. */
export interface Readers {
  /** The pools on the replicas, by their number. */
  readonly pools: readonly ServerPool[];
  readonly watch: Pick<ReplicaWatch, 'position' | 'find' | 'doubt'>;
}

/** Classes of SQLSTATE that say: later, perhaps (insufficient resources, operator intervention, connection trouble). */
const passing = /^(53|57|08)/;
const openAgainAfter = 250;

/** The server connections of one role, database and set of settings in transaction mode, and who waits for them. */
export class ServerPool {
  readonly identity: PoolIdentity;
  readonly #address: () => ServerAddress;
  readonly #limits: PoolLimits;
  readonly #events: PoolEvents;
  readonly #lender: Lender<PooledServer>;
  readonly #sets = createParameterSets(1_000);
  readonly #registry = createStatementRegistry(1_000);
  readonly #servers = new Set<PooledServer>();
  readonly #parked = new Set<PooledServer>();
  #credentials: Credentials;
  #welcome: ReadonlyMap<string, string> | undefined;
  /** Undefined: everything goes to this pool's server. */
  readers: Readers | undefined;
  clients = 0;
  /** When the last client left. */
  leftAt: number;

  constructor(
    identity: PoolIdentity,
    credentials: Credentials,
    address: () => ServerAddress,
    limits: PoolLimits,
    events: PoolEvents,
    onReplica = false,
  ) {
    this.identity = identity;
    this.#credentials = credentials;
    this.#address = address;
    this.#limits = limits;
    this.#events = events;
    this.leftAt = events.now();
    this.#lender = createLender<PooledServer>({
      size: () => limits.size,
      open: () => this.#open(),
      // Nobody waits for a replica, as long as there is the primary.
      isFinal: (error) => onReplica || (error instanceof ServerRefusal && !passing.test(error.code)),
      retryAfter: openAgainAfter,
      now: events.now,
      timedOut: () => poolerFatal('checkout_timeout'),
      waitLimit: () => limits.checkoutTimeout,
      waited: events.waited,
    });
  }

  /** The role has logged in with these; later connections are opened with them. */
  useCredentials(credentials: Credentials): void {
    this.#credentials = credentials;
    for (const pool of this.readers?.pools ?? []) pool.useCredentials(credentials);
  }

  /** The pool of a replica that has replayed up to a position; undefined: none has. */
  reader(position: number): ServerPool | undefined {
    const index = this.readers?.watch.find(position);
    return index === undefined ? undefined : this.readers?.pools[index];
  }

  /** A pool of `readers` could not lend. */
  doubt(pool: ServerPool): void {
    this.readers?.watch.doubt(this.readers.pools.indexOf(pool));
  }

  /** What sessions report at their beginning, from the latest connection; opens one if there was none yet. */
  welcome(): Promise<ReadonlyMap<string, string>> {
    if (this.#welcome) return Promise.resolve(this.#welcome);
    return new Promise((resolve, reject) => {
      this.#lender.wait({
        lend: (server) => {
          this.give(server);
          resolve(this.#welcome as ReadonlyMap<string, string>);
        },
        refuse: reject,
      });
    });
  }

  /** The settings of a client that begins with these startup parameters. */
  parametersOf(wanted: ReadonlyMap<string, string>): SessionParameters {
    const values = new Map(this.#welcome);
    for (const [name, value] of wanted) {
      const reported = trackedName(name);
      if (reported !== undefined && values.has(reported)) values.set(reported, value);
    }
    return this.#sets.of(values);
  }

  clientStatements(): ClientStatements {
    return new ClientStatements(this.#registry, this.#limits.statements, this.#events.evicted);
  }

  take(): PooledServer | undefined {
    return this.#lender.take();
  }

  wait(borrower: Borrower<PooledServer>): void {
    this.#lender.wait(borrower);
  }

  forget(borrower: Borrower<PooledServer>): void {
    this.#lender.forget(borrower);
  }

  give(server: PooledServer): void {
    if (server.cancelling > 0) {
      this.#parked.add(server);
      return;
    }
    if (this.#isWornOut(server)) server.close();
    this.#lender.give(server);
  }

  transactionDone(): void {
    this.#events.transaction();
  }

  /** Cancels what a connection is doing. It is lent to nobody before the server has dealt with that. */
  async cancel(server: PooledServer): Promise<void> {
    server.cancelling++;
    await sendCancel(server.address, server.pid, server.secret, this.#limits.connectTimeout);
    server.cancelling--;
    if (server.cancelling === 0 && this.#parked.delete(server)) this.give(server);
  }

  /** Closes what has been idle for too long, and ends waits that took too long. */
  sweep(): void {
    for (const pool of this.readers?.pools ?? []) pool.sweep();
    this.#lender.sweep();
    const { serverIdleTimeout } = this.#limits;
    const now = this.#events.now();
    for (const server of [...this.#lender.idle]) {
      const idle = serverIdleTimeout > 0 && now - server.idleSince > serverIdleTimeout;
      if (!idle && !this.#isWornOut(server)) continue;
      server.close();
      this.#lender.lost(server);
    }
  }

  get counts(): { readonly open: number; readonly idle: number; readonly waiting: number; readonly clients: number } {
    const { open, idle, waiting } = this.#lender;
    const sum = { open, idle: idle.length, waiting, clients: this.clients };
    for (const { counts } of this.readers?.pools ?? []) {
      sum.open += counts.open;
      sum.idle += counts.idle;
      sum.waiting += counts.waiting;
    }
    return sum;
  }

  /** Closes all connections and refuses who waits. */
  close(): void {
    for (const pool of this.readers?.pools ?? []) pool.close();
    this.#lender.close(poolerFatal('shutdown'));
    for (const server of this.#servers) server.close();
  }

  #isWornOut(server: PooledServer): boolean {
    const { serverLifetime } = this.#limits;
    return serverLifetime > 0 && this.#events.now() - server.openedAt > serverLifetime;
  }

  async #open(): Promise<PooledServer> {
    const { role: user, database, settings } = this.identity;
    try {
      const session = await logIn({
        address: this.#address(),
        user,
        database,
        settings,
        credentials: this.#credentials,
        timeout: this.#limits.connectTimeout,
      });
      this.#welcome = session.parameters;
      const server = new PooledServer(session, {
        lost: (lost) => {
          this.#servers.delete(lost);
          this.#parked.delete(lost);
          this.#events.serverClosed();
          this.#lender.lost(lost);
        },
        received: this.#events.received,
        sets: this.#sets,
        now: this.#events.now,
        io: this.#events.io,
      });
      this.#servers.add(server);
      this.#events.serverOpened();
      return server;
    } catch (error) {
      this.#events.openFailed(error);
      throw error;
    }
  }
}
