import type { Verifier } from '#kernel/jwt';
import type { Logger } from '#kernel/log';
import {
  type ConnectionOptions,
  createDatabase,
  createListener,
  type Database,
  type Listener,
  type PoolStats,
} from '#kernel/sql';
import type { RestSettings } from '../settings.ts';
import { loadCatalog, loadOwnSettings, loadTimezones } from '../sql/load-catalog.ts';
import { buildSchemaCache } from './cache/build.ts';
import type { SchemaCache } from './cache/model.ts';
import { configFrom, type RestConfig } from './config.ts';
import { createKeeper } from './keeper.ts';
import { createAuthenticator } from './session/authenticate.ts';
import type { Snapshot } from './snapshot.ts';
import { postgrestVersion } from './version.ts';

/** What an engine runs on. */
export interface EngineOptions {
  readonly settings: RestSettings;
  readonly connection: ConnectionOptions;
  /** Undefined: no key is configured. */
  readonly verifier: Verifier | undefined;
  readonly log: Logger;
}

/** The connections of the room, and what it knows of the database. */
export interface Engine {
  readonly database: Database;
  readonly snapshot: Snapshot;
  readonly pool: PoolStats;
  /** False while changes of the schema would go unnoticed. */
  readonly isListening: boolean;
  /** Milliseconds until a failed reading of the schema is tried again; 0 when that is not so. */
  readonly retryIn: number;
  /** Resolves when the first attempt to listen and to read the schema is over, however it ended. */
  open(): Promise<void>;
  /** Reads the schema. @throws when it cannot be read */
  reload(): Promise<void>;
  close(): Promise<void>;
}

const reloadPayloads: ReadonlySet<string> = new Set(['', 'reload schema', 'reload config']);

/** Creates an engine. Nothing is connected before `open`. */
export function createEngine({ settings, connection, verifier, log }: EngineOptions): Engine {
  const options = { ...connection, applicationName: `PostgREST ${postgrestVersion}` };
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
    load,
    onError: (error, pause) => log.error({ err: error, retryMs: pause }, 'rest: the schema could not be read'),
    delay: settings.reloadDelay,
    now: () => performance.now(),
  });
  let snapshot = snapshotOf(configFrom(settings, new Map()), undefined, verifier);
  let listener: Listener | undefined;
  let endWaiting = () => {};

  async function load(): Promise<void> {
    const started = performance.now();
    const stored = settings.dbConfig ? await loadOwnSettings(catalog) : new Map<string, string>();
    const config = configFrom(settings, stored);
    const { schemas, extraSearchPath, hoistedSettings } = config;
    const found = await loadCatalog(catalog, { schemas, extraSearchPath, roleSettings: settings.dbConfig });
    const missing = schemas.filter((name) => !found.schemas.includes(name));
    if (missing.length > 0) log.warn({ schemas: missing }, 'rest: exposed schemas do not exist and are skipped');
    const timezones = snapshot.cache?.timezones ?? (await loadTimezones(catalog));
    const cache = buildSchemaCache(found, { hoistedSettings, timezones });
    snapshot = snapshotOf(config, cache, verifier);
    database.clearStatements();
    const tables = [...cache.tables.values()].reduce((sum, names) => sum + names.size, 0);
    log.info({ tables, ms: Math.round(performance.now() - started) }, 'rest: schema read');
  }

  /** Begins to listen; resolves when that worked or failed for the first time. */
  function listen(): Promise<void> {
    return new Promise((resolve) => {
      let isFirst = true;
      endWaiting = () => {
        isFirst = false;
        resolve();
      };
      listener = createListener({
        connection: options,
        channels: [settings.channel],
        onNotify: (_channel, payload) => {
          if (reloadPayloads.has(payload)) keeper.request();
        },
        onConnect: () => {
          // What was said while nobody listened is lost.
          if (!isFirst) keeper.request();
          endWaiting();
        },
        onError: (error) => {
          log.warn({ err: error }, 'rest: the notification connection was lost');
          endWaiting();
        },
      });
    });
  }

  return {
    database,
    get snapshot() {
      return snapshot;
    },
    get pool() {
      return database.stats;
    },
    get isListening() {
      return listener?.connected ?? !settings.channelEnabled;
    },
    get retryIn() {
      return keeper.retryIn;
    },
    async open() {
      // Read after listening has begun, so that no change falls between the two.
      if (settings.channelEnabled) await listen();
      await keeper.reload().catch(() => {});
    },
    reload: () => keeper.reload(),
    async close() {
      keeper.stop();
      endWaiting();
      await Promise.all([listener?.stop(), database.close(), catalog.close()]);
    },
  };
}

function snapshotOf(config: RestConfig, cache: SchemaCache | undefined, verifier: Verifier | undefined): Snapshot {
  const { anonRole, jwtAudience: audience, rolePath } = config;
  return { config, cache, authenticator: createAuthenticator({ verifier, anonRole, audience, rolePath }) };
}
