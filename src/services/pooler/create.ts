import { join, resolve } from 'node:path';
import type { SecureContext } from 'node:tls';
import { StartupError } from '#kernel/errors';
import { type App, createApp } from '#kernel/http';
import type { Health, Room, RoomDefinition } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import { givenCertificate, ownCertificate } from './core/certificate.ts';
import { renderMetrics } from './core/metrics.ts';
import { parseReadHost } from './core/read-host.ts';
import { createSecretSource } from './core/secret-source.ts';
import { tenantOf } from './core/tenant.ts';
import { poolerError } from './errors.ts';
import type { PoolerPorts } from './ports.ts';
import { tokenGuard } from './routes/access.ts';
import { bindRoutes } from './routes/table.ts';
import type { PoolerSettings } from './settings.ts';
import { createAuthQuery } from './sql/auth-query.ts';
import { createReplicaWatch, type ReplicaChange } from './sql/replica-watch.ts';
import { Pooler } from './wire/pooler.ts';

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
const rolesRemembered = 10_000;
/** Version of Supavisor whose contract this is. */
const mirroredVersion = '2.7.4';

interface Running {
  readonly pooler: Pooler;
  readonly app: App;
  readonly reachable: () => Promise<boolean>;
  readonly sessionPort: number | undefined;
  readonly close: () => Promise<void>;
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
      await current?.app.close();
      await current?.close();
    },
    async health(): Promise<Health> {
      if (!running) return { status: stopped ? 'stopped' : 'starting' };
      if (await running.reachable()) return { status: 'healthy' };
      return { status: 'unhealthy', detail: { reason: 'the database does not answer' } };
    },
  };
}

async function start(deps: PoolerDeps): Promise<Running> {
  const { settings, log } = deps;
  const server = deps.server();
  const sessionPort = await deps.sessionPort();
  const auth = createAuthQuery(deps.server, settings.authQuery, settings.connectTimeout);
  const secrets = createSecretSource({
    look: (role) => auth.look(role),
    sharedPassword: server.password,
    keep: settings.authCache,
    limit: rolesRemembered,
    now: Date.now,
  });
  const addresses = readHosts(deps);
  const tell = ({ replica, isUsable, error }: ReplicaChange): void => {
    const { host, port } = addresses[replica]?.() ?? {};
    if (isUsable) log.info({ host, port }, 'a replica of POOLER_READ_HOSTS is read from');
    else
      log.warn(
        { host, port, ...(error !== undefined && { err: error }) },
        'a replica of POOLER_READ_HOSTS is not usable',
      );
  };
  const replicas =
    addresses.length === 0
      ? undefined
      : { addresses, watch: createReplicaWatch(deps.server, addresses, settings.connectTimeout, Date.now, tell) };
  const pooler = new Pooler({
    settings,
    log,
    secrets,
    address: deps.server,
    replicas,
    database: deps.database,
    sessionPort,
    secureContext: secureContextOf(deps),
    version: mirroredVersion,
  });
  const reachable = async () => {
    try {
      await secrets.find(probedRole);
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
    bodyLimit: 64 * 1024,
    routes: (instance) =>
      bindRoutes(instance, {
        tenantId: settings.tenantId,
        tenant: () => tenantOf(settings, { ...deps.server(), database: deps.database }),
        checks: async () => ({ database: await reachable(), listeners: pooler.isListening }),
        metrics: () => renderMetrics(settings.tenantId, pooler.counts, pooler.states()),
        terminate: () => pooler.terminate(),
        forgetSecrets: () => secrets.clear(),
        api,
        metricsAccess,
        now: Date.now,
      }),
    onNotFound: (_request, reply) => reply.code(404).send({ error: poolerError('not_found').message }),
    onError: (error, request, reply) => {
      const status = error.statusCode ?? (error as { status?: number }).status ?? 500;
      if (status >= 500) log.error({ reqId: request.id, err: error }, 'the HTTP side failed');
      return reply.code(status).send({ error: status >= 500 ? poolerError('internal').message : error.message });
    },
  });
  await app.ready();
  try {
    await pooler.listen();
  } catch (error) {
    await pooler.stop(0);
    await app.close();
    await replicas?.watch.close();
    throw error;
  }
  return {
    pooler,
    app,
    reachable,
    sessionPort: sessionPort?.port,
    close: async () => void (await Promise.all([auth.close(), replicas?.watch.close()])),
  };
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
