import { randomUUID } from 'node:crypto';
import { StartupError } from '#kernel/errors';
import { createVerifier, type KeySetSource, loadKeySet, type Verifier } from '#kernel/jwt';
import { type Clock, type Health, type Room, type RoomDefinition, systemClock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { type ConnectionOptions, createDatabase, type Database } from '#kernel/sql';
import { Failures } from './core/access/failures.ts';
import { createPolicies } from './core/access/policies.ts';
import { createChangeFeed } from './core/changes/create-feed.ts';
import type { ChangeFeed } from './core/changes/feed.ts';
import type { RealtimeContext } from './core/context.ts';
import { startHousekeeping } from './core/housekeeping.ts';
import { Hub } from './core/hub.ts';
import type { Limits } from './core/limits/limits.ts';
import { Rate } from './core/limits/rate.ts';
import { LongPolls } from './core/long-poll/long-polls.ts';
import { metricFamilies } from './core/metric-families.ts';
import { createMetrics, type Metrics } from './core/metrics.ts';
import { Nodes } from './core/nodes/nodes.ts';
import { createRoomBus } from './core/nodes/room-bus.ts';
import { Presence } from './core/presence/presence.ts';
import { deliverStored } from './core/stored-broadcasts.ts';
import { Tenant } from './core/tenant.ts';
import { createTokenJudge } from './core/token.ts';
import type { RealtimeApi, RealtimeHeirlooms, RealtimePorts } from './ports.ts';
import { createHttp, type Http } from './routes/http.ts';
import { refuseUpgrade, upgrade } from './routes/upgrade.ts';
import type { RealtimeSettings } from './settings.ts';
import { migrate, realtimeMigrations } from './sql/migrations/index.ts';
import { keepPartitions } from './sql/partitions.ts';
import { storedBroadcasts } from './sql/stored-messages.ts';
import type { BacklogLimits } from './wire/client-connection.ts';
import { createTransport, type Transport } from './wire/transport.ts';

/** What realtime is made of. */
export interface RealtimeDeps extends RealtimePorts {
  readonly settings: RealtimeSettings;
  readonly log: Logger;
  /** Those of the room whose place this one takes, if it takes one. */
  readonly heirlooms?: RealtimeHeirlooms;
}

/** Broadcast, presence and database changes over WebSockets. */
export const realtimeRoom: RoomDefinition<RealtimeDeps, RealtimeApi> = { name: 'realtime', create };

interface Running {
  readonly context: RealtimeContext;
  readonly db: Database;
  readonly transport: Transport;
  readonly nodes: Nodes;
  readonly polls: LongPolls;
  readonly http: Http;
  readonly feed: ChangeFeed | undefined;
  readonly end: () => void;
  isServing: boolean;
}

const day = 86_400_000;

function create(given: RealtimeDeps): Room<RealtimeApi> {
  const { settings } = given;
  const heirlooms = given.heirlooms ?? { bus: createRoomBus(given.bus) };
  const deps = { ...given, bus: heirlooms.bus };
  const clock = deps.clock ?? systemClock;
  let running: Running | undefined;

  async function start(signal: AbortSignal): Promise<void> {
    if (given.heirlooms) heirlooms.bus.share();
    const verifier = await verifierOf(settings, clock);
    const connection = deps.database();
    await migrate(connection, realtimeMigrations);
    const db = openDatabase(connection, settings);
    const keep = () => keepPartitions(db, Math.floor(settings.retention / day));
    await keep();
    signal.throwIfAborted();
    const transport = await openTransport(settings, clock);
    running = assemble({ deps, clock, verifier, connection, db, transport, keep });
    await running.http.ready();
    await running.feed?.start(signal);
  }

  async function stop(): Promise<void> {
    const stopping = running;
    if (!stopping) return;
    stopping.isServing = false;
    for (const session of stopping.context.sessions) session.disconnect(1012, 'Server requested disconnect');
    stopping.context.presence.flush();
    stopping.end();
    stopping.polls.stop();
    stopping.nodes.stop();
    stopping.context.presence.stop();
    running = undefined;
    await stopping.feed?.stop();
    await stopping.http.close();
    await stopping.db.close();
    for (const connection of stopping.transport.connections) connection.destroy();
  }

  return {
    mounts: [
      {
        name: 'realtime',
        handle(request, response) {
          if (running) running.http.handle(request, response);
          else response.writeHead(503, { 'retry-after': '1', 'content-length': 0 }).end();
        },
        upgrade(request, socket, head) {
          if (!running) {
            refuseUpgrade(request, socket);
            return;
          }
          const { context, transport } = running;
          void upgrade({ context, transport, translateKey: translator(settings) }, request, socket, head);
        },
      },
    ],
    api: { sockets: () => running?.context.sessions.size ?? 0, heirlooms },
    start,
    // Sockets that are open stay here: who comes to the other room has to be heard by them.
    leave() {
      if (!running || running.nodes.isRunning) return;
      const { nodes, polls, context } = running;
      nodes.start();
      polls.start();
      for (const room of context.hub.rooms()) nodes.opened(room);
    },
    stop,
    health: () => healthOf(running),
    metrics: () => (running ? metricFamilies(running.context, settings.tenant) : []),
  };
}

interface Parts {
  readonly deps: RealtimeDeps;
  readonly clock: Clock;
  readonly verifier: Verifier;
  readonly connection: ConnectionOptions;
  readonly db: Database;
  readonly transport: Transport;
  readonly keep: () => Promise<void>;
}

function assemble({ deps, clock, verifier, connection, db, transport, keep }: Parts): Running {
  const { settings, log } = deps;
  const node = randomUUID();
  const metrics = createMetrics();
  const hub = new Hub({
    opened: (room) => nodes.opened(room),
    closed: (room) => nodes.closed(room),
    settled: (room) => nodes.settled(room),
  });
  const rates = { events: new Rate(), joins: new Rate(), presence: new Rate(), requests: new Rate() };
  const facts = {
    name: settings.tenant,
    maxBytes: settings.maxBytes,
    database: connection.database,
    jwtSecret: settings.jwtSecret,
    jwtJwks: settings.jwtJwks,
  };
  const tenant = new Tenant(facts, limitsOf(settings));
  const changeHere = (limits: Partial<Limits>, disconnect: boolean): void => {
    if (!tenant.change(limits) && !disconnect) return;
    for (const session of context.sessions) session.disconnect(1012, 'Server requested disconnect');
  };
  const deliver: Nodes['relay'] = (room, message) => rates.events.add(hub.deliver(room, message));
  const presence = new Presence({
    node,
    window: settings.presenceDelay,
    outlets: {
      diff: (room, payload) => rates.presence.add(hub.deliver(room, { kind: 'text', event: 'presence_diff', payload })),
      delta: (delta) => nodes.publishDelta(delta),
      missing: (other) => nodes.want(other),
    },
  });
  const nodes = new Nodes({
    node,
    bus: deps.bus,
    clock,
    interval: settings.nodeInterval,
    timeout: settings.nodeTimeout,
    presence: () => presence,
    deliver,
    tenantChanged: changeHere,
    usersHere: () => context.users.here,
  });
  const context: RealtimeContext = {
    node,
    clock,
    log,
    limits: () => tenant.limits,
    rates,
    metrics,
    judge: createTokenJudge({
      verifier,
      required: settings.claimValidators,
      kept: settings.tokenCache,
      now: () => clock.now(),
    }),
    hub,
    presence,
    access: createPolicies({
      db: () => db,
      log,
      metrics,
      failures: new Failures(settings.dbFailures, () => clock.now()),
    }),
    feed: openFeed(deps, db, metrics),
    replay: (topic, { since, limit }) => storedBroadcasts(db, topic, since, limit),
    relay: (room, message) => nodes.relay(room, message),
    sessions: new Set(),
    users: { here: 0, elsewhere: () => nodes.usersElsewhere() },
    isServing: () => running.isServing,
  };
  const polls = new LongPolls({
    context,
    bus: deps.bus,
    backlog: backlogOf(settings),
    window: settings.pollWindow,
    patience: settings.pollPatience,
    most: settings.pollSessions,
    flushSlice: settings.flushSlice,
  });
  nodes.start();
  polls.start();
  const endStored = deliverStored(context);
  const endHousekeeping = startHousekeeping({
    context,
    sweep() {
      transport.sweep();
      polls.sweep();
    },
    noChannel: settings.noChannel,
    keepPartitions: keep,
  });
  const running: Running = {
    context,
    db,
    transport,
    nodes,
    polls,
    http: createHttp({
      context,
      polls,
      settings,
      tenant,
      changeTenant(limits, disconnect = false) {
        changeHere(limits, disconnect);
        nodes.publishTenant(limits, disconnect);
      },
      databaseAnswers: () =>
        db.query('select 1').then(
          () => true,
          () => false,
        ),
      translateKey: translator(settings),
    }),
    feed: context.feed,
    isServing: true,
    end() {
      endStored();
      endHousekeeping();
    },
  };
  return running;
}

const openDatabase = (connection: ConnectionOptions, settings: RealtimeSettings): Database =>
  createDatabase({
    connection,
    size: settings.dbPool,
    queueLimit: settings.dbQueue,
    acquireTimeout: settings.dbTimeout,
  });

const openFeed = ({ settings, log, bus, database }: RealtimeDeps, db: Database, metrics: Metrics): ChangeFeed =>
  createChangeFeed({
    connection: database,
    log,
    bus,
    publication: settings.publication,
    messagesPublication: 'supabase_realtime_messages_publication',
    retention: { time: settings.changesWindow, bytes: settings.changesWindowBytes },
    slotLimit: settings.changesSlotLimit,
    backlogLimit: settings.changesBacklog,
    recordLimit: settings.changesRecord,
    connections: settings.changesConnections,
    batch: settings.changesBatch,
    catchUps: settings.changesCatchUps,
    positionEvery: settings.changesPositionEvery,
    decided: (milliseconds) => metrics.observe('changesQuery', milliseconds),
    snapshots: { db, rows: settings.snapshotRows, bytes: settings.snapshotBytes },
  });

const backlogOf = (settings: RealtimeSettings): BacklogLimits => ({
  soft: settings.backlogSoft,
  hard: settings.backlogHard,
  stall: settings.stall,
});

const openTransport = (settings: RealtimeSettings, clock: Clock): Promise<Transport> =>
  createTransport({
    maxFrame: settings.maxFrame,
    deflate: settings.deflate,
    backlog: backlogOf(settings),
    idle: settings.idle,
    flushSlice: settings.flushSlice,
    now: () => clock.now(),
  });

function limitsOf(settings: RealtimeSettings): Limits {
  return {
    users: settings.maxUsers,
    events: settings.maxEvents,
    joins: settings.maxJoins,
    channels: settings.maxChannels,
    presenceEvents: settings.maxPresence,
    presenceCalls: settings.presenceCalls,
    presenceWindow: settings.presenceWindow,
    payload: settings.maxPayload * 1_000,
    privateOnly: settings.privateOnly,
    suspended: false,
    removed: false,
  };
}

async function verifierOf(settings: RealtimeSettings, clock: Clock): Promise<Verifier> {
  const { jwtSecret, jwtJwks } = settings;
  if (jwtSecret === undefined && jwtJwks === undefined)
    throw new StartupError('realtime needs a secret to verify tokens with', 'JWT_SECRET');
  // As a key without algorithm the secret serves HS256, HS384 and HS512.
  const shared = jwtSecret === undefined ? [] : [{ kty: 'oct', k: Buffer.from(jwtSecret).toString('base64url') }];
  const listed = (jwtJwks?.keys ?? []) as NonNullable<KeySetSource['jwks']>['keys'];
  try {
    const keys = await loadKeySet({ jwks: { keys: [...listed, ...shared] } });
    return createVerifier({ keys, cacheEntries: 0, now: () => clock.now() });
  } catch (error) {
    throw new StartupError(`the keys of tokens are unusable: ${(error as Error).message}`, 'JWT_JWKS', error);
  }
}

/** Opaque keys stand for a JWT; behind the gateway they have been replaced already. */
function translator(settings: RealtimeSettings): (key: string) => string {
  const { publishableKey, secretKey, anonKey, serviceRoleKey } = settings;
  return (key) => {
    if (!key.startsWith('sb_')) return key;
    if (key === publishableKey) return anonKey ?? key;
    return key === secretKey ? (serviceRoleKey ?? key) : key;
  };
}

function healthOf(running: Running | undefined): Health {
  if (!running) return { status: 'starting' };
  const { context, db, nodes, feed } = running;
  const changes = feed?.health();
  return {
    status: 'healthy',
    detail: {
      sockets: context.sessions.size,
      users: context.users.here,
      rooms: context.hub.size,
      nodes: nodes.others.size + 1,
      connections: db.stats.open,
      ...(changes && { changes }),
    },
  };
}
