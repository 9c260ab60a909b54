import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Logger } from '#kernel/log';
import type { Identity } from '../core/identity.ts';
import { poolerFatal } from '../errors.ts';
import type { PoolerSettings } from '../settings.ts';
import { ClientKeys } from './client-keys.ts';
import { ClientLogin, type LoginContext, type ProvenClient } from './client-login.ts';
import { Draft } from './draft.ts';
import { type ListeningPort, listenOn } from './listening-port.ts';
import { errorFromFields, errorMessage, type WireError } from './messages.ts';
import { createSocketIo } from './native-streams.ts';
import type { PortMode, ServedTenant } from './served-tenant.ts';
import { ServerRefusal } from './server-login.ts';
import { createAllowList } from './tenant-plan.ts';
import { Tenants } from './tenants.ts';

/** What the wire side of the pooler is made of. */
export interface PoolerOptions {
  readonly settings: PoolerSettings;
  readonly log: Logger;
  /** Undefined: no session mode here. */
  readonly sessionPort: { readonly port: number; readonly setting: string } | undefined;
  readonly secureContext: SecureContext | undefined;
  readonly version: string;
  /** Looks for tenants that have come since, unless that was done a moment ago. Never rejects. */
  readonly learn: () => Promise<void>;
}

const sweepEvery = 1_000;

/** The pooler as clients see it: two ports, the tenants behind them, and everybody on the way in. */
export class Pooler {
  readonly tenants: Tenants;
  readonly #options: PoolerOptions;
  readonly #keys = new ClientKeys();
  readonly #logins = new Set<ClientLogin>();
  readonly #ports: ListeningPort[] = [];
  readonly #pooled: LoginContext;
  /** Who judged a client; nobody else takes it in. */
  readonly #judges = new WeakMap<Identity, ServedTenant>();
  readonly #pretence = randomBytes(32);
  readonly #isAllowed: (address: string) => boolean;
  /** Client connections, those that have not logged in included. */
  #open = 0;
  #now = Date.now();
  #sweeper: NodeJS.Timeout | undefined;
  #stopping = false;
  #emptied: (() => void) | undefined;

  constructor(options: PoolerOptions) {
    const { settings, log } = options;
    this.#options = options;
    this.#isAllowed = createAllowList(settings.allowList);
    const io = createSocketIo();
    this.tenants = new Tenants(settings.tenantId, {
      settings,
      log,
      io,
      draft: new Draft(io),
      keys: this.#keys,
      now: () => this.#now,
      isStopping: () => this.#stopping,
      emptied: () => {
        if (this.#emptied && this.tenants.size === 0) this.#emptied();
      },
    });
    this.#pooled = this.#contextOf('by-user');
  }

  /** Takes a client in that came by another door, as one of the transaction port. */
  accept(socket: Socket): void {
    this.#accept(socket, this.#pooled);
  }

  /** Opens the ports. @throws StartupError */
  async listen(): Promise<void> {
    const { settings, sessionPort } = this.#options;
    this.#stopping = false;
    const host = settings.bindAddress;
    this.#ports.push(
      await listenOn({
        host,
        port: settings.transactionPort,
        setting: 'POOLER_PROXY_PORT_TRANSACTION',
        accept: (socket) => this.accept(socket),
      }),
    );
    const session = this.#contextOf('session');
    if (sessionPort)
      this.#ports.push(await listenOn({ host, ...sessionPort, accept: (socket) => this.#accept(socket, session) }));
    this.#now = Date.now();
    this.#sweeper = setInterval(() => {
      this.#now = Date.now();
      this.tenants.sweep();
    }, sweepEvery);
    this.#sweeper.unref();
  }

  get isListening(): boolean {
    return this.#ports.length > 0;
  }

  /** Whether an address may connect at all. */
  allows(address: string): boolean {
    return !this.#stopping && this.#isAllowed(address);
  }

  /** Accepts nobody any more, lets transactions under way finish for `grace` milliseconds, and ends the rest. */
  async stop(grace: number): Promise<void> {
    this.#stopping = true;
    for (const port of this.#ports.splice(0)) port.close();
    for (const login of this.#logins) login.abort();
    this.tenants.drain();
    await this.#untilEmpty(grace);
    await this.tenants.close();
    clearInterval(this.#sweeper);
  }

  #untilEmpty(grace: number): Promise<void> {
    if (this.tenants.size === 0 || grace === 0) return Promise.resolve();
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
      refuse(socket, poolerFatal('not_allowed', address));
      return;
    }
    this.#open++;
    this.#logins.add(new ClientLogin(socket, context));
  }

  #contextOf(port: PortMode): LoginContext {
    const { settings, secureContext, version, learn } = this.#options;
    const { tenants } = this;
    return {
      names: tenants.names,
      learn,
      secureContext,
      maxStartup: settings.maxStartup,
      timeout: settings.loginTimeout,
      version,
      find: async (identity) => {
        const secrets = this.#judges.get(identity)?.plan.secrets;
        return secrets ? secrets.find(identity.role) : { kind: 'unknown' };
      },
      doubt: (identity) => this.#judges.get(identity)?.plan.secrets.doubt(identity.role),
      judge: (identity, isSecured, address) => {
        const tenant = tenants.serve(identity.tenant);
        this.#judges.set(identity, tenant);
        return tenant.judge(identity, port, isSecured, address);
      },
      hidesUnknown: (identity) => port === 'session' && !identity.hasTenant,
      pretence: this.#pretence,
      cancel: async (pid, secret) => this.#keys.find(pid, secret)?.cancel(),
      proven: (client) => void this.#welcome(client, port),
      ended: (login, how) => {
        this.#logins.delete(login);
        if (how === 'failed') this.#failed(login.tenant);
        // Whoever goes on keeps the place.
        if (how !== 'proven') this.#open--;
      },
    };
  }

  // Whoever has not come to say which tenant is meant counts for the own one.
  #failed(tenant: string | undefined): void {
    const { served, names } = this.tenants;
    const counted = served.get(tenant ?? names.own) ?? served.get(names.own);
    if (counted) counted.counts.joinsFailed++;
  }

  async #welcome(client: ProvenClient, port: PortMode): Promise<void> {
    const { socket, identity } = client;
    let left = false;
    const leave = () => {
      if (left) return;
      left = true;
      this.#open--;
    };
    try {
      const tenant = this.tenants.served.get(identity.tenant);
      // It may be served in another way since.
      if (!tenant || tenant !== this.#judges.get(identity)) throw poolerFatal('shutdown');
      await tenant.welcome(client, port, leave);
    } catch (error) {
      this.#failed(identity.tenant);
      leave();
      refuse(socket, error);
    }
  }
}

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
