import type { RequestHeaders } from '../core/session/request-facts.ts';

const allowedMethods = 'GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD';
const exposed =
  'Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit';

/** Whether a request is a CORS preflight (Fetch standard). */
export const isPreflight = (method: string | undefined, headers: RequestHeaders): boolean =>
  method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;

/**
 * CORS headers of an answer; none without `Origin`.
 *
 * @param origins those allowed; none: any
 * @param ownsCors false behind a gateway that says itself who may call; it leaves the list of readable headers to us
 */
export function corsHeaders(
  headers: RequestHeaders,
  origins: readonly string[],
  ownsCors: boolean,
  preflight: boolean,
): Record<string, string> {
  const { origin } = headers;
  if (typeof origin !== 'string') return {};
  if (!ownsCors) return { 'Access-Control-Expose-Headers': exposed };
  if (origins.length > 0 && !origins.includes(origin)) return {};
  const allowed =
    origins.length > 0
      ? { 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true' }
      : { 'Access-Control-Allow-Origin': '*' };
  if (!preflight) return { ...allowed, 'Access-Control-Expose-Headers': exposed };
  const requested = headers['access-control-request-headers'];
  const names = typeof requested === 'string' ? requested.split(',').map((name) => name.trim()) : [];
  return {
    ...allowed,
    'Access-Control-Allow-Methods': allowedMethods,
    'Access-Control-Allow-Headers': [
      'Authorization',
      ...names.filter((name) => name !== ''),
      'Accept',
      'Accept-Language',
      'Content-Language',
    ].join(', '),
    'Access-Control-Max-Age': '86400',
  };
}
