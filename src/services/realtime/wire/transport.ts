import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { loadWebSockets, type RawData, type WebSocket, type WebSocketServer } from '#kernel/http';
import type { BacklogLimits } from './client-connection.ts';
import { Connection } from './connection.ts';
import { createFlusher } from './flusher.ts';

/** How WebSockets are served. */
export interface TransportOptions {
  /** Bytes of a frame at most (close 1009 beyond). */
  readonly maxFrame: number;
  readonly deflate: boolean;
  readonly backlog: BacklogLimits;
  /** Milliseconds without a byte from the client, at most. */
  readonly idle: number;
  /** Connections written to in one turn of the event loop. */
  readonly flushSlice: number;
  readonly now: () => number;
}

/** All WebSockets of this process. */
export interface Transport {
  /** Completes a handshake that was allowed. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, opened: (connection: Connection) => void): void;
  readonly connections: ReadonlySet<Connection>;
  /** Looks for clients that are gone; to be called every few seconds. */
  sweep(): void;
}

type Held = WebSocket & { connection?: Connection };

/** Creates the transport. The library behind it is loaded here, on first use. */
export async function createTransport(options: TransportOptions): Promise<Transport> {
  const { WebSocketServer: Server } = await loadWebSockets();
  const flusher = createFlusher(options.flushSlice);
  const connections = new Set<Connection>();
  const server: WebSocketServer = new Server({
    noServer: true,
    clientTracking: false,
    maxPayload: options.maxFrame,
    perMessageDeflate: options.deflate,
    // Text is parsed as JSON anyway, and bytes that are no UTF-8 harm nobody but their reader.
    skipUTF8Validation: true,
  });

  // One set of listeners for all sockets: thousands of closures would be most of an idle socket's memory.
  function onMessage(this: Held, data: RawData, isBinary: boolean): void {
    const { listener } = this.connection as Connection;
    if (isBinary) listener?.binary(data as Buffer);
    else listener?.text((data as Buffer).toString());
  }
  function onClose(this: Held): void {
    const connection = this.connection as Connection;
    connections.delete(connection);
    const { listener } = connection;
    connection.listener = undefined;
    listener?.closed();
  }
  // A broken connection ends with `close`, which is all that matters.
  function onError(): void {}

  return {
    connections,
    accept(request, socket, head, opened) {
      server.handleUpgrade(request, socket, head, (ws) => {
        const connection = new Connection(socket, ws, flusher, options.backlog, options.now());
        (ws as Held).connection = connection;
        connections.add(connection);
        opened(connection);
        ws.on('message', onMessage);
        ws.on('close', onClose);
        ws.on('error', onError);
      });
    },
    sweep() {
      const now = options.now();
      for (const connection of connections) connection.check(now, options.idle);
    },
  };
}
