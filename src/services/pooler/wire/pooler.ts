import { randomBytes } from 'node:crypto';
import { BlockList, isIPv6, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Logger } from '#kernel/log';
import type { Identity } from '../core/identity.ts';
import { createLender, type Lendable, type Lender } from '../core/lending.ts';
import { noCounts, type PoolState } from '../core/metrics.ts';
import type { Credentials } from '../core/secret.ts';
import type { SecretSource } from '../core/secret-source.ts';
import { trackedName } from '../core/session-parameters.ts';
import { poolerFatal, type wireErrors } from '../errors.ts';
import type { PoolerSettings } from '../settings.ts';
import type { ReplicaWatch } from '../sql/replica-watch.ts';
import type { ClientContext } from './client-context.ts';
import { ClientKeys } from './client-keys.ts';
import { ClientLogin, type LoginContext, type ProvenClient } from './client-login.ts';
import { Draft } from './draft.ts';
import { type ListeningPort, listenOn } from './listening-port.ts';
import {
  authenticationOk,
  backendKeyData,
  errorFromFields,
  errorMessage,
  parameterStatus,
  readyForQuery,
  type WireError,
} from './messages.ts';
import { createSocketIo } from './native-streams.ts';
import { RawSession } from './raw-session.ts';
import { logIn, type ServerAddress, ServerRefusal, type ServerSession } from './server-login.ts';
import { type PoolLimits, ServerPool } from './server-pool.ts';
import { TransactionClient } from './transaction-client.ts';

/** What the wire side of the pooler is made of. */
export interface PoolerOptions {
  readonly settings: PoolerSettings;
  readonly log: Logger;
  readonly secrets: SecretSource;
  readonly address: () => ServerAddress;
  /** Servers that reading transactions may go to; undefined: none. */
  readonly replicas: { readonly addresses: readonly (() => ServerAddress)[]; readonly watch: ReplicaWatch } | undefined;
  readonly database: string;
  /** Undefined: no session mode here. */
  readonly sessionPort: { readonly port: number; readonly setting: string } | undefined;
  readonly secureContext: SecureContext | undefined;
  readonly version: string;
}

/** Clients whose sessions have a server connection of their own count against a pool's size only by a ticket. */
interface Ticket extends Lendable {
  readonly usable: true;
}

interface SessionPool {
  readonly identity: Pick<Identity, 'role' | 'database'>;
  readonly lender: Lender<Ticket>;
  clients: number;
}

const sweepEvery = 1_000;
/** Milliseconds after which a pool nobody uses is given up. */
const poolIdle = 120_000;

/** The pooler as clients see it: two ports, the pools behind them, and everybody connected. */
export class Pooler {
  readonly counts = noCounts();
  readonly #options: PoolerOptions;
  readonly #io = createSocketIo();
  readonly #draft = new Draft(this.#io);
  readonly #keys = new ClientKeys();
  readonly #pools = new Map<string, ServerPool>();
  readonly #sessionPools = new Map<string, SessionPool>();
  readonly #logins = new Set<ClientLogin>();
  readonly #clients = new Set<TransactionClient>();
  readonly #sessions = new Set<RawSession>();
  readonly #ports: ListeningPort[] = [];
  readonly #pretence = randomBytes(32);
  readonly #allowed: BlockList;
  readonly #limits: PoolLimits;
  /** Client connections, those that have not logged in included. */
  #open = 0;
  #pooled = 0;
  #now = Date.now();
  #sweeper: NodeJS.Timeout | undefined;
  #stopping = false;
  #emptied: (() => void) | undefined;

  constructor(options: PoolerOptions) {
    this.#options = options;
    this.#allowed = rangesOf(options.settings.allowList);
    this.#limits = this.#limitsOf(options.settings);
  }

  /** Opens the ports. @throws StartupError */
  async listen(): Promise<void> {
    const { settings, sessionPort } = this.#options;
    this.#stopping = false;
    const host = settings.bindAddress;
    const transaction = this.#contextOf(settings.poolMode);
    this.#ports.push(
      await listenOn({
        host,
        port: settings.transactionPort,
        setting: 'POOLER_PROXY_PORT_TRANSACTION',
        accept: (socket) => this.#accept(socket, transaction),
      }),
    );
    const session = this.#contextOf('session');
    if (sessionPort)
      this.#ports.push(await listenOn({ host, ...sessionPort, accept: (socket) => this.#accept(socket, session) }));
    this.#now = Date.now();
    this.#sweeper = setInterval(() => this.#sweep(), sweepEvery);
    this.#sweeper.unref();
  }

  get isListening(): boolean {
    return this.#ports.length > 0;
  }

  /** Accepts nobody any more, lets transactions under way finish for `grace` milliseconds, and ends the rest. */
  async stop(grace: number): Promise<void> {
    this.#stopping = true;
    for (const port of this.#ports.splice(0)) port.close();
    for (const login of this.#logins) login.abort();
    const why = poolerFatal('shutdown');
    for (const client of [...this.#clients]) client.drain(why);
    for (const session of [...this.#sessions]) session.drain(why);
    await this.#untilEmpty(grace);
    for (const client of [...this.#clients]) client.fail(why);
    for (const session of [...this.#sessions]) session.fail(why);
    for (const pool of this.#pools.values()) pool.close();
    for (const { lender } of this.#sessionPools.values()) lender.close(why);
    this.#pools.clear();
    this.#sessionPools.clear();
    clearInterval(this.#sweeper);
  }

  /** Ends all clients and pools at once; new ones are welcome. */
  terminate(): void {
    const why = poolerFatal('shutdown');
    for (const client of [...this.#clients]) client.fail(why);
    for (const session of [...this.#sessions]) session.fail(why);
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
  }

  /** All pools and sessions at this moment. */
  states(): PoolState[] {
    const states: PoolState[] = [...this.#pools.values()].map((pool) => ({
      role: pool.identity.role,
      database: pool.identity.database,
      mode: 'transaction',
      searchPath: pool.identity.settings.get('search_path') ?? '',
      ...pool.counts,
    }));
    for (const { identity, lender, clients } of this.#sessionPools.values())
      states.push({
        ...identity,
        mode: 'session',
        searchPath: '',
        open: lender.open - lender.idle.length,
        idle: 0,
        waiting: lender.waiting,
        clients,
      });
    return states;
  }

  #untilEmpty(grace: number): Promise<void> {
    if (this.#clients.size + this.#sessions.size === 0 || grace === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, grace);
      this.#emptied = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  // A client's way in

  #accept(socket: Socket, context: LoginContext): void {
    const address = socket.remoteAddress ?? '';
    if (this.#stopping || this.#open >= this.#options.settings.maxSockets) {
      socket.destroy();
      return;
    }
    if (!this.#isAllowed(address)) {
      socket.on('error', () => socket.destroy());
      socket.write(
        errorMessage({ severity: 'FATAL', code: 'XX000', message: `Address not in tenant allow_list: ${address}` }),
      );
      socket.destroySoon();
      return;
    }
    this.#open++;
    this.#logins.add(new ClientLogin(socket, context));
  }

  #contextOf(mode: 'transaction' | 'session'): LoginContext {
    const { settings, secrets } = this.#options;
    return {
      tenantId: settings.tenantId,
      defaultDatabase: this.#options.database,
      secureContext: this.#options.secureContext,
      requireTls: settings.enforceTls,
      maxStartup: settings.maxStartup,
      timeout: settings.loginTimeout,
      version: this.#options.version,
      find: (role) => secrets.find(role),
      doubt: (role) => secrets.doubt(role),
      judge: (identity) => this.#judge(identity, mode),
      hidesUnknown: (identity) => mode === 'session' && !identity.hasTenant,
      pretence: this.#pretence,
      cancel: (pid, secret) => this.#cancel(pid, secret),
      proven: (client) => void this.#welcome(client, mode),
      ended: (login, how) => {
        this.#logins.delete(login);
        if (how === 'failed') this.counts.joinsFailed++;
        // Whoever goes on keeps the place.
        if (how !== 'proven') this.#open--;
      },
    };
  }

  #isAllowed(address: string): boolean {
    if (address.startsWith('::ffff:')) return this.#allowed.check(address.slice(7), 'ipv4');
    return address !== '' && this.#allowed.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }

  #judge(identity: Identity, mode: 'transaction' | 'session'): keyof typeof wireErrors | undefined {
    if (mode === 'transaction' && identity.replication) return 'replication';
    const isDirect = mode === 'session' && (!identity.hasTenant || identity.replication);
    return !isDirect && this.#pooled >= this.#options.settings.maxClients ? 'too_many_clients' : undefined;
  }

  async #cancel(pid: number, secret: Buffer): Promise<void> {
    const client = this.#keys.find(pid, secret);
    if (!client) return;
    this.counts.cancels++;
    await client.cancel();
  }

  async #welcome(client: ProvenClient, mode: 'transaction' | 'session'): Promise<void> {
    const { identity, socket } = client;
    const isDirect = mode === 'session' && (!identity.hasTenant || identity.replication);
    // Others may have come in while this one proved who it is.
    const problem = this.#judge(identity, mode);
    if (problem) {
      this.#open--;
      refuse(socket, poolerFatal(problem));
      return;
    }
    if (!isDirect) this.#pooled++;
    let left = false;
    const leave = () => {
      if (left) return;
      left = true;
      this.#open--;
      if (!isDirect) this.#pooled--;
    };
    socket.once('close', leave);
    try {
      socket.write(client.answer ? Buffer.concat([client.answer, authenticationOk()]) : authenticationOk());
      if (mode === 'transaction') await this.#openPooled(client, leave);
      else await this.#openSession(client, isDirect, leave);
      this.counts.joinsOk++;
    } catch (error) {
      this.counts.joinsFailed++;
      leave();
      refuse(socket, error);
    }
  }

  // Transaction mode

  async #openPooled({ identity, credentials, socket, rest }: ProvenClient, leave: () => void): Promise<void> {
    const { pool, wanted } = this.#poolFor(identity, credentials);
    pool.clients++;
    try {
      await pool.welcome();
    } catch (error) {
      this.#leavePool(pool);
      throw error;
    }
    if (socket.destroyed) {
      this.#leavePool(pool);
      return;
    }
    const parameters = await this.#greet(socket, pool, wanted);
    const { pid, secret } = this.#keys.make();
    socket.write(Buffer.concat([backendKeyData(pid, secret), readyForQuery()]));
    let made: TransactionClient | undefined;
    let gone = false;
    const context = this.#clientContext(() => {
      gone = true;
      if (made) this.#clients.delete(made);
      this.#leavePool(pool);
      this.#keys.remove(pid);
      leave();
    });
    const client = new TransactionClient(socket, pool, parameters, secret, context, rest);
    // What came right behind its login may have been its end.
    if (gone) return;
    made = client;
    this.#clients.add(client);
    this.#keys.add(pid, client);
    if (this.#stopping) client.drain(poolerFatal('shutdown'));
  }

  #leavePool(pool: ServerPool): void {
    pool.clients--;
    pool.leftAt = this.#now;
  }

  async #greet(socket: Socket, pool: ServerPool, wanted: ReadonlyMap<string, string>) {
    const welcome = await pool.welcome();
    const parameters = pool.parametersOf(wanted);
    const reported = [...welcome].map(([name, value]) => parameterStatus(name, parameters.values.get(name) ?? value));
    socket.write(Buffer.concat(reported));
    return parameters;
  }

  #clientContext(forget: () => void): ClientContext {
    const { settings } = this.#options;
    return {
      now: () => this.#now,
      received: (bytes) => {
        this.counts.clientBytes += bytes;
      },
      io: this.#io,
      draft: this.#draft,
      closed: () => {
        forget();
        this.#left();
      },
      maxMessage: settings.maxMessage,
      maxStatement: settings.clientStatementBytes,
    };
  }

  /** The pool of a client, made if it is the first, and the settings that the client carries with it. */
  #poolFor(
    identity: Identity,
    credentials: Credentials,
  ): { readonly pool: ServerPool; readonly wanted: ReadonlyMap<string, string> } {
    const wanted = new Map<string, string>();
    const settings = new Map<string, string>();
    for (const [name, value] of identity.settings) {
      const carried = trackedName(name) !== undefined && name.toLowerCase() !== 'search_path';
      if (carried) wanted.set(name, value);
      else settings.set(name, value);
    }
    const { role, database } = identity;
    const key = JSON.stringify([role, database, [...settings].sort(([a], [b]) => (a < b ? -1 : 1))]);
    let pool = this.#pools.get(key);
    if (pool) pool.useCredentials(credentials);
    else {
      if (this.#pools.size >= this.#options.settings.maxPools) throw poolerFatal('too_many_pools');
      const poolAt = (address: () => ServerAddress, onReplica: boolean) =>
        new ServerPool({ role, database, settings }, credentials, address, this.#limits, events, onReplica);
      const events = {
        now: () => this.#now,
        serverOpened: () => void this.counts.serversOpened++,
        serverClosed: () => void this.counts.serversClosed++,
        received: (bytes: number) => {
          this.counts.serverBytes += bytes;
        },
        transaction: () => void this.counts.transactions++,
        io: this.#io,
        openFailed: (error: unknown) =>
          this.#options.log.warn({ err: error, role, database }, 'a server connection failed'),
      };
      pool = poolAt(this.#options.address, false);
      const { replicas } = this.#options;
      if (replicas)
        pool.readers = { watch: replicas.watch, pools: replicas.addresses.map((address) => poolAt(address, true)) };
      this.#pools.set(key, pool);
    }
    return { pool, wanted };
  }

  #limitsOf(settings: PoolerSettings): PoolLimits {
    return {
      size: settings.poolSize,
      checkoutTimeout: settings.checkoutTimeout,
      connectTimeout: settings.connectTimeout,
      serverIdleTimeout: settings.serverIdleTimeout,
      serverLifetime: settings.serverLifetime,
      statements: {
        perClient: settings.clientStatements,
        clientBytes: settings.clientStatementBytes,
        perServer: settings.serverStatements,
      },
    };
  }

  // Sessions

  async #openSession(client: ProvenClient, isDirect: boolean, leave: () => void): Promise<void> {
    const { identity, credentials, socket, rest } = client;
    const release = isDirect ? () => {} : await this.#ticket(identity, socket);
    try {
      if (socket.destroyed) return release();
      const session = await this.#connect(identity, credentials);
      if (socket.destroyed) {
        session.socket.destroy();
        return release();
      }
      this.#join(socket, session, rest, () => {
        release();
        leave();
      });
    } catch (error) {
      release();
      throw error;
    }
  }

  async #connect(identity: Identity, credentials: Credentials): Promise<ServerSession> {
    const { role: user, database, settings, replication } = identity;
    const further = replication ? [['replication', 'database'] as const, ...settings] : settings;
    try {
      return await logIn({
        address: this.#options.address(),
        user,
        database,
        settings: further,
        credentials,
        timeout: this.#options.settings.connectTimeout,
      });
    } catch (error) {
      if (error instanceof ServerRefusal) throw error;
      this.#options.log.warn({ err: error, role: user, database }, 'a server connection failed');
      throw poolerFatal('server_unreachable');
    }
  }

  #join(socket: Socket, session: ServerSession, rest: Buffer, release: () => void): void {
    const { pid, secret } = this.#keys.make();
    const reported = [...session.parameters].map(([name, value]) => parameterStatus(name, value));
    socket.write(Buffer.concat([...reported, backendKeyData(pid, secret), readyForQuery()]));
    this.counts.serversOpened++;
    const context = {
      connectTimeout: () => this.#options.settings.connectTimeout,
      now: () => this.#now,
      clientReceived: (bytes: number) => {
        this.counts.clientBytes += bytes;
      },
      serverReceived: (bytes: number) => {
        this.counts.serverBytes += bytes;
      },
      io: this.#io,
      closed: (closed: RawSession) => {
        this.#sessions.delete(closed);
        this.#keys.remove(pid);
        this.counts.serversClosed++;
        release();
        this.#left();
      },
    };
    const raw = new RawSession(socket, session, secret, context, rest);
    this.#sessions.add(raw);
    this.#keys.add(pid, raw);
    if (this.#stopping) raw.drain(poolerFatal('shutdown'));
  }

  /** Waits until the pool's size allows another session. @returns gives the place back */
  #ticket({ role, database }: Identity, socket: Socket): Promise<() => void> {
    const key = JSON.stringify([role, database]);
    let found = this.#sessionPools.get(key);
    if (!found) {
      const { settings } = this.#options;
      if (this.#sessionPools.size >= settings.maxPools) throw poolerFatal('too_many_pools');
      const lender = createLender<Ticket>({
        size: () => settings.poolSize,
        open: async () => ({ usable: true }),
        isFinal: () => false,
        retryAfter: sweepEvery,
        now: () => this.#now,
        timedOut: () => poolerFatal('session_timeout'),
        waitLimit: () => settings.checkoutTimeout,
      });
      found = { identity: { role, database }, lender, clients: 0 };
      this.#sessionPools.set(key, found);
    }
    const pool = found;
    const release = (ticket: Ticket) => () => {
      pool.lender.give(ticket);
      pool.clients--;
      if (pool.clients === 0 && pool.lender.waiting === 0) this.#sessionPools.delete(key);
    };
    pool.clients++;
    const free = pool.lender.take();
    if (free) return Promise.resolve(release(free));
    return new Promise((resolve, reject) => {
      let waits = true;
      const borrower = {
        lend(ticket: Ticket) {
          waits = false;
          resolve(release(ticket));
        },
        refuse(error: unknown) {
          if (!waits) return;
          waits = false;
          pool.clients--;
          reject(error as Error);
        },
      };
      pool.lender.wait(borrower);
      socket.once('close', () => {
        pool.lender.forget(borrower);
        borrower.refuse(poolerFatal('shutdown'));
      });
    });
  }

  // Time

  #sweep(): void {
    this.#now = Date.now();
    const now = this.#now;
    for (const [key, pool] of this.#pools) {
      pool.sweep();
      if (pool.clients > 0 || now - pool.leftAt < poolIdle) continue;
      this.#pools.delete(key);
      pool.close();
    }
    for (const { lender } of this.#sessionPools.values()) lender.sweep();
    const { clientIdleTimeout, transactionIdleTimeout, queryTimeout } = this.#options.settings;
    if (clientIdleTimeout + transactionIdleTimeout + queryTimeout === 0) return;
    for (const client of this.#clients) {
      const silent = now - client.activeAt;
      if (isOver(silent, clientIdleTimeout) && !client.server && !client.isWaiting)
        client.fail(poolerFatal('idle_timeout'));
      else if (isOver(silent, transactionIdleTimeout) && client.isIdleInTransaction)
        client.fail(poolerFatal('transaction_timeout'));
      else if (isOver(silent, queryTimeout) && client.isBusy) client.fail(poolerFatal('query_timeout'));
    }
    for (const session of this.#sessions)
      if (session.isIdle && isOver(now - session.activeAt, clientIdleTimeout))
        session.fail(poolerFatal('idle_timeout'));
  }

  #left(): void {
    if (this.#clients.size + this.#sessions.size === 0) this.#emptied?.();
  }
}

const isOver = (time: number, limit: number): boolean => limit > 0 && time > limit;

function refuse(socket: Socket, error: unknown): void {
  const bytes = error instanceof ServerRefusal ? errorFromFields(error.fields) : errorMessage(asWireError(error));
  socket.resume();
  socket.end(bytes);
  setTimeout(() => socket.destroy(), 2_000).unref();
}

function asWireError(error: unknown): WireError {
  const candidate = error as Partial<WireError>;
  return candidate.severity === 'FATAL' ? (candidate as WireError) : poolerFatal('server_unreachable');
}

function rangesOf(entries: readonly string[]): BlockList {
  const ranges = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) ranges.addAddress(address, family);
    else ranges.addSubnet(address, Number(bits), family);
  }
  return ranges;
}
