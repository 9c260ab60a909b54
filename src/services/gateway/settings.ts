import { boolean, bytes, duration, integer, list, oneOf, type SettingsOf, string, url } from '#kernel/config';

/** The gateway's settings; names and defaults follow the compose file where it has them. */
export const gatewaySettings = {
  bindAddress: string({
    name: 'BIND_ADDRESS',
    default: '127.0.0.1',
    help: 'Address the listeners bind to; anything but loopback is refused while a secret is a known demo value or too short.',
  }),
  httpPort: integer({
    name: 'KONG_HTTP_PORT',
    default: 8000,
    min: 0,
    max: 65_535,
    help: 'Port of the gateway (HTTP).',
  }),
  httpsPort: integer({
    name: 'KONG_HTTPS_PORT',
    default: 8443,
    min: 0,
    max: 65_535,
    help: 'Port of the gateway (HTTPS); opened only when a certificate is configured.',
  }),
  certificate: string({ name: 'KONG_SSL_CERT', help: 'Path of the PEM certificate chain for HTTPS.' }),
  certificateKey: string({ name: 'KONG_SSL_CERT_KEY', help: 'Path of the PEM private key for HTTPS.' }),
  anonKey: string({
    name: 'ANON_KEY',
    original: ['SUPABASE_ANON_KEY'],
    help: 'Legacy client key: a JWT with role anon. Derived from JWT_SECRET when missing.',
  }),
  serviceRoleKey: string({
    name: 'SERVICE_ROLE_KEY',
    secret: true,
    aliases: ['SUPABASE_SERVICE_ROLE_KEY', 'SUPABASE_SERVICE_KEY'],
    help: 'Legacy server key: a JWT with role service_role, which bypasses row level security.',
  }),
  publishableKey: string({
    name: 'SUPABASE_PUBLISHABLE_KEY',
    help: 'Opaque client key (sb_publishable_…), or a JWT that is accepted as a second key of role anon.',
  }),
  secretKey: string({
    name: 'SUPABASE_SECRET_KEY',
    secret: true,
    help: 'Opaque server key (sb_secret_…), or a JWT that is accepted as a second key of role service_role.',
  }),
  anonKeyAsymmetric: string({
    name: 'ANON_KEY_ASYMMETRIC',
    secret: true,
    help: 'ES256 JWT put in the place of the opaque client key.',
  }),
  serviceRoleKeyAsymmetric: string({
    name: 'SERVICE_ROLE_KEY_ASYMMETRIC',
    secret: true,
    help: 'ES256 JWT put in the place of the opaque server key.',
  }),
  dashboardUsername: string({ name: 'DASHBOARD_USERNAME', default: 'supabase', help: 'User name of the dashboard.' }),
  dashboardPassword: string({ name: 'DASHBOARD_PASSWORD', secret: true, help: 'Password of the dashboard.' }),
  requireApiKey: boolean({
    name: 'GATEWAY_REQUIRE_APIKEY',
    default: true,
    help: 'False lets requests without an API key through, as the CLI stack does; a key that is sent must still be right.',
  }),
  restRoot: oneOf({
    name: 'GATEWAY_REST_ROOT',
    values: ['any', 'service_role'],
    default: 'any',
    help: 'Who may read the OpenAPI description at /rest/v1/.',
  }),
  trustedProxies: list({
    name: 'GATEWAY_TRUSTED_PROXIES',
    default: [],
    help: 'Addresses or CIDR ranges whose X-Forwarded-* headers are believed.',
  }),
  maxHeaderSize: bytes({
    name: 'GATEWAY_MAX_HEADER_SIZE',
    default: 64 * 1024,
    min: 8 * 1024,
    max: 1024 * 1024,
    help: 'All headers of a request together, request line included (431 beyond).',
  }),
  maxBodySize: bytes({
    name: 'GATEWAY_MAX_BODY_SIZE',
    default: 5 * 1024 ** 3,
    min: 1024,
    help: 'Declared size of a request body at most (413 beyond); rooms have lower bounds of their own.',
  }),
  maxConnections: integer({
    name: 'GATEWAY_MAX_CONNECTIONS',
    default: 10_000,
    min: 1,
    max: 1_000_000,
    help: 'Client connections at most, per listener.',
  }),
  maxInFlight: integer({
    name: 'GATEWAY_MAX_IN_FLIGHT',
    default: 5_000,
    min: 1,
    max: 1_000_000,
    help: 'Requests being worked on at most; further ones get 503 with Retry-After.',
  }),
  headersTimeout: duration({
    name: 'GATEWAY_HEADERS_TIMEOUT',
    default: 15_000,
    min: 1_000,
    help: 'Time for the headers of a request to arrive (408 beyond).',
  }),
  requestTimeout: duration({
    name: 'GATEWAY_REQUEST_TIMEOUT',
    default: 3_600_000,
    help: 'Time for a whole request, upload included, to arrive (408 beyond); 0 turns it off.',
  }),
  keepAliveTimeout: duration({
    name: 'GATEWAY_KEEPALIVE_TIMEOUT',
    default: 65_000,
    min: 1_000,
    help: 'Time an unused client connection is kept open.',
  }),
  upstreamTimeout: duration({
    name: 'GATEWAY_UPSTREAM_TIMEOUT',
    default: 60_000,
    min: 1_000,
    help: 'Time a room in another process (see *_URL) may be silent (504 beyond).',
  }),
  drainTimeout: duration({
    name: 'STACK_DRAIN_TIMEOUT',
    default: 10_000,
    help: 'Time requests in flight get to finish when the program stops.',
  }),
  accessLog: boolean({ name: 'GATEWAY_ACCESS_LOG', default: true, help: 'One log line for each request.' }),
  directPorts: boolean({
    name: 'DIRECT_PORTS',
    default: false,
    help: "Opens each service's own port as in the compose file, without the gateway's key check.",
  }),
  directAuthPort: integer({
    name: 'GATEWAY_DIRECT_AUTH_PORT',
    original: ['GOTRUE_API_PORT'],
    alone: ['PORT'],
    default: 9999,
    max: 65_535,
    help: "Auth's own port with DIRECT_PORTS.",
  }),
  directAuthHost: string({
    name: 'GOTRUE_API_HOST',
    help: 'Address of the own port of auth; default is BIND_ADDRESS.',
  }),
  directRestPort: integer({
    name: 'GATEWAY_DIRECT_REST_PORT',
    original: ['PGRST_SERVER_PORT'],
    alone: ['PORT'],
    default: 3000,
    max: 65_535,
    help: "Rest's own port with DIRECT_PORTS, shared with studio by Host header.",
  }),
  directRestHost: string({
    name: 'PGRST_SERVER_HOST',
    help: 'Address of the own port of rest: a name or address, or * *4 !4 *6 !6; default is BIND_ADDRESS.',
  }),
  directRestSocket: string({
    name: 'PGRST_SERVER_UNIX_SOCKET',
    help: 'Path of a socket on which rest listens instead of on its own port.',
  }),
  directRestSocketMode: string({
    name: 'PGRST_SERVER_UNIX_SOCKET_MODE',
    default: '660',
    pattern: [/^[67][0-7]{2}$/, 'must be an octal mode from 600 to 777'],
    help: 'Permissions of that socket.',
  }),
  directStudioPort: integer({
    name: 'GATEWAY_DIRECT_STUDIO_PORT',
    default: 3001,
    max: 65_535,
    help: "Studio's own port with DIRECT_PORTS.",
  }),
  directRealtimePort: integer({
    name: 'GATEWAY_DIRECT_REALTIME_PORT',
    alone: ['PORT'],
    default: 4000,
    max: 65_535,
    help: "Realtime's own port with DIRECT_PORTS.",
  }),
  directStoragePort: integer({
    name: 'GATEWAY_DIRECT_STORAGE_PORT',
    original: ['SERVER_PORT'],
    alone: ['PORT'],
    default: 5000,
    max: 65_535,
    help: "Storage's own port with DIRECT_PORTS.",
  }),
  authUrl: url({ name: 'AUTH_URL', protocols: ['http'], help: 'Where auth runs, when not in this process.' }),
  restUrl: url({ name: 'REST_URL', protocols: ['http'], help: 'Where rest runs, when not in this process.' }),
  realtimeUrl: url({
    name: 'REALTIME_URL',
    protocols: ['http'],
    help: 'Where realtime runs, when not in this process.',
  }),
  storageUrl: url({ name: 'STORAGE_URL', protocols: ['http'], help: 'Where storage runs, when not in this process.' }),
  functionsUrl: url({
    name: 'FUNCTIONS_URL',
    protocols: ['http'],
    help: 'Where functions run, when not in this process.',
  }),
  analyticsUrl: url({
    name: 'ANALYTICS_URL',
    protocols: ['http'],
    help: 'Where analytics runs, when not in this process.',
  }),
  metaUrl: url({ name: 'META_URL', protocols: ['http'], help: 'Where meta runs, when not in this process.' }),
  studioUrl: url({ name: 'STUDIO_URL', protocols: ['http'], help: 'Where studio runs, when not in this process.' }),
};

/** The gateway's parsed settings. */
export type GatewaySettings = SettingsOf<typeof gatewaySettings>;
