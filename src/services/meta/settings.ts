import { boolean, duration, integer, list, oneOf, type SettingsOf, string } from '#kernel/config';
import { languages, swiftAccesses } from './core/generators/generate.ts';

/** The meta room's settings. */
export const metaSettings = {
  dbUrl: string({
    name: 'PG_META_DB_URL',
    secret: true,
    help: 'postgres:// URL of the database that is managed; default is the database of this stack, as supabase_admin.',
  }),
  dbHost: string({ name: 'PG_META_DB_HOST', help: 'Host of that database, where no URL is given.' }),
  dbPort: integer({ name: 'PG_META_DB_PORT', default: 5432, max: 65_535, help: 'Its port.' }),
  dbName: string({ name: 'PG_META_DB_NAME', default: 'postgres', help: 'Its name.' }),
  dbUser: string({ name: 'PG_META_DB_USER', default: 'postgres', help: 'Role to connect as.' }),
  dbPassword: string({ name: 'PG_META_DB_PASSWORD', secret: true, help: 'Its password.' }),
  dbSslMode: oneOf({
    name: 'PG_META_DB_SSL_MODE',
    values: ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'],
    default: 'disable',
    help: 'TLS towards that host, as libpq has it.',
  }),
  dbRootCertificate: string({
    name: 'PG_META_DB_SSL_ROOT_CERT',
    help: 'PEM text of the authorities that sign the certificate of the database.',
  }),
  cryptoKey: string({
    name: 'PG_META_CRYPTO_KEY',
    original: ['CRYPTO_KEY'],
    secret: true,
    help: 'Encrypts connection strings sent to meta, at least 32 characters.',
  }),
  connectTimeout: duration({
    name: 'PG_CONN_TIMEOUT_SECS',
    default: 15_000,
    min: 100,
    help: 'Time a connection may take to open.',
  }),
  queryTimeout: duration({
    name: 'PG_QUERY_TIMEOUT_SECS',
    default: 55_000,
    min: 100,
    help: 'Time a query may take; it is cancelled after that.',
  }),
  bodyLimit: integer({
    name: 'PG_META_MAX_BODY_LIMIT_MB',
    default: 3,
    min: 1,
    max: 1_024,
    help: 'Megabytes of a request body at most.',
  }),
  resultLimit: integer({
    name: 'PG_META_MAX_RESULT_SIZE_MB',
    default: 256,
    min: 1,
    max: 4_096,
    help: 'Megabytes of an answer of the database at most; it is kept in memory.',
  }),
  requestIdHeader: string({
    name: 'PG_META_REQ_HEADER',
    default: 'request-id',
    help: 'Header whose value stands for the request in log lines.',
  }),
  generateTypes: oneOf({
    name: 'PG_META_GENERATE_TYPES',
    values: languages,
    help: 'With SERVICES=meta: print the types of the database in this language and end, instead of serving.',
  }),
  generateSchemas: list({
    name: 'PG_META_GENERATE_TYPES_INCLUDED_SCHEMAS',
    default: [],
    help: 'Schemas that are then written about; default is all that are not the system’s.',
  }),
  generateDefaultSchema: string({
    name: 'PG_META_GENERATE_TYPES_DEFAULT_SCHEMA',
    default: 'public',
    help: 'Schema that is then meant where none is named.',
  }),
  generateOneToOne: boolean({
    name: 'PG_META_GENERATE_TYPES_DETECT_ONE_TO_ONE_RELATIONSHIPS',
    default: false,
    help: 'Whether one-to-one relationships are then told apart.',
  }),
  generateSwiftAccess: oneOf({
    name: 'PG_META_GENERATE_TYPES_SWIFT_ACCESS_CONTROL',
    values: swiftAccesses,
    default: 'internal',
    help: 'What then stands before Swift’s types.',
  }),
  generatePostgrestVersion: string({
    name: 'PG_META_POSTGREST_VERSION',
    help: 'Version that clients of the types then take for granted.',
  }),
  sessions: integer({
    name: 'STACK_META_SESSIONS',
    default: 20,
    min: 1,
    max: 1_000,
    help: 'Connections open at once at most; each request has one of its own. Further requests wait.',
  }),
  waiting: integer({
    name: 'STACK_META_WAITING',
    default: 200,
    help: 'Requests that may wait for a connection (503 beyond).',
  }),
};

/** The meta room's parsed settings. */
export type MetaSettings = SettingsOf<typeof metaSettings>;
