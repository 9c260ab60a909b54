import { type Egress, EgressError } from '#kernel/egress';
import type { QueuedRequest, RecordedResponse } from '../../../sql/background/requests.ts';

/** The version whose API we stand for, as the original names itself to servers. */
const userAgent = 'pg_net/0.14.0';

/** Redirects followed at most. */
const redirects = 10;

/** Sends one request. Never rejects: what went wrong is the record. */
export async function sendRequest(
  request: QueuedRequest,
  egress: Egress,
  maxBytes: number,
  signal: AbortSignal,
): Promise<RecordedResponse> {
  const started = performance.now();
  try {
    const answer = await egress.request(request.url, {
      method: request.method,
      headers: headersOf(request.headers),
      ...(request.body && { body: request.body }),
      timeout: Math.max(1, request.timeout),
      maxBytes,
      redirects,
      signal,
    });
    const headers = Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [name, storable([value].flat().join(', '))]),
    );
    return {
      id: request.id,
      status: answer.status,
      contentType: headers['content-type'] ?? null,
      headers,
      content: storable(answer.body.toString('utf8')),
      timedOut: false,
      error: null,
    };
  } catch (error) {
    const timedOut = error instanceof EgressError && error.reason === 'timeout';
    const elapsed = (performance.now() - started).toFixed(3);
    return {
      id: request.id,
      status: null,
      contentType: null,
      headers: null,
      content: null,
      timedOut,
      error: timedOut
        ? `Timeout of ${request.timeout} ms reached. Total time: ${elapsed} ms`
        : storable(describeFailure(error)),
    };
  }
}

// The database's text holds every character but this one.
const storable = (text: string): string => text.replaceAll('\0', '�');

/** Header values as the wire takes them; the original's library names itself and takes everything. */
function headersOf(given: QueuedRequest['headers']): Record<string, string> {
  const headers: Record<string, string> = { 'user-agent': userAgent, accept: '*/*' };
  for (const [name, value] of Object.entries(given ?? {}))
    if (value !== null) headers[name.toLowerCase()] = typeof value === 'string' ? value : JSON.stringify(value);
  return headers;
}

const bySystemCode: Readonly<Record<string, string>> = {
  ENOTFOUND: "Couldn't resolve host name",
  EAI_AGAIN: "Couldn't resolve host name",
  EAI_NODATA: "Couldn't resolve host name",
  ECONNREFUSED: "Couldn't connect to server",
  EHOSTUNREACH: "Couldn't connect to server",
  ENETUNREACH: "Couldn't connect to server",
  ECONNRESET: 'Failure when receiving data from the peer',
  EPIPE: 'Failed sending data to the peer',
};

/** The original's words (those of libcurl) where it has some for the failure. */
function describeFailure(error: unknown): string {
  if (!(error instanceof EgressError)) return `URL or header refused: ${(error as Error).message}`;
  if (error.reason === 'too-large') return `Maximum file size exceeded: ${error.message}`;
  if (error.reason === 'aborted') return 'the program was stopped before the answer came';
  if (error.reason === 'refused') return error.message;
  const { code = '' } = (error.cause ?? {}) as { code?: string };
  if (/CERT|SELF_SIGNED|UNABLE_TO_/.test(code)) return 'SSL peer certificate or SSH remote key was not OK';
  return bySystemCode[code] ?? error.message;
}
