import { createHmac, randomBytes } from 'node:crypto';
import type { Health, Room, RoomDefinition } from '#kernel/lifecycle';
import { createRecordIds, type Logger } from '#kernel/log';
import { type ConnectionOptions, parseConnectionUrl } from '#kernel/sql';
import { createTurns } from './core/ingest/turns.ts';
import { createLive } from './core/live.ts';
import { createLogStore } from './core/log-store.ts';
import { metricFamilies } from './core/metric-families.ts';
import { countsQuery, type Interval, intervalOf } from './core/query/counts.ts';
import { type LogQuery, runQuery } from './core/query/run-query.ts';
import { createSlots } from './core/slots.ts';
import { analyticsError } from './errors.ts';
import type { AnalyticsApi, AnalyticsHeirlooms, AnalyticsPorts } from './ports.ts';
import { createHandler } from './routes/handler.ts';
import type { AnalyticsSettings } from './settings.ts';
import { readerRole } from './sql/schema.ts';

/** What the analytics room is made of. */
export interface AnalyticsDeps extends AnalyticsPorts {
  readonly settings: AnalyticsSettings;
  readonly log: Logger;
  /** Those of the room whose place this one takes, if it takes one. */
  readonly heirlooms?: AnalyticsHeirlooms;
}

/** The log store: keeps events for a while, and answers queries about them. */
export const analyticsRoom: RoomDefinition<AnalyticsDeps, AnalyticsApi> = { name: 'analytics', create };

/** Milliseconds that records of this process wait for the start. */
const startPatience = 3_000;
/** Milliseconds after which it is looked for events that are due, though none came. */
const idleSweep = 3_600_000;

function create(deps: AnalyticsDeps): Room<AnalyticsApi> {
  const { settings, log } = deps;
  const spareSecret = randomBytes(32).toString('hex');
  const connection = (): ConnectionOptions => configuredDatabase(settings) ?? deps.database();
  const reader = (): ConnectionOptions => ({ ...connection(), user: readerRole, password: readerPassword() });
  const heirlooms = deps.heirlooms ?? { live: createLive(settings.tails) };
  const { live } = heirlooms;
  const store = createLogStore({
    connection,
    log,
    schema: settings.schema,
    get readerPassword() {
      return readerPassword();
    },
    queryTimeout: settings.queryTimeout,
    retention: settings.retention,
    maxSize: settings.maxSize,
    partition: settings.partition,
    queueMemory: settings.queueMemory,
    now: Date.now,
    onStored: (records) => live.tell(records),
  });
  const slots = createSlots(settings.queries, settings.queries * 4);
  const kept = new Map<Interval, { readonly until: number; readonly answer: Promise<unknown[]> }>();
  const waiting = new Set<() => void>();
  let ready = false;
  let stopped = false;
  let queryProblem: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let swept = { at: 0, stored: -1 };

  /** Fulfilled once it is, or after a while. */
  function untilReady(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(late);
        waiting.delete(done);
        resolve();
      };
      const late = setTimeout(done, startPatience);
      waiting.add(done);
    });
  }

  // Every node of a stack has to come to the same one, and nobody else.
  function readerPassword(): string {
    const secret = connection().password ?? settings.privateToken ?? settings.publicToken ?? spareSecret;
    return createHmac('sha256', secret).update('pmoves-supabase analytics reader').digest('hex');
  }

  function query(asked: LogQuery): Promise<unknown[]> {
    if (queryProblem !== undefined) throw analyticsError('no_reader');
    return slots.run(() =>
      runQuery(asked, {
        schema: settings.schema,
        connection: reader,
        timeout: settings.queryTimeout,
        resultSize: settings.resultSize,
        maxRows: settings.maxRows,
      }),
    );
  }

  async function counts(text: string | null): Promise<unknown[]> {
    const interval = intervalOf(text);
    const known = kept.get(interval);
    if (known && known.until > Date.now()) return known.answer;
    const answer = query({ sql: countsQuery(interval), dialect: 'postgres' });
    kept.set(interval, { until: Date.now() + settings.countsCache, answer });
    answer.catch(() => kept.delete(interval));
    return answer;
  }

  async function sweep(): Promise<void> {
    const { stored } = store.figures;
    // An idle stack is not to have a connection for that.
    if (stored === swept.stored && Date.now() - swept.at < idleSweep) return;
    swept = { at: Date.now(), stored };
    await store.sweep().catch((error: unknown) => log.warn({ err: error }, 'events that are due could not be removed'));
  }

  const handle = createHandler({
    log,
    service: {
      settings,
      store,
      live,
      turns: createTurns(),
      nextId: createRecordIds(),
      now: Date.now,
      isReady: () => ready,
      query,
      counts,
    },
  });

  return {
    mounts: [{ name: 'analytics', handle }],
    api: {
      heirlooms,
      async store(records) {
        if (!ready && !stopped) await untilReady();
        if (!ready) throw analyticsError('not_ready');
        const writer = await store.open(new Set(records.map(({ source }) => source)));
        try {
          for (const record of records) writer.add(record);
        } catch (error) {
          writer.drop();
          throw error;
        }
        await writer.commit();
      },
    },
    async start() {
      stopped = false;
      live.resize(settings.tails);
      const { hasReader, refusal } = await store.prepare();
      queryProblem = hasReader ? undefined : (refusal ?? 'there is no role to run queries in');
      if (queryProblem !== undefined)
        log.warn({ said: queryProblem }, 'logs are kept, but cannot be queried: the database role may make no role');
      ready = true;
      for (const done of waiting) done();
      timer = setInterval(() => void sweep(), settings.sweepInterval).unref();
    },
    async stop() {
      ready = false;
      stopped = true;
      for (const done of waiting) done();
      clearInterval(timer);
      await store.close();
    },
    health(): Health {
      if (!ready) return { status: stopped ? 'stopped' : 'starting' };
      const detail = {
        ...store.figures,
        tails: live.count,
        ...(queryProblem !== undefined && { reason: queryProblem }),
      };
      return { status: queryProblem === undefined ? 'healthy' : 'unhealthy', detail };
    },
    metrics: () => (ready ? metricFamilies(store.figures, live.count) : []),
  };
}

/** The database that the settings name; undefined: that of the stack. */
function configuredDatabase(settings: AnalyticsSettings): ConnectionOptions | undefined {
  if (settings.databaseUrl !== undefined) return parseConnectionUrl(settings.databaseUrl);
  if (settings.dbHost === undefined) return undefined;
  const { dbHost: host, dbPort: port, dbUser: user, dbName: database, dbPassword: password } = settings;
  return { host, port, user, database, ...(password !== undefined && { password }) };
}
