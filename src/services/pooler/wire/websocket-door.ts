import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { loadWebSockets, type WebSocketServer } from '#kernel/http';

/** Bytes of a frame at most; clients cut what they send as they like. */
const maxFrame = 16 * 1024 * 1024;

/** Lets clients in that carry the protocol in binary frames of a WebSocket, since they have no sockets (`GET /v2`). */
export interface WebSocketDoor {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void>;
  /** Ends the connections that are left. */
  close(): void;
}

/**
 * @param allows whether an address may connect
 * @param accept takes over the bytes of a client, as if they came over a socket of its own
 */
export function createWebSocketDoor(
  allows: (address: string) => boolean,
  accept: (socket: Socket) => void,
): WebSocketDoor {
  let server: WebSocketServer | undefined;

  return {
    async upgrade(request, socket, head) {
      const address = request.socket.remoteAddress ?? '';
      const path = (request.url ?? '').split('?')[0];
      if (path !== '/v2' && path !== '/v2/') return refuse(socket, '404 Not Found');
      if (!allows(address)) return refuse(socket, '403 Forbidden');
      const ignore = () => {};
      socket.on('error', ignore);
      const { WebSocketServer: Server, createWebSocketStream } = await loadWebSockets();
      socket.off('error', ignore);
      server ??= new Server({ noServer: true, perMessageDeflate: false, maxPayload: maxFrame });
      server.handleUpgrade(request, socket, head, (webSocket) => {
        const bytes = createWebSocketStream(webSocket, { allowHalfOpen: false });
        // Whoever does not read on would not notice the end.
        webSocket.once('close', () => setImmediate(() => bytes.destroy()));
        accept(Object.assign(bytes, { remoteAddress: address }) as unknown as Socket);
      });
    },
    close() {
      for (const client of server?.clients ?? []) client.terminate();
      server?.close();
    },
  };
}

function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => {});
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
