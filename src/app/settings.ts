import { boolean, duration, integer, list, oneOf, type SettingsOf, string } from '#kernel/config';
import { metricSettings } from './metric-settings.ts';
import { traceSettings } from './trace-settings.ts';

/** Names of all rooms of the product, in the order people list them. */
export const roomNames = [
  'db',
  'pooler',
  'auth',
  'rest',
  'realtime',
  'storage',
  'imgproxy',
  'functions',
  'meta',
  'studio',
  'analytics',
  'vector',
  'gateway',
] as const;

/** A room of this release. */
export type RoomName = (typeof roomNames)[number];

/** Settings of the program as a whole, and secrets of services that are not served yet but must not be lost. */
export const stackSettings = {
  services: list({
    name: 'SERVICES',
    default: ['all'],
    help: `Rooms to run in this process: all, or a comma list of ${roomNames.join(', ')}.`,
  }),
  workers: integer({
    name: 'WORKERS',
    default: 1,
    min: 1,
    max: 64,
    help: 'Processes that serve requests; from 2 on they are beside the one that runs the database, each with its own pools.',
  }),
  volumesDir: string({
    name: 'VOLUMES_DIR',
    default: './volumes',
    help: 'Folder of all data, laid out as in the compose file.',
  }),
  configDir: string({
    name: 'STACK_CONFIG_DIR',
    help: 'Folder of settings that may change while the program runs: its *.env files are stronger than the environment; default is `settings` in VOLUMES_DIR.',
  }),
  formerLifetime: duration({
    name: 'STACK_FORMER_LIFETIME',
    default: 3_600_000,
    min: 0,
    help: 'How long uploads, sockets and the like that are under way when settings of their service change may go on under the former ones.',
  }),
  natsUrl: list({
    name: 'NATS_URL',
    default: [],
    secret: true,
    help: 'NATS servers (nats:// or tls://, credentials may stand in the URL) by which several nodes act as one; none: this node is alone.',
  }),
  natsPrefix: string({
    name: 'STACK_NATS_PREFIX',
    default: 'supabase',
    pattern: [/^[\w-]+(\.[\w-]+)*$/, 'must be words of letters, digits, _ and -, with dots between'],
    help: 'What all NATS subjects of this installation begin with; another one on the same servers needs another.',
  }),
  ...traceSettings,
  ...metricSettings,
  publicUrl: string({
    name: 'SUPABASE_PUBLIC_URL',
    help: 'Base URL end users see; default is the address of the gateway.',
  }),
  logLevel: oneOf({
    name: 'STACK_LOG_LEVEL',
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    help: 'Lines below this level are not written.',
  }),
  logsEnabled: boolean({
    name: 'LOGS_ENABLED',
    default: true,
    help: 'Collect the logs of all services, to search them. Off: nothing is collected, at no cost; analytics and vector run only where SERVICES names them, and have what others send them.',
  }),
  bindAddress: string({
    name: 'BIND_ADDRESS',
    default: '127.0.0.1',
    help: 'Address the listeners bind to; anything but loopback is refused while a secret is a known demo value or too short.',
  }),
  egressAllow: list({
    name: 'STACK_EGRESS_ALLOW',
    default: [],
    help: 'Hosts, addresses or ranges (each with an optional :port) beside the public internet that requests made for users may reach.',
  }),
  retryFirst: duration({
    name: 'STACK_RETRY_FIRST',
    default: 1_000,
    min: 10,
    help: 'First pause before an optional room is started again.',
  }),
  retryLongest: duration({
    name: 'STACK_RETRY_LONGEST',
    default: 60_000,
    min: 10,
    help: 'Longest pause between such attempts.',
  }),
  applyMigrations: boolean({
    name: 'STACK_APPLY_MIGRATIONS',
    default: true,
    help: 'Apply supabase/migrations, supabase/seed.sql and volumes/db/init at start.',
  }),
  jwtSecret: string({
    name: 'JWT_SECRET',
    secret: true,
    aliases: ['SUPABASE_JWT_SECRET'],
    help: 'Shared secret of all tokens (HS256), at least 32 characters.',
  }),
  postgresPassword: string({
    name: 'POSTGRES_PASSWORD',
    secret: true,
    aliases: ['SUPABASE_DB_PASSWORD'],
    help: 'Password of all login roles.',
  }),
  secretKeyBase: string({
    name: 'SECRET_KEY_BASE',
    secret: true,
    help: 'Secret of realtime and pooler, at least 64 characters.',
  }),
  vaultKey: string({
    name: 'VAULT_ENC_KEY',
    secret: true,
    help: "Encrypts the pooler's credentials; exactly 32 characters.",
  }),
  logflarePublic: string({
    name: 'LOGFLARE_PUBLIC_ACCESS_TOKEN',
    secret: true,
    help: 'Ingest and query token of analytics, at least 32 characters.',
  }),
  logflarePrivate: string({
    name: 'LOGFLARE_PRIVATE_ACCESS_TOKEN',
    secret: true,
    help: 'Management token of analytics, at least 32 characters.',
  }),
};

/** The program's own parsed settings. */
export type StackSettings = SettingsOf<typeof stackSettings>;
