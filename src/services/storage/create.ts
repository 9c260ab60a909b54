import { StartupError } from '#kernel/errors';
import { setRequestContext } from '#kernel/http';
import { createVerifier, type KeySetSource, loadKeySet, type Verifier } from '#kernel/jwt';
import { type Clock, type Room, type RoomDefinition, systemClock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { createDatabase, type Database } from '#kernel/sql';
import type { ContentStore } from './core/content/content-store.ts';
import { openStore } from './core/content/open-store.ts';
import type { BucketEvent, StorageContext, StorageEvent } from './core/context.ts';
import { createJanitor, type Janitor } from './core/janitor.ts';
import { createStorageMetrics } from './core/metrics.ts';
import { createLookups } from './core/objects/lookups.ts';
import { createRemoteImages } from './core/remote-images.ts';
import { createSessionLocks, type SessionLocks } from './core/session-locks.ts';
import { createUrlTokens } from './core/url-token.ts';
import { createVectorStore } from './core/vectors/vector-store.ts';
import { createWebhooks, type Webhooks } from './core/webhooks.ts';
import type { StoragePorts } from './ports.ts';
import { adminRoutes } from './routes/admin.ts';
import { metricsRoute } from './routes/metrics-get.ts';
import { createResumable, resumableRoutes } from './routes/resumable.ts';
import { createRouter } from './routes/router.ts';
import { createHandler } from './routes/run.ts';
import { s3Routes } from './routes/s3/table.ts';
import { routes } from './routes/table.ts';
import { vectorRoutes } from './routes/vector/table.ts';
import type { StorageSettings } from './settings.ts';
import { migrateStorage } from './sql/migrations/index.ts';
import { createUploads } from './sql/uploads.ts';
import { createVersions } from './sql/versions.ts';

/** What the storage room is made of. */
export interface StorageDeps extends StoragePorts {
  readonly settings: StorageSettings;
  readonly log: Logger;
}

/** What the storage room offers others. */
export interface StorageApi {
  /** Removes content that is due now instead of waiting for the next round. @returns how many contents */
  sweep(): Promise<number>;
}

/** Files, in buckets, under row level security. */
export const storageRoom: RoomDefinition<StorageDeps, StorageApi> = { name: 'storage', create };

/** Prefix that clients put before every path; on the room's own port it is tolerated. */
const publicPrefix = '/storage/v1';

interface Running {
  readonly handle: ReturnType<typeof createHandler>;
  readonly db: Database;
  readonly store: ContentStore;
  readonly janitor: Janitor;
  readonly locks: SessionLocks;
  readonly webhooks: Webhooks | undefined;
}

function create(deps: StorageDeps): Room<StorageApi> {
  const { settings, log, clock = systemClock } = deps;
  const metrics = createStorageMetrics();
  let running: Running | undefined;

  async function start(signal: AbortSignal): Promise<void> {
    const verifier = await readKeys(settings, clock);
    const connection = deps.database();
    const { applied, own } = await migrateStorage(connection);
    if (applied) log.info({}, 'schema storage brought up to date');
    const store = await openStore(settings, deps.defaultFolder);
    await store.check().catch((error: unknown) => {
      throw new StartupError(
        `storage cannot use its backend: ${(error as Error).message}`,
        settings.backend === 'file' ? 'STORAGE_FILE_BACKEND_PATH' : 'GLOBAL_S3_ENDPOINT',
        error,
      );
    });
    signal.throwIfAborted();
    const db = createDatabase({
      connection,
      size: settings.poolSize,
      queueLimit: settings.poolQueue,
      acquireTimeout: settings.connectionTimeout,
    });
    const webhooks = createWebhooks(settings, {
      connection: deps.deliveryDatabase?.() ?? connection,
      egress: deps.egress,
      clock,
      log,
    });
    const context: StorageContext = {
      settings,
      db,
      store,
      lookups: createLookups({ db, statementTimeout: settings.statementTimeout, most: settings.knownObjects }),
      versions: createVersions(own),
      uploads: createUploads(own),
      urlTokens: createUrlTokens(settings.jwtSecret as string, verifier, () => clock.now()),
      clock,
      log,
      publish(event) {
        metrics.happened(event.type);
        deps.bus.publish(subjectOf(event), event);
      },
      record: async (transaction, events) => webhooks?.record(transaction, events),
    };
    const janitor = createJanitor(context, own);
    const locks = createSessionLocks(connection, log);
    const protocols = [
      metricsRoute(() => metrics.families(db.stats)),
      ...resumableRoutes(createResumable(context, locks)),
      ...s3Routes,
      ...vectorRoutes(createVectorStore(context, own)),
      // What is looked for is on the disk: a file kept open would still be there.
      ...adminRoutes(own, () => openStore({ ...settings, openFiles: 0, smallContents: 0 }, deps.defaultFolder)),
    ];
    const transform = deps.transform ?? remoteImages(settings, deps);
    const ports = { egress: deps.egress, ...(transform && { transform }) };
    running = {
      handle: createHandler({ context, ports, verifier }, createRouter(routes(protocols)), metrics),
      db,
      store,
      janitor,
      locks,
      webhooks,
    };
    await webhooks?.start();
    janitor.start();
  }

  return {
    mounts: [
      {
        name: 'storage',
        handle(request, response) {
          if (request.url?.startsWith(`${publicPrefix}/`)) {
            setRequestContext(request, { prefix: publicPrefix });
            request.url = request.url.slice(publicPrefix.length);
          }
          if (running) running.handle(request, response);
          else response.writeHead(503, { 'retry-after': '1', 'content-length': 0 }).end();
        },
      },
    ],
    api: { sweep: async () => (running ? running.janitor.sweep() : 0) },
    start,
    leave() {
      void running?.janitor.stop();
    },
    async stop() {
      const stopping = running;
      running = undefined;
      await stopping?.janitor.stop();
      await stopping?.webhooks?.stop();
      await stopping?.locks.close();
      await stopping?.store.close();
      await stopping?.db.close();
    },
    async health() {
      if (!running) return { status: 'starting' };
      const { db, store } = running;
      await Promise.all([db.query('select 1'), store.check()]);
      return { status: 'healthy', detail: { backend: settings.backend, connections: db.stats.open } };
    },
    metrics: () => (running ? metrics.families(running.db.stats) : []),
  };
}

/** Subject of an event: `storage.object.created` and the like. */
const subjectOf = ({ type }: StorageEvent | BucketEvent): string =>
  `storage.${type.replace(/(?<=[a-z])(?=[A-Z])/, '.').toLowerCase()}`;

function remoteImages({ imgproxyUrl, imgproxyTimeout, imgproxyMaxBytes }: StorageSettings, { egress }: StorageDeps) {
  if (imgproxyUrl === undefined) return undefined;
  return createRemoteImages({ url: imgproxyUrl, timeout: imgproxyTimeout, maxBytes: imgproxyMaxBytes }, egress);
}

async function readKeys(settings: StorageSettings, clock: Clock): Promise<Verifier> {
  const { jwtSecret, jwtJwks } = settings;
  if (jwtSecret === undefined)
    throw new StartupError('storage needs the secret that tokens are signed with', 'JWT_SECRET');
  try {
    const keys = await loadKeySet({
      secret: jwtSecret,
      ...(jwtJwks && { jwks: jwtJwks as unknown as NonNullable<KeySetSource['jwks']> }),
    });
    return createVerifier({ keys, cacheEntries: settings.jwtCacheEntries, now: () => clock.now() });
  } catch (error) {
    throw new StartupError(`JWT_JWKS cannot be used: ${(error as Error).message}`, 'JWT_JWKS', error);
  }
}
