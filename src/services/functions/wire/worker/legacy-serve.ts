import { deno, replace } from './deno.ts';
import { type Serving, shownAddress } from './serving.ts';

interface RequestEvent {
  readonly request: Request;
  respondWith(response: Response | Promise<Response>): Promise<void>;
}

/**
 * The server API that Deno dropped in version 2 and that `serve` of the old standard library still stands on:
 * `Deno.listen` accepts one connection, and `Deno.serveHttp` yields all requests of the worker on it.
 */
export function offerLegacyServe(serving: Serving): void {
  const queue: RequestEvent[] = [];
  const takers: ((event: RequestEvent | null) => void)[] = [];
  const connection = { rid: -1, localAddr: shownAddress, remoteAddr: shownAddress, close() {} };

  function give(request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      const event: RequestEvent = {
        request,
        async respondWith(response) {
          try {
            resolve(await response);
          } catch (error) {
            reject(error);
          }
        },
      };
      const taker = takers.shift();
      if (taker) taker(event);
      else queue.push(event);
    });
  }

  function listen(): object {
    serving.serve(give);
    let isAccepted = false;
    const accept = async (): Promise<object> => {
      if (isAccepted) await new Promise(() => {});
      isAccepted = true;
      return connection;
    };
    return {
      rid: -1,
      addr: shownAddress,
      accept,
      close() {},
      ref() {},
      unref() {},
      async *[Symbol.asyncIterator]() {
        yield await accept();
        await new Promise(() => {});
      },
    };
  }

  const nextRequest = async (): Promise<RequestEvent | null> =>
    queue.shift() ?? new Promise((resolve) => takers.push(resolve));
  const http = {
    rid: -1,
    nextRequest,
    close() {},
    async *[Symbol.asyncIterator]() {
      for (let event = await nextRequest(); event !== null; event = await nextRequest()) yield event;
    },
  };

  const namespace = deno as unknown as Record<string, (options: { transport?: string }) => unknown>;
  const original = namespace.listen as (options: { transport?: string }) => unknown;
  replace(deno, 'listen', (options: { transport?: string }) =>
    (options.transport ?? 'tcp') === 'tcp' ? listen() : original(options),
  );
  replace(deno, 'serveHttp', () => http);
}
