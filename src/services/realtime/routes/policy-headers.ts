import type { IncomingHttpHeaders } from 'node:http';

/** The key: policies have its claims, and it would be kept as often as there are sockets. An id: no two requests have the same. */
const left = new Set(['x-api-key', 'x-request-id']);

/**
 * JSON text of the headers whose names begin with `x-`, which policies read as `request.headers`. Without the key and the
 * request's id, and in the order of their names, so that questions of the same client have the same text and are asked once.
 */
export function policyHeaders(headers: IncomingHttpHeaders): string {
  const kept = Object.entries(headers).filter(([name]) => name.startsWith('x-') && !left.has(name));
  return JSON.stringify(Object.fromEntries(kept.sort(([a], [b]) => (a < b ? -1 : 1))));
}
