/** Schemes that run something, or show what a page has made up, in place of handing control to an application. */
const forbidden: ReadonlySet<string> = new Set([
  'javascript:',
  'data:',
  'file:',
  'vbscript:',
  'blob:',
  'about:',
  'filesystem:',
  'view-source:',
  'ws:',
  'wss:',
  'ftp:',
]);

const loopback: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Addresses a client may have. */
export const mostRedirectUris = 10;

/**
 * Why an address is none that codes may be sent to; undefined for one that is (OAuth 2.1 §2.3). It has to be absolute and
 * without fragment; https, http on this machine, or a scheme of an application's own.
 */
export function redirectUriFault(uri: string): string | undefined {
  if (uri.length > 2_048) return 'must have 2048 characters at most';
  // The list is kept divided by commas; the rest is what two parsers could read differently.
  if (/[\s\\,<>"^`{|}\p{Cc}]/u.test(uri) || uri.includes('#')) return 'must be an absolute URI without fragment';
  if (!URL.canParse(uri)) return 'must be an absolute URI without fragment';
  const { protocol, hostname, username, password } = new URL(uri);
  if (forbidden.has(protocol)) return `must not have the scheme ${protocol.slice(0, -1)}`;
  if (username !== '' || password !== '') return 'must not have a user in it';
  if (protocol === 'https:') return hostname === '' ? 'must name a host' : undefined;
  if (protocol === 'http:') return loopback.has(hostname) ? undefined : 'must have https, or http on loopback';
  return undefined;
}

/** A registered address with parameters added to its query. */
export function withParameters(uri: string, parameters: Readonly<Record<string, string | null>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== null) query.set(name, value);
  return `${uri}${uri.includes('?') ? '&' : '?'}${query}`;
}
