import type { ServiceError } from '#kernel/errors';
import { gatewayError } from '../errors.ts';
import { extractKey, isOpaque, type KnownKey, withoutKey } from './api-keys.ts';
import { checkBasic, decideAuthorization } from './authorization.ts';
import { isPreflight } from './cors.ts';
import type { Match } from './match.ts';

/** The headers that decide; others may be there. */
export interface RequestHeaders {
  readonly authorization?: string | undefined;
  readonly origin?: string | undefined;
  readonly [name: string]: string | string[] | undefined;
}

/** What the gate looks at. */
export interface GateRequest {
  readonly method: string | undefined;
  readonly match: Match;
  readonly query: string;
  /** Names in lower case. */
  readonly headers: RequestHeaders;
  readonly rawHeaders: readonly string[];
}

/** The operator's choices the gate needs. */
export interface GateOptions {
  readonly findKey: (key: string) => KnownKey | undefined;
  readonly requireApiKey: boolean;
  readonly dashboardUsername: string;
  readonly dashboardPassword: string | undefined;
  /** Whether these are taken by HTTP Basic. */
  readonly dashboardBasic: boolean;
}

/** What becomes of a request. In `pass`, headers set to undefined are removed. */
export type Verdict =
  | { readonly kind: 'preflight' }
  | { readonly kind: 'refuse'; readonly error: ServiceError }
  | {
      readonly kind: 'pass';
      readonly url: string;
      readonly headers: Readonly<Record<string, string | undefined>>;
    };

const keyChallenge = { headers: { 'www-authenticate': 'Key realm="kong"' } };
const basicChallenge = { headers: { 'www-authenticate': 'Basic realm="kong"' } };

const refuse = (...details: Parameters<typeof gatewayError>): Verdict => ({
  kind: 'refuse',
  error: gatewayError(...details),
});

/**
 * Decides about one request in Kong's order: CORS preflight, key, dashboard credentials, group, termination
 * (priorities 2000, 1003, 1001, 950, 2).
 */
export function gate(request: GateRequest, options: GateOptions): Verdict {
  const { route } = request.match;
  if (route.cors && isPreflight(request.method, request.headers)) return { kind: 'preflight' };
  if (route.access === 'blocked') return refuse('forbidden');
  if (route.access === 'dashboard' || route.access === 'dashboard-session') return gateDashboard(request, options);
  return gateKeyed(request, options);
}

function gateDashboard(request: GateRequest, options: GateOptions): Verdict {
  const { route, path } = request.match;
  const isNavigation = /\btext\/html\b/.test(String(request.headers.accept ?? ''));
  const mayBeSignedIn = route.access === 'dashboard-session' || (route.signInPage === true && isNavigation);
  if (mayBeSignedIn && !request.headers.authorization)
    return { kind: 'pass', url: withQuery(path, request.query), headers: { authorization: undefined } };
  if (!options.dashboardBasic) return refuse('unauthorized');
  const outcome = checkBasic(request.headers.authorization, options.dashboardUsername, options.dashboardPassword);
  if (outcome === 'missing') return refuse('unauthorized', basicChallenge);
  if (outcome === 'wrong') return refuse('invalid_credentials');
  const headers = { authorization: undefined, 'x-consumer-username': 'DASHBOARD' };
  return { kind: 'pass', url: withQuery(path, request.query), headers };
}

function gateKeyed(request: GateRequest, options: GateOptions): Verdict {
  const { route, path } = request.match;
  const sent = extractKey(request.rawHeaders, request.query);
  const needsKey = route.access !== 'open';
  if (sent.kind === 'duplicate' && needsKey) return refuse('duplicate_api_key');
  if (sent.kind !== 'key' && needsKey && (options.requireApiKey || route.access === 'service-key'))
    return refuse('no_api_key', keyChallenge);
  const known = sent.kind === 'key' ? options.findKey(sent.key) : undefined;
  // Open routes judge keys themselves, but an opaque one means nothing to anybody but us.
  if (sent.kind === 'key' && !known && (needsKey || isOpaque(sent.key))) return refuse('invalid_credentials');
  if (route.access === 'service-key' && known?.role !== 'service_role') return refuse('forbidden_group');

  const headers: Record<string, string | undefined> = { ...route.setHeaders };
  if (known) headers['x-consumer-username'] = known.role;
  if (route.synthesise) {
    const decision = decideAuthorization(request.headers.authorization, known, options.findKey);
    if (decision.kind === 'refuse') return refuse('invalid_credentials');
    if (decision.kind === 'set') headers.authorization = decision.value;
    if (decision.kind === 'remove') headers.authorization = undefined;
  }
  if (route.passKeyAs) headers[route.passKeyAs] = known?.token;
  if (route.hideKey) headers.apikey = undefined;
  return { kind: 'pass', url: withQuery(path, route.hideKey ? withoutKey(request.query) : request.query), headers };
}

const withQuery = (path: string, query: string): string => (query === '' ? path : `${path}?${query}`);
