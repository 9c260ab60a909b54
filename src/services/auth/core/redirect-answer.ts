import { OAuthError, publicCode, toServiceError } from '../errors.ts';

// RFC 6749 §4.1.2.1, by the status the same error has as JSON.
const oauthErrors: Readonly<Record<number, string>> = {
  400: 'invalid_request',
  401: 'unauthorized_client',
  403: 'access_denied',
  500: 'server_error',
  503: 'temporarily_unavailable',
};

const withFragment = (url: string, parameters: URLSearchParams): string =>
  `${url.split('#', 1)[0] as string}#${parameters}`;

function withQuery(url: string, parameters: URLSearchParams): string {
  const [base = ''] = url.split('#', 1);
  return `${base}${base.includes('?') ? '&' : '?'}${parameters}`;
}

/**
 * Where somebody is sent with a session, which stands in the fragment so that it reaches no server.
 *
 * @param type verification type, where a link from a mail was followed
 */
export function withTokens(url: string, body: Readonly<Record<string, unknown>>, type?: string): string {
  const parameters = new URLSearchParams();
  const names = [
    'access_token',
    'expires_at',
    'expires_in',
    'provider_refresh_token',
    'provider_token',
    'refresh_token',
  ];
  for (const name of names) if (body[name] !== undefined) parameters.set(name, String(body[name]));
  parameters.set('sb', '');
  parameters.set('token_type', 'bearer');
  if (type !== undefined) parameters.set('type', type);
  return withFragment(url, parameters);
}

/** Where somebody is sent with a code that they exchange for a session (PKCE). */
export const withCode = (url: string, code: string): string => withQuery(url, new URLSearchParams({ code }));

/** Where somebody is sent who has done the first of two steps. */
export function withMessage(url: string, message: string, pkce: boolean): string {
  const parameters = new URLSearchParams({ message });
  return withFragment(pkce ? withQuery(url, parameters) : url, new URLSearchParams({ message, sb: '' }));
}

/** Where somebody is sent after a failure. @param pkce says it in the query too, which is where PKCE clients look */
export function withFailure(url: string, thrown: unknown, pkce: boolean): string {
  const error = toServiceError(thrown);
  const oauth = oauthErrors[error.status];
  const facts = {
    ...(oauth && { error: oauth }),
    error_code: publicCode(error),
    error_description: error.message,
  };
  const base = pkce ? withQuery(url, new URLSearchParams(facts)) : url;
  return withFragment(base, new URLSearchParams({ ...facts, sb: '' }));
}

// Refusals that are the user's own affair (GoTrue, "OAuth error redirects").
const denials: ReadonlySet<string> = new Set(['signup_disabled', 'user_banned', 'provider_email_needs_verification']);

/** Where somebody is sent whom another server sent back and who is not let in: query and fragment both say why. */
export function withCallbackFailure(url: string, thrown: unknown): string {
  const facts = callbackFacts(thrown);
  return withFragment(withQuery(url, new URLSearchParams(facts)), new URLSearchParams({ ...facts, sb: '' }));
}

function callbackFacts(thrown: unknown): Record<string, string> {
  if (thrown instanceof OAuthError) return { error: thrown.error, error_description: thrown.message };
  const refused = toServiceError(thrown);
  const { status, message } = refused;
  const code = publicCode(refused);
  const error = denials.has(code) ? 'access_denied' : (oauthErrors[status] ?? 'server_error');
  return { error, error_code: code, error_description: message };
}
