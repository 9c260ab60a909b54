import { bytes, duration, integer, type SettingsOf, string, url } from '#kernel/config';

/** The analytics room's settings. */
export const analyticsSettings = {
  publicToken: string({
    name: 'LOGFLARE_PUBLIC_ACCESS_TOKEN',
    secret: true,
    help: 'Ingest and query token of analytics, at least 32 characters.',
  }),
  privateToken: string({
    name: 'LOGFLARE_PRIVATE_ACCESS_TOKEN',
    secret: true,
    aliases: ['LOGFLARE_API_KEY'],
    help: 'Management token of analytics, at least 32 characters.',
  }),
  databaseUrl: url({
    name: 'ANALYTICS_DATABASE_URL',
    original: ['POSTGRES_BACKEND_URL'],
    protocols: ['postgres', 'postgresql'],
    secret: true,
    help: 'Database of the logs, where it is not `_supabase` of the stack.',
  }),
  dbHost: string({
    name: 'ANALYTICS_DB_HOST',
    alone: ['DB_HOSTNAME'],
    help: 'Host of that database, in place of its URL.',
  }),
  dbPort: integer({
    name: 'ANALYTICS_DB_PORT',
    alone: ['DB_PORT'],
    default: 5432,
    max: 65_535,
    help: 'Port of that host.',
  }),
  dbUser: string({
    name: 'ANALYTICS_DB_USER',
    alone: ['DB_USERNAME'],
    default: 'supabase_admin',
    help: 'Role to connect there as.',
  }),
  dbPassword: string({ name: 'ANALYTICS_DB_PASSWORD', alone: ['DB_PASSWORD'], secret: true, help: 'Its password.' }),
  dbName: string({ name: 'ANALYTICS_DB_NAME', alone: ['DB_DATABASE'], default: '_supabase', help: 'Database there.' }),
  schema: string({
    name: 'ANALYTICS_DB_SCHEMA',
    original: ['POSTGRES_BACKEND_SCHEMA'],
    alone: ['DB_SCHEMA'],
    default: '_analytics',
    pattern: [/^[a-z_][a-z0-9_]{0,40}$/, 'must be a name of small letters, digits and _'],
    help: 'Schema of its tables.',
  }),
  retention: duration({
    name: 'ANALYTICS_RETENTION',
    default: 7 * 24 * 3_600_000,
    min: 60_000,
    help: 'How long events are kept.',
  }),
  maxSize: bytes({
    name: 'ANALYTICS_MAX_SIZE',
    default: 1024 ** 3,
    min: 1024 ** 2,
    help: 'Size of all events with their indexes beyond which the oldest are dropped, a partition at a time.',
  }),
  partition: duration({
    name: 'ANALYTICS_PARTITION',
    default: 3 * 3_600_000,
    min: 60_000,
    max: 24 * 3_600_000,
    help: 'Span of a partition; shorter where so much arrives that a span would hold more than an eighth of the size.',
  }),
  sweepInterval: duration({
    name: 'ANALYTICS_SWEEP_INTERVAL',
    default: 60_000,
    min: 100,
    help: 'How often it is looked for partitions that are due.',
  }),
  queueMemory: bytes({
    name: 'ANALYTICS_QUEUE_MEMORY',
    default: 12 * 1024 * 1024,
    min: 65_536,
    help: 'Events that may wait to be written; more are refused with 429.',
  }),
  bodyLimit: bytes({
    name: 'ANALYTICS_BODY_LIMIT',
    default: 12 * 1024 * 1024,
    min: 1_024,
    help: 'Bytes of one request with events at most.',
  }),
  batchEvents: integer({
    name: 'ANALYTICS_BATCH_EVENTS',
    default: 10_000,
    min: 1,
    max: 100_000,
    help: 'Events of one request at most.',
  }),
  eventSize: bytes({
    name: 'ANALYTICS_EVENT_SIZE',
    default: 1024 * 1024,
    min: 1_024,
    help: 'Bytes of one event at most.',
  }),
  maxRows: integer({
    name: 'ANALYTICS_MAX_ROWS',
    default: 1_000,
    min: 1,
    max: 100_000,
    help: 'Rows of an answer at most.',
  }),
  queryTimeout: duration({
    name: 'ANALYTICS_QUERY_TIMEOUT',
    default: 15_000,
    min: 100,
    help: 'How long a query may take.',
  }),
  resultSize: bytes({
    name: 'ANALYTICS_RESULT_SIZE',
    default: 16 * 1024 * 1024,
    min: 65_536,
    help: 'Bytes of an answer of the database at most.',
  }),
  queries: integer({
    name: 'ANALYTICS_QUERIES',
    default: 4,
    min: 1,
    max: 100,
    help: 'Queries that run at once; four times as many wait, others get 429.',
  }),
  countsCache: duration({
    name: 'ANALYTICS_COUNTS_CACHE',
    default: 60_000,
    help: 'How long an answer of usage.api-counts is used again.',
  }),
  tails: integer({
    name: 'ANALYTICS_TAILS',
    default: 50,
    min: 0,
    max: 10_000,
    help: 'Clients that may follow the logs live.',
  }),
};

/** The analytics room's parsed settings. */
export type AnalyticsSettings = SettingsOf<typeof analyticsSettings>;
