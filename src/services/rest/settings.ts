import {
  boolean,
  bytes,
  duration,
  integer,
  json,
  list,
  oneOf,
  prefixed,
  type SettingsOf,
  string,
} from '#kernel/config';

/** Bounds of a role that take the place of the general ones. */
export interface RoleLimits {
  readonly rows?: number;
  readonly cost?: number;
  /** In milliseconds. */
  readonly timeout?: number;
}

function roleLimitsFrom(value: unknown): ReadonlyMap<string, RoleLimits> {
  const isObject = (one: unknown): one is object => typeof one === 'object' && one !== null && !Array.isArray(one);
  const isLimit = ([name, limit]: [string, unknown]) =>
    ['rows', 'cost', 'timeout'].includes(name) && Number.isSafeInteger(limit) && (limit as number) >= 0;
  const entries = isObject(value) ? Object.entries(value) : undefined;
  if (!entries?.every(([, limits]) => isObject(limits) && Object.entries(limits).every(isLimit)))
    throw new Error('must be an object of roles, each with rows, cost or timeout as whole numbers');
  return new Map(entries as [string, RoleLimits][]);
}

/** The rest room's settings. `PGRST_*` names are the original service's own. */
export const restSettings = {
  dbUri: string({
    name: 'PGRST_DB_URI',
    secret: true,
    fileReference: true,
    help: 'postgres:// URL of the database, role authenticator, or @ and the path of a file with it; default is the database of this stack.',
  }),
  schemas: list({
    name: 'PGRST_DB_SCHEMAS',
    aliases: ['PGRST_DB_SCHEMA'],
    default: ['public', 'storage', 'graphql_public'],
    help: 'Exposed schemas; the first is the default one. A schema that does not exist is skipped with a warning.',
  }),
  extraSearchPath: list({
    name: 'PGRST_DB_EXTRA_SEARCH_PATH',
    default: ['public', 'extensions'],
    emptyCounts: true,
    help: 'Schemas put behind the requested one in search_path, for functions and operators.',
  }),
  anonRole: string({
    name: 'PGRST_DB_ANON_ROLE',
    aliases: ['PGRST_ANON_ROLE'],
    default: 'anon',
    help: 'Role of requests without a token.',
  }),
  maxRows: integer({
    name: 'PGRST_DB_MAX_ROWS',
    original: ['PGRST_MAX_ROWS'],
    default: 1_000,
    min: 0,
    help: 'Rows of a read, of a function result and of each embedded list at most; 0 turns the bound off.',
  }),
  aggregates: boolean({
    name: 'PGRST_DB_AGGREGATES_ENABLED',
    default: false,
    help: 'Allow sum, avg, count, max and min in select.',
  }),
  planEnabled: boolean({
    name: 'PGRST_DB_PLAN_ENABLED',
    default: false,
    help: 'Allow the media type application/vnd.pgrst.plan (EXPLAIN).',
  }),
  preRequest: string({
    name: 'PGRST_DB_PRE_REQUEST',
    original: ['PGRST_PRE_REQUEST'],
    help: 'Function called in each transaction before the statement, as schema.name.',
  }),
  rootSpec: string({
    name: 'PGRST_DB_ROOT_SPEC',
    original: ['PGRST_ROOT_SPEC'],
    help: 'Function that answers / in place of the OpenAPI description, as schema.name or name.',
  }),
  txEnd: oneOf({
    name: 'PGRST_DB_TX_END',
    values: ['commit', 'commit-allow-override', 'rollback', 'rollback-allow-override'],
    default: 'commit',
    help: 'How transactions end, and whether Prefer: tx may change that.',
  }),
  hoistedSettings: list({
    name: 'PGRST_DB_HOISTED_TX_SETTINGS',
    default: ['statement_timeout', 'plan_filter.statement_cost_limit', 'default_transaction_isolation'],
    help: 'Settings of a function (its SET clauses) that hold for the whole transaction.',
  }),
  preparedStatements: boolean({
    name: 'PGRST_DB_PREPARED_STATEMENTS',
    default: true,
    help: 'Prepare statements; false behind a pooler in transaction mode.',
  }),
  statementCache: integer({
    name: 'STACK_REST_STATEMENT_CACHE',
    default: 200,
    min: 10,
    max: 10_000,
    help: 'Prepared statements kept per connection; the least recently used goes first.',
  }),
  dbConfig: boolean({
    name: 'PGRST_DB_CONFIG',
    default: true,
    help: 'Read settings from the database too (ALTER ROLE authenticator SET pgrst.…), and the settings of roles.',
  }),
  channelEnabled: boolean({
    name: 'PGRST_DB_CHANNEL_ENABLED',
    default: true,
    help: 'Listen for notifications that ask for a reload.',
  }),
  channel: string({ name: 'PGRST_DB_CHANNEL', default: 'pgrst', help: 'Channel of those notifications.' }),
  pool: integer({
    name: 'PGRST_DB_POOL',
    default: 10,
    min: 1,
    max: 1_000,
    help: 'Database connections of rest at most.',
  }),
  poolQueue: integer({
    name: 'STACK_REST_QUEUE',
    default: 1_000,
    min: 0,
    help: 'Requests that may wait for a database connection; the next is answered 503 with Retry-After.',
  }),
  poolTimeout: duration({
    name: 'PGRST_DB_POOL_ACQUISITION_TIMEOUT',
    default: 10_000,
    min: 10,
    help: 'Time a request may wait for a database connection (504 afterwards).',
  }),
  poolIdleTime: duration({
    name: 'PGRST_DB_POOL_MAX_IDLETIME',
    original: ['PGRST_DB_POOL_TIMEOUT'],
    default: 30_000,
    help: 'Time after which an unused connection is closed.',
  }),
  poolLifetime: duration({
    name: 'PGRST_DB_POOL_MAX_LIFETIME',
    default: 1_800_000,
    help: 'Time after which a connection is replaced.',
  }),
  retries: integer({
    name: 'STACK_REST_RETRIES',
    default: 20,
    min: 0,
    max: 1_000,
    help: 'Times a transaction is repeated after a serialization failure or a deadlock.',
  }),
  jwtSecret: string({
    name: 'JWT_SECRET',
    original: ['PGRST_JWT_SECRET'],
    aliases: ['SUPABASE_JWT_SECRET'],
    secret: true,
    fileReference: true,
    help: 'Shared secret of tokens (HS256, at least 32 characters), or a JWK or JWK set as JSON, or @ and the path of a file with one of these.',
  }),
  jwtSecretIsBase64: boolean({
    name: 'PGRST_JWT_SECRET_IS_BASE64',
    original: ['PGRST_SECRET_IS_BASE64'],
    default: false,
    help: 'JWT_SECRET is base64 (either alphabet).',
  }),
  jwtJwks: string({
    name: 'JWT_JWKS',
    secret: true,
    help: 'JWK set as JSON; its keys are accepted besides JWT_SECRET.',
  }),
  jwtAudience: string({ name: 'PGRST_JWT_AUD', help: 'Audience tokens must name, where they name any.' }),
  jwtRoleClaimKey: string({
    name: 'PGRST_JWT_ROLE_CLAIM_KEY',
    original: ['PGRST_ROLE_CLAIM_KEY'],
    default: '.role',
    help: "Where the role stands in a token's claims.",
  }),
  jwtCacheEntries: integer({
    name: 'PGRST_JWT_CACHE_MAX_ENTRIES',
    default: 1_000,
    min: 0,
    max: 1_000_000,
    help: 'Verified tokens remembered; 0 turns that off.',
  }),
  openapiMode: oneOf({
    name: 'PGRST_OPENAPI_MODE',
    values: ['follow-privileges', 'ignore-privileges', 'disabled'],
    default: 'follow-privileges',
    help: 'What the OpenAPI description at / shows.',
  }),
  openapiSecurity: boolean({
    name: 'PGRST_OPENAPI_SECURITY_ACTIVE',
    default: false,
    help: 'Describe the Authorization header in the OpenAPI description.',
  }),
  openapiProxyUri: string({
    name: 'PGRST_OPENAPI_SERVER_PROXY_URI',
    help: 'Public base URL for the OpenAPI description; default is what the request was sent to.',
  }),
  corsOrigins: list({
    name: 'PGRST_SERVER_CORS_ALLOWED_ORIGINS',
    default: [],
    help: 'Origins that browsers may call from, on the own port of rest; empty means any.',
  }),
  serverTiming: boolean({
    name: 'PGRST_SERVER_TIMING_ENABLED',
    default: false,
    help: 'Send Server-Timing.',
  }),
  traceHeader: string({ name: 'PGRST_SERVER_TRACE_HEADER', help: 'Request header echoed on every response.' }),
  appSettings: prefixed({
    prefix: 'PGRST_APP_SETTINGS_',
    secret: true,
    help: 'Values of app.settings.… in each transaction; for those not given, what is stored in the database counts.',
  }),
  preConfig: string({
    name: 'PGRST_DB_PRE_CONFIG',
    help: 'Function called before settings are read from the database, as schema.name; it may set pgrst.… with set_config.',
  }),
  poolRecovery: boolean({
    name: 'PGRST_DB_POOL_AUTOMATIC_RECOVERY',
    default: true,
    help: 'Try again by itself when the schema could not be read; false leaves that to whoever watches the health of rest.',
  }),
  accessLogLevel: oneOf({
    name: 'PGRST_LOG_LEVEL',
    values: ['crit', 'error', 'warn', 'info', 'debug'],
    default: 'error',
    help: 'Which requests on the own port of rest are logged: none, those from 500 on, from 400 on, or all (info, debug).',
  }),
  logQuery: boolean({
    name: 'PGRST_LOG_QUERY',
    default: false,
    help: 'Log the main SQL statement of each request, without its values.',
  }),
  adminPort: integer({
    name: 'PGRST_ADMIN_SERVER_PORT',
    min: 0,
    max: 65_535,
    help: 'Port of /live, /ready, /schema_cache, /config and /metrics; none: they are not served.',
  }),
  adminHost: string({
    name: 'PGRST_ADMIN_SERVER_HOST',
    help: 'Address of that port; default is that of the service itself.',
  }),
  serverHost: string({
    name: 'PGRST_SERVER_HOST',
    help: 'Address of the own port of rest: a name or address, or * *4 !4 *6 !6; default is BIND_ADDRESS.',
  }),
  bindAddress: string({
    name: 'BIND_ADDRESS',
    default: '127.0.0.1',
    help: 'Address the listeners bind to; anything but loopback is refused while a secret is a known demo value or too short.',
  }),
  safeUpdate: boolean({
    name: 'STACK_REST_SAFEUPDATE',
    default: true,
    help: 'Refuse PATCH and DELETE without a filter, as the safeupdate library does in the official image.',
  }),
  maxBodySize: bytes({
    name: 'STACK_REST_MAX_BODY_SIZE',
    default: 100 * 1024 ** 2,
    min: 1_024,
    help: 'Bytes of a request body at most (413 beyond).',
  }),
  maxDepth: integer({
    name: 'STACK_REST_MAX_DEPTH',
    default: 50,
    min: 1,
    max: 500,
    help: 'Nesting of embeds and of and/or groups at most.',
  }),
  maxEmbedDepth: integer({
    name: 'STACK_REST_MAX_EMBED_DEPTH',
    default: 0,
    min: 0,
    max: 500,
    help: 'Levels of embeds at most (400 beyond); 0: only STACK_REST_MAX_DEPTH counts.',
  }),
  maxUrlLength: integer({
    name: 'STACK_REST_MAX_URL_LENGTH',
    default: 65_536,
    min: 0,
    help: 'Characters of path and query at most (414 beyond), in batches too; 0 turns the bound off.',
  }),
  maxListLength: integer({
    name: 'STACK_REST_MAX_LIST_LENGTH',
    default: 20_000,
    min: 0,
    help: 'Values of an in.(…) list at most (400 beyond); 0 turns the bound off.',
  }),
  maxCost: integer({
    name: 'STACK_REST_MAX_COST',
    default: 0,
    min: 0,
    help: "Cost at most that PostgreSQL's planner may expect of a statement (400 beyond); 0 turns the bound off. Costs a round trip.",
  }),
  statementTimeout: duration({
    name: 'STACK_REST_STATEMENT_TIMEOUT',
    bare: 'ms',
    default: 0,
    help: 'statement_timeout of requests whose role or function brings none; 0: that of the server.',
  }),
  roleLimits: json({
    name: 'STACK_REST_ROLE_LIMITS',
    default: new Map<string, RoleLimits>(),
    check: roleLimitsFrom,
    help: 'Other bounds for single roles: a JSON object such as {"anon":{"rows":100,"cost":10000,"timeout":2000}} (timeout in ms).',
  }),
  batchSteps: integer({
    name: 'STACK_REST_BATCH_STEPS',
    default: 50,
    min: 0,
    max: 10_000,
    help: 'Requests in one batch (POST /$batch) at most; 0 turns batches off.',
  }),
  batchSize: bytes({
    name: 'STACK_REST_BATCH_SIZE',
    default: 1024 ** 2,
    min: 1_024,
    help: 'Bytes of a batch at most (413 beyond).',
  }),
  batchResultSize: bytes({
    name: 'STACK_REST_BATCH_RESULT_SIZE',
    default: 10 * 1024 ** 2,
    min: 1_024,
    help: 'Bytes of all results of a batch together (413 beyond, and nothing is kept).',
  }),
  reloadDelay: duration({
    name: 'STACK_REST_RELOAD_DELAY',
    bare: 'ms',
    default: 100,
    help: 'Further notifications within this time after a reload lead to one more reload only.',
  }),
};

/** The rest room's parsed settings. */
export type RestSettings = SettingsOf<typeof restSettings>;

/**
 * Defaults where the room stands alone in the place of the original (`SERVICES=rest` with `PGRST_DB_URI`): those of
 * PostgREST itself instead of those of the compose file.
 */
export const originalRestDefaults: Partial<RestSettings> = {
  schemas: ['public'],
  extraSearchPath: ['public'],
  anonRole: '',
  maxRows: 0,
  safeUpdate: false,
};
