import cluster from 'node:cluster';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { StartupError } from '#kernel/errors';
import { gatheredResponses } from './gathered-response.ts';
import { listenAddress } from './listen-address.ts';
import { clearSocketPath, setSocketMode, type UnixSocket } from './unix-socket.ts';

/** A listening socket and its limits. */
export interface ListenerOptions {
  /** A name or address, or a special form; see `listenAddress`. */
  readonly host: string;
  readonly port: number;
  /** Listens in the file system instead of on a port. */
  readonly socket?: UnixSocket;
  /** The setting to name when the port is taken. */
  readonly setting: string;
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  /** PEM texts; makes it HTTPS. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Bytes of all headers together (431 beyond). */
  readonly maxHeaderSize: number;
  /** Milliseconds for the headers of a request to arrive (408 beyond). */
  readonly headersTimeout: number;
  /** Milliseconds for a whole request to arrive; 0 = no bound. */
  readonly requestTimeout: number;
  /** Milliseconds an unused connection is kept. */
  readonly keepAliveTimeout: number;
  /** Connections at most. */
  readonly maxConnections: number;
}

/** A running listener. */
export interface Listener {
  readonly port: number;
  readonly url: string;
  /**
   * Stops accepting, lets requests in flight finish, and ends what is left after `grace` milliseconds.
   */
  stop(grace: number): Promise<void>;
}

/** Opens a listener. @throws StartupError when the address is taken or not ours */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  // Node refuses a longer time for a part of the request than for the whole.
  const headersTimeout = Math.min(options.headersTimeout, options.requestTimeout || Number.POSITIVE_INFINITY);
  const settings = {
    ServerResponse: gatheredResponses(),
    maxHeaderSize: options.maxHeaderSize,
    headersTimeout,
    requestTimeout: options.requestTimeout,
    keepAliveTimeout: options.keepAliveTimeout,
    // How late a time-out may be noticed.
    connectionsCheckingInterval: Math.max(50, Math.min(5_000, headersTimeout / 2)),
  };
  const server: Server = options.tls
    ? createHttpsServer({ ...settings, cert: options.tls.certificate, key: options.tls.key }, options.handle)
    : createHttpServer(settings, options.handle);
  server.maxConnections = options.maxConnections;
  const upgraded = new Set<Duplex>();
  server.on('upgrade', (request, socket, head) => {
    if (!options.upgrade) {
      socket.end('HTTP/1.1 426 Upgrade Required\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    options.upgrade(request, socket, head);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => refuse(error, socket as Socket));
  if (options.socket) await clearSocketPath(options.socket.path, options.setting, cluster.isWorker);
  await listen(server, options);
  if (options.socket) {
    setSocketMode(options.socket, options.setting);
    return { port: 0, url: `unix:${options.socket.path}`, stop: (grace) => stop(server, upgraded, grace) };
  }
  const { port } = server.address() as AddressInfo;
  const bound = listenAddress(options.host).host;
  const host = bound === '0.0.0.0' || bound === '::' ? 'localhost' : bound;
  return {
    port,
    url: `${options.tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    stop: (grace) => stop(server, upgraded, grace),
  };
}

function listen(server: Server, { host, port, setting, socket }: ListenerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (socket) reject(new StartupError(`socket ${socket.path} cannot be opened: ${error.message}`, setting, error));
      else if (error.code === 'EADDRINUSE')
        reject(new StartupError(`port ${port} on ${host} is taken`, setting, error));
      else if (error.code === 'EACCES')
        reject(new StartupError(`port ${port} on ${host} may not be opened by this user`, setting, error));
      else if (error.code === 'EADDRNOTAVAIL')
        reject(new StartupError(`address ${host} is not one of this machine`, 'BIND_ADDRESS', error));
      else reject(error);
    });
    server.listen(socket ? { path: socket.path } : { ...listenAddress(host), port }, resolve);
  });
}

const refusals: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const line = refusals[error.code ?? ''] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${line}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

async function stop(server: Server, upgraded: Set<Duplex>, grace: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  // Connections that become idle while draining would otherwise be kept for their keep-alive time.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const force = setTimeout(() => {
    server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
  }, grace);
  await closed;
  clearInterval(sweep);
  clearTimeout(force);
}
