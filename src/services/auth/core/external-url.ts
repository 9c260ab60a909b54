/** How links to this service are made. */
export interface ExternalUrlOptions {
  /** `API_EXTERNAL_URL`. */
  readonly base: string;
  /** Hosts a request may name instead (`GOTRUE_MAILER_EXTERNAL_HOSTS`). */
  readonly hosts: readonly string[];
}

/**
 * Base URL of links in mails. A host the request names counts only when it is on the list, so that a forged
 * `X-Forwarded-Host` never gets into a mail.
 *
 * @param forwardedHost value of `X-Forwarded-Host`
 * @param host value of `Host`
 * @param protocol value of `X-Forwarded-Proto`
 */
export function externalUrl(
  options: ExternalUrlOptions,
  forwardedHost: string | undefined,
  host: string | undefined,
  protocol: string | undefined,
): string {
  const named = forwardedHost ?? host;
  if (named === undefined || !options.hosts.includes(named) || !/^[a-zA-Z0-9.-]+(:\d+)?$/.test(named))
    return options.base;
  const isPlain = protocol === 'http' && /^localhost(:\d+)?$/.test(named);
  return `${isPlain ? 'http' : 'https'}://${named}`;
}

/** A path below the external URL, which may itself already end in that path's beginning (`…/auth/v1`). */
export function joinExternal(base: string, path: string): string {
  const url = new URL(base);
  const prefix = url.pathname.replace(/\/+$/, '');
  const rooted = path.startsWith('/') ? path : `/${path}`;
  return `${url.origin}${prefix !== '' && !rooted.startsWith(`${prefix}/`) ? prefix : ''}${rooted}`;
}

/** The address that clients know this service under: the external URL with `/auth/v1` unless it has a path of its own. */
export function serviceUrl(base: string): string {
  const url = new URL(base);
  const prefix = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${prefix === '' ? '/auth/v1' : prefix}`;
}

/**
 * A link that carries out an email action.
 *
 * @param token the stored hash
 * @param type verification type, e.g. `signup`
 */
export function actionLink(base: string, path: string, token: string, type: string, redirectTo: string): string {
  // Upstream leaves plain addresses readable; mail templates and tests in the wild cut them out of the text.
  const target = /[&=#]/.test(redirectTo) ? encodeURIComponent(redirectTo) : redirectTo;
  return `${joinExternal(base, path)}?token=${token}&type=${type}&redirect_to=${target}`;
}
