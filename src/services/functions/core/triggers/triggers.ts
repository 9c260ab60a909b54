import {
  createDeliveryStore,
  type Delivery,
  type DeliveryLoop,
  type DeliveryRecord,
  type DeliveryState,
  deliveryChannel,
  listDeliveries,
  type Outcome,
  reviveDeliveries,
  startDeliveryLoop,
} from '#kernel/deliveries';
import { ServiceError } from '#kernel/errors';
import type { Logger } from '#kernel/log';
import {
  asDatabaseError,
  type ConnectionOptions,
  createDatabase,
  createListener,
  type Database,
  type Listener,
  type Transaction,
} from '#kernel/sql';
import { functionsError } from '../../errors.ts';
import type { FunctionsSettings } from '../../settings.ts';
import { hasTriggerTables, makeTriggerTables, triggerQueue } from '../../sql/trigger-tables.ts';
import {
  attachToTable,
  deleteTrigger,
  detachFromTables,
  listTriggers,
  putTrigger,
  scheduleJob,
  type TriggerRow,
  unscheduleJob,
} from '../../sql/triggers.ts';
import { parseTrigger, renderTrigger, type TriggerDefinition } from './definition.ts';

/** What triggers are made of. */
export interface TriggersOptions {
  readonly settings: FunctionsSettings;
  readonly log: Logger;
  /** Undefined where no database belongs to the functions. */
  readonly database: (() => ConnectionOptions) | undefined;
  /** What `config.toml` binds, by trigger name. */
  readonly configured: () => Promise<ReadonlyMap<string, unknown>>;
  /** Sends a delivery to a function. */
  readonly send: (target: string, delivery: Delivery, signal: AbortSignal) => Promise<Outcome>;
  /** Tells the other nodes that there are triggers now. */
  readonly announce: () => void;
}

/** A trigger as it is shown. */
export interface TriggerResource {
  readonly name: string;
  /** `config`: it stands in `config.toml`, and changes there. */
  readonly origin: string;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly [field: string]: unknown;
}

/** Functions bound to times, tables and objects. */
export interface Triggers {
  /** Begins to deliver, where there is a trigger; to be called at the start, and when another node announces one. */
  begin(): void;
  list(): Promise<readonly TriggerResource[]>;
  /** @throws ServiceError `invalid_trigger`, `triggers_unavailable` */
  put(name: string, value: unknown): Promise<TriggerResource>;
  /** Deliveries that wait stay until their attempts are used up. @throws ServiceError `management_not_found` */
  remove(name: string): Promise<void>;
  deliveries(query: {
    readonly state: DeliveryState;
    readonly target?: string;
    readonly limit: number;
  }): Promise<readonly DeliveryRecord[]>;
  /** Gives dead letters all their attempts again. @returns how many there were */
  retry(which: { readonly id: string } | { readonly target: string }): Promise<number>;
  /** Delivers nothing more; what is asked about triggers is answered still. */
  leave(): Promise<void>;
  stop(): Promise<void>;
}

/** Milliseconds before the database is asked again, where it could not be. */
const openPause = 5_000;

/** Milliseconds before another attempt to set up what the database refused, such as a table that is still to come. */
const refusedPause = 60_000;

/** Creates the triggers. Without one in the database or in `config.toml`, a start costs one query and nothing is kept open. */
export function createTriggers(options: TriggersOptions): Triggers {
  const { settings, log, database } = options;
  let db: Database | undefined;
  let loop: DeliveryLoop | undefined;
  let listener: Listener | undefined;
  let timer: NodeJS.Timeout | undefined;
  let beginning: Promise<void> | undefined;
  let left: Promise<void> | undefined;
  let isStopped = false;
  let isWarned = false;

  function handle(): Database {
    if (database === undefined || isStopped) throw functionsError('triggers_unavailable');
    db ??= createDatabase({ connection: database(), size: 2, idleTimeout: 5_000 });
    return db;
  }

  function onError(error: unknown): void {
    if (!isWarned) log.warn({ err: error }, 'triggers of functions cannot reach the database; they are tried again');
    isWarned = true;
  }

  async function sync(): Promise<void> {
    const configured = await options.configured();
    if (configured.size === 0 && !(await hasTriggerTables(handle()))) return;
    await run();
    const present = new Map((await listTriggers(handle())).map((row) => [row.name, row]));
    for (const [name, value] of configured) {
      try {
        const definition = parseTrigger(name, value);
        const before = present.get(name);
        if (before?.origin === 'config' && isSame(before, definition)) continue;
        await write(definition, 'config');
      } catch (error) {
        if (isUnreachable(error)) throw error;
        log.warn({ err: error }, `trigger ${name} of config.toml cannot be set up; it is tried again`);
        schedule(refusedPause);
      }
    }
    for (const { name, origin } of present.values())
      if (origin === 'config' && !configured.has(name)) await erase(name);
  }

  /** Makes sure of the tables and begins to deliver. */
  async function run(): Promise<void> {
    if (loop !== undefined) return;
    if (!(await makeTriggerTables(handle()))) throw functionsError('triggers_unavailable');
    if (loop !== undefined || isStopped) return;
    const started = startDeliveryLoop({
      store: createDeliveryStore(handle(), triggerQueue),
      concurrency: settings.triggerConcurrency,
      timeout: settings.triggerTimeout,
      maxAttempts: settings.triggerAttempts,
      firstDelay: settings.triggerDelay,
      longestDelay: settings.triggerLongestDelay,
      keepDelivered: settings.triggerKeepDelivered,
      keepDead: settings.triggerKeepDead,
      now: () => performance.now(),
      onError,
      async deliver(delivery, signal) {
        const row = (await listTriggers(handle())).find(({ name }) => name === delivery.target);
        if (row === undefined) return { isDelivered: false, error: `there is no trigger ${delivery.target} any more` };
        return options.send(row.function, delivery, signal);
      },
    });
    loop = started;
    listener = createListener({
      connection: (database as () => ConnectionOptions)(),
      channels: [deliveryChannel],
      onNotify(_channel, queue) {
        if (queue === triggerQueue) started.wake();
      },
      onConnect() {
        isWarned = false;
        started.wake();
      },
      onError,
    });
  }

  async function write(definition: TriggerDefinition, origin: string): Promise<void> {
    const { name, source, enabled } = definition;
    await handle().transaction(async (transaction) => {
      await detach(transaction, name);
      await putTrigger(transaction, {
        name,
        function: definition.function,
        definition: renderTrigger(definition),
        origin,
      });
      if (!enabled) return;
      if (source.kind === 'cron') await scheduleJob(transaction, name, source.schedule);
      else if (source.kind === 'table') await attachToTable(transaction, name, { ...source, bucket: undefined });
      else await attachToTable(transaction, name, { ...source, schema: 'storage', table: 'objects' });
    });
  }

  async function erase(name: string): Promise<boolean> {
    return handle().transaction(async (transaction) => {
      await detach(transaction, name);
      return deleteTrigger(transaction, name);
    });
  }

  function schedule(delay: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => api.begin(), delay);
    timer.unref();
  }

  const api: Triggers = {
    begin() {
      if (database === undefined || isStopped || beginning !== undefined) return;
      beginning = sync()
        .catch((error: unknown) => {
          if (isStopped) return;
          onError(error);
          schedule(openPause);
        })
        .finally(() => {
          beginning = undefined;
        });
    },
    async list() {
      if (!(await hasTriggerTables(handle()))) return [];
      return (await listTriggers(handle())).map(resourceOf);
    },
    async put(name, value) {
      const definition = parseTrigger(name, value);
      await run();
      await write(definition, 'api').catch((error: unknown) => {
        const failure = asDatabaseError(error);
        if (failure === undefined || isUnreachable(error)) throw error;
        const isCronMissing =
          definition.source.kind === 'cron' && ['3F000', '42883', '0A000'].includes(failure.code ?? '');
        const why = isCronMissing ? 'schedules need the extension pg_cron in this database' : failure.message;
        throw functionsError('invalid_trigger', { message: `Trigger ${name}: ${why}`, cause: error });
      });
      options.announce();
      const row = (await listTriggers(handle())).find((each) => each.name === name);
      return resourceOf(row as TriggerRow);
    },
    async remove(name) {
      if (!(await hasTriggerTables(handle())) || !(await erase(name))) throw functionsError('management_not_found');
    },
    deliveries: async (query) =>
      (await hasTriggerTables(handle())) ? listDeliveries(handle(), { ...query, queue: triggerQueue }) : [],
    retry: async (which) =>
      (await hasTriggerTables(handle())) ? reviveDeliveries(handle(), { ...which, queue: triggerQueue }) : 0,
    leave() {
      left ??= endDelivering();
      return left;
    },
    async stop() {
      await api.leave();
      await db?.close();
    },
  };

  async function endDelivering(): Promise<void> {
    isStopped = true;
    clearTimeout(timer);
    await beginning;
    await listener?.stop();
    await loop?.stop();
  }
  return api;
}

async function detach(transaction: Transaction, name: string): Promise<void> {
  await detachFromTables(transaction, name);
  await unscheduleJob(transaction, name);
}

function resourceOf({ name, definition, origin, created_at, updated_at }: TriggerRow): TriggerResource {
  return { name, ...(definition as object), origin, created_at, updated_at };
}

// The database gives the keys of a document back in an order of its own.
function isSame({ name, definition }: TriggerRow, wanted: TriggerDefinition): boolean {
  return JSON.stringify(renderTrigger(parseTrigger(name, definition))) === JSON.stringify(renderTrigger(wanted));
}

// Class 08 and 57P: the server went away; without a code it was never reached.
function isUnreachable(error: unknown): boolean {
  const failure = asDatabaseError(error);
  return failure === undefined ? !(error instanceof ServiceError) : /^(08|57P)/.test(failure.code ?? '');
}
