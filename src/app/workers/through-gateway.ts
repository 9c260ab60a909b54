import type { IncomingMessage } from 'node:http';
import type { Mount } from '#kernel/lifecycle';
import { createRemoteTarget } from '#services/gateway';

/** Mounts that the workers have and this process has not, as the gateway offers them. */
export interface ThroughGateway {
  /** @returns undefined for what is not asked this way, and before the gateway listens */
  mount(name: string): Mount | undefined;
  close(): void;
}

/** How the gateway is reached. */
export interface ThroughGatewayOptions {
  /** Where it listens; empty before it does. */
  readonly url: () => string;
  /** Rooms that are asked this way. */
  readonly has: (name: string) => boolean;
  readonly serviceKey: string | undefined;
  readonly anonKey: string | undefined;
  /** Milliseconds of silence after which a request is given up. */
  readonly timeout: number;
  /** Connections at most; more requests wait. */
  readonly maxSockets: number;
}

// What a mount's paths begin with, and what stands in its place at the gateway.
const publicPaths: Readonly<Record<string, readonly [inside: string, outside: string]>> = {
  rest: ['', '/rest/v1'],
  realtime: ['/socket', '/realtime/v1'],
};

/** Asks rooms of the workers by the address that everybody uses, so that it makes no difference which of them answers. */
export function createThroughGateway(options: ThroughGatewayOptions): ThroughGateway {
  let target: { readonly url: string; readonly remote: ReturnType<typeof createRemoteTarget> } | undefined;

  function remoteAt(url: string): ReturnType<typeof createRemoteTarget> {
    if (target?.url !== url) {
      target?.remote.close();
      target = { url, remote: createRemoteTarget(url, options.timeout, options.maxSockets) };
    }
    return target.remote;
  }

  // The gateway wants a key. A token of somebody counts before it; who has none is a visitor, and gets no key that says more.
  function address(request: IncomingMessage, [inside, outside]: readonly [string, string]): void {
    const { headers, url = '/' } = request;
    const key = headers.authorization === undefined ? options.anonKey : options.serviceKey;
    if (key === undefined) delete headers.apikey;
    else headers.apikey = key;
    request.url = outside + url.slice(inside.length);
  }

  return {
    mount(name) {
      const path = Object.hasOwn(publicPaths, name) ? publicPaths[name] : undefined;
      const url = options.url();
      if (!path || url === '' || !options.has(name)) return undefined;
      return {
        name,
        handle(request, response) {
          address(request, path);
          remoteAt(url).handle(request, response);
        },
        upgrade(request, socket, head) {
          address(request, path);
          remoteAt(url).upgrade?.(request, socket, head);
        },
      };
    },
    close() {
      target?.remote.close();
      target = undefined;
    },
  };
}
