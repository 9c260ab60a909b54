import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** How a server in front of another one behaves. */
export type Fault =
  | 'none'
  /** Ends every connection. */
  | 'down'
  /** Takes requests and never answers. */
  | 'silent'
  /** Answers 500 without doing anything. */
  | 'failing'
  /** Passes on a part of each answer with a body, and ends the connection. */
  | 'cutting';

/** A server that passes requests on to another one, unless something is the matter with it. */
export interface FaultyServer {
  readonly url: string;
  fault: Fault;
  /** Requests that get through before the fault begins. */
  spared: number;
  /** Requests that were passed on or suffered from a fault. */
  readonly seen: () => number;
  stop(): Promise<void>;
}

/** Bytes of an answer's body that get through when it is cut. */
const passed = 1_000;

/** Starts it on a loopback port. @param target base URL of the other server */
export async function startFaultyServer(target: string): Promise<FaultyServer> {
  let seen = 0;
  const server = createServer((incoming, outgoing) => {
    seen++;
    if (faulty.spared > 0) {
      faulty.spared--;
      passOn(incoming, outgoing, target, () => false);
    } else if (faulty.fault === 'down') incoming.socket.destroy();
    else if (faulty.fault === 'silent') incoming.resume();
    else if (faulty.fault === 'failing') {
      incoming.resume();
      outgoing.writeHead(500, { 'content-type': 'application/xml' }).end('<Error><Code>InternalError</Code></Error>');
    } else passOn(incoming, outgoing, target, () => faulty.fault === 'cutting');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const faulty: FaultyServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fault: 'none',
    spared: 0,
    seen: () => seen,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return faulty;
}

function passOn(incoming: IncomingMessage, outgoing: ServerResponse, target: string, isCut: () => boolean): void {
  const { hostname, port } = new URL(target);
  const passing = request(
    // The name the client signed stays.
    { hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      if (!isCut()) {
        answer.pipe(outgoing);
        return;
      }
      answer.once('data', (chunk: Buffer) => {
        outgoing.write(chunk.subarray(0, passed), () => outgoing.destroy());
        answer.destroy();
      });
      answer.once('end', () => outgoing.end());
    },
  );
  passing.on('error', () => outgoing.destroy());
  outgoing.on('close', () => passing.destroy());
  incoming.pipe(passing);
}
