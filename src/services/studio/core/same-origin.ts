/** The headers by which a request from another site can be told. */
export interface OriginHeaders {
  readonly origin?: string | undefined;
  readonly host?: string | undefined;
  readonly 'sec-fetch-site'?: string | undefined;
  readonly 'x-forwarded-host'?: string | undefined;
  readonly 'x-studio-request'?: string | undefined;
}

/**
 * Whether a request comes from the dashboard's own pages, or from a program that is no browser. Whatever changes something
 * needs a header besides, which a form of another site cannot send and a script of one only after a preflight, which nobody
 * grants (OWASP: Fetch Metadata, custom request headers).
 */
export function isOwnRequest(method: string | undefined, headers: OriginHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  if (!isOwnOrigin(headers)) return false;
  return method === 'GET' || method === 'HEAD' || headers['x-studio-request'] === '1';
}

/** Whether a socket is opened by the dashboard's own pages; browsers always say their origin then (RFC 6455 §10.2). */
export function isOwnOrigin({ origin, host, 'x-forwarded-host': forwarded }: OriginHeaders): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const named = new URL(origin).host;
  return named !== '' && (named === host?.toLowerCase() || named === forwarded?.toLowerCase());
}
