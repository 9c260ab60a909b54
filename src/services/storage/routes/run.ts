import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { requestContext, sendBody, sendJson } from '#kernel/http';
import type { StorageMetrics } from '../core/metrics.ts';
import { asStorageError, renderError, storageError } from '../errors.ts';
import { type Answer, type Exchange, openExchange, splitUrl } from './exchange.ts';
import type { Matched } from './route.ts';

/** Milliseconds that a client gets to read why its upload was refused, before the connection ends. */
const lingering = 3_000;

/** Answers requests by the room's routes. */
export function createHandler(
  base: Pick<Exchange, 'context' | 'ports' | 'verifier'>,
  find: (method: string, path: string) => Matched | undefined,
  metrics: Pick<StorageMetrics, 'observe'>,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const started = performance.now();
    let route = 'none';
    const found = (method: string, path: string) => {
      const matched = find(method, path);
      if (matched) route = matched.route.path;
      return matched;
    };
    void answer(base, found, request, response)
      .catch((error: unknown) => {
        base.context.log.error({ reqId: requestContext(request).id, err: error }, 'an answer could not be given');
        response.destroy();
      })
      .finally(() => metrics.observe(request.method ?? '', route, response.statusCode, performance.now() - started));
  };
}

async function answer(
  base: Pick<Exchange, 'context' | 'ports' | 'verifier'>,
  find: (method: string, path: string) => Matched | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  let matched: Matched | undefined;
  try {
    const [path] = splitUrl(request.url ?? '/');
    matched = find(request.method ?? '', path);
    if (!matched) throw storageError('NoSuchRoute', { message: `Route ${request.method}:${path} not found` });
    const exchange = await openExchange({ ...base, request, response }, matched);
    await send(exchange, await matched.route.handle(exchange));
  } catch (error) {
    fail(base, matched, request, response, error);
  }
}

async function send({ request, response, context }: Exchange, given: Answer): Promise<void> {
  if (given.sent) return;
  const { status = 200, headers = {} } = given;
  // Nobody wants what is left of it.
  if (!request.complete) request.resume();
  if (given.json !== undefined) {
    sendJson(response, status, given.json, headers);
    return;
  }
  if (given.stream === undefined && given.send === undefined) {
    const body = given.bytes ?? given.text ?? '';
    if (status === 304 || status === 204) response.writeHead(status, headers).end();
    else if (request.method === 'HEAD' && headers['content-length'] !== undefined)
      response.writeHead(status, headers).end();
    else sendBody(response, status, headers, body);
    return;
  }
  response.writeHead(status, headers);
  // Without a listener this ends the connection; the server sets a time of its own again when the answer is complete.
  response.setTimeout(context.settings.idleTimeout);
  if (request.method === 'HEAD') {
    given.stream?.destroy();
    response.end();
    return;
  }
  try {
    if (given.stream) await pipeline(given.stream, response);
    else {
      await given.send?.(response);
      response.end();
    }
  } catch (error) {
    // The head is out: a broken connection is all that is left to say that this is not the whole.
    response.destroy();
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

function fail(
  { context }: Pick<Exchange, 'context'>,
  matched: Matched | undefined,
  request: IncomingMessage,
  response: ServerResponse,
  thrown: unknown,
): void {
  const { id } = requestContext(request);
  if (response.destroyed || (request.destroyed && !request.complete)) {
    context.log.debug({ reqId: id, err: thrown }, 'the client went away');
    response.destroy();
    return;
  }
  const error = asStorageError(thrown);
  if (error.status >= 500) context.log.error({ reqId: id, err: error.cause ?? error }, error.message);
  else context.log.debug({ reqId: id, err: error.cause ?? error }, error.message);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const extra = { ...error.headers, ...endOfUnread(request, response) };
  const own = matched?.route.renderError?.(error, request);
  if (own) {
    sendBody(response, own.status, { ...own.headers, ...extra }, own.body);
    return;
  }
  const { status, body } = renderError(error);
  sendJson(response, status, body, extra);
}

/**
 * What has to be done about a body that nobody will read to its end: the client is told that the connection ends, and
 * given time to notice.
 */
export function endOfUnread(request: IncomingMessage, response: ServerResponse): { connection?: 'close' } {
  if (request.complete) return {};
  request.resume();
  const timer = setTimeout(() => request.destroy(), lingering);
  request.once('end', () => clearTimeout(timer));
  response.once('close', () => clearTimeout(timer));
  return { connection: 'close' };
}
