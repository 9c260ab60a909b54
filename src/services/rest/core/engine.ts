import type { Verifier } from '#kernel/jwt';
import type { Logger } from '#kernel/log';
import {
  type ConnectionOptions,
  createDatabase,
  createListener,
  type Database,
  type Listener,
  type PoolStats,
  quoteIdentifier,
} from '#kernel/sql';
import type { RestSettings } from '../settings.ts';
import {
  loadCatalog,
  loadStoredSettings,
  loadTimezones,
  type PreConfig,
  type StoredSettings,
} from '../sql/load-catalog.ts';
import { schemaCacheWork } from './cache/build.ts';
import type { SchemaCache } from './cache/model.ts';
import { settingsOfRoles } from './cache/routines.ts';
import { inSlices } from './cache/work.ts';
import { configFrom, functionName, type RestConfig, storedNames } from './config.ts';
import { createKeeper } from './keeper.ts';
import { createAuthenticator } from './session/authenticate.ts';
import type { Snapshot } from './snapshot.ts';
import { postgrestVersion } from './version.ts';

/** What an engine runs on. */
export interface EngineOptions {
  readonly settings: RestSettings;
  /** The settings as they stand in the files now. @throws when they cannot be used */
  readonly currentSettings: () => RestSettings;
  readonly connection: ConnectionOptions;
  /** Makes what tokens are verified with; undefined: no key is configured. @throws for keys that are none */
  readonly verifierFor: (config: RestConfig) => Promise<Verifier | undefined>;
  readonly log: Logger;
}

/** How often the schema was read, and how long that took. */
export interface LoadStats {
  readonly succeeded: number;
  readonly failed: number;
  /** Seconds the last successful reading took in the database. */
  readonly querySeconds: number;
}

/** What can be read again. */
export type Reload = 'schema' | 'config';

/** The connections of the room, and what it knows of the database. */
export interface Engine {
  /** Those in force; what connections and ports were made with does not change. */
  readonly settings: RestSettings;
  readonly database: Database;
  readonly snapshot: Snapshot;
  readonly pool: PoolStats;
  readonly loads: LoadStats;
  readonly tokenCache: Verifier['cache'] | undefined;
  /** False while changes of the schema would go unnoticed. */
  readonly isListening: boolean;
  /** Milliseconds until a failed reading of the schema is tried again; 0 when that is not so. */
  readonly retryIn: number;
  /** Resolves when the first attempt to listen and to read the schema is over, however it ended. */
  open(): Promise<void>;
  /** Asks for schema or configuration to be read again, at once or soon. Never throws. */
  request(what: Reload): void;
  /** Reads configuration and schema. @throws when they cannot be read */
  reload(): Promise<void>;
  close(): Promise<void>;
}

/** What a notification asks to be read again. */
const reloads: ReadonlyMap<string, Reload> = new Map([
  ['', 'schema'],
  ['reload schema', 'schema'],
  ['reload config', 'config'],
]);

/** Milliseconds for which requests may wait while a schema is taken apart. */
const buildSlice = 5;

const nothingStored: StoredSettings = { own: new Map(), ofRoles: [] };

/** Creates an engine on keys that are known to be good. Nothing is connected before `open`. */
export async function createEngine(given: EngineOptions): Promise<Engine> {
  const { settings, currentSettings, connection, verifierFor, log } = given;
  const options = { ...connection, applicationName: `PostgREST ${postgrestVersion}` };
  let current = settings;
  let config = configFrom(settings, nothingStored.own);
  let verifier = await verifierFor(config);
  let snapshot = snapshotOf(config, undefined, verifier);
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
    retries: settings.poolRecovery,
    now: () => performance.now(),
  });
  const loads = { succeeded: 0, failed: 0, querySeconds: 0 };
  let schemaWanted = true;
  let listener: Listener | undefined;
  let endWaiting = () => {};

  async function load(): Promise<void> {
    const wanted = schemaWanted;
    schemaWanted = false;
    try {
      await loadConfigAnd(wanted);
    } catch (error) {
      schemaWanted ||= wanted;
      loads.failed++;
      throw error;
    }
  }

  async function loadConfigAnd(schema: boolean): Promise<void> {
    const standing = settingsNow();
    const preConfig = preConfigOf(standing.preConfig);
    const stored = standing.dbConfig ? await loadStoredSettings(catalog, preConfig) : nothingStored;
    const next = configFrom(standing, stored.own);
    // A verifier remembers tokens; one for the same keys goes on.
    const nextVerifier = hasSameKeys(config, next) ? verifier : await verifierFor(next);
    const { cache: known } = snapshot;
    const cache =
      known !== undefined && !schema && hasSameScope(config, next)
        ? { ...known, roles: settingsOfRoles({ roleSettings: stored.ofRoles }) }
        : await loadSchema(next, stored, known);
    current = standing;
    config = next;
    verifier = nextVerifier;
    snapshot = snapshotOf(config, cache, verifier);
  }

  // A file that is wrong must not keep changes of the schema from being seen.
  function settingsNow(): RestSettings {
    try {
      return currentSettings();
    } catch (error) {
      log.error({ err: error }, 'rest: the settings in files cannot be used; the old ones stay in force');
      return current;
    }
  }

  async function loadSchema(
    next: RestConfig,
    stored: StoredSettings,
    known: SchemaCache | undefined,
  ): Promise<SchemaCache> {
    const started = performance.now();
    const { schemas, extraSearchPath, hoistedSettings } = next;
    const found = await loadCatalog(catalog, { schemas, extraSearchPath });
    const missing = schemas.filter((name) => !found.schemas.includes(name));
    if (missing.length > 0) log.warn({ schemas: missing }, 'rest: exposed schemas do not exist and are skipped');
    const timezones = known?.timezones ?? (await loadTimezones(catalog));
    loads.querySeconds = (performance.now() - started) / 1_000;
    const work = schemaCacheWork({ ...found, roleSettings: stored.ofRoles }, { hoistedSettings, timezones });
    const cache = await inSlices(work, buildSlice);
    database.clearStatements();
    loads.succeeded++;
    const tables = [...cache.tables.values()].reduce((sum, names) => sum + names.size, 0);
    log.info({ tables, ms: Math.round(performance.now() - started) }, 'rest: schema read');
    return cache;
  }

  function request(what: Reload): void {
    if (what === 'schema') schemaWanted = true;
    keeper.request();
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
          const what = reloads.get(payload);
          if (what !== undefined) request(what);
        },
        onConnect: () => {
          // What was said while nobody listened is lost.
          if (!isFirst) request('schema');
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
    request,
    get settings() {
      return current;
    },
    get snapshot() {
      return snapshot;
    },
    get pool() {
      return database.stats;
    },
    get loads() {
      return { ...loads };
    },
    get tokenCache() {
      return verifier?.cache;
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
    async reload() {
      schemaWanted = true;
      await keeper.reload();
    },
    async close() {
      keeper.stop();
      endWaiting();
      await Promise.all([listener?.stop(), database.close(), catalog.close()]);
    },
  };
}

function preConfigOf(setting: string | undefined): PreConfig | undefined {
  const called = functionName(setting);
  if (called === undefined) return undefined;
  const functionSql = [called.schema, called.name]
    .filter((part) => part !== '')
    .map(quoteIdentifier)
    .join('.');
  return { functionSql, names: storedNames };
}

const hasSameKeys = (a: RestConfig, b: RestConfig): boolean =>
  JSON.stringify([a.keys, a.jwtCacheEntries]) === JSON.stringify([b.keys, b.jwtCacheEntries]);

/** Whether what is read of the schema for one configuration is right for the other. */
const hasSameScope = (a: RestConfig, b: RestConfig): boolean =>
  JSON.stringify([a.schemas, a.extraSearchPath, a.hoistedSettings]) ===
  JSON.stringify([b.schemas, b.extraSearchPath, b.hoistedSettings]);

function snapshotOf(config: RestConfig, cache: SchemaCache | undefined, verifier: Verifier | undefined): Snapshot {
  const { anonRole, jwtAudience: audience, rolePath } = config;
  return { config, cache, authenticator: createAuthenticator({ verifier, anonRole, audience, rolePath }) };
}
