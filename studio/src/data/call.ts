/** A request to a room, as it is sent. */
export interface Call {
  readonly method: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Who asks, as the server's `core/call-as.ts` reads it: `service`, `anon`, `none`, `user:<id>`. */
  readonly as: string;
}

/** What was answered, as far as it came. */
export interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Milliseconds until the headers were there, and until now. */
  readonly first: number;
  readonly total: number;
  readonly state: 'coming' | 'done' | 'cut' | 'stopped';
}

/** Characters of a body that are shown. */
export const mostShown = 200_000;

/** Methods whose requests have no body (Fetch, "body with GET or HEAD"). */
export const isBodiless = (method: string): boolean => method === 'GET' || method === 'HEAD';

/**
 * Asks a room of the stack, `/api/rooms/<path>`, and takes whatever it answers. @param tell is given the answer each time more
 * of it has come
 * @param most characters that are waited for
 * @throws Error when it cannot be reached, or `signal` was aborted
 */
export async function call(
  path: string,
  { method, headers, body, as }: Call,
  tell: (answer: Answer) => void,
  signal: AbortSignal,
  most = mostShown,
): Promise<void> {
  const began = performance.now();
  const sent = new Headers({ 'x-studio-request': '1', 'x-studio-as': as });
  for (const [name, value] of headers) sent.append(name, value);
  const hasBody = !isBodiless(method) && body !== '';
  if (hasBody && !sent.has('content-type')) sent.set('content-type', 'application/json');
  const response = await fetch(`/api/rooms/${path}`, {
    method,
    headers: sent,
    redirect: 'manual',
    signal,
    ...(hasBody && { body }),
  });
  const first = performance.now() - began;
  const decoder = new TextDecoder();
  let text = '';
  const say = (state: Answer['state']) =>
    tell({
      status: response.status,
      headers: [...response.headers].filter(([name]) => !ofDashboard.has(name)),
      body: text,
      first,
      total: performance.now() - began,
      state,
    });
  say('coming');
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    text += decoder.decode(part.value, { stream: true });
    if (text.length > most) {
      await reader?.cancel();
      text = text.slice(0, most);
      return say('cut');
    }
    say('coming');
  }
  text += decoder.decode();
  say('done');
}

// What the dashboard's server adds on the way, so that an answer opened as a page can do nothing.
const ofDashboard = new Set(['content-security-policy', 'cross-origin-resource-policy', 'referrer-policy']);
