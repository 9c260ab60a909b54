import { StartupError } from '#kernel/errors';
import { createVerifier, loadKeySet, type Verifier } from '#kernel/jwt';
import { type Clock, type Health, type Room, type RoomDefinition, systemClock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { createEngine, type Engine } from './core/engine.ts';
import { keySource } from './core/session/key-source.ts';
import type { RestApi, RestPorts } from './ports.ts';
import { createHandler } from './routes/handler.ts';
import type { RestSettings } from './settings.ts';

/** What rest is made of. */
export interface RestDeps extends RestPorts {
  readonly settings: RestSettings;
  readonly log: Logger;
}

/** REST over the tables, views and functions of the database, as PostgREST has it. */
export const restRoom: RoomDefinition<RestDeps, RestApi> = { name: 'rest', create };

function create({ settings, log, database: connection, clock = systemClock }: RestDeps): Room<RestApi> {
  let engine: Engine | undefined;

  const handle = createHandler({
    state: () => engine,
    log,
    maxBodySize: settings.maxBodySize,
    prepare: settings.preparedStatements,
    retries: settings.retries,
    now: () => clock.now(),
    retryAfter: () => Math.max(1, Math.ceil((engine?.retryIn ?? 0) / 1_000)),
  });

  async function close(): Promise<void> {
    const ending = engine;
    engine = undefined;
    await ending?.close();
  }

  return {
    mounts: [{ name: 'rest', handle }],
    api: {
      async reloadSchema() {
        await engine?.reload();
      },
    },
    async start(signal) {
      await close();
      const verifier = await verifierFor(settings, clock);
      signal.throwIfAborted();
      engine = createEngine({ settings, connection: connection(), verifier, log });
      // Without a database the room serves all the same: 503 until there is one.
      await engine.open();
    },
    stop: close,
    health: () => healthOf(engine),
  };
}

async function verifierFor(settings: RestSettings, clock: Clock): Promise<Verifier | undefined> {
  const source = keySource(settings);
  if (source === undefined) return undefined;
  try {
    const keys = await loadKeySet(source);
    return createVerifier({ keys, cacheEntries: settings.jwtCacheEntries, now: () => clock.now() });
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
