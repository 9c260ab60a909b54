import type { IncomingHttpHeaders } from 'node:http';

const methods = 'GET, POST, PUT, PATCH, DELETE';
const standardHeaders = [
  'Accept',
  'Authorization',
  'Content-Type',
  'X-Client-IP',
  'X-Client-Info',
  'X-JWT-AUD',
  'x-use-cookie',
  'X-Supabase-Api-Version',
];
const exposed = 'X-Total-Count, Link, X-Supabase-Api-Version';

/**
 * Headers that let browsers of other origins read an answer. Behind a gateway that speaks for all rooms only what it
 * cannot know is added.
 */
export function corsHeaders(headers: IncomingHttpHeaders, viaGateway: boolean): Record<string, string> {
  if (headers.origin === undefined) return {};
  const common = { 'access-control-expose-headers': exposed };
  if (viaGateway) return common;
  return {
    ...common,
    vary: 'Origin',
    'access-control-allow-origin': '*',
    'access-control-allow-credentials': 'true',
  };
}

/** Headers that answer a preflight. @param more headers that settings allow besides */
export const preflightHeaders = (more: readonly string[]): Record<string, string> => ({
  'access-control-allow-methods': methods,
  'access-control-allow-headers': [...standardHeaders, ...more].join(', '),
});
