import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ServiceError } from '#kernel/errors';
import { requestContext, requestNews, sendBody, setRequestContext } from '#kernel/http';
import { type Logger, type RequestNews, redactUrl } from '#kernel/log';
import type { Tracer } from '#kernel/trace';
import { preflightHeaders } from '../core/cors.ts';
import { clientAddress, forwardedHeaders } from '../core/forwarding.ts';
import { type GateOptions, gate, type Verdict } from '../core/gate.ts';
import { type Match, normalisePath } from '../core/match.ts';
import type { Measures } from '../core/measures.ts';
import type { Route } from '../core/route-table.ts';
import { gatewayError, renderGatewayError } from '../errors.ts';
import type { EdgeTarget } from '../wire/target.ts';
import { handleTraced } from '../wire/traced.ts';

/** Everything the edge needs; joined in `create`. */
export interface EdgeOptions {
  readonly gate: GateOptions;
  readonly match: (path: string) => Match | undefined;
  readonly target: (name: string) => EdgeTarget | undefined;
  readonly isTrustedProxy: (address: string) => boolean;
  readonly maxBodySize: number;
  readonly maxInFlight: number;
  readonly accessLog: boolean;
  readonly log: Logger;
  /** Hears of every request but those to the gateway's own paths and to the log server. */
  readonly observe?: ((news: RequestNews) => void) | undefined;
  readonly measures: Pick<Measures, 'note'>;
  readonly now: () => number;
  readonly tracer: () => Tracer | undefined;
  /** Paths the gateway answers itself. */
  readonly own: ReadonlyMap<string, (request: IncomingMessage, response: ServerResponse) => void>;
}

/** The public side of the program. */
export interface Edge {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly inFlight: () => number;
}

/** What counts for the paths that the gateway answers itself. */
const ownRoute: Route = { prefix: 'own', mount: 'gateway', target: '', access: 'open', cors: false };

/** Creates the handler of the gateway's listeners. */
export function createEdge(options: EdgeOptions): Edge {
  let inFlight = 0;

  function admit(request: IncomingMessage): { route: Route; verdict: Verdict; prefix: string } {
    const [rawPath, query] = splitUrl(request.url ?? '/');
    const path = normalisePath(rawPath);
    if (path === undefined) throw gatewayError('bad_path');
    const match = options.match(path);
    if (!match) throw gatewayError('no_route');
    if (Number(request.headers['content-length'] ?? 0) > options.maxBodySize) throw gatewayError('body_too_large');
    const { method, headers, rawHeaders } = request;
    const verdict = gate({ method, match, query, headers, rawHeaders }, options.gate);
    return { route: match.route, verdict, prefix: match.route.prefix.replace(/\/$/, '') };
  }

  function pass(request: IncomingMessage, verdict: Verdict & { kind: 'pass' }, prefix: string): void {
    const peer = request.socket.remoteAddress ?? '';
    const { headers } = request;
    const chain = headers['x-forwarded-for'] as string | undefined;
    const remoteAddress = clientAddress(peer, chain, options.isTrustedProxy);
    const context = setRequestContext(request, { remoteAddress, prefix, viaGateway: true });
    if (!options.isTrustedProxy(peer)) {
      for (const name of forwardedHeaders) if (name in headers) delete headers[name];
      const encrypted = (request.socket as { encrypted?: boolean }).encrypted === true;
      headers['x-forwarded-proto'] = encrypted ? 'https' : 'http';
      if (headers.host !== undefined) headers['x-forwarded-host'] = headers.host;
    }
    headers['x-real-ip'] ??= remoteAddress;
    headers['x-forwarded-for'] = chain ? `${chain}, ${peer}` : peer;
    for (const name in headers) if (name.startsWith('x-consumer-') || name === 'sb-api-key') delete headers[name];
    headers['x-request-id'] = context.id;
    for (const [name, value] of Object.entries(verdict.headers)) {
      if (value === undefined) delete headers[name];
      else headers[name] = value;
    }
    request.url = verdict.url;
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const started = options.now();
    const { id, originalUrl } = requestContext(request);
    inFlight++;
    let isTold = true;
    let route: Route | undefined;
    response.once('close', () => {
      inFlight--;
      const elapsed = options.now() - started;
      const status = response.writableFinished ? response.statusCode : 499;
      note(route, status, elapsed);
      logRequest(request, status, originalUrl, elapsed);
      if (isTold) options.observe?.(requestNews('gateway', request, response, originalUrl, elapsed));
    });
    try {
      response.setHeader('x-request-id', id);
      const own = options.own.get(splitUrl(originalUrl)[0]);
      if (own) {
        isTold = false;
        route = ownRoute;
        own(request, response);
        return;
      }
      if (inFlight > options.maxInFlight) throw gatewayError('overloaded', { headers: { 'retry-after': '1' } });
      const { verdict, prefix, ...admitted } = admit(request);
      route = admitted.route;
      if (route.cors) response.setHeader('access-control-allow-origin', '*');
      if (verdict.kind === 'refuse') throw verdict.error;
      if (verdict.kind === 'preflight') {
        sendBody(response, 200, preflightHeaders(request.headers['access-control-request-headers']), '');
        return;
      }
      const target = options.target(route.mount as string);
      // Logs of how logs are sent would never end.
      isTold = route.mount !== 'analytics';
      if (!target) throw gatewayError('upstream_unavailable');
      pass(request, verdict, prefix);
      const tracer = options.tracer();
      if (tracer)
        handleTraced(tracer, { route: route.prefix, mount: route.mount as string }, request, response, target);
      else target.handle(request, response);
    } catch (error) {
      fail(request, response, error);
    }
  }

  function fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const known = error instanceof ServiceError ? error : gatewayError('upstream_invalid', { cause: error });
    if (known !== error) options.log.error({ reqId: requestContext(request).id, err: error }, 'a room threw');
    const { contentType, body } = renderGatewayError(known, request.headers.accept);
    // What is left of the body would be taken for the next request on this connection.
    request.resume();
    sendBody(response, known.status, { ...known.headers, 'content-type': contentType }, body);
  }

  function note(route: Route | undefined, status: number, elapsed: number): void {
    options.measures.note(route?.mount ?? 'none', route?.prefix ?? 'none', status, elapsed);
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { id, originalUrl } = requestContext(request);
    const started = options.now();
    let route: Route | undefined;
    const tell = (status: number): void => {
      const elapsed = options.now() - started;
      note(route, status, elapsed);
      logRequest(request, status, originalUrl, elapsed);
      options.observe?.(requestNews('gateway', request, status, originalUrl, elapsed));
    };
    try {
      const { verdict, prefix, ...admitted } = admit(request);
      route = admitted.route;
      if (verdict.kind === 'refuse') throw verdict.error;
      const target = options.target(route.mount as string);
      if (verdict.kind !== 'pass' || !target?.upgrade) throw gatewayError('upstream_unavailable');
      pass(request, verdict, prefix);
      socket.once('close', () => tell(101));
      target.upgrade(request, socket, head);
    } catch (error) {
      const known = error instanceof ServiceError ? error : gatewayError('upstream_invalid', { cause: error });
      if (known !== error) options.log.error({ reqId: id, err: error }, 'a room threw');
      refuseUpgrade(socket, known, request.headers.accept, id);
      tell(known.status);
    }
  }

  function logRequest(request: IncomingMessage, status: number, url: string, ms: number): void {
    if (!options.accessLog) return;
    const { id, remoteAddress } = requestContext(request);
    options.log.info(
      {
        reqId: id,
        method: request.method,
        url: redactUrl(url),
        status,
        ms: Math.round(ms * 10) / 10,
        ip: remoteAddress,
        agent: request.headers['user-agent'],
      },
      'request',
    );
  }

  return { handle, upgrade, inFlight: () => inFlight };
}

function refuseUpgrade(socket: Duplex, error: ServiceError, accept: string | undefined, id: string): void {
  const { contentType, body } = renderGatewayError(error, accept);
  const lines = [
    `HTTP/1.1 ${error.status} ${error.message}`,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    `X-Request-Id: ${id}`,
    ...Object.entries(error.headers).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function splitUrl(url: string): [string, string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}
