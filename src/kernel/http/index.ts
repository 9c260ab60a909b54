export type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
export { abortSignalOf } from './abort.ts';
export { type ApiDescription, type ApiOperation, apiPageHeaders, apiPageOf, openApiOf } from './api-description.ts';
export { type App, type AppOptions, createApp } from './app.ts';
export { BodyError, readBody } from './body.ts';
export { canConnect } from './can-connect.ts';
export { type Listener, type ListenerOptions, startListener } from './listener.ts';
export { readPackedBody, readPackedChunks } from './packed-body.ts';
export {
  adoptRequestId,
  isRequestId,
  type RequestContext,
  requestContext,
  setRequestContext,
} from './request-context.ts';
export { requestNews } from './request-news.ts';
export { sendBody, sendJson } from './respond.ts';
export { createSharedPort, type PortHold, type SharedPort } from './shared-port.ts';
export { loadWebSockets, type RawData, type WebSocket, type WebSocketServer } from './websockets.ts';
