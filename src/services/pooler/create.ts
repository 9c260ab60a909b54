import { join, resolve } from 'node:path';
import type { SecureContext } from 'node:tls';
import { ServiceError, StartupError } from '#kernel/errors';
import { type App, createApp } from '#kernel/http';
import type { Health, Room, RoomDefinition } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { renderMetrics } from '#kernel/metrics';
import type { ConnectionOptions } from '#kernel/sql';
import { givenCertificate, ownCertificate } from './core/certificate.ts';
import { createDirectory, type Known } from './core/directory.ts';
import { metricFamilies } from './core/metrics.ts';
import { parseReadHost } from './core/read-host.ts';
import { createSeal } from './core/seal.ts';
import { tenantOf } from './core/tenant.ts';
import type { TenantRecord } from './core/tenant-body.ts';
import { poolerError, poolerFatal } from './errors.ts';
import type { PoolerPorts } from './ports.ts';
import { tokenGuard } from './routes/access.ts';
import { bindRoutes } from './routes/table.ts';
import type { PoolerSettings } from './settings.ts';
import { createTenantStore } from './sql/tenant-store.ts';
import { Pooler } from './wire/pooler.ts';
import { clusterOffer, type OfferParts, ownOffer, tenantOffer } from './wire/tenant-offers.ts';
import type { TenantOffer } from './wire/tenants.ts';
import { createWebSocketDoor, type WebSocketDoor } from './wire/websocket-door.ts';

/** What the pooler is made of. */
export interface PoolerDeps extends PoolerPorts {
  readonly settings: PoolerSettings;
  readonly log: Logger;
  /** Relative paths count from here. */
  readonly cwd: string;
}

/** What the pooler tells once it listens. */
export interface PoolerApi {
  /** Undefined while it does not listen, or where it serves no sessions. */
  readonly sessionPort: () => number | undefined;
  readonly transactionPort: () => number | undefined;
}

/** PostgreSQL's protocol for any client, in session and transaction mode. */
export const poolerRoom: RoomDefinition<PoolerDeps, PoolerApi> = { name: 'pooler', create };

/** Role that health looks up: it is in every database that was prepared for a pooler. */
const probedRole = 'pgbouncer';
/** Version of Supavisor whose contract this is. */
const mirroredVersion = '2.7.4';

interface Running {
  readonly pooler: Pooler;
  readonly app: App;
  readonly door: WebSocketDoor;
  readonly reachable: () => Promise<boolean>;
  readonly sessionPort: number | undefined;
}

function create(deps: PoolerDeps): Room<PoolerApi> {
  const { settings } = deps;
  let running: Running | undefined;
  let stopped = false;

  return {
    mounts: [
      {
        name: 'pooler',
        handle: (request, response) => {
          if (running) running.app.handle(request, response);
          else response.writeHead(503, { 'content-length': 0 }).end();
        },
        upgrade: (request, socket, head) => {
          if (running) void running.door.upgrade(request, socket, head);
          else socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
        },
      },
    ],
    api: {
      sessionPort: () => running?.sessionPort,
      transactionPort: () => (running ? settings.transactionPort : undefined),
    },
    async start() {
      stopped = false;
      running = await start(deps);
    },
    async stop() {
      const current = running;
      running = undefined;
      stopped = true;
      await current?.pooler.stop(settings.drainTimeout);
      current?.door.close();
      await current?.app.close();
    },
    async health(): Promise<Health> {
      if (!running) return { status: stopped ? 'stopped' : 'starting' };
      if (await running.reachable()) return { status: 'healthy' };
      return { status: 'unhealthy', detail: { reason: 'the database does not answer' } };
    },
    metrics: () => (running ? metricFamilies(running.pooler.tenants.figures()) : []),
  };
}

async function start(deps: PoolerDeps): Promise<Running> {
  const { settings, log } = deps;
  const ownId = settings.tenantId;
  const sessionPort = await deps.sessionPort();
  const parts: OfferParts = { settings, log, server: deps.server, readHosts: readHosts(deps), now: Date.now };
  const own = () => tenantOf(settings, { ...deps.server(), database: deps.database });
  const seal = settings.sealKey === undefined ? undefined : createSeal(settings.sealKey);
  const directory = createDirectory({
    store: createTenantStore(deps.store, settings.connectTimeout),
    seal,
    own,
    keep: settings.tenantCache,
    now: Date.now,
    changed: (known) => pooler.tenants.offer(offersOf(known, { tenant: own(), passwords: new Map() }, parts)),
    warn: (error, text) => log.warn({ err: error }, text),
  });
  const pooler = new Pooler({
    settings,
    log,
    sessionPort,
    secureContext: secureContextOf(deps),
    version: mirroredVersion,
    learn: directory.learn,
  });
  const { tenants } = pooler;
  tenants.offer(offersOf(directory.known, { tenant: own(), passwords: new Map() }, parts));
  await directory.learn();
  const reachable = async () => {
    try {
      await tenants.serve(ownId).plan.secrets.find(probedRole);
      return true;
    } catch {
      return false;
    }
  };
  const [api, metricsAccess] = await Promise.all([
    tokenGuard(settings.apiSecret ?? deps.jwtSecret, settings.apiBlocklist, Date.now),
    tokenGuard(settings.metricsSecret ?? deps.jwtSecret, [], Date.now),
  ]);
  const app = createApp({
    log,
    bodyLimit: 256 * 1024,
    routes: (instance) =>
      bindRoutes(instance, {
        directory,
        own,
        canSeal: seal !== undefined,
        checks: async () => ({ database: await reachable(), listeners: pooler.isListening }),
        metrics: (tenant) => renderMetrics(metricFamilies(tenants.figures(tenant))),
        terminate: (tenant) => tenants.served.get(tenant)?.fail(poolerFatal('shutdown')),
        forgetSecrets: (tenant) => tenants.served.get(tenant)?.plan.secrets.clear(),
        api,
        metricsAccess,
        version: mirroredVersion,
        now: Date.now,
      }),
    onNotFound: (_request, reply) => reply.code(404).send({ error: poolerError('not_found').message }),
    onError: (error, request, reply) => {
      const known = (error as unknown) instanceof ServiceError ? (error as unknown as ServiceError) : undefined;
      if (known?.code === 'invalid') return reply.code(known.status).send({ errors: known.details });
      const status = known?.status ?? error.statusCode ?? 500;
      if (status >= 500 && !known) log.error({ reqId: request.id, err: error }, 'the HTTP side failed');
      return reply.code(status).send({ error: status === 500 ? poolerError('internal').message : error.message });
    },
  });
  await app.ready();
  try {
    await pooler.listen();
  } catch (error) {
    await pooler.stop(0);
    await app.close();
    throw error;
  }
  const door = createWebSocketDoor(
    (address) => pooler.allows(address),
    (socket) => pooler.accept(socket),
  );
  return { pooler, app, door, reachable, sessionPort: sessionPort?.port };
}

/** All tenants and clusters that can be served. What was put goes before what the settings say. */
function offersOf({ stored, clusters }: Known, own: TenantRecord, parts: OfferParts): Map<string, TenantOffer> {
  const ownId = own.tenant.external_id;
  const records = new Map([[ownId, own], ...stored]);
  const offers = new Map<string, TenantOffer>([[ownId, ownOffer(own, parts)]]);
  for (const [id, record] of stored) offers.set(id, tenantOffer(record, parts));
  for (const [alias, cluster] of clusters) {
    const offer = clusterOffer(cluster, records, parts);
    if (offer) offers.set(`cluster.${alias}`, offer);
  }
  return offers;
}

/** The servers of POOLER_READ_HOSTS, which are the primary in all but their place. */
function readHosts({ settings, server }: PoolerDeps): (() => ConnectionOptions)[] {
  return settings.readHosts.map((text) => {
    const place = parseReadHost(text, server().port);
    if (!place) throw new StartupError(`${text} is no host, or host and port`, 'POOLER_READ_HOSTS');
    return () => ({ ...server(), ...place });
  });
}

function secureContextOf({ settings, cwd, embedded }: PoolerDeps): SecureContext | undefined {
  const { certificate, certificateKey } = settings;
  if (certificate && certificateKey) return givenCertificate(resolve(cwd, certificate), resolve(cwd, certificateKey));
  if (certificate || certificateKey)
    throw new StartupError(
      'a TLS certificate and its key belong together',
      certificate ? 'GLOBAL_DOWNSTREAM_KEY_PATH' : 'GLOBAL_DOWNSTREAM_CERT_PATH',
    );
  return embedded() ? ownCertificate(join(resolve(cwd, settings.volumesDir), 'pooler')) : undefined;
}
