import { StartupError } from '#kernel/errors';
import { createSharedPort, type PortHold, type SharedPort } from '#kernel/http';
import { createVerifier, loadKeySet, type Verifier } from '#kernel/jwt';
import { type Clock, type Health, type Room, type RoomDefinition, systemClock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { RestConfig } from './core/config.ts';
import { createEngine, type Engine } from './core/engine.ts';
import { metricFamilies } from './core/metrics.ts';
import { keySource } from './core/session/key-source.ts';
import type { RestApi, RestHeirlooms, RestPorts } from './ports.ts';
import { createAdminHandler } from './routes/admin.ts';
import { createHandler } from './routes/handler.ts';
import type { RestSettings } from './settings.ts';

/** What rest is made of. */
export interface RestDeps extends RestPorts {
  readonly settings: RestSettings;
  readonly log: Logger;
  /** Those of the room whose place this one takes, if it takes one. */
  readonly heirlooms?: RestHeirlooms;
}

/** REST over the tables, views and functions of the database, as PostgREST has it. */
export const restRoom: RoomDefinition<RestDeps, RestApi> = { name: 'rest', create };

function create(deps: RestDeps): Room<RestApi> {
  const { settings, log, database: connection, clock = systemClock, acceptsClients = async () => true } = deps;
  const { currentSettings = () => settings } = deps;
  let engine: Engine | undefined;
  let admin: PortHold | undefined;
  const heirlooms = deps.heirlooms ?? { adminPort: createSharedPort() };

  const handle = createHandler({
    state: () => engine,
    log,
    maxBodySize: settings.maxBodySize,
    logLevel: settings.accessLogLevel,
    retries: settings.retries,
    batch: { steps: settings.batchSteps, size: settings.batchSize, resultSize: settings.batchResultSize },
    now: () => clock.now(),
    retryAfter: () => Math.max(1, Math.ceil((engine?.retryIn ?? 0) / 1_000)),
  });

  async function close(): Promise<void> {
    const [ending, listener] = [engine, admin];
    engine = undefined;
    admin = undefined;
    await Promise.all([ending?.close(), listener?.release(adminGrace)]);
  }

  return {
    mounts: [{ name: 'rest', handle }],
    api: {
      requestReload(what) {
        engine?.request(what);
      },
      async reloadSchema() {
        await engine?.reload();
      },
      heirlooms,
    },
    async start(signal) {
      await close();
      const verifierFor = (config: RestConfig) => createVerifierFor(config, clock);
      engine = await createEngine({ settings, currentSettings, connection: connection(), verifierFor, log });
      signal.throwIfAborted();
      const openPort = async (): Promise<void> => {
        if (settings.adminPort !== undefined)
          admin = await openAdmin(heirlooms.adminPort, settings, () => engine, acceptsClients);
      };
      // Where a room answers there already, it does until this one is ready.
      if (!deps.heirlooms) await openPort();
      // Without a database the room serves all the same: 503 until there is one.
      await engine.open();
      if (deps.heirlooms) await openPort();
    },
    stop: close,
    health: () => healthOf(engine),
    metrics: () => (engine ? metricFamilies(engine) : []),
  };
}

/** Milliseconds that requests for metrics and the like get to finish. */
const adminGrace = 1_000;

function openAdmin(
  port: SharedPort,
  settings: RestSettings,
  state: () => Engine | undefined,
  acceptsClients: () => Promise<boolean>,
): Promise<PortHold> {
  return port.open({
    host: settings.adminHost ?? settings.serverHost ?? settings.bindAddress,
    port: settings.adminPort as number,
    setting: 'PGRST_ADMIN_SERVER_PORT',
    handle: createAdminHandler({ state, acceptsClients }),
    // It is for one's own monitoring, which needs no more.
    maxHeaderSize: 16 * 1024,
    headersTimeout: 15_000,
    requestTimeout: 60_000,
    keepAliveTimeout: 65_000,
    maxConnections: 100,
  });
}

async function createVerifierFor(config: RestConfig, clock: Clock): Promise<Verifier | undefined> {
  const source = keySource(config.keys);
  if (source === undefined) return undefined;
  try {
    const keys = await loadKeySet(source);
    return createVerifier({ keys, cacheEntries: config.jwtCacheEntries, now: () => clock.now() });
  } catch (error) {
    throw new StartupError(`the keys of tokens are unusable: ${(error as Error).message}`, 'JWT_SECRET', error);
  }
}

function healthOf(engine: Engine | undefined): Health {
  if (engine === undefined) return { status: 'stopped' };
  const { cache } = engine.snapshot;
  if (cache === undefined) return { status: 'unhealthy', detail: { reason: 'the schema has not been read yet' } };
  if (!engine.isListening) return { status: 'unhealthy', detail: { reason: 'the database does not answer' } };
  const { open, idle, waiting, max } = engine.pool;
  return { status: 'healthy', detail: { schemas: cache.schemas, pool: { open, idle, waiting, max } } };
}
