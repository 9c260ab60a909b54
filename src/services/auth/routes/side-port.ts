import type { IncomingMessage, ServerResponse } from 'node:http';
import { createSharedPort } from '#kernel/http';

/** Where a port of one's own is, beside that of the room. */
export interface SideAddress {
  readonly host: string;
  readonly port: number;
  /** The setting to name when the port is taken. */
  readonly setting: string;
}

/** Answers a GET or HEAD; must not throw. */
export type SideHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** A hold on the port; the last one to let go closes it. */
export interface SideHold {
  readonly url: string;
  release(): Promise<void>;
}

/** A port for the operator's own tools. A room and the one that takes its place share it. */
export interface SidePort {
  /**
   * Opens the port, or goes on with it where it is open already.
   *
   * @param handle that of the last to open answers
   * @throws StartupError when the port is taken
   */
  open(address: SideAddress, handle: SideHandler): Promise<SideHold>;
}

/** Milliseconds that a request gets to finish when the port closes. */
const grace = 1_000;

/** Creates the port, closed. */
export function createSidePort(): SidePort {
  const port = createSharedPort();
  return {
    async open(address, handle) {
      const { url, release } = await port.open({
        ...address,
        handle(request, response) {
          request.resume();
          if (request.method === 'GET' || request.method === 'HEAD') handle(request, response);
          else response.writeHead(405, { allow: 'GET, HEAD', 'content-length': 0 }).end();
        },
        // It is for one's own monitoring, which needs no more.
        maxHeaderSize: 16 * 1_024,
        headersTimeout: 15_000,
        requestTimeout: 60_000,
        keepAliveTimeout: 65_000,
        maxConnections: 100,
      });
      return { url, release: () => release(grace) };
    },
  };
}

/** Answers with a whole body, which nobody may keep. */
export function answerWhole(request: IncomingMessage, response: ServerResponse, type: string, body: Buffer): void {
  response.writeHead(200, { 'content-type': type, 'content-length': body.length, 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : body);
}
