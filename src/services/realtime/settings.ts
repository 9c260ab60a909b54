import { boolean, bytes, duration, integer, json, list, type SettingsOf, string } from '#kernel/config';

function objectFrom(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('must be a JSON object');
  return value as Record<string, unknown>;
}

function jwksFrom(value: unknown): { readonly keys: readonly object[] } {
  const keys = Array.isArray(value) ? value : (value as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new Error('must be a JWK set');
  return { keys };
}

/** Settings by which clients are bounded, and the room itself. */
export const realtimeSettings = {
  jwtSecret: string({
    name: 'JWT_SECRET',
    alone: ['API_JWT_SECRET'],
    aliases: ['SUPABASE_JWT_SECRET'],
    secret: true,
    help: 'Shared secret of tokens (HS256, at least 32 characters).',
  }),
  jwtJwks: json({
    name: 'JWT_JWKS',
    alone: ['API_JWT_JWKS'],
    secret: true,
    check: jwksFrom,
    help: 'JWK set as JSON; its keys are accepted besides JWT_SECRET.',
  }),
  claimValidators: json({
    name: 'STACK_REALTIME_CLAIM_VALIDATORS',
    alone: ['JWT_CLAIM_VALIDATORS'],
    default: {} as Readonly<Record<string, unknown>>,
    check: objectFrom,
    help: 'Claims that tokens must have with these very values, as a JSON object.',
  }),
  adminSecret: string({
    name: 'STACK_REALTIME_ADMIN_SECRET',
    secret: true,
    minLength: 32,
    help: "Secret of tokens that may read and change the tenant over /api/tenants, on realtime's own port; without one nobody may.",
  }),
  adminSecretNext: string({
    name: 'STACK_REALTIME_ADMIN_SECRET_NEXT',
    alone: ['API_JWT_SECRET_NEXT'],
    secret: true,
    minLength: 32,
    help: 'A second such secret, taken besides the first while one gives way to the other.',
  }),
  adminBlocked: list({
    name: 'STACK_REALTIME_ADMIN_BLOCKED',
    alone: ['API_TOKEN_BLOCKLIST'],
    default: [],
    secret: true,
    help: 'Tokens, separated by commas, that are refused at /api/tenants although they are signed well.',
  }),
  metricsBlocked: list({
    name: 'STACK_REALTIME_METRICS_BLOCKED',
    alone: ['METRICS_TOKEN_BLOCKLIST'],
    default: [],
    secret: true,
    help: 'The same at /metrics.',
  }),
  metricsSecret: string({
    name: 'STACK_REALTIME_METRICS_SECRET',
    alone: ['METRICS_JWT_SECRET'],
    secret: true,
    help: "Secret of tokens that may read /metrics on realtime's own port; default JWT_SECRET.",
  }),
  anonKey: string({ name: 'ANON_KEY', help: 'Put in the place of the opaque client key on the own port of realtime.' }),
  serviceRoleKey: string({
    name: 'SERVICE_ROLE_KEY',
    secret: true,
    aliases: ['SUPABASE_SERVICE_ROLE_KEY', 'SUPABASE_SERVICE_KEY'],
    help: 'Put in the place of the opaque server key on the own port of realtime.',
  }),
  publishableKey: string({ name: 'SUPABASE_PUBLISHABLE_KEY', help: 'The opaque client key.' }),
  secretKey: string({ name: 'SUPABASE_SECRET_KEY', secret: true, help: 'The opaque server key.' }),
  tenant: string({
    name: 'SELF_HOST_TENANT_NAME',
    default: 'realtime-dev',
    help: 'Name under which the one tenant is reported by /api/tenants.',
  }),
  dbHost: string({
    name: 'STACK_REALTIME_DB_HOST',
    alone: ['DB_HOST'],
    help: 'Database of realtime, when not the stack’s.',
  }),
  dbPort: integer({
    name: 'STACK_REALTIME_DB_PORT',
    alone: ['DB_PORT'],
    default: 5432,
    max: 65_535,
    help: 'Its port.',
  }),
  dbUser: string({
    name: 'STACK_REALTIME_DB_USER',
    alone: ['DB_USER'],
    default: 'supabase_admin',
    help: 'The role realtime connects as; it has to own the schemas realtime and _realtime, or be able to make them.',
  }),
  dbPassword: string({
    name: 'STACK_REALTIME_DB_PASSWORD',
    alone: ['DB_PASSWORD'],
    secret: true,
    help: 'Its password.',
  }),
  dbName: string({
    name: 'STACK_REALTIME_DB_NAME',
    alone: ['DB_NAME'],
    default: 'postgres',
    help: 'Name of that database.',
  }),
  dbSsl: boolean({
    name: 'STACK_REALTIME_DB_SSL',
    alone: ['DB_SSL'],
    default: false,
    help: 'Only TLS towards that database; the server is verified where an authority is named. Off: TLS where it is offered.',
  }),
  dbSslCaCert: string({
    name: 'STACK_REALTIME_DB_SSL_CA_CERT',
    alone: ['DB_SSL_CA_CERT'],
    help: 'File with the certificate authorities (PEM) trusted for it.',
  }),
  dbPool: integer({
    name: 'STACK_REALTIME_DB_POOL',
    alone: ['DB_POOL_SIZE'],
    default: 5,
    min: 1,
    max: 1_000,
    help: 'Database connections of realtime at most, for policies and stored messages.',
  }),
  dbQueue: integer({
    name: 'STACK_REALTIME_DB_QUEUE',
    default: 1_000,
    min: 0,
    help: 'Joins and the like that may wait for one of them; the next is refused.',
  }),
  dbTimeout: duration({
    name: 'STACK_REALTIME_DB_TIMEOUT',
    default: 5_000,
    min: 100,
    help: 'Time a join may wait for one of them; clients give up after 10 s.',
  }),
  dbFailures: integer({
    name: 'STACK_REALTIME_DB_FAILURES',
    default: 10,
    min: 0,
    help: 'Failed attempts to reach the database within 30 s, after which private joins are refused but for one attempt a second; 0: no bound.',
  }),
  maxUsers: integer({
    name: 'TENANT_MAX_CONCURRENT_USERS',
    default: 200,
    min: 0,
    help: 'Sockets with at least one channel, on all nodes together; 0: no bound.',
  }),
  maxEvents: integer({
    name: 'TENANT_MAX_EVENTS_PER_SECOND',
    default: 100,
    min: 0,
    help: 'Broadcasts taken in and messages delivered a second, on average over a minute and for each node; 0: no bound.',
  }),
  maxJoins: integer({
    name: 'TENANT_MAX_JOINS_PER_SECOND',
    default: 100,
    min: 0,
    help: 'Joins a second, on average over a minute; 0: no bound.',
  }),
  maxChannels: integer({
    name: 'TENANT_MAX_CHANNELS_PER_CLIENT',
    default: 100,
    min: 0,
    help: 'Channels of one socket; 0: no bound.',
  }),
  maxBytes: integer({
    name: 'TENANT_MAX_BYTES_PER_SECOND',
    default: 100_000,
    min: 0,
    help: 'Kept and reported, as in the original; nothing is bounded by it.',
  }),
  maxPresence: integer({
    name: 'STACK_REALTIME_MAX_PRESENCE_EVENTS',
    default: 1_000,
    min: 0,
    help: 'Presence messages of clients and diffs delivered a second, on average over a minute and for each node; 0: no bound.',
  }),
  presenceCalls: integer({
    name: 'CLIENT_PRESENCE_MAX_CALLS',
    default: 5,
    min: 0,
    help: 'Presence messages of one channel in one window (the channel is closed beyond); 0: no bound.',
  }),
  presenceWindow: duration({
    name: 'CLIENT_PRESENCE_WINDOW_MS',
    bare: 'ms',
    default: 30_000,
    min: 1,
    help: 'That window.',
  }),
  maxPayload: integer({
    name: 'STACK_REALTIME_MAX_PAYLOAD_KB',
    default: 3_000,
    min: 1,
    max: 1_000_000,
    help: 'Thousands of bytes of a broadcast or presence payload at most.',
  }),
  privateOnly: boolean({
    name: 'STACK_REALTIME_PRIVATE_ONLY',
    default: false,
    help: 'Only private channels may be joined.',
  }),
  maxFrame: bytes({
    name: 'STACK_REALTIME_MAX_FRAME',
    default: 5_000_000,
    min: 1_024,
    max: 1024 ** 3,
    help: 'Bytes of a WebSocket message at most (close 1009 beyond).',
  }),
  deflate: boolean({
    name: 'STACK_REALTIME_DEFLATE',
    default: false,
    help: 'Offer permessage-deflate; costs processor time and some 100 kB of memory for each socket that takes it.',
  }),
  backlogSoft: bytes({
    name: 'STACK_REALTIME_BACKLOG',
    default: 1024 ** 2,
    min: 1_024,
    help: 'Bytes that may wait for one socket; broadcasts beyond are left out, and the client is told how many.',
  }),
  backlogHard: bytes({
    name: 'STACK_REALTIME_BACKLOG_MAX',
    default: 16 * 1024 ** 2,
    min: 1_024,
    help: 'Bytes that may wait for one socket whatever they are; it is closed (1013) beyond.',
  }),
  stall: duration({
    name: 'STACK_REALTIME_STALL',
    default: 10_000,
    min: 1_000,
    help: 'Time a socket may take nothing while something waits for it, before it is ended.',
  }),
  idle: duration({
    name: 'STACK_REALTIME_IDLE',
    default: 60_000,
    min: 1_000,
    help: 'Time without anything from a client, heartbeats included, before its socket is closed.',
  }),
  noChannel: duration({
    name: 'STACK_REALTIME_NO_CHANNEL',
    alone: ['NO_CHANNEL_TIMEOUT_IN_MS'],
    bare: 'ms',
    default: 600_000,
    min: 1_000,
    help: 'Time a socket may be without channels before it is closed.',
  }),
  flushSlice: integer({
    name: 'STACK_REALTIME_FLUSH_SLICE',
    default: 500,
    min: 1,
    help: 'Sockets written to before other work gets its turn.',
  }),
  pollWindow: duration({
    name: 'STACK_REALTIME_LONGPOLL_WINDOW',
    default: 10_000,
    min: 100,
    max: 600_000,
    help: 'Time a long poll waits for messages; a session ends after two of them without a poll.',
  }),
  pollPatience: duration({
    name: 'STACK_REALTIME_LONGPOLL_PATIENCE',
    default: 2_000,
    min: 100,
    help: 'Time another node has to say that it keeps the session of a long poll; it counts as gone beyond.',
  }),
  pollSessions: integer({
    name: 'STACK_REALTIME_LONGPOLL_SESSIONS',
    default: 10_000,
    min: 0,
    help: 'Sessions of long polling on one node at most (503 beyond); 0: none are served.',
  }),
  presenceDelay: duration({
    name: 'STACK_REALTIME_PRESENCE_DELAY',
    bare: 'ms',
    default: 10,
    min: 1,
    max: 5_000,
    help: 'Time in which changes of presence in a room are gathered into one message.',
  }),
  nodeInterval: duration({
    name: 'STACK_REALTIME_NODE_INTERVAL',
    bare: 'ms',
    default: 1_000,
    min: 50,
    help: 'How often nodes tell each other that they live.',
  }),
  nodeTimeout: duration({
    name: 'STACK_REALTIME_NODE_TIMEOUT',
    default: 10_000,
    min: 500,
    help: 'Time without a word after which a node counts as gone, and its presence with it.',
  }),
  retention: duration({
    name: 'STACK_REALTIME_RETENTION',
    default: 72 * 3_600_000,
    min: 86_400_000,
    help: 'How long stored messages (realtime.messages) are kept, in whole days.',
  }),
  tokenCache: integer({
    name: 'STACK_REALTIME_TOKEN_CACHE',
    default: 10_000,
    min: 1,
    help: 'Verified tokens remembered.',
  }),
  bodyLimit: bytes({
    name: 'STACK_REALTIME_MAX_BODY',
    default: 8_000_000,
    min: 1_024,
    help: 'Bytes of a request to the broadcast API at most (413 beyond).',
  }),
  publication: string({
    name: 'STACK_REALTIME_PUBLICATION',
    default: 'supabase_realtime',
    help: 'Publication of the tables whose changes clients may ask for.',
  }),
  changesWindow: duration({
    name: 'STACK_CHANGES_WINDOW',
    default: 300_000,
    min: 1_000,
    help: 'How long changes are kept for clients that come back, in memory and in the WAL of the server.',
  }),
  changesWindowBytes: bytes({
    name: 'STACK_CHANGES_WINDOW_BYTES',
    default: 256 * 1024 ** 2,
    min: 1024 ** 2,
    help: 'Bytes of changes kept so at most.',
  }),
  changesSlotLimit: bytes({
    name: 'STACK_CHANGES_SLOT_LIMIT',
    default: 2 * 1024 ** 3,
    min: 32 * 1024 ** 2,
    help: 'Bytes of WAL that the server may hold back for us; beyond, changes are given up rather than the disk filled.',
  }),
  changesBacklog: bytes({
    name: 'STACK_CHANGES_BACKLOG',
    default: 16 * 1024 ** 2,
    min: 1024 ** 2,
    help: 'Bytes of changes that may wait for authorisation before no more are fetched.',
  }),
  changesRecord: bytes({
    name: 'STACK_REALTIME_MAX_RECORD',
    default: 1024 ** 2,
    min: 1_024,
    help: 'Bytes of a changed row beyond which only its short values are sent (error 413 in the event).',
  }),
  changesConnections: integer({
    name: 'STACK_CHANGES_CONNECTIONS',
    default: 3,
    min: 1,
    max: 100,
    help: 'Database connections at most for authorising changes.',
  }),
  changesBatch: integer({
    name: 'STACK_CHANGES_BATCH',
    default: 200,
    min: 1,
    max: 10_000,
    help: 'Changes that are authorised together at most.',
  }),
  changesCatchUps: integer({
    name: 'STACK_CHANGES_CATCH_UPS',
    default: 8,
    min: 1,
    max: 1_000,
    help: 'Channels that are given what they missed at a time.',
  }),
  snapshotRows: integer({
    name: 'STACK_CHANGES_SNAPSHOT_ROWS',
    default: 1_000,
    min: 1,
    max: 100_000,
    help: 'Rows in one page of a snapshot, at most.',
  }),
  snapshotBytes: bytes({
    name: 'STACK_CHANGES_SNAPSHOT_BYTES',
    default: 8_000_000,
    min: 1_000,
    help: 'Bytes of one page of a snapshot, at most; a single larger row is given alone.',
  }),
  changesPositionEvery: duration({
    name: 'STACK_CHANGES_POSITION_EVERY',
    default: 30_000,
    min: 100,
    help: 'How often channels that can resume are told their position while nothing changes for them.',
  }),
};

/** The realtime room's parsed settings. */
export type RealtimeSettings = SettingsOf<typeof realtimeSettings>;
