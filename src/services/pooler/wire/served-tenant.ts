import type { Socket } from 'node:net';
import type { Logger } from '#kernel/log';
import type { Identity } from '../core/identity.ts';
import { noCounts, noDurations, type PoolState } from '../core/metrics.ts';
import type { Credentials } from '../core/secret.ts';
import { trackedName } from '../core/session-parameters.ts';
import { poolerFatal, type wireErrors } from '../errors.ts';
import type { PoolerSettings } from '../settings.ts';
import type { ClientContext } from './client-context.ts';
import type { Cancellable, ClientKeys } from './client-keys.ts';
import type { LoginRefusal, ProvenClient } from './client-login.ts';
import type { Draft } from './draft.ts';
import { authenticationOk, backendKeyData, parameterStatus, readyForQuery, type WireError } from './messages.ts';
import type { SocketIo } from './native-streams.ts';
import { RawSession } from './raw-session.ts';
import { logIn, type ServerAddress, ServerRefusal, type ServerSession } from './server-login.ts';
import { type PoolLimits, ServerPool } from './server-pool.ts';
import { SessionPlaces } from './session-places.ts';
import { createAllowList, type RoleTerms, type TenantPlan, termsOf } from './tenant-plan.ts';
import { TransactionClient } from './transaction-client.ts';

/** What all tenants of a pooler share. */
export interface SharedParts {
  readonly settings: PoolerSettings;
  readonly log: Logger;
  readonly io: SocketIo;
  readonly draft: Draft;
  readonly keys: ClientKeys;
  readonly now: () => number;
  /** Nobody is to stay. */
  readonly isStopping: () => boolean;
  /** The last client or session has gone. */
  readonly emptied: () => void;
}

/** A port's own mode; that of a user decides on the port for transactions. */
export type PortMode = 'session' | 'by-user';

/** Milliseconds after which a pool nobody uses is given up. */
const poolIdle = 120_000;

/** A tenant with its pools, its clients and their sessions. */
export class ServedTenant {
  readonly plan: TenantPlan;
  readonly counts = noCounts();
  readonly durations = noDurations();
  readonly #shared: SharedParts;
  readonly #isAllowed: (address: string) => boolean;
  readonly #idleTimeout: number;
  readonly #pools = new Map<string, ServerPool>();
  readonly #places: SessionPlaces;
  readonly #clients = new Set<TransactionClient>();
  readonly #sessions = new Set<RawSession>();
  /** Sessions that are not the tenant's, but the server's own: of clients that named no tenant, and replication. */
  readonly #direct = new Set<RawSession>();
  #pooled = 0;
  readonly #pooledByRole = new Map<string, number>();
  #retired = false;

  constructor(plan: TenantPlan, shared: SharedParts) {
    this.plan = plan;
    this.#shared = shared;
    this.#isAllowed = createAllowList(plan.tenant.allow_list);
    this.#idleTimeout = plan.tenant.client_idle_timeout * 1_000;
    this.#places = new SessionPlaces(shared.now, shared.settings.maxPools, (time) =>
      this.durations.checkout.observe(time, 'session'),
    );
  }

  /** Clients and sessions that are here. */
  get size(): number {
    return this.#clients.size + this.#sessions.size + this.#direct.size;
  }

  /** Why a client is not to be had here, before a password is asked for. */
  judge(identity: Identity, port: PortMode, isSecured: boolean, address: string): LoginRefusal | undefined {
    if (!this.#isAllowed(address)) return { name: 'not_allowed', detail: address };
    if (this.plan.tenant.enforce_ssl && !isSecured) return { name: 'tls_required' };
    const terms = termsOf(this.plan.tenant, identity.role);
    if (!terms) return { name: 'unknown_tenant' };
    const mode = modeOf(port, terms);
    if (mode === 'transaction' && identity.replication) return { name: 'replication' };
    const problem = this.#crowded(identity, mode, terms);
    return problem && { name: problem };
  }

  #crowded(identity: Identity, mode: RoleTerms['mode'], terms: RoleTerms): keyof typeof wireErrors | undefined {
    if (isDirect(identity, mode)) return undefined;
    if (this.#pooled >= this.plan.tenant.default_max_clients) return 'too_many_clients';
    const { maxClients } = terms;
    const ofRole = this.#pooledByRole.get(identity.role) ?? 0;
    return maxClients !== undefined && ofRole >= maxClients ? 'too_many_clients' : undefined;
  }

  /** Takes a client in. @param leave called once, when it has gone @throws what the client is to be told */
  async welcome(client: ProvenClient, port: PortMode, leave: () => void): Promise<void> {
    const { identity, socket } = client;
    const terms = termsOf(this.plan.tenant, identity.role);
    if (!terms) throw poolerFatal('unknown_tenant');
    const mode = modeOf(port, terms);
    const direct = isDirect(identity, mode);
    // Others may have come in while this one proved who it is.
    const problem = this.#crowded(identity, mode, terms);
    if (problem) throw poolerFatal(problem);
    if (!direct) this.#count(identity.role, 1);
    const began = performance.now();
    let left = false;
    const gone = () => {
      if (left) return;
      left = true;
      if (!direct) this.#count(identity.role, -1);
      this.durations.lifetime.observe(performance.now() - began, mode);
      leave();
    };
    socket.once('close', gone);
    try {
      socket.write(client.answer ? Buffer.concat([client.answer, authenticationOk()]) : authenticationOk());
      if (mode === 'transaction') await this.#openPooled(client, terms, gone);
      else await this.#openSession(client, terms, direct, gone);
      this.counts.joinsOk++;
    } catch (error) {
      gone();
      throw error;
    }
  }

  #count(role: string, difference: number): void {
    this.#pooled += difference;
    const left = (this.#pooledByRole.get(role) ?? 0) + difference;
    if (left === 0) this.#pooledByRole.delete(role);
    else this.#pooledByRole.set(role, left);
  }

  /** Sends everybody away as soon as they have nothing under way. */
  drain(why: WireError): void {
    for (const client of [...this.#clients]) client.drain(why);
    for (const session of [...this.#sessions, ...this.#direct]) session.drain(why);
  }

  /** The same for those that named the tenant, since it is served in another way now. It closes when they have gone. */
  retire(why: WireError): void {
    this.#retired = true;
    for (const client of [...this.#clients]) client.drain(why);
    for (const session of [...this.#sessions]) session.drain(why);
  }

  /** Ends all clients, sessions and server connections. New clients are welcome. */
  fail(why: WireError): void {
    for (const client of [...this.#clients]) client.fail(why);
    for (const session of [...this.#sessions, ...this.#direct]) session.fail(why);
    for (const pool of this.#pools.values()) pool.close();
    this.#pools.clear();
  }

  /** Ends what is left. */
  async close(why: WireError): Promise<void> {
    this.fail(why);
    this.#places.close(why);
    await this.plan.close();
  }

  /** All pools and sessions at this moment. */
  states(): PoolState[] {
    const pooled = [...this.#pools.values()].map(
      (pool): PoolState => ({
        role: pool.identity.alias,
        database: pool.identity.database,
        mode: 'transaction',
        searchPath: pool.identity.settings.get('search_path') ?? '',
        ...pool.counts,
      }),
    );
    return [...pooled, ...this.#places.states()];
  }

  /** To be called every second. */
  sweep(): void {
    const now = this.#shared.now();
    for (const [key, pool] of this.#pools) {
      pool.sweep();
      if (pool.clients > 0 || now - pool.leftAt < poolIdle) continue;
      this.#pools.delete(key);
      pool.close();
    }
    this.#places.sweep();
    const idleTimeout = this.#idleTimeout;
    const { transactionIdleTimeout, queryTimeout } = this.#shared.settings;
    if (idleTimeout + transactionIdleTimeout + queryTimeout === 0) return;
    for (const client of this.#clients) {
      const silent = now - client.activeAt;
      if (isOver(silent, idleTimeout) && !client.server && !client.isWaiting) client.fail(poolerFatal('idle_timeout'));
      else if (isOver(silent, transactionIdleTimeout) && client.isIdleInTransaction)
        client.fail(poolerFatal('transaction_timeout'));
      else if (isOver(silent, queryTimeout) && client.isBusy) client.fail(poolerFatal('query_timeout'));
    }
    for (const session of [...this.#sessions, ...this.#direct])
      if (session.isIdle && isOver(now - session.activeAt, idleTimeout)) session.fail(poolerFatal('idle_timeout'));
  }

  #cancellable(client: Cancellable): Cancellable {
    return {
      secret: client.secret,
      cancel: () => {
        this.counts.cancels++;
        return client.cancel();
      },
    };
  }

  #left(): void {
    if (this.size === 0) this.#shared.emptied();
  }

  // Transaction mode

  async #openPooled(client: ProvenClient, terms: RoleTerms, leave: () => void): Promise<void> {
    const { identity, credentials, socket, rest } = client;
    const { keys } = this.#shared;
    const { pool, wanted } = this.#poolFor(identity, terms, credentials);
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
    const parameters = await greet(socket, pool, wanted);
    const { pid, secret } = keys.make();
    socket.write(Buffer.concat([backendKeyData(pid, secret), readyForQuery()]));
    let made: TransactionClient | undefined;
    let gone = false;
    const context = this.#clientContext(() => {
      gone = true;
      if (made) this.#clients.delete(made);
      this.#leavePool(pool);
      keys.remove(pid);
      leave();
    });
    const opened = new TransactionClient(socket, pool, parameters, secret, context, rest);
    // What came right behind its login may have been its end.
    if (gone) return;
    made = opened;
    this.#clients.add(opened);
    keys.add(pid, this.#cancellable(opened));
    if (this.#retired || this.#shared.isStopping()) opened.drain(poolerFatal('shutdown'));
  }

  #leavePool(pool: ServerPool): void {
    pool.clients--;
    pool.leftAt = this.#shared.now();
  }

  #clientContext(forget: () => void): ClientContext {
    const { settings, io, draft, now } = this.#shared;
    return {
      now,
      received: (bytes) => {
        this.counts.clientBytes += bytes;
      },
      io,
      draft,
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
    terms: RoleTerms,
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
      if (this.#pools.size >= this.#shared.settings.maxPools) throw poolerFatal('too_many_pools');
      const limits = this.#limitsOf(terms);
      const events = {
        now: this.#shared.now,
        serverOpened: () => void this.counts.serversOpened++,
        serverClosed: () => void this.counts.serversClosed++,
        received: (bytes: number) => {
          this.counts.serverBytes += bytes;
        },
        transaction: () => void this.counts.transactions++,
        waited: (time: number) => this.durations.checkout.observe(time, 'transaction'),
        evicted: () => void this.counts.evictions++,
        io: this.#shared.io,
        openFailed: (error: unknown) =>
          this.#shared.log.warn({ err: error, role, database }, 'a server connection failed'),
      };
      const poolAt = (address: () => ServerAddress, onReplica: boolean) =>
        new ServerPool(
          { role: terms.user, alias: role, database, settings },
          credentials,
          address,
          limits,
          events,
          onReplica,
        );
      pool = poolAt(this.plan.address, false);
      const { replicas } = this.plan;
      if (replicas)
        pool.readers = { watch: replicas.watch, pools: replicas.addresses.map((address) => poolAt(address, true)) };
      this.#pools.set(key, pool);
    }
    return { pool, wanted };
  }

  #limitsOf(terms: RoleTerms): PoolLimits {
    const { settings } = this.#shared;
    return {
      size: terms.poolSize,
      checkoutTimeout: terms.checkoutTimeout,
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

  async #openSession(client: ProvenClient, terms: RoleTerms, direct: boolean, leave: () => void): Promise<void> {
    const { identity, credentials, socket, rest } = client;
    const release = direct ? () => {} : await this.#places.take(identity, terms, socket);
    try {
      if (socket.destroyed) return release();
      const session = await this.#connect(identity, terms, credentials);
      if (socket.destroyed) {
        session.socket.destroy();
        return release();
      }
      this.#join(socket, session, rest, direct ? this.#direct : this.#sessions, () => {
        release();
        leave();
      });
    } catch (error) {
      release();
      throw error;
    }
  }

  async #connect(identity: Identity, { user }: RoleTerms, credentials: Credentials): Promise<ServerSession> {
    const { database, settings, replication } = identity;
    const further = replication ? [['replication', 'database'] as const, ...settings] : settings;
    try {
      return await logIn({
        address: this.plan.address(),
        user,
        database,
        settings: further,
        credentials,
        timeout: this.#shared.settings.connectTimeout,
      });
    } catch (error) {
      if (error instanceof ServerRefusal) throw error;
      this.#shared.log.warn({ err: error, role: user, database }, 'a server connection failed');
      throw poolerFatal('server_unreachable');
    }
  }

  #join(socket: Socket, session: ServerSession, rest: Buffer, among: Set<RawSession>, release: () => void): void {
    const { keys, settings, now, io } = this.#shared;
    const { pid, secret } = keys.make();
    const reported = [...session.parameters].map(([name, value]) => parameterStatus(name, value));
    socket.write(Buffer.concat([...reported, backendKeyData(pid, secret), readyForQuery()]));
    this.counts.serversOpened++;
    const context = {
      connectTimeout: () => settings.connectTimeout,
      now,
      clientReceived: (bytes: number) => {
        this.counts.clientBytes += bytes;
      },
      serverReceived: (bytes: number) => {
        this.counts.serverBytes += bytes;
      },
      io,
      closed: (closed: RawSession) => {
        among.delete(closed);
        keys.remove(pid);
        this.counts.serversClosed++;
        release();
        this.#left();
      },
    };
    const raw = new RawSession(socket, session, secret, context, rest);
    among.add(raw);
    keys.add(pid, this.#cancellable(raw));
    if (this.#shared.isStopping() || (this.#retired && among === this.#sessions)) raw.drain(poolerFatal('shutdown'));
  }
}

async function greet(socket: Socket, pool: ServerPool, wanted: ReadonlyMap<string, string>) {
  const welcome = await pool.welcome();
  const parameters = pool.parametersOf(wanted);
  const reported = [...welcome].map(([name, value]) => parameterStatus(name, parameters.values.get(name) ?? value));
  socket.write(Buffer.concat(reported));
  return parameters;
}

const isOver = (time: number, limit: number): boolean => limit > 0 && time > limit;
const modeOf = (port: PortMode, terms: RoleTerms): RoleTerms['mode'] => (port === 'session' ? 'session' : terms.mode);

function isDirect(identity: Identity, mode: RoleTerms['mode']): boolean {
  return mode === 'session' && (!identity.hasTenant || identity.replication);
}
