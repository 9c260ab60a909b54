import { boolean, bytes, duration, integer, json, list, oneOf, type SettingsOf, string } from '#kernel/config';

/** The functions room's settings; names are the original's where it has them. */
export const functionsSettings = {
  folder: string({ name: 'FUNCTIONS_DIR', help: 'Folder of the functions; default is `functions` in VOLUMES_DIR.' }),
  configFile: string({
    name: 'FUNCTIONS_CONFIG',
    default: 'supabase/config.toml',
    help: 'Project configuration whose `[functions.NAME]` and `[edge_runtime.secrets]` are used; it may be missing.',
  }),
  verifyJwt: boolean({
    name: 'FUNCTIONS_VERIFY_JWT',
    alone: ['VERIFY_JWT'],
    default: false,
    help: 'Lets only requests with a valid token through to functions that say nothing of their own about it.',
  }),
  jwtSecret: string({
    name: 'JWT_SECRET',
    secret: true,
    help: 'Shared secret of all tokens (HS256).',
  }),
  jwtJwks: json({
    name: 'JWT_JWKS',
    alone: ['SUPABASE_JWKS'],
    secret: true,
    check: (value) => {
      const keys = (value as { keys?: unknown } | null)?.keys;
      if (!Array.isArray(keys)) throw new Error('must be an object with an array of keys');
      return value as { readonly keys: readonly Readonly<Record<string, unknown>>[] };
    },
    help: 'JWK set with the public keys (and the shared secret) of tokens.',
  }),
  passJwtSecret: boolean({
    name: 'FUNCTIONS_PASS_JWT_SECRET',
    default: false,
    help: 'Hands JWT_SECRET to functions as the original does; whoever has it can sign tokens of any user.',
  }),
  memory: bytes({
    name: 'FUNCTIONS_MEMORY_LIMIT',
    default: 150 * 1024 ** 2,
    min: 16 * 1024 ** 2,
    help: 'Heap of a worker; 64 MB on top are allowed for Deno itself and memory outside of the heap (546 beyond).',
  }),
  wallClock: duration({
    name: 'FUNCTIONS_WALL_CLOCK_LIMIT',
    default: 400_000,
    min: 1_000,
    help: 'Life of a worker; after half of it another one takes new requests.',
  }),
  cpuSoft: duration({
    name: 'FUNCTIONS_CPU_SOFT_LIMIT',
    default: 1_000,
    min: 50,
    help: 'Processor time after which another worker takes new requests.',
  }),
  cpuHard: duration({
    name: 'FUNCTIONS_CPU_HARD_LIMIT',
    default: 2_000,
    min: 100,
    help: 'Processor time of a worker over its whole life (546 beyond).',
  }),
  requestIdle: duration({
    name: 'FUNCTIONS_REQUEST_IDLE_TIMEOUT',
    default: 150_000,
    min: 100,
    help: 'Time a function may be silent within a request (504 beyond).',
  }),
  bootTimeout: duration({
    name: 'FUNCTIONS_BOOT_TIMEOUT',
    default: 60_000,
    min: 500,
    help: 'Time for a worker to become ready, downloads of a first start included (503 beyond).',
  }),
  exitTimeout: duration({
    name: 'FUNCTIONS_EXIT_TIMEOUT',
    default: 5_000,
    min: 10,
    help: 'Time a worker has for its `beforeunload` when it is stopped.',
  }),
  idleTimeout: duration({
    name: 'FUNCTIONS_WORKER_IDLE_TIMEOUT',
    default: 120_000,
    min: 100,
    help: 'Time without requests after which a worker is stopped.',
  }),
  maxWorkers: integer({
    name: 'FUNCTIONS_MAX_WORKERS',
    default: 32,
    min: 1,
    max: 10_000,
    help: 'Workers of all functions at most; an idle one makes way for a new one.',
  }),
  policy: oneOf({
    name: 'FUNCTIONS_POLICY',
    values: ['per_worker', 'per_request', 'oneshot'],
    default: 'per_worker',
    help: 'Requests share a worker; or a worker has one at a time, each with the limits anew; or a worker ends with its first.',
  }),
  maxParallel: integer({
    name: 'FUNCTIONS_MAX_PARALLEL',
    default: 0,
    min: 0,
    max: 1_000,
    help: 'Workers of one function at most where FUNCTIONS_POLICY has them not shared; 0: as many as there are processors.',
  }),
  typeCheck: boolean({
    name: 'FUNCTIONS_TYPE_CHECK',
    default: false,
    help: 'Checks the types of a function before it is started for the first time; one with errors does not start.',
  }),
  waitTimeout: duration({
    name: 'FUNCTIONS_WAIT_TIMEOUT',
    default: 10_000,
    min: 1,
    help: 'Time a request waits for a place for a worker (503 beyond).',
  }),
  maxWaiting: integer({
    name: 'FUNCTIONS_MAX_WAITING',
    default: 1_000,
    min: 1,
    help: 'Starts of workers waiting for a place at most (503 beyond).',
  }),
  maxFiles: integer({
    name: 'FUNCTIONS_MAX_FILES',
    default: 5_000,
    min: 1,
    help: 'Files of a function that are looked at for changes.',
  }),
  maxDeploymentSize: bytes({
    name: 'FUNCTIONS_MAX_DEPLOYMENT_SIZE',
    default: 20 * 1024 ** 2,
    min: 1_024,
    help: 'Bytes of one deployment or file over HTTP (413 beyond).',
  }),
  maxFunctions: integer({
    name: 'FUNCTIONS_MAX_FUNCTIONS',
    default: 1_000,
    min: 1,
    help: 'Functions that can be deployed at most.',
  }),
  maxSecrets: integer({ name: 'FUNCTIONS_MAX_SECRETS', default: 100, min: 1, help: 'Secrets of functions at most.' }),
  maxSecretSize: bytes({
    name: 'FUNCTIONS_MAX_SECRET_SIZE',
    default: 48 * 1024,
    min: 1,
    help: 'Bytes of the value of a secret at most.',
  }),
  secretsKey: string({
    name: 'VAULT_ENC_KEY',
    secret: true,
    help: 'Seals the secrets of functions on disk.',
  }),
  logEntries: integer({
    name: 'FUNCTIONS_LOG_ENTRIES',
    default: 2_000,
    min: 1,
    max: 1_000_000,
    help: 'Entries of logs and invocations kept in memory for `functions logs` and the dashboard.',
  }),
  triggerConcurrency: integer({
    name: 'FUNCTIONS_TRIGGER_CONCURRENCY',
    default: 4,
    min: 1,
    max: 1_000,
    help: 'Requests of triggers to functions at once, on each node.',
  }),
  triggerTimeout: duration({
    name: 'FUNCTIONS_TRIGGER_TIMEOUT',
    default: 60_000,
    min: 100,
    help: 'Time a function has for what a trigger sends; then the attempt has failed.',
  }),
  triggerAttempts: integer({
    name: 'FUNCTIONS_TRIGGER_ATTEMPTS',
    default: 8,
    min: 1,
    max: 100,
    help: 'Attempts until what a trigger sends is a dead letter.',
  }),
  triggerDelay: duration({
    name: 'FUNCTIONS_TRIGGER_DELAY',
    default: 5_000,
    min: 10,
    help: 'Time before the second attempt; twice as long before each further one.',
  }),
  triggerLongestDelay: duration({
    name: 'FUNCTIONS_TRIGGER_LONGEST_DELAY',
    default: 3_600_000,
    min: 10,
    help: 'Time between two attempts at most.',
  }),
  triggerKeepDelivered: duration({
    name: 'FUNCTIONS_TRIGGER_KEEP_DELIVERED',
    default: 86_400_000,
    min: 0,
    help: 'Time for which what was delivered stays visible.',
  }),
  triggerKeepDead: duration({
    name: 'FUNCTIONS_TRIGGER_KEEP_DEAD',
    default: 30 * 86_400_000,
    min: 0,
    help: 'Time for which dead letters are kept.',
  }),
  user: string({
    name: 'FUNCTIONS_USER',
    default: 'nobody',
    help: 'User that workers run as when the program runs as root; `root` leaves them root.',
  }),
  reach: oneOf({
    name: 'FUNCTIONS_EGRESS',
    values: ['open', 'guarded', 'closed'],
    default: 'open',
    help: 'How far functions reach: everywhere, not into private IPv4 networks, or only to this stack and FUNCTIONS_EGRESS_ALLOW.',
  }),
  reachAllow: list({
    name: 'FUNCTIONS_EGRESS_ALLOW',
    default: [],
    help: 'Hosts with optional ports that functions reach when FUNCTIONS_EGRESS is closed.',
  }),
  deno: string({ name: 'FUNCTIONS_DENO', help: 'Path of the Deno to use; default is the one of the npm package.' }),
  cacheFolder: string({
    name: 'FUNCTIONS_CACHE_DIR',
    original: ['DENO_DIR'],
    help: 'Cache of modules from elsewhere and of compiled code; default is `deno-cache` in VOLUMES_DIR.',
  }),
  inferenceHost: string({
    name: 'AI_INFERENCE_API_HOST',
    help: 'Server of `Supabase.ai.Session`, with the interface of Ollama or OpenAI.',
  }),
  accessToken: string({
    name: 'SUPABASE_ACCESS_TOKEN',
    secret: true,
    minLength: 20,
    help: 'Token that may manage functions beside the service key; the official CLI wants `sbp_` and 40 hex digits.',
  }),
  npmRegistry: string({
    name: 'NPM_CONFIG_REGISTRY',
    original: ['npm_config_registry'],
    help: 'Registry of `npm:` imports.',
  }),
  jsrUrl: string({ name: 'JSR_URL', help: 'Registry of `jsr:` imports.' }),
  authTokens: string({
    name: 'DENO_AUTH_TOKENS',
    secret: true,
    help: 'Credentials for imports from private hosts, as Deno takes them.',
  }),
  extraCertificates: string({
    name: 'NODE_EXTRA_CA_CERTS',
    original: ['DENO_CERT'],
    help: 'PEM file of a certificate authority that functions and their imports trust besides the usual ones.',
  }),
  httpProxy: string({ name: 'HTTP_PROXY', help: 'Proxy of functions and their imports for http.' }),
  httpsProxy: string({ name: 'HTTPS_PROXY', help: 'Proxy of functions and their imports for https.' }),
  noProxy: string({ name: 'NO_PROXY', help: 'Hosts that are reached without those proxies.' }),
};

/** The functions room's parsed settings. */
export type FunctionsSettings = SettingsOf<typeof functionsSettings>;
