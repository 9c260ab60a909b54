/** A refusal as the server told it. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** Stable code, where the service has one. */
  readonly code: string | undefined;
  /** What the database says, with line, caret, detail and hint. */
  readonly formatted: string | undefined;
  /** Place of the error in the SQL that was sent: characters from 1. */
  readonly position: number | undefined;
  /** All that was answered. */
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, message: string, body: Readonly<Record<string, unknown>> = {}) {
    super(message);
    const { code, error_code, formattedError, position } = body;
    this.status = status;
    this.body = body;
    this.code = [error_code, code].find((each) => typeof each === 'string');
    this.formatted = typeof formattedError === 'string' ? formattedError : undefined;
    this.position = Number(position) > 0 ? Number(position) : undefined;
  }
}

/** How to ask beside the path. */
export interface Ask {
  readonly method?: string;
  /** Sent as JSON, unless it is a Blob, a form or a text. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** What the answer is read as; default JSON, or a text where it is none. */
  readonly answer?: 'text' | 'form';
}

/** Told when the session is over. */
export const signedOut = new EventTarget();

/** Asks the dashboard's own interface: `/api/studio` + path. */
export const studio = <T>(path: string, ask?: Ask): Promise<T> => request<T>(`/api/studio${path}`, ask);

/** Asks a room of the stack: `/api/rooms/<room>` + path. What may be asked is in the server's `core/rooms.ts`. */
export const room = <T>(name: string, path: string, ask?: Ask): Promise<T> =>
  request<T>(`/api/rooms/${name}${path}`, ask);

async function request<T>(url: string, { method = 'GET', body, headers, signal, answer }: Ask = {}): Promise<T> {
  const response = await send(url, {
    method,
    headers: {
      accept: 'application/json',
      'x-studio-request': '1',
      ...(body !== undefined && isPlain(body) && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: isPlain(body) ? JSON.stringify(body) : (body as BodyInit) }),
    ...(signal && { signal }),
  });
  if (response.ok && answer === 'form') return (await response.formData()) as T;
  const text = await response.text();
  if (response.ok && answer === 'text') return text as T;
  const parsed = parse(text);
  if (response.ok) return parsed as T;
  const about = parsed !== null && typeof parsed === 'object' ? (parsed as Record<string, unknown>) : {};
  const error = new ApiError(response.status, messageOf(about) ?? `The server answered ${response.status}`, about);
  if (error.status === 401 && error.code === 'signed_out') signedOut.dispatchEvent(new Event('signed-out'));
  throw error;
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, 'The server cannot be reached');
  }
}

const isPlain = (body: unknown): boolean =>
  !(body instanceof Blob || body instanceof FormData) && typeof body !== 'string';

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return text;
  }
}

// Each service has a word of its own for it.
function messageOf(body: Readonly<Record<string, unknown>>): string | undefined {
  return [body.message, body.msg, body.error_description, body.error].find(
    (each): each is string => typeof each === 'string' && each !== '',
  );
}
