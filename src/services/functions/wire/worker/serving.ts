import type { Control } from './control.ts';
import {
  deno,
  type Handler,
  type HttpServer,
  type RemoteAddress,
  replace,
  type ServeInfo,
  type ServeOptions,
} from './deno.ts';
import type { RequestScope } from './request-scope.ts';

/** Where a function's handler is bound to the worker's socket. */
export interface Serving {
  /** True once something listens or is about to. */
  readonly isTaken: () => boolean;
  /** Takes the socket for a server of another kind. @returns false when it is taken already */
  claim(): boolean;
  serve(handler: Handler): void;
}

/** What a function sees as its own address: ports mean nothing here, and the original's are always the same. */
export const shownAddress: RemoteAddress = { transport: 'tcp', hostname: '0.0.0.0', port: 9999 };

/**
 * Puts `Deno.serve` on the worker's socket, whatever port or host it is asked for, and makes requests look as they do
 * behind the original: http URLs, and the client's address.
 */
export function interceptServe(
  socket: string,
  control: Control,
  scope: Pick<RequestScope, 'run'>,
  onListening: () => void,
): Serving {
  const original = deno.serve.bind(deno);
  let taken = false;
  showHttpUrls();

  function claim(): boolean {
    if (taken) control.report('warning', 'a function serves once; this further server gets no requests');
    const first = !taken;
    taken = true;
    return first;
  }

  function serve(first: ServeOptions | Handler, second?: Handler): HttpServer {
    const options = typeof first === 'function' ? {} : first;
    const handler = typeof first === 'function' ? first : (second ?? options.handler);
    if (typeof handler !== 'function') throw new TypeError('A handler function must be provided.');
    if (!claim()) return idleServer();
    const {
      hostname: _hostname,
      port: _port,
      path: _path,
      handler: _handler,
      cert: _cert,
      key: _key,
      ...rest
    } = options;
    const server = original(
      {
        ...rest,
        path: socket,
        onListen() {
          onListening();
          options.onListen?.(shownAddress);
        },
      },
      (request, info) =>
        scope.run(request.headers.get('x-request-id'), () => handler(request, clientInfo(request, info))),
    );
    replace(server, 'addr', shownAddress);
    return server;
  }
  replace(deno, 'serve', serve);
  return { isTaken: () => taken, claim, serve: (handler) => void serve(handler) };
}

// Requests that come by a socket in the file system have URLs of that kind, which `fetch` and many routers refuse.
function showHttpUrls(): void {
  const shown = Object.getOwnPropertyDescriptor(Request.prototype, 'url');
  if (shown?.get === undefined) return;
  const get = shown.get;
  Object.defineProperty(Request.prototype, 'url', {
    ...shown,
    get(this: Request): string {
      const url = get.call(this) as string;
      return url.startsWith('http+unix:') ? `http:${url.slice('http+unix:'.length)}` : url;
    },
  });
}

function clientInfo(request: Request, info: ServeInfo): ServeInfo {
  return {
    get remoteAddr() {
      const hops = request.headers.get('x-forwarded-for')?.split(',');
      return { transport: 'tcp', hostname: hops?.at(-1)?.trim() || '127.0.0.1', port: 0 };
    },
    get completed() {
      return info.completed;
    },
  };
}

function idleServer(): HttpServer {
  const finished = new Promise<void>(() => {});
  return { finished, addr: shownAddress, ref() {}, unref() {}, shutdown: async () => {} };
}
