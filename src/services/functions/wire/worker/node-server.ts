import { Server } from 'node:http';
import { replace } from './deno.ts';
import type { RequestScope } from './request-scope.ts';
import { type Serving, shownAddress } from './serving.ts';

type Listen = (this: Server, ...args: unknown[]) => Server;

/**
 * Puts servers of `node:http` (Express and its kind) on the worker's socket, whatever port they ask for. In a module of
 * its own because loading `node:http` takes longer than the whole start of a function that does not need it.
 */
export function interceptNodeServers(
  serving: Serving,
  socket: string,
  scope: Pick<RequestScope, 'run'>,
  onListening: () => void,
): void {
  const emit = Server.prototype.emit as (this: Server, ...args: unknown[]) => boolean;
  replace(Server.prototype, 'emit', function (this: Server, ...args: unknown[]): boolean {
    const [event, request] = args as [unknown, { readonly headers?: Record<string, unknown> } | undefined];
    const id = event === 'request' ? request?.headers?.['x-request-id'] : undefined;
    return scope.run(typeof id === 'string' ? id : undefined, () => emit.apply(this, args));
  });
  const listen = Server.prototype.listen as unknown as Listen;
  replace(Server.prototype, 'listen', function (this: Server, ...args: unknown[]): Server {
    if (!serving.claim()) return this;
    const callback = args.find((argument) => typeof argument === 'function') as (() => void) | undefined;
    this.address = () => ({ address: shownAddress.hostname, family: 'IPv4', port: shownAddress.port });
    return listen.call(this, socket, () => {
      onListening();
      callback?.call(this);
    });
  });
}
