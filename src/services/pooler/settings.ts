import { boolean, bytes, duration, integer, list, oneOf, type SettingsOf, string } from '#kernel/config';

/** The pooler's settings. */
export const poolerSettings = {
  sessionPort: integer({
    name: 'POOLER_PROXY_PORT_SESSION',
    original: ['PROXY_PORT_SESSION'],
    min: 1,
    max: 65_535,
    help: "Port of session mode; default is POSTGRES_PORT, and none where that is an external server's own address.",
  }),
  transactionPort: integer({
    name: 'POOLER_PROXY_PORT_TRANSACTION',
    original: ['PROXY_PORT_TRANSACTION'],
    default: 6543,
    min: 1,
    max: 65_535,
    help: 'Port of transaction mode.',
  }),
  bindAddress: string({ name: 'BIND_ADDRESS', default: '127.0.0.1', help: 'Address the pooler listens on.' }),
  tenantId: string({
    name: 'POOLER_TENANT_ID',
    default: 'your-tenant-id',
    pattern: [/^[\w.-]{1,64}$/, 'must be 1 to 64 letters, digits, dots, dashes or underscores'],
    help: 'What follows the dot in user names such as postgres.TENANT; a plain user name works too.',
  }),
  poolMode: oneOf({
    name: 'POOLER_POOL_MODE',
    values: ['transaction', 'session'],
    default: 'transaction',
    help: 'Mode of the transaction port; session gives each of its clients a server connection of its own.',
  }),
  poolSize: integer({
    name: 'POOLER_DEFAULT_POOL_SIZE',
    default: 20,
    min: 1,
    max: 10_000,
    help: 'Server connections at most for each pool: role, database and startup settings together.',
  }),
  maxClients: integer({
    name: 'POOLER_MAX_CLIENT_CONN',
    default: 100,
    min: 1,
    max: 1_000_000,
    help: 'Pooled client connections at most.',
  }),
  maxSockets: integer({
    name: 'POOLER_MAX_SOCKETS',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    help: 'Client connections at most, those that have not logged in and direct ones included.',
  }),
  maxPools: integer({
    name: 'POOLER_MAX_POOLS',
    default: 20,
    min: 1,
    max: 10_000,
    help: 'Pools at most; beyond, clients that need another one are refused.',
  }),
  checkoutTimeout: duration({
    name: 'POOLER_CHECKOUT_TIMEOUT',
    default: 60_000,
    help: 'How long a client waits for a server connection; 0 waits without end.',
  }),
  connectTimeout: duration({
    name: 'POOLER_CONNECT_TIMEOUT',
    default: 10_000,
    min: 10,
    help: 'How long a connection to the server may take to open.',
  }),
  loginTimeout: duration({
    name: 'POOLER_LOGIN_TIMEOUT',
    default: 15_000,
    min: 10,
    help: 'How long a client may take to log in.',
  }),
  authQuery: string({
    name: 'POOLER_AUTH_QUERY',
    default: 'SELECT * FROM pgbouncer.get_auth($1)',
    help: 'Query for the stored password of role $1, run as role pgbouncer; its columns are role and password.',
  }),
  authCache: duration({
    name: 'POOLER_AUTH_CACHE',
    default: 1_000,
    max: 86_400_000,
    help: 'How long a stored password is believed to be unchanged.',
  }),
  clientIdleTimeout: duration({
    name: 'POOLER_CLIENT_IDLE_TIMEOUT',
    default: 0,
    help: 'How long a client may do nothing outside a transaction; 0 is for ever.',
  }),
  transactionIdleTimeout: duration({
    name: 'POOLER_IDLE_TRANSACTION_TIMEOUT',
    default: 0,
    help: 'How long a client in transaction mode may do nothing inside a transaction; 0 is for ever.',
  }),
  queryTimeout: duration({
    name: 'POOLER_QUERY_TIMEOUT',
    default: 0,
    help: 'How long a query in transaction mode may take before it is cancelled and the client sent away; 0 is for ever.',
  }),
  serverIdleTimeout: duration({
    name: 'POOLER_SERVER_IDLE_TIMEOUT',
    default: 300_000,
    help: 'How long an unused server connection is kept; 0 is for ever.',
  }),
  serverLifetime: duration({
    name: 'POOLER_SERVER_LIFETIME',
    default: 3_600_000,
    help: 'Age at which a server connection is replaced once it is free; 0 is never.',
  }),
  clientStatements: integer({
    name: 'POOLER_CLIENT_STATEMENTS',
    default: 1_000,
    min: 1,
    max: 1_000_000,
    help: 'Named prepared statements of a client in transaction mode.',
  }),
  clientStatementBytes: bytes({
    name: 'POOLER_CLIENT_STATEMENT_BYTES',
    default: 4 * 1024 ** 2,
    min: 1024,
    help: 'Their texts together.',
  }),
  serverStatements: integer({
    name: 'POOLER_SERVER_STATEMENTS',
    default: 200,
    min: 1,
    max: 100_000,
    help: 'Prepared statements kept on a server connection; the least recently used goes first.',
  }),
  maxStartup: bytes({
    name: 'POOLER_MAX_STARTUP',
    default: 1024,
    min: 64,
    max: 10_000,
    help: 'Length of a StartupMessage; who sends more is disconnected.',
  }),
  maxMessage: bytes({
    name: 'POOLER_MAX_MESSAGE',
    default: 1024 ** 3,
    min: 1024,
    max: 2 * 1024 ** 3 - 1,
    help: 'Length of a message of a client in transaction mode. Long ones are passed on piece by piece.',
  }),
  readHosts: list({
    name: 'POOLER_READ_HOSTS',
    default: [],
    help: 'Replicas (host or host:port) for transactions that a client in transaction mode announces as read only; a client never sees less than what it wrote itself.',
  }),
  enforceTls: boolean({
    name: 'POOLER_ENFORCE_SSL',
    default: false,
    help: 'Refuse clients that do not use TLS.',
  }),
  certificate: string({
    name: 'GLOBAL_DOWNSTREAM_CERT_PATH',
    help: 'Certificate chain (PEM) for clients. Without one the embedded database gets a self-made certificate in VOLUMES_DIR/pooler.',
  }),
  certificateKey: string({ name: 'GLOBAL_DOWNSTREAM_KEY_PATH', help: 'Private key (PEM) of that certificate.' }),
  volumesDir: string({
    name: 'VOLUMES_DIR',
    default: './volumes',
    help: 'Folder of all data; a self-made certificate lies in pooler below it.',
  }),
  allowList: list({
    name: 'POOLER_ALLOW_LIST',
    default: ['0.0.0.0/0', '::/0'],
    help: 'Address ranges that clients may connect from.',
  }),
  apiSecret: string({
    name: 'API_JWT_SECRET',
    secret: true,
    help: 'Secret (HS256) of tokens for the HTTP API; default is JWT_SECRET.',
  }),
  apiBlocklist: list({
    name: 'API_TOKEN_BLOCKLIST',
    secret: true,
    default: [],
    help: 'Tokens that the HTTP API no longer accepts.',
  }),
  metricsSecret: string({
    name: 'METRICS_JWT_SECRET',
    secret: true,
    help: 'Secret (HS256) of tokens for the metrics; default is JWT_SECRET.',
  }),
  sealKey: string({
    name: 'VAULT_ENC_KEY',
    secret: true,
    help: 'Seals the passwords of tenants that were put by the HTTP API.',
  }),
  tenantCache: duration({
    name: 'POOLER_TENANT_CACHE',
    default: 10_000,
    help: 'How long the stored tenants are believed to be unchanged by other nodes, when a client names one that is not known.',
  }),
  drainTimeout: duration({
    name: 'STACK_DRAIN_TIMEOUT',
    default: 10_000,
    help: 'Time that transactions under way get to finish when the program stops.',
  }),
};

/** The pooler's parsed settings. */
export type PoolerSettings = SettingsOf<typeof poolerSettings>;
