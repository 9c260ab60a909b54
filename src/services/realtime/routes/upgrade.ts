import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { ServiceError } from '#kernel/errors';
import { requestContext } from '#kernel/http';
import { Session } from '../core/session.ts';
import { errorBody, realtimeError } from '../errors.ts';
import type { Transport } from '../wire/transport.ts';
import { type HandshakeOptions, judgeHandshake } from './handshake.ts';

/** What sockets are opened with. */
export interface UpgradeOptions extends HandshakeOptions {
  readonly transport: Transport;
}

/** `GET /socket/websocket`: opens a socket, or refuses with a JSON body (spec §1.1). */
export async function upgrade(
  options: UpgradeOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  // The client may go away while its token is looked at.
  const ignore = () => {};
  socket.on('error', ignore);
  try {
    const handshake = await judgeHandshake(options, request);
    if (socket.destroyed) return;
    options.transport.accept(request, socket, head, (connection) => {
      connection.listener = new Session(options.context, connection, handshake);
    });
  } catch (error) {
    const { log, metrics } = options.context;
    const known = error instanceof ServiceError ? error : undefined;
    if (!known) {
      metrics.counters.errors++;
      log.error({ reqId: requestContext(request).id, err: error }, 'a handshake failed');
    }
    refuse(request, socket, known ?? realtimeError('connect_failed', { cause: error }));
  } finally {
    socket.off('error', ignore);
  }
}

/** Answers a handshake while the room does not run. */
export const refuseUpgrade = (request: IncomingMessage, socket: Duplex): void =>
  refuse(request, socket, realtimeError('not_serving', { headers: { 'retry-after': '1' } }));

function refuse(request: IncomingMessage, socket: Duplex, error: ServiceError): void {
  if (!socket.writable) return;
  const body = JSON.stringify(errorBody(error) ?? {});
  const lines = [
    `HTTP/1.1 ${error.status} ${reasons[error.status] ?? 'Error'}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    `X-Request-Id: ${requestContext(request).id}`,
    ...Object.entries({ ...(error.status === 429 && { 'retry-after': '1' }), ...error.headers }).map(
      ([name, value]) => `${name}: ${value}`,
    ),
  ];
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};
