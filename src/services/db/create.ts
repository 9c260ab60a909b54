import { join, resolve } from 'node:path';
import type { Egress } from '#kernel/egress';
import { type Clock, type Health, type Room, type RoomDefinition, systemClock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { type Client, connectClient } from '#kernel/sql';
import { createBackground } from './core/background/background.ts';
import { metricFamilies } from './core/metric-families.ts';
import { type RunningDatabase, startDatabase } from './core/start-database.ts';
import { dbError } from './errors.ts';
import type { DbApi, LoginRole, ProjectSqlOutcome, ServerMessage } from './ports.ts';
import type { DbSettings } from './settings.ts';
import { readServerFigures } from './sql/server-figures.ts';
import { applyUserMigrations } from './sql/user-migrations.ts';

/** What the db room is made of. */
export interface DbDeps {
  readonly settings: DbSettings;
  readonly log: Logger;
  /** Relative folders count from here. */
  readonly cwd: string;
  /** The embedded server listens on its socket alone, since somebody else serves its port. */
  readonly socketOnly?: boolean;
  /** The way out for requests that SQL asks for. It is called when all rooms have started. */
  readonly egress: () => Egress;
  /** Hears of every message of the embedded server. */
  readonly onMessage?: ((message: ServerMessage) => void) | undefined;
  /** Servers of NATS that events may go to; default: none. */
  readonly natsServers?: readonly string[];
  /** Key that functions are called with when events go there. */
  readonly serviceKey?: string | undefined;
  /** Default: the machine's clock. */
  readonly clock?: Clock;
}

/** The database: an embedded PostgreSQL, or somebody else's. */
export const dbRoom: RoomDefinition<DbDeps, DbApi> = { name: 'db', create };

const probeTimeout = 2_000;

function create(deps: DbDeps): Room<DbApi> {
  const { settings } = deps;
  let running: RunningDatabase | undefined;
  let starting: Promise<RunningDatabase> | undefined;
  let calledOff = new AbortController();
  let stopped = false;

  const api: DbApi = {
    connection(role, database = settings.database) {
      if (!running) throw dbError('not_started');
      return running.connection(role, database);
    },
    get embedded() {
      return running?.embedded !== undefined;
    },
    get socketDir() {
      return running?.socketDir;
    },
    port: settings.port,
    database: settings.database,
    get serverVersion() {
      return running?.serverVersion ?? 0;
    },
    applyProjectSql: () => applyProjectSql(deps, () => connectClient(api.connection('postgres'))),
    background: createBackground({
      settings,
      log: deps.log,
      egress: deps.egress,
      natsServers: deps.natsServers ?? [],
      serviceKey: deps.serviceKey,
      connection() {
        if (!running) throw dbError('not_started');
        return running.admin;
      },
      session(role, database) {
        if (!running) throw dbError('not_started');
        return running.connection(role as LoginRole, database);
      },
      clock: deps.clock ?? systemClock,
    }),
  };

  return {
    mounts: [],
    api,
    async start(signal) {
      stopped = false;
      calledOff = new AbortController();
      const either = AbortSignal.any([signal, calledOff.signal]);
      starting = startDatabase({ ...deps, clock: deps.clock ?? systemClock }, either);
      running = await starting;
    },
    async stop() {
      calledOff.abort();
      // A start under way ends by itself now, and clears up behind itself.
      const stopping = await starting?.catch(() => undefined);
      starting = undefined;
      running = undefined;
      stopped = true;
      await stopping?.stop();
    },
    async health() {
      if (!running) return { status: stopped ? 'stopped' : 'starting' };
      const health = await probe(running);
      return { ...health, detail: { ...health.detail, ...eventsOf(await api.background.health()) } };
    },
    async metrics() {
      if (!running) return [];
      return metricFamilies(await readServerFigures(running.admin, probeTimeout).catch(() => undefined));
    },
  };
}

/** What the outbox and the inbox have done, once they have. */
function eventsOf({ detail = {} }: Health): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(detail).filter(([name]) => /^(out|in)box/.test(name)));
}

async function applyProjectSql(deps: DbDeps, connect: () => Promise<Client>): Promise<ProjectSqlOutcome> {
  const initDir = join(resolve(deps.cwd, deps.settings.volumesDir), 'db', 'init');
  try {
    return await applyUserMigrations({ projectDir: deps.cwd, initDir, connect });
  } catch (error) {
    const { path, syscall, message } = error as NodeJS.ErrnoException;
    // A folder that cannot be read is the operator's to mend, like a file that fails.
    if (path === undefined || syscall === 'connect') throw error;
    return { applied: [], failure: { file: path, line: 1, message } };
  }
}

// Health asserts function: a connection is made and answered, not only a process seen.
async function probe(running: RunningDatabase): Promise<Health> {
  const version = `${Math.floor(running.serverVersion / 10_000)}.${running.serverVersion % 10_000}`;
  const about = { version, embedded: running.embedded !== undefined };
  const { embedded } = running;
  if (embedded && embedded.state !== 'ready')
    return { status: 'unhealthy', detail: { ...about, reason: embedded.reason ?? 'the database is recovering' } };
  try {
    const client = await connectClient(running.admin, 1, true, probeTimeout);
    await client.pg.end().catch(() => {});
    return { status: 'healthy', detail: about };
  } catch (error) {
    return { status: 'unhealthy', detail: { ...about, reason: (error as Error).message } };
  }
}
