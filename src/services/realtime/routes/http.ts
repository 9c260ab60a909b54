import type { IncomingMessage, ServerResponse } from 'node:http';
import { ServiceError } from '#kernel/errors';
import { createApp, type FastifyReply } from '#kernel/http';
import { errorBody, realtimeError } from '../errors.ts';
import type { HttpOptions } from './http-options.ts';
import { bindRoutes } from './table.ts';

/** The HTTP side of the room. */
export interface Http {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** Creates it. */
export function createHttp(options: HttpOptions): Http {
  const { context, settings } = options;
  return createApp({
    log: context.log,
    bodyLimit: settings.bodyLimit,
    onError(error, request, reply) {
      const known = serviceErrorOf(error);
      if (known.status >= 500) {
        context.metrics.counters.errors++;
        context.log.error({ reqId: request.id, err: error }, 'a request failed');
      }
      return send(reply, known);
    },
    onNotFound: (_request, reply) => send(reply, realtimeError('not_found')),
    routes: (app) => bindRoutes(app, options),
  });
}

function serviceErrorOf(error: Error & { readonly statusCode?: number }): ServiceError {
  if (error instanceof ServiceError) return error;
  if (error.statusCode === 413) return realtimeError('too_large');
  if (error.statusCode === 415) return realtimeError('media_type');
  if (error.statusCode !== undefined && error.statusCode < 500) return realtimeError('bad_json');
  return realtimeError('internal', { cause: error });
}

function send(reply: FastifyReply, error: ServiceError): FastifyReply {
  return reply
    .code(error.status)
    .headers({ ...(error.status === 429 && { 'retry-after': '1' }), ...error.headers })
    .send(errorBody(error));
}
