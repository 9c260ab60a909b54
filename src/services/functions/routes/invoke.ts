import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ServiceError } from '#kernel/errors';
import { requestContext, sendBody, sendJson } from '#kernel/http';
import type { Logger } from '#kernel/log';
import { verifyAccess } from '../core/access/verify.ts';
import type { Functions } from '../core/functions.ts';
import type { Lease } from '../core/pool/pool.ts';
import { nameInPath } from '../core/project/names.ts';
import { functionsError, renderFunctionsError } from '../errors.ts';
import { Forwarder, type ForwardFailure } from '../wire/forward.ts';
import { forwardUpgrade } from '../wire/upgrade.ts';

/** What requests to functions are answered with. */
export interface InvokeOptions {
  readonly functions: () => Functions | undefined;
  readonly log: Logger;
}

/** The mount of the public path: finds the function, holds the token against its rule, and lets a worker answer. */
export function createInvoke({ functions, log }: InvokeOptions): {
  handle(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
} {
  const forwarders = new WeakMap<Functions, Forwarder>();

  function forwarderOf(running: Functions): Forwarder {
    let forwarder = forwarders.get(running);
    if (!forwarder) {
      forwarder = new Forwarder(running.settings.requestIdle, () => performance.now());
      forwarders.set(running, forwarder);
    }
    return forwarder;
  }

  /** A worker for a request that may be let through. */
  async function admit(request: IncomingMessage, running: Functions | undefined): Promise<Lease> {
    if (running === undefined) throw functionsError('not_running', { headers: { 'retry-after': '1' } });
    const name = nameInPath(pathOf(request));
    if (name === undefined) throw functionsError('missing_name');
    const definition = await running.catalogue.find(name);
    if (definition === undefined || !definition.enabled) throw functionsError('not_found');
    if (definition.verifyJwt && request.method !== 'OPTIONS')
      await verifyAccess(request.headers.authorization, await running.verifier(), running.clock.now());
    return running.acquire(definition);
  }

  /** The same for what needs no waiting, as most requests do not. */
  function admitAtOnce(request: IncomingMessage, running: Functions): Lease | undefined {
    const name = nameInPath(pathOf(request));
    const definition = name === undefined ? undefined : running.catalogue.known(name);
    if (!definition?.enabled || (definition.verifyJwt && request.method !== 'OPTIONS')) return undefined;
    return running.take(definition);
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const running = functions();
    if (running !== undefined && pathOf(request).startsWith('/_internal/')) {
      answerInternal(running, request, response);
      return;
    }
    const started = performance.now();
    let lease: Lease | undefined;
    try {
      lease = (running && admitAtOnce(request, running)) ?? (await admit(request, running));
      const failure = await forwarderOf(running as Functions).forward(lease.worker, request, response);
      if (failure !== undefined) await fail(failure, lease, response);
    } catch (error) {
      refuse(request, response, error);
    } finally {
      lease?.release();
      if (running) record(running, request, response, lease, performance.now() - started);
    }
  }

  function refuse(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
    const error = known(thrown, request);
    const { headers, body } = renderFunctionsError(error);
    // What is left of the body would be taken for the next request on this connection.
    request.resume();
    sendBody(response, error.status, headers, body);
  }

  function known(thrown: unknown, request: IncomingMessage): ServiceError {
    if (thrown instanceof ServiceError) return thrown;
    log.error({ reqId: requestContext(request).id, err: thrown }, 'a request to a function failed');
    return functionsError('WORKER_ERROR', { cause: thrown });
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const running = functions();
    // Without one, a client that goes away meanwhile would take the program with it.
    socket.on('error', () => socket.destroy());
    try {
      const lease = await admit(request, running);
      const { worker } = lease;
      const onEnd = () => lease.release();
      if (socket.destroyed) onEnd();
      else forwardUpgrade(worker.socket, request, socket, head, onEnd);
    } catch (thrown) {
      const error = known(thrown, request);
      const { headers, body } = renderFunctionsError(error);
      const lines = Object.entries({
        ...headers,
        'x-request-id': requestContext(request).id,
        connection: 'close',
        'content-length': Buffer.byteLength(body),
      });
      const text = lines.map(([name, value]) => `${name}: ${value}`).join('\r\n');
      socket.end(`HTTP/1.1 ${error.status} ${error.code}\r\n${text}\r\n\r\n${body}`);
    }
  }

  return {
    handle(request, response) {
      name(request);
      void answer(request, response);
    },
    upgrade(request, socket, head) {
      name(request);
      void upgrade(request, socket, head);
    },
  };
}

/** Workers tell by it what they print in the course of which request. */
function name(request: IncomingMessage): void {
  request.headers['x-request-id'] = requestContext(request).id;
}

/** Milliseconds after a broken connection in which a worker's end is waited for, to say why it broke. */
const endPatience = 5_000;

async function fail(failure: ForwardFailure, { worker }: Lease, response: ServerResponse): Promise<void> {
  if (failure === 'aborted' || response.headersSent) return;
  if (failure === 'idle') throw functionsError('REQUEST_IDLE_TIMEOUT');
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), endPatience);
  });
  const end = await Promise.race([worker.ended, late]);
  clearTimeout(timer);
  const isLimit = end !== undefined && ['WallClockTime', 'CPUTime', 'Memory'].includes(end.reason);
  throw functionsError(isLimit ? 'WORKER_LIMIT' : 'WORKER_ERROR');
}

function record(
  running: Functions,
  request: IncomingMessage,
  response: ServerResponse,
  lease: Lease | undefined,
  milliseconds: number,
): void {
  const pathname = pathOf(request);
  running.journal.append({
    kind: 'invocation',
    timestamp: running.clock.now(),
    function: nameInPath(pathname) ?? '',
    execution_id: lease?.worker.id,
    request_id: requestContext(request).id,
    method: request.method ?? '',
    pathname,
    status_code: response.headersSent ? response.statusCode : 499,
    execution_time_ms: Math.round(milliseconds * 10) / 10,
  });
}

/** The paths of the original's development server. */
function answerInternal(running: Functions, request: IncomingMessage, response: ServerResponse): void {
  const path = pathOf(request);
  if (path === '/_internal/health') sendJson(response, 200, { message: 'ok' });
  else if (path === '/_internal/metric') {
    const workers = [...running.workers];
    sendJson(response, 200, {
      activeUserWorkersCount: workers.filter(({ isRetired }) => !isRetired).length,
      retiredUserWorkersCount: workers.filter(({ isRetired }) => isRetired).length,
      receivedRequestsCount: running.journal.invocations(),
    });
  } else {
    const { headers, body } = renderFunctionsError(functionsError('not_found'));
    sendBody(response, 404, headers, body);
  }
}

function pathOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  return mark < 0 ? url : url.slice(0, mark);
}
