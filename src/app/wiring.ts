import { join, resolve } from 'node:path';
import type { Bus } from '#kernel/bus';
import { createEgress } from '#kernel/egress';
import { canConnect } from '#kernel/http';
import type { Mount, Room, SupervisedRoom } from '#kernel/lifecycle';
import type { LogBus, Logger, Redactor } from '#kernel/log';
import type { MetricFamily } from '#kernel/metrics';
import { type ConnectionOptions, parseConnectionUrl } from '#kernel/sql';
import type { Tracer } from '#kernel/trace';
import { type AuthApi, authRoom } from '#services/auth';
import { type DbApi, dbRoom } from '#services/db';
import type { FunctionsApi } from '#services/functions';
import { gatewayRoom } from '#services/gateway';
import { type ImgproxyApi, imgproxyRoom } from '#services/imgproxy';
import { type MetaApi, metaRoom } from '#services/meta';
import { type RealtimeApi, realtimeRoom } from '#services/realtime';
import { type RestApi, restRoom } from '#services/rest';
import { storageRoom } from '#services/storage';
import { createDatabaseEgress } from './database-egress.ts';
import { createFunctionsRoom } from './functions-room.ts';
import type { LoadedSettings } from './load-settings.ts';
import { createLogging } from './logging.ts';
import { createPoolerRoom } from './pooler-room.ts';
import { createProjectStep } from './project.ts';
import { realtimeDatabase } from './realtime-database.ts';
import { registry } from './registry.ts';
import { createRoomPlaces } from './reload/room-places.ts';
import { createSettingsReload, type SettingsReload } from './reload/settings-reload.ts';
import type { RoomName } from './settings.ts';
import { createSettingsDesk } from './settings-desk.ts';
import type { StackHealth, StackInfo, StackReload } from './stack-info.ts';
import { createStudioRoom } from './studio-room.ts';
import { volumesOf } from './volumes.ts';
import type { PrimaryLink } from './workers/link.ts';
import { createPrivateSockets } from './workers/private-sockets.ts';
import { createWorkersRoom } from './workers/workers-room.ts';

/** Which part of a stack a process runs. */
export type Share =
  | { readonly kind: 'whole' }
  /** Everything but what its workers serve. */
  | {
      readonly kind: 'primary';
      readonly argv: readonly string[];
      readonly env: Readonly<Record<string, string | undefined>>;
    }
  | { readonly kind: 'worker'; readonly link: PrimaryLink };

/** Rooms that workers run. The primary has auth and storage as well, which bring their schemas up to date. */
const served: readonly RoomName[] = ['auth', 'rest', 'realtime', 'storage', 'imgproxy', 'gateway'];

/** What the rooms are joined with. */
export interface WiringInput {
  readonly settings: LoadedSettings;
  readonly share: Share;
  readonly log: Logger;
  readonly logs: LogBus | undefined;
  readonly bus: Bus;
  readonly mount: (name: string) => Mount | undefined;
  readonly health: () => Promise<StackHealth>;
  readonly metrics: () => Promise<readonly MetricFamily[]>;
  /** Keeps secrets that come to be known later out of the log. */
  readonly hide: Redactor['hide'];
  readonly tracer: () => Tracer | undefined;
}

/** The rooms of a stack with their places in the start order. */
export interface Wired {
  readonly rooms: readonly SupervisedRoom[];
  readonly url: () => string;
  readonly mail: () => StackInfo['mail'];
  readonly database: () => StackInfo['database'];
  /** Health of rooms that run in other processes. */
  readonly healthElsewhere: () => Promise<StackHealth>;
  /** What rooms count that run in other processes. */
  readonly metricsElsewhere: () => Promise<readonly MetricFamily[]>;
  readonly reload: (what: StackReload) => void;
  readonly replaceRoom: (name: RoomName, settings: LoadedSettings) => Promise<void>;
  readonly settingsReload: SettingsReload;
  /** The mount, with what it is asked told where logs are kept. */
  readonly observed: (mount: Mount) => Mount;
  /** Hands on what has been told but not yet sent to the process that keeps logs. */
  readonly flushLogs: () => void;
}

/** Creates the chosen rooms and joins their ports. This is the only place that knows all of them. */
export function wireRooms(input: WiringInput): Wired {
  const { settings, share, log, health } = input;
  const chosen = roomsOf(settings.rooms, share);
  const roomLog = (name: string) => log.child({ room: name });
  const places = createRoomPlaces(settings, log);
  const logging = createLogging({ ...input, places }, chosen, () => connection('supabase_admin', undefined)());

  const db: Room<DbApi> | undefined = chosen.has('db')
    ? dbRoom.create({
        settings: settings.db,
        log: roomLog('db'),
        cwd: settings.cwd,
        egress: () => createDatabaseEgress(settings.stack, (workers ?? gateway).api.url()),
        onMessage: logging.onMessage,
        natsServers: settings.stack.natsUrl,
        serviceKey: settings.gateway.serviceRoleKey,
        // The pooler stands at the embedded server's port, where there is one.
        ...(chosen.has('pooler') && { socketOnly: true }),
      })
    : undefined;
  const connection = (role: Parameters<DbApi['connection']>[0], url: string | undefined) => (): ConnectionOptions => {
    if (url) return parseConnectionUrl(url);
    if (db) return db.api.connection(role);
    const isServed =
      role === 'authenticator' ||
      role === 'supabase_auth_admin' ||
      role === 'supabase_admin' ||
      role === 'supabase_storage_admin';
    return share.kind === 'worker' && isServed ? share.link.connection(role) : remoteConnection(settings, role);
  };
  const pooler = chosen.has('pooler')
    ? createPoolerRoom(
        settings,
        db,
        roomLog('pooler'),
        () => db?.api.connection('pgbouncer') ?? remoteConnection(settings, 'pgbouncer'),
        connection('supabase_admin', undefined),
      )
    : undefined;
  const egress = createEgress({ allowed: settings.stack.egressAllow });
  const auth = chosen.has('auth')
    ? places.place<AuthApi>('auth', ({ auth: own }, former) =>
        authRoom.create({
          // Workers serve; the primary has nothing to tell, and their port would be taken.
          settings: share.kind === 'primary' ? { ...own, metrics: false } : own,
          log: roomLog('auth'),
          database: connection('supabase_auth_admin', own.databaseUrl),
          egress,
          ...(share.kind === 'worker' && { keepMail: share.link.captured }),
          ...(former && { heirlooms: former.heirlooms }),
        }),
      )
    : undefined;
  const settingsReload = createSettingsReload({
    settings,
    places,
    watches: share.kind !== 'worker',
    hide: input.hide,
    passOn: async () => workers?.api.applySettings(),
    log: roomLog('settings'),
  });
  const rest = chosen.has('rest')
    ? places.place<RestApi>('rest', ({ rest: own, currentRest }, former) =>
        restRoom.create({
          settings: own,
          currentSettings: currentRest,
          log: roomLog('rest'),
          database: connection('authenticator', own.dbUri),
          acceptsClients: async () => {
            const url = gateway.api.directUrl('rest') ?? gateway.api.url();
            return url !== '' && (await canConnect(url));
          },
          ...(former && { heirlooms: former.heirlooms }),
        }),
      )
    : undefined;
  const realtime = chosen.has('realtime')
    ? places.place<RealtimeApi>('realtime', ({ realtime: own }, former) =>
        realtimeRoom.create({
          settings: own,
          log: roomLog('realtime'),
          database: () => realtimeDatabase(own) ?? connection('supabase_admin', undefined)(),
          bus: input.bus,
          ...(former && { heirlooms: former.heirlooms }),
        }),
      )
    : undefined;
  const imgproxy = chosen.has('imgproxy')
    ? places.place<ImgproxyApi>('imgproxy', ({ imgproxy: own, stack }) =>
        imgproxyRoom.create({
          settings: own,
          log: roomLog('imgproxy'),
          cwd: settings.cwd,
          egress: (also) => createEgress({ allowed: [...stack.egressAllow, ...also] }),
          cacheFolder: join(volumesOf(settings), 'imgproxy'),
        }),
      )
    : undefined;
  const storage = chosen.has('storage')
    ? places.place('storage', ({ storage: own }) =>
        storageRoom.create({
          settings: own,
          log: roomLog('storage'),
          database: connection('supabase_storage_admin', own.databaseUrl),
          // The queue stands beside the objects: in a database of their own it is storage's.
          ...(own.databaseUrl === undefined && { deliveryDatabase: connection('supabase_admin', undefined) }),
          defaultFolder: resolve(volumesOf(settings), 'storage'),
          bus: input.bus,
          egress,
          ...(imgproxy && { transform: (original, wanted) => imgproxy.api.transform(original, wanted) }),
        }),
      )
    : undefined;
  const functions = chosen.has('functions')
    ? places.place<FunctionsApi>('functions', (own, former) =>
        createFunctionsRoom(
          own,
          roomLog('functions'),
          () => (workers ?? gateway).api.url(),
          // Alone, without an address of a database, there is none.
          db || settings.db.host ? connection('supabase_admin', undefined) : undefined,
          input.bus,
          former,
        ),
      )
    : undefined;
  if (functions) logging.follow(functions.api);
  const meta = chosen.has('meta')
    ? places.place<MetaApi>('meta', ({ meta: own }) =>
        metaRoom.create({
          settings: own,
          log: roomLog('meta'),
          database: connection('supabase_admin', undefined),
        }),
      )
    : undefined;
  const desk = createSettingsDesk(settings, settingsReload);
  const studio = chosen.has('studio')
    ? places.place('studio', (own) =>
        createStudioRoom(own, roomLog('studio'), {
          inForce: settingsReload.inForce,
          desk,
          health,
          auth,
          meta,
          mount: input.mount,
          inWorkers: (name) => share.kind === 'primary' && settings.rooms.has(name as RoomName),
          connection: (role) => connection(role, undefined)(),
          url: () => (workers ?? gateway).api.url(),
          pooler,
          egress,
        }),
      )
    : undefined;
  // Without a public edge the gateway room still opens the ports of the rooms that run here.
  const gateway = gatewayRoom.create({
    settings: settings.gateway,
    log: roomLog('gateway'),
    edge: chosen.has('gateway'),
    observe: logging.observe,
    mount: input.mount,
    tracer: input.tracer,
    ...(share.kind === 'worker' && { elsewhere: share.link.elsewhere }),
    health: share.kind === 'worker' ? share.link.health : health,
    metrics: share.kind === 'worker' ? share.link.metrics : input.metrics,
  });
  const workers =
    share.kind === 'primary'
      ? createWorkersRoom({
          count: settings.stack.workers,
          served: served.filter((name) => settings.rooms.has(name)),
          log: roomLog('workers'),
          argv: share.argv,
          env: share.env,
          connections: () => ({
            supabase_auth_admin: connection('supabase_auth_admin', settings.auth.databaseUrl)(),
            supabase_storage_admin: connection('supabase_storage_admin', settings.storage.databaseUrl)(),
            authenticator: connection('authenticator', settings.rest.dbUri)(),
            supabase_admin: connection('supabase_admin', undefined)(),
          }),
          sockets: createPrivateSockets(() =>
            ['functions', 'functions-management', 'meta', 'studio', 'inbox', 'vector', 'analytics'].flatMap((name) => {
              const mount = input.mount(name);
              return mount ? [mount] : [];
            }),
          ),
          health,
          metrics: input.metrics,
          captured: (mail) => auth?.api.inbox.add(mail),
          told: (news) => input.logs?.emit(news),
          retry: { first: settings.stack.retryFirst, longest: settings.stack.retryLongest },
          stopWithin: settings.gateway.drainTimeout + 5_000,
        })
      : undefined;

  const created: Readonly<Partial<Record<RoomName, Room>>> = clean({
    db,
    pooler,
    auth,
    rest,
    realtime,
    storage,
    imgproxy,
    functions,
    meta,
    studio,
    analytics: logging.analytics,
    vector: logging.vector,
    gateway: workers ? undefined : gateway,
  });
  const rooms: SupervisedRoom[] = [];
  for (const { name, needs, optional } of registry) {
    const room = created[name];
    if (!room) continue;
    const present = needs.filter((need) => created[need]) as string[];
    if (name === 'rest' && db) present.push('project');
    rooms.push({ name, room, needs: present, optional: optional && settings.rooms.size > 1 });
  }
  if (db) {
    const step = createProjectStep(
      () => (settings.stack.applyMigrations ? db.api.applyProjectSql() : Promise.resolve({ applied: [] })),
      ({ applied, failure }) => {
        if (applied.length > 0) log.info({ files: applied }, 'project SQL applied');
        if (failure) log.error({ ...failure }, 'a project SQL file failed; later files were not applied');
      },
    );
    const schemas = ['db', ...(auth ? ['auth'] : []), ...(storage ? ['storage'] : [])];
    rooms.push({ name: 'project', room: step, needs: schemas, optional: false });
  }
  if (workers) rooms.push({ name: 'workers', room: workers, needs: rooms.map(({ name }) => name), optional: false });
  if (db)
    rooms.push({
      name: 'background',
      room: db.api.background,
      needs: rooms.filter(({ optional }) => !optional).map(({ name }) => name),
      optional: false,
    });
  return {
    rooms,
    replaceRoom: places.replace,
    settingsReload,
    reload(what) {
      if (what === 'settings') void settingsReload.now();
      else if (workers) workers.api.reload(what);
      else rest?.api.requestReload(what);
    },
    observed: logging.observed,
    flushLogs: logging.flush,
    healthElsewhere: async () => (workers ? workers.api.health() : {}),
    metricsElsewhere: async () => (workers ? workers.api.metrics() : []),
    url: () => (workers ?? gateway).api.url(),
    mail: () => auth?.api.mailDelivery(),
    database: () => ({
      embedded: db?.api.embedded ?? false,
      socketDir: db?.api.socketDir,
      port: db?.api.port ?? settings.db.port,
      name: db?.api.database ?? settings.db.database,
    }),
  };
}

function roomsOf(chosen: ReadonlySet<RoomName>, { kind }: Share): ReadonlySet<RoomName> {
  if (kind === 'whole') return chosen;
  const runs = (name: RoomName) =>
    kind === 'worker' ? served.includes(name) : name === 'auth' || name === 'storage' || !served.includes(name);
  return new Set([...chosen].filter(runs));
}

/** The database of a stack whose db room runs elsewhere. */
function remoteConnection(settings: LoadedSettings, user: string): ConnectionOptions {
  return {
    host: settings.db.host ?? 'localhost',
    port: settings.db.port,
    database: settings.db.database,
    user,
    ...(settings.stack.postgresPassword && { password: settings.stack.postgresPassword }),
  };
}

function clean<T extends object>(rooms: { [K in keyof T]: T[K] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(rooms).filter(([, room]) => room !== undefined)) as Partial<T>;
}
