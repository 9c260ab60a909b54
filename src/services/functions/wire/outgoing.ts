import type { IncomingMessage } from 'node:http';
import { connectionHeaders } from './answer-reader.ts';

/** A request as it is sent to a worker. */
export interface Outgoing {
  readonly head: string;
  /** A body that is here whole, one that is sent as it comes, or none. */
  readonly body: Buffer | IncomingMessage | undefined;
  /** A body of unknown length is sent in chunks. */
  readonly isChunked: boolean;
  readonly isHead: boolean;
  /** Whether doing it twice is as good as once (RFC 9110 §9.2.2). */
  readonly isRepeatable: boolean;
}

/** A body up to this size that says its length is sent in one piece. */
const wholeBody = 16_384;

const idempotent: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/** Takes a request apart; a small body is awaited. @returns undefined when the client went away meanwhile */
export function outgoingOf(request: IncomingMessage): Outgoing | Promise<Outgoing | undefined> {
  const { 'transfer-encoding': coding, 'content-length': length } = request.headers;
  if (coding === undefined && (length === undefined || length === '0')) return made(request, undefined);
  if (coding !== undefined || Number(length) > wholeBody) return made(request, request);
  return wholeOf(request).then(
    (body) => made(request, body),
    () => undefined,
  );
}

function made(request: IncomingMessage, body: Outgoing['body']): Outgoing {
  const method = request.method ?? 'GET';
  const isChunked = body === request && request.headers['content-length'] === undefined;
  return {
    head: headOf(request, method, isChunked),
    body,
    isChunked,
    isHead: method === 'HEAD',
    isRepeatable: body !== request && idempotent.has(method),
  };
}

// Names and values are those that Node's parser let through, so that none holds a line's end.
function headOf(request: IncomingMessage, method: string, isChunked: boolean): string {
  const { headers } = request;
  const named = namedBy(headers.connection);
  let text = `${method} ${request.url ?? '/'} HTTP/1.1\r\n`;
  if (headers.host === undefined) text += 'host: localhost\r\n';
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || connectionHeaders.has(name) || named?.has(name)) continue;
    if (typeof value === 'string') text += `${name}: ${value}\r\n`;
    else for (const each of value) text += `${name}: ${each}\r\n`;
  }
  return isChunked ? `${text}transfer-encoding: chunked\r\n\r\n` : `${text}\r\n`;
}

/** Headers that are for the last connection only because `Connection` names them. */
function namedBy(connection: string | undefined): ReadonlySet<string> | undefined {
  if (connection === undefined || /^(keep-alive|close)$/i.test(connection)) return undefined;
  const named = new Set(connection.split(',').map((name) => name.trim().toLowerCase()));
  // What frames the request is ours to say.
  for (const kept of ['content-length', 'host']) named.delete(kept);
  return named;
}

async function wholeOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}
