/**
 * Which keys a route lets in. `dashboard` wants its credentials; `dashboard-session` leaves those without any to the room,
 * which looks for a session.
 */
export type Access = 'open' | 'any-key' | 'service-key' | 'dashboard' | 'dashboard-session' | 'blocked';

/** One public prefix and what happens behind it. */
export interface Route {
  /** Public prefix. One that ends in a slash also stands for itself without it. */
  readonly prefix: string;
  /** True: the prefix is a whole path, not the beginning of one. */
  readonly exact?: boolean;
  /** Mount that answers; absent for blocked routes. */
  readonly mount?: string;
  /** What replaces the prefix in the path the mount sees. */
  readonly target: string;
  readonly access: Access;
  readonly cors: boolean;
  /** Remove the key before the mount sees the request: header and query parameter. */
  readonly hideKey?: boolean;
  /** Put `Authorization` in place of a missing one, or of an opaque key, from the key that was sent. */
  readonly synthesise?: boolean;
  /** Headers set for the mount. */
  readonly setHeaders?: Readonly<Record<string, string>>;
  /** Browsers that want a page are let through to the one where people sign in. */
  readonly signInPage?: boolean;
  /** Also tell the mount the translated key, since it reads keys itself. */
  readonly passKeyAs?: string;
}

const keyed = { access: 'any-key', cors: true, synthesise: true } as const;
const open = { access: 'open', cors: true } as const;

/**
 * The public surface, after the compose file's Kong configuration: trailing slashes made optional, the Realtime
 * management interface blocked, the log server reduced to its ingest and query paths.
 */
export const routes: readonly Route[] = [
  { prefix: '/auth/v1/verify', mount: 'auth', target: '/verify', ...open },
  { prefix: '/auth/v1/callback', mount: 'auth', target: '/callback', ...open },
  { prefix: '/auth/v1/authorize', mount: 'auth', target: '/authorize', ...open },
  { prefix: '/auth/v1/.well-known/jwks.json', exact: true, mount: 'auth', target: '/.well-known/jwks.json', ...open },
  // Applications elsewhere and identity providers have no key.
  ...['/oauth/authorize', '/oauth/token', '/oauth/userinfo', '/oauth/clients/register'].map((path) => ({
    prefix: `/auth/v1${path}`,
    exact: true,
    mount: 'auth',
    target: path,
    ...open,
  })),
  ...['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'].map((path) => ({
    prefix: `/auth/v1${path}`,
    exact: true,
    mount: 'auth',
    target: path,
    ...open,
  })),
  { prefix: '/auth/v1/sso/saml/acs', mount: 'auth', target: '/sso/saml/acs', ...open },
  { prefix: '/auth/v1/sso/saml/metadata', mount: 'auth', target: '/sso/saml/metadata', ...open },
  { prefix: '/sso/saml/acs', mount: 'auth', target: '/sso/saml/acs', ...open },
  { prefix: '/sso/saml/metadata', mount: 'auth', target: '/sso/saml/metadata', ...open },
  {
    prefix: '/.well-known/oauth-authorization-server',
    mount: 'auth',
    target: '/.well-known/oauth-authorization-server',
    ...open,
  },
  {
    prefix: '/graphql/v1',
    mount: 'rest',
    target: '/rpc/graphql',
    ...keyed,
    hideKey: true,
    setHeaders: { 'content-profile': 'graphql_public' },
  },
  { prefix: '/auth/v1/', mount: 'auth', target: '/', ...keyed },
  { prefix: '/rest/v1/', mount: 'rest', target: '/', ...keyed, hideKey: true },
  { prefix: '/realtime/v1/api/tenants', target: '', access: 'blocked', cors: true },
  { prefix: '/realtime/v1/api/openapi', target: '', access: 'blocked', cors: true },
  { prefix: '/realtime/v1/api', mount: 'realtime', target: '/api', ...keyed },
  { prefix: '/realtime/v1/', mount: 'realtime', target: '/socket/', ...keyed, passKeyAs: 'x-api-key' },
  {
    prefix: '/storage/v1/',
    mount: 'storage',
    target: '/',
    ...open,
    synthesise: true,
    setHeaders: { 'x-forwarded-prefix': '/storage/v1' },
  },
  { prefix: '/functions/v1/', mount: 'functions', target: '/', ...open, synthesise: true, passKeyAs: 'sb-api-key' },
  // The room judges tokens itself: those of the official CLI are none that the gateway knows.
  { prefix: '/v1/projects/', mount: 'functions-management', target: '/v1/projects/', access: 'open', cors: false },
  { prefix: '/analytics/v1/api/logs', mount: 'analytics', target: '/api/logs', access: 'open', cors: false },
  { prefix: '/analytics/v1/api/endpoints', mount: 'analytics', target: '/api/endpoints', access: 'open', cors: false },
  { prefix: '/analytics/v1/', target: '', access: 'blocked', cors: false },
  { prefix: '/pg/', mount: 'meta', target: '/', access: 'service-key', cors: false, synthesise: true },
  { prefix: '/api/mcp', target: '', access: 'blocked', cors: false },
  { prefix: '/mcp', target: '', access: 'blocked', cors: false },
  { prefix: '/inbox', mount: 'inbox', target: '/inbox', access: 'dashboard', cors: false },
  // The dashboard's own pages: its scripts are nobody's secret, and its interface asks for a session.
  ...['/assets/', '/api/studio/', '/api/rooms/'].map((prefix) => ({
    prefix,
    mount: 'studio',
    target: prefix,
    access: 'dashboard-session' as const,
    cors: false,
  })),
  { prefix: '/', mount: 'studio', target: '/', access: 'dashboard', cors: true, signInPage: true },
];

/** The table with the OpenAPI description of rest kept for the service key, as later upstream releases do. */
export const routesWithGuardedRoot: readonly Route[] = [
  ...routes,
  { prefix: '/rest/v1/', exact: true, mount: 'rest', target: '/', ...keyed, access: 'service-key', hideKey: true },
];
