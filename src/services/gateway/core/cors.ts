const allowedMethods = 'GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT';

/** Whether a request is a CORS preflight (Fetch standard): a bare OPTIONS is not, and needs a key. */
export function isPreflight(method: string | undefined, headers: Readonly<Record<string, unknown>>): boolean {
  return method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}

/** Headers of the answer to a preflight; requested headers are echoed, no credentials, no max-age. */
export function preflightHeaders(requested: string | undefined): Record<string, string> {
  return {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': allowedMethods,
    ...(requested !== undefined && { 'access-control-allow-headers': requested }),
  };
}
