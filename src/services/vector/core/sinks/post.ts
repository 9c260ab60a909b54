import { vectorError } from '../../errors.ts';

/** Where and how to post. */
export interface PostOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout: number;
}

/** `NAME: VALUE` texts as headers. */
export function parseHeaders(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}

/** A URL without its user and password, and these as a header. */
export function separateCredentials(url: string): { readonly url: string; readonly headers: Record<string, string> } {
  const parsed = new URL(url);
  if (parsed.username === '' && parsed.password === '') return { url, headers: {} };
  const pair = `${decodeURIComponent(parsed.username)}:${decodeURIComponent(parsed.password)}`;
  parsed.username = '';
  parsed.password = '';
  const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  return { url: parsed.href.replace(/\/$/, ''), headers: { authorization } };
}

// A receiver that is overloaded or not ready says so with these; other 4xx mean that the events are not to its liking.
const passing = new Set([401, 403, 404, 408, 425, 429]);

/** Posts JSON. @throws ServiceError `refused` where the receiver will not take it; other errors may pass */
export async function postJson(options: PostOptions, body: unknown, signal: AbortSignal): Promise<void> {
  const response = await fetch(options.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...options.headers },
    body: JSON.stringify(body),
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(options.timeout)]),
  });
  // The body has to be read for the connection to be used again.
  const text = await response.text();
  if (response.ok) return;
  const said = `${response.status} ${text.slice(0, 200)}`;
  if (response.status >= 400 && response.status < 500 && !passing.has(response.status))
    throw vectorError('refused', { details: said });
  throw new Error(`the receiver answered ${said}`);
}
