import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What is known of a request beside what Node parsed. */
export interface RequestContext {
  /** Stands in every log line and error of the request. */
  readonly id: string;
  /** Path and query as the client sent them, before any prefix was stripped. */
  readonly originalUrl: string;
  /** The public prefix that was stripped, e.g. `/rest/v1`; empty on a room's own port. */
  readonly prefix: string;
  /** Address of the peer, or of the client where a trusted proxy says so. */
  readonly remoteAddress: string;
  /** True once a gateway has checked the key and owns CORS. */
  readonly viaGateway: boolean;
}

const context = Symbol('request context');

/** A property, since a weak map of all requests is much work for the collector. */
type Known = IncomingMessage & { [context]?: RequestContext };

/** The context of a request; one is made for requests that came over a room's own port. */
export function requestContext(request: Known): RequestContext {
  const known = request[context];
  if (known) return known;
  const made: RequestContext = {
    id: randomUUID(),
    originalUrl: request.url ?? '/',
    prefix: '',
    remoteAddress: request.socket.remoteAddress ?? '',
    viaGateway: false,
  };
  request[context] = made;
  return made;
}

/**
 * Gives a request the id that it came with in `x-request-id`, so that its lines are found in all processes by one. Only for
 * where no stranger asks: between the processes of a stack, and on a room's own port.
 */
export function adoptRequestId(request: IncomingMessage): RequestContext {
  const given = request.headers['x-request-id'];
  return isRequestId(given) ? setRequestContext(request, { id: given }) : requestContext(request);
}

/** Whether a header's value will do as the id of a request. */
export const isRequestId = (given: unknown): given is string =>
  typeof given === 'string' && /^[\w.:/+=-]{1,128}$/.test(given);

/** Adds to what is known of a request. */
export function setRequestContext(request: Known, known: Partial<RequestContext>): RequestContext {
  const made = { ...requestContext(request), ...known };
  request[context] = made;
  return made;
}
