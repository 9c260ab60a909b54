import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Mount, Room } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';

/** A room that another can take the place of while it serves. `api` and `health` are those of the one in place. */
export interface ReplaceableRoom<Api> extends Room<Api> {
  /**
   * Starts the room that `make` creates, puts it in the place of the present one, and lets that one finish what it has
   * begun before it is stopped. Replacements come one after the other; fulfilled once the new room serves.
   *
   * @throws what its start threw, after which the present room goes on as if nothing had been
   */
  replace(make: () => Room<Api>): Promise<void>;
}

/** One room in the place, and what it is still busy with. */
interface Tenant<Api> {
  readonly room: Room<Api>;
  readonly mounts: ReadonlyMap<string, Mount>;
  busy: number;
  /** Called when it becomes idle. */
  onIdle: (() => void) | undefined;
}

/**
 * Makes a place for a room. A room in it has to be one that can start beside another of its kind.
 *
 * @param first the room to begin with; it decides the names of the mounts
 * @param options.drain milliseconds that a room whose place was taken has for requests in flight; what is left is cut off
 */
export function createReplaceableRoom<Api>(
  first: Room<Api>,
  options: { readonly drain: number; readonly log: Logger },
): ReplaceableRoom<Api> {
  let present = tenantOf(first);
  let life = new AbortController();
  let serves = false;
  let line: Promise<unknown> = Promise.resolve();
  let leaving: Promise<void> = Promise.resolve();

  const mountOf = (tenant: Tenant<Api>, name: string): Mount => tenant.mounts.get(name) as Mount;

  async function swap(make: () => Room<Api>): Promise<void> {
    if (!serves) throw new Error('a room that does not serve cannot be replaced');
    // No more than two at a time, however fast replacements come.
    await leaving;
    const next = tenantOf(make());
    const missing = [...present.mounts.keys()].filter((name) => !next.mounts.has(name));
    if (missing.length > 0) throw new Error(`the new room lacks ${missing.join(', ')}`);
    const { signal } = life;
    try {
      await next.room.start(signal);
      signal.throwIfAborted();
    } catch (error) {
      await next.room.stop();
      throw error;
    }
    const former = present;
    present = next;
    leaving = retire(former, options.drain, signal).catch((error: unknown) =>
      options.log.error({ err: error }, 'a room whose place was taken did not stop cleanly'),
    );
  }

  return {
    mounts: first.mounts.map(({ name, upgrade }) => ({
      name,
      handle(request: IncomingMessage, response: ServerResponse) {
        const tenant = present;
        enter(tenant, response);
        mountOf(tenant, name).handle(request, response);
      },
      ...(upgrade && {
        upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
          const tenant = present;
          enter(tenant, socket);
          mountOf(tenant, name).upgrade?.(request, socket, head);
        },
      }),
    })),
    get api() {
      return present.room.api;
    },
    health: () => present.room.health(),
    metrics: () => present.room.metrics?.() ?? [],
    replace(make) {
      const done = line.then(() => swap(make));
      line = done.catch(() => {});
      return done;
    },
    async start(signal) {
      life = new AbortController();
      await present.room.start(AbortSignal.any([signal, life.signal]));
      serves = true;
    },
    async stop() {
      serves = false;
      life.abort();
      await line;
      await leaving;
      await present.room.stop();
    },
  };
}

function tenantOf<Api>(room: Room<Api>): Tenant<Api> {
  return { room, mounts: new Map(room.mounts.map((mount) => [mount.name, mount])), busy: 0, onIdle: undefined };
}

function enter<Api>(tenant: Tenant<Api>, until: ServerResponse | Duplex): void {
  tenant.busy++;
  until.once('close', () => {
    if (--tenant.busy === 0) tenant.onIdle?.();
  });
}

async function retire<Api>(tenant: Tenant<Api>, drain: number, stopping: AbortSignal): Promise<void> {
  if (tenant.busy > 0) {
    const over = new AbortController();
    tenant.onIdle = () => over.abort();
    // Who stops everything has let requests finish already.
    await sleep(drain, undefined, { signal: AbortSignal.any([over.signal, stopping]) }).catch(() => {});
  }
  await tenant.room.stop();
}
