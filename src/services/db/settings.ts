import { bytes, duration, integer, list, oneOf, type SettingsOf, string } from '#kernel/config';

/** The db room's settings. */
export const dbSettings = {
  host: string({
    name: 'POSTGRES_HOST',
    help: 'Address of a PostgreSQL 15–18 server to use. Unset: an embedded one; `db` and `supabase-db` mean that too unless they resolve.',
  }),
  port: integer({
    name: 'POSTGRES_PORT',
    aliases: ['SUPABASE_DB_PORT'],
    default: 5432,
    min: 1,
    max: 65_535,
    help: "Port of the external server; with the embedded one, the pooler's port of session mode, or without the pooler the server's own on loopback.",
  }),
  database: string({
    name: 'POSTGRES_DB',
    aliases: ['SUPABASE_DB_NAME'],
    default: 'postgres',
    pattern: [/^[^\0]{1,63}$/, 'must be a database name of at most 63 characters'],
    help: 'Database that holds the project.',
  }),
  user: string({
    name: 'POSTGRES_USER',
    help: 'Role to prepare an external database as. Unset: supabase_admin, and where that is refused postgres.',
  }),
  password: string({
    name: 'POSTGRES_PASSWORD',
    aliases: ['SUPABASE_DB_PASSWORD'],
    secret: true,
    help: 'Password of all login roles.',
  }),
  sslMode: oneOf({
    name: 'POSTGRES_SSLMODE',
    values: ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'],
    help: "TLS towards an external server, as libpq's sslmode. Default prefer, with a root certificate verify-full.",
  }),
  sslRootCertificate: string({
    name: 'POSTGRES_SSLROOTCERT',
    help: 'File with the certificate authorities (PEM) trusted for an external server.',
  }),
  jwtSecret: string({
    name: 'JWT_SECRET',
    aliases: ['SUPABASE_JWT_SECRET'],
    secret: true,
    help: 'Kept in the database as app.settings.jwt_secret.',
  }),
  jwtExpiry: integer({
    name: 'JWT_EXPIRY',
    aliases: ['SUPABASE_JWT_EXP'],
    default: 3_600,
    min: 1,
    help: 'Lifetime of access tokens in seconds, kept in the database as app.settings.jwt_exp.',
  }),
  volumesDir: string({
    name: 'VOLUMES_DIR',
    default: './volumes',
    help: 'Folder of all data; the embedded database lives in db/data below it.',
  }),
  binDir: string({
    name: 'POSTGRES_BIN_DIR',
    help: "Folder with a distribution's postgres and initdb (15–18) to run as the embedded server.",
  }),
  bindAddress: string({
    name: 'BIND_ADDRESS',
    default: '127.0.0.1',
    help: 'Without the pooler the embedded server listens here when it is a loopback address, on 127.0.0.1 otherwise.',
  }),
  memory: oneOf({
    name: 'STACK_DB_MEMORY',
    values: ['auto', 'low'],
    default: 'auto',
    help: 'Memory of the embedded server: sized by the machine, or as little as possible.',
  }),
  maxConnections: integer({
    name: 'STACK_DB_MAX_CONNECTIONS',
    default: 100,
    min: 10,
    max: 10_000,
    help: 'Connections the embedded server accepts.',
  }),
  startWait: duration({
    name: 'STACK_DB_START_WAIT',
    default: 0,
    help: 'How long a start waits for an unreachable external server; 0 waits for ever, with a line every 10 seconds.',
  }),
  stopTimeout: duration({
    name: 'STACK_DB_STOP_TIMEOUT',
    default: 60_000,
    min: 100,
    help: 'How long the embedded server may take to shut down; afterwards it is cut off and recovers at its next start.',
  }),
  netConcurrency: integer({
    name: 'STACK_DB_NET_CONCURRENCY',
    default: 200,
    min: 1,
    max: 10_000,
    help: 'Requests of pg_net under way at once; pg_net.batch_size bounds how many are taken by one look into the queue.',
  }),
  netResponseLimit: bytes({
    name: 'STACK_DB_NET_RESPONSE_LIMIT',
    default: 10_485_760,
    min: 1,
    help: 'Largest answer that pg_net and http take.',
  }),
  cronJobs: integer({
    name: 'STACK_DB_CRON_JOBS',
    default: 32,
    min: 1,
    max: 1_000,
    help: 'Jobs of pg_cron that run at once on this node; others wait. Each has a connection.',
  }),
  cronResultLimit: bytes({
    name: 'STACK_DB_CRON_RESULT_LIMIT',
    default: 16_777_216,
    min: 1_024,
    help: 'Largest answer of a job; what returns more fails, as nobody would read it.',
  }),
  outboxBatch: integer({
    name: 'STACK_OUTBOX_BATCH',
    default: 200,
    min: 1,
    max: 10_000,
    help: 'Events of the outbox that are read at once; after a crash as many may be delivered once more.',
  }),
  outboxConcurrency: integer({
    name: 'STACK_OUTBOX_CONCURRENCY',
    default: 16,
    min: 1,
    max: 1_000,
    help: 'Events of the outbox under way at once; those of one row follow one another.',
  }),
  outboxTimeout: duration({
    name: 'STACK_OUTBOX_TIMEOUT',
    default: 10_000,
    min: 100,
    help: 'How long an HTTP receiver of events may take.',
  }),
  outboxKeepDead: duration({
    name: 'STACK_OUTBOX_KEEP_DEAD',
    default: 30 * 86_400_000,
    min: 60_000,
    help: 'How long events are kept that could not be delivered.',
  }),
  outboxStream: string({
    name: 'STACK_OUTBOX_STREAM',
    default: 'SUPABASE',
    pattern: [/^[\w-]{1,64}$/, 'must be 1 to 64 letters, digits, dashes or underscores'],
    help: 'Stream of JetStream that is made for events where there is none of that name.',
  }),
  outboxSubjects: list({
    name: 'STACK_OUTBOX_SUBJECTS',
    default: ['supabase.db.*.*.*.v1', 'supabase.auth.*.v1', 'supabase.storage.*.*.v1'],
    help: 'Subjects of that stream when it is made.',
  }),
  outboxKeep: duration({
    name: 'STACK_OUTBOX_KEEP',
    default: 604_800_000,
    min: 60_000,
    help: 'How long that stream keeps messages when it is made.',
  }),
  outboxDuplicates: duration({
    name: 'STACK_OUTBOX_DUPLICATES',
    default: 600_000,
    min: 1_000,
    help: 'Time in which that stream knows a message that comes again; set when it is made.',
  }),
  backgroundGrace: duration({
    name: 'STACK_DB_BACKGROUND_GRACE',
    default: 5_000,
    help: 'How long a stop waits for the requests and jobs of extensions that are under way.',
  }),
};

/** The db room's parsed settings. */
export type DbSettings = SettingsOf<typeof dbSettings>;
