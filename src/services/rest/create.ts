import { StartupError } from '#kernel/errors';
import { createVerifier, type KeySetSource, loadKeySet, type Verifier } from '#kernel/jwt';
import { type Clock, type Health, type Room, type RoomDefinition, systemClock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { createDatabase, createListener, type Database, type Listener } from '#kernel/sql';
import { buildSchemaCache } from './core/cache/build.ts';
import type { SchemaCache } from './core/cache/model.ts';
import { configFrom, type RestConfig } from './core/config.ts';
import { createKeeper, type Keeper } from './core/keeper.ts';
import { createAuthenticator } from './core/session/authenticate.ts';
import { keySource } from './core/session/key-source.ts';
import type { Snapshot } from './core/snapshot.ts';
import { postgrestVersion } from './core/version.ts';
import type { RestApi, RestPorts } from './ports.ts';
import { createHandler } from './routes/handler.ts';
import type { RestSettings } from './settings.ts';
import { loadCatalog, loadOwnSettings, loadTimezones } from './sql/load-catalog.ts';

/** What rest is made of. */
export interface RestDeps extends RestPorts {
  readonly settings: RestSettings;
  readonly log: Logger;
}

/** REST over the tables, views and functions of the database, as PostgREST has it. */
export const restRoom: RoomDefinition<RestDeps, RestApi> = { name: 'rest', create };

const reloadPayloads: ReadonlySet<string> = new Set(['', 'reload schema', 'reload config']);

/** What exists between start and stop. */
interface Running {
  readonly database: Database;
  readonly catalog: Database;
  readonly keeper: Keeper;
  readonly listener: Listener | undefined;
  snapshot: Snapshot;
}

function create({ settings, log, database: connection, clock = systemClock }: RestDeps): Room<RestApi> {
  let running: Running | undefined;

  const handle = createHandler({
    state: () => running,
    log,
    maxBodySize: settings.maxBodySize,
    prepare: settings.preparedStatements,
    retries: settings.retries,
    now: () => clock.now(),
    retryAfter: () => Math.max(1, Math.ceil((running?.keeper.retryIn ?? 0) / 1_000)),
  });

  return {
    mounts: [{ name: 'rest', handle }],
    api: {
      async reloadSchema() {
        await running?.keeper.reload();
      },
    },
    async start(signal) {
      await stopRunning(running);
      running = undefined;
      const verifier = await verifierFor(settings, clock);
      signal.throwIfAborted();
      const { state, listening } = open(verifier);
      running = state;
      // Read after listening has begun, so that no change falls between the two. Without a database the room serves all
      // the same: 503 until there is one.
      await listening;
      await state.keeper.reload().catch(() => {});
    },
    async stop() {
      const ending = running;
      running = undefined;
      await stopRunning(ending);
    },
    health: () => healthOf(running),
  };

  /** Opens everything; `listening` resolves when the first attempt to listen is over, however it ended. */
  function open(verifier: Verifier | undefined): { state: Running; listening: Promise<void> } {
    const options = { ...connection(), applicationName: `PostgREST ${postgrestVersion}` };
    const database = createDatabase({
      connection: options,
      size: settings.pool,
      queueLimit: settings.poolQueue,
      acquireTimeout: settings.poolTimeout,
      idleTimeout: settings.poolIdleTime,
      maxLifetime: settings.poolLifetime,
      statementLimit: settings.statementCache,
      rawText: true,
    });
    // Reloads must not take a connection from requests, nor wait for one.
    const catalog = createDatabase({ connection: options, size: 1, idleTimeout: 5_000 });
    const keeper = createKeeper({
      load: () => load(state, verifier),
      onError: (error, pause) =>
        log.error({ err: error, retryMs: pause }, 'rest: the schema could not be read; trying again'),
      delay: settings.reloadDelay,
      now: () => performance.now(),
    });
    let firstAttempt: (() => void) | undefined;
    const listening = new Promise<void>((resolve) => {
      firstAttempt = resolve;
    });
    const attempted = (): boolean => {
      const isFirst = firstAttempt !== undefined;
      firstAttempt?.();
      firstAttempt = undefined;
      return isFirst;
    };
    const listener = settings.channelEnabled
      ? createListener({
          connection: options,
          channels: [settings.channel],
          onNotify: (_channel, payload) => {
            if (reloadPayloads.has(payload)) keeper.request();
          },
          onConnect: () => {
            // What was said while nobody listened is lost.
            if (!attempted()) keeper.request();
          },
          onError: (error) => {
            attempted();
            log.warn({ err: error }, 'rest: the notification connection was lost');
          },
        })
      : undefined;
    const config = configFrom(settings, new Map());
    const state: Running = { database, catalog, keeper, listener, snapshot: snapshotOf(config, undefined, verifier) };
    return { state, listening: listener === undefined ? Promise.resolve() : listening };
  }

  async function load(state: Running, verifier: Verifier | undefined): Promise<void> {
    const started = performance.now();
    const stored = settings.dbConfig ? await loadOwnSettings(state.catalog) : new Map<string, string>();
    const config = configFrom(settings, stored);
    const { schemas, extraSearchPath, hoistedSettings } = config;
    const catalog = await loadCatalog(state.catalog, { schemas, extraSearchPath, roleSettings: settings.dbConfig });
    const missing = schemas.filter((name) => !catalog.schemas.includes(name));
    if (missing.length > 0) log.warn({ schemas: missing }, 'rest: exposed schemas do not exist and are skipped');
    const timezones = state.snapshot.cache?.timezones ?? (await loadTimezones(state.catalog));
    const cache = buildSchemaCache(catalog, { hoistedSettings, timezones });
    state.snapshot = snapshotOf(config, cache, verifier);
    state.database.clearStatements();
    const tables = [...cache.tables.values()].reduce((sum, names) => sum + names.size, 0);
    log.info({ tables, ms: Math.round(performance.now() - started) }, 'rest: schema read');
  }
}

function snapshotOf(config: RestConfig, cache: SchemaCache | undefined, verifier: Verifier | undefined): Snapshot {
  const { anonRole, jwtAudience: audience, rolePath } = config;
  return { config, cache, authenticator: createAuthenticator({ verifier, anonRole, audience, rolePath }) };
}

async function verifierFor(settings: RestSettings, clock: Clock): Promise<Verifier | undefined> {
  const source: KeySetSource | undefined = keySource(settings);
  if (source === undefined) return undefined;
  try {
    const keys = await loadKeySet(source);
    return createVerifier({ keys, cacheEntries: settings.jwtCacheEntries, now: () => clock.now() });
  } catch (error) {
    throw new StartupError(`the keys of tokens are unusable: ${(error as Error).message}`, 'JWT_SECRET', error);
  }
}

async function stopRunning(running: Running | undefined): Promise<void> {
  if (running === undefined) return;
  running.keeper.stop();
  await Promise.all([running.listener?.stop(), running.database.close(), running.catalog.close()]);
}

function healthOf(running: Running | undefined): Health {
  if (running === undefined) return { status: 'stopped' };
  const { cache } = running.snapshot;
  if (cache === undefined) return { status: 'unhealthy', detail: { reason: 'the schema has not been read yet' } };
  if (running.listener !== undefined && !running.listener.connected)
    return { status: 'unhealthy', detail: { reason: 'the database does not answer' } };
  const { open, idle, waiting, max } = running.database.stats;
  return { status: 'healthy', detail: { schemas: cache.schemas, pool: { open, idle, waiting, max } } };
}
