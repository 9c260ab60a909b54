import type { IncomingHttpHeaders } from 'node:http';

/**
 * JSON text of the headers whose names begin with `x-`, which policies read as `request.headers`. The key is left out:
 * policies have its claims, and it would be kept as often as there are sockets.
 */
export function policyHeaders(headers: IncomingHttpHeaders): string {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith('x-') && name !== 'x-api-key') kept[name] = value;
  return JSON.stringify(kept);
}
