import type { IncomingMessage, ServerResponse } from 'node:http';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from '#kernel/log';
import { activeSpan } from '#kernel/trace';
import { requestContext } from './request-context.ts';

/** What a room decides of its HTTP side. */
export interface AppOptions {
  readonly log: Logger;
  /** Bytes of a body at most; 413 beyond. */
  readonly bodyLimit: number;
  /**
   * Renders anything thrown in a handler in the room's own wire shape. Validation and body errors arrive here too
   * (`statusCode` says which).
   */
  readonly onError: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) => unknown;
  readonly onNotFound: (request: FastifyRequest, reply: FastifyReply) => unknown;
  /** Adds the room's routes. */
  readonly routes: (app: FastifyInstance) => void;
}

/** A room's HTTP side, without a socket of its own. */
export interface App {
  /** Answers one request; usable once `ready` is fulfilled. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** Creates a room's HTTP side: Fastify without a listener, logger or CORS (listeners and the gateway own these). */
export function createApp(options: AppOptions): App {
  const app = Fastify({
    logger: false,
    bodyLimit: options.bodyLimit,
    exposeHeadRoutes: true,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 4_096 },
    genReqId: (request) => requestContext(request).id,
    return503OnClosing: false,
    // Messages are each service's own; Ajv is for structure, not for coercing what clients send.
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: false } },
  });
  app.addHook('onRoute', (route) => {
    const { handler, url } = route;
    route.handler = function (request, reply) {
      activeSpan()?.set({ 'http.route': url });
      return handler.call(this, request, reply);
    };
  });
  app.setErrorHandler(options.onError);
  app.setNotFoundHandler(options.onNotFound);
  options.routes(app);
  return {
    handle: (request, response) => app.routing(request, response),
    ready: async () => {
      await app.ready();
    },
    close: () => app.close(),
  };
}
