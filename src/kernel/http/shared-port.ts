import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Listener, type ListenerOptions, startListener } from './listener.ts';

/** A hold on the port; the last one to let go closes it. */
export interface PortHold {
  readonly url: string;
  /** @param grace milliseconds that requests under way get to finish, where the port closes */
  release(grace: number): Promise<void>;
}

/** A port that a room and the one that takes its place share, so that it is never closed in between. */
export interface SharedPort {
  /**
   * Opens the port, or goes on with it where the same address is open already; its limits are then those it was opened with.
   *
   * @param options.handle that of the last to open answers
   * @throws StartupError when the port is taken
   */
  open(options: Omit<ListenerOptions, 'upgrade' | 'tls' | 'socket'>): Promise<PortHold>;
}

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

interface OpenPort {
  readonly address: string;
  readonly listener: Listener;
  /** Of those who hold it; the last one answers. */
  readonly handlers: Handle[];
}

/** Creates the port, closed. */
export function createSharedPort(): SharedPort {
  let current: OpenPort | undefined;

  async function listen(options: Parameters<SharedPort['open']>[0], address: string): Promise<OpenPort> {
    const handlers: Handle[] = [];
    const handle: Handle = (request, response) => (handlers.at(-1) ?? options.handle)(request, response);
    return { address, handlers, listener: await startListener({ ...options, handle }) };
  }

  return {
    async open(options) {
      const address = `${options.host} ${options.port}`;
      const held =
        current?.address === address && current.handlers.length > 0 ? current : await listen(options, address);
      current = held;
      const { handlers } = held;
      const { handle } = options;
      handlers.push(handle);
      return {
        url: held.listener.url,
        async release(grace) {
          handlers.splice(handlers.lastIndexOf(handle), 1);
          if (handlers.length === 0) await held.listener.stop(grace);
        },
      };
    },
  };
}
