import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Health, Mount, Room } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { createWaitingLine } from './waiting-line.ts';

/** A room that another can take the place of while it serves. `api` and `health` are those of the one in place. */
export interface ReplaceableRoom<Api> extends Room<Api> {
  /**
   * Starts the room that `make` creates, puts it in the place of the present one, and lets that one finish what it has
   * begun before it is stopped. Replacements come one after the other; fulfilled once the new room serves.
   *
   * @throws what its start threw, or why it is unhealthy, after which the present room goes on as if nothing had been
   */
  replace(make: () => Room<Api>): Promise<void>;
}

/** How rooms of a place follow each other. Times are in milliseconds. */
export interface Succession {
  /** `beside`: the next starts before the former ends. `after`: when it has ended; requests wait meanwhile. */
  readonly kind: 'beside' | 'after';
  /** How long a former room may go on with what it has begun, e.g. an upload, or a socket that is open. */
  readonly linger: number;
  /** The same where it has to make room for another, or where the next waits for it; what is left is cut off. */
  readonly drain: number;
}

/** One room in the place, and what it is still busy with. */
interface Tenant<Api> {
  readonly room: Room<Api>;
  readonly mounts: ReadonlyMap<string, Mount>;
  busy: number;
  /** Called when it becomes idle. */
  onIdle: (() => void) | undefined;
}

/** A room whose place was taken. */
interface Former {
  readonly isBusy: () => boolean;
  /** Fulfilled once it has stopped. */
  readonly gone: Promise<void>;
  /** Gives it no more than the drain. */
  readonly hurry: () => void;
}

/** Rooms of a place that may still be finishing something, at most. */
export const mostFormer = 3;
/** Requests that may wait while one room follows another. */
const mostWaiting = 1_000;

/**
 * Makes a place for a room. For a succession `beside` it has to be one that can run beside another of its kind.
 *
 * @param first the room to begin with; it decides the names of the mounts
 */
export function createReplaceableRoom<Api>(
  first: Room<Api>,
  options: Succession & { readonly log: Logger },
): ReplaceableRoom<Api> {
  const { kind, linger, drain, log } = options;
  const waiting = createWaitingLine(mostWaiting);
  const formers = new Set<Former>();
  let present = tenantOf(first);
  let life = new AbortController();
  let state: 'new' | 'serving' | 'stopped' = 'new';
  let line: Promise<unknown> = Promise.resolve();

  const mountOf = (tenant: Tenant<Api>, name: string): Mount => tenant.mounts.get(name) as Mount;

  async function swap(make: () => Room<Api>): Promise<void> {
    if (state === 'stopped') throw new Error('a room that does not serve cannot be replaced');
    await makeSpace();
    const next = tenantOf(make());
    const missing = [...present.mounts.keys()].filter((name) => !next.mounts.has(name));
    if (missing.length > 0) throw new Error(`the new room lacks ${missing.join(', ')}`);
    // One that never came to serve is not asked for; whoever starts the room tries again, with this one.
    if (state === 'new') present = next;
    else await (kind === 'beside' ? startBeside(next) : startAfter(next));
  }

  async function makeSpace(): Promise<void> {
    await Promise.all([...formers].map(({ isBusy, gone }) => (isBusy() ? undefined : gone)));
    const [oldest] = formers;
    if (!oldest || formers.size < mostFormer) return;
    oldest.hurry();
    await oldest.gone;
  }

  async function startBeside(next: Tenant<Api>): Promise<void> {
    const { signal } = life;
    try {
      await next.room.start(signal);
      signal.throwIfAborted();
      await refuseIfWorse(present.room, next.room);
    } catch (error) {
      await next.room.stop();
      throw error;
    }
    const former = present;
    present = next;
    former.room.leave?.();
    retire(former, signal);
  }

  function retire(tenant: Tenant<Api>, stopping: AbortSignal): void {
    const hurried = new AbortController();
    const end = async (): Promise<void> => {
      await untilIdle(tenant, linger, AbortSignal.any([stopping, hurried.signal]));
      // Who stops everything has let requests finish already.
      if (!stopping.aborted) await untilIdle(tenant, drain, stopping);
      await tenant.room.stop();
    };
    const former: Former = {
      isBusy: () => tenant.busy > 0,
      hurry: () => hurried.abort(),
      gone: end()
        .catch((error: unknown) => log.error({ err: error }, 'a room whose place was taken did not stop cleanly'))
        .finally(() => formers.delete(former)),
    };
    formers.add(former);
  }

  async function startAfter(next: Tenant<Api>): Promise<void> {
    const { signal } = life;
    waiting.close();
    try {
      await untilIdle(present, drain, signal);
      await present.room.stop();
      try {
        await next.room.start(signal);
        signal.throwIfAborted();
        present = next;
      } catch (error) {
        await next.room.stop();
        if (!signal.aborted) await present.room.start(signal);
        throw error;
      }
    } finally {
      waiting.open();
    }
  }

  return {
    mounts: first.mounts.map(({ name, upgrade }) => ({
      name,
      handle(request: IncomingMessage, response: ServerResponse) {
        const go = (): void => {
          // Who waits may have gone.
          if (response.destroyed) return;
          const tenant = present;
          enter(tenant, response);
          mountOf(tenant, name).handle(request, response);
        };
        if (!waiting.pass(go)) response.writeHead(503, { 'retry-after': '1', 'content-length': 0 }).end();
      },
      ...(upgrade && {
        upgrade(request: IncomingMessage, socket: Duplex, head: Buffer) {
          const go = (): void => {
            if (socket.destroyed) return;
            const tenant = present;
            enter(tenant, socket);
            mountOf(tenant, name).upgrade?.(request, socket, head);
          };
          if (!waiting.pass(go)) socket.destroy();
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
      const both = AbortSignal.any([signal, life.signal]);
      for (let tried: Tenant<Api> | undefined; tried !== present; ) {
        // Another may take its place meanwhile.
        await tried?.room.stop();
        tried = present;
        await tried.room.start(both);
      }
      state = 'serving';
    },
    async stop() {
      state = 'stopped';
      life.abort();
      await line;
      await Promise.all([...formers].map(({ gone }) => gone));
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

/** Waits until nothing is under way, or for the time, or until somebody says stop. */
async function untilIdle<Api>(tenant: Tenant<Api>, time: number, stopping: AbortSignal): Promise<void> {
  if (tenant.busy === 0) return;
  const over = new AbortController();
  tenant.onIdle = () => over.abort();
  await sleep(time, undefined, { signal: AbortSignal.any([over.signal, stopping]), ref: false }).catch(() => {});
}

/** @throws Error saying why, where the next room is unhealthy and the present one is not */
async function refuseIfWorse(present: Room<unknown>, next: Room<unknown>): Promise<void> {
  const told = await healthOf(next);
  if (told.status === 'healthy' || (await healthOf(present)).status !== 'healthy') return;
  throw new Error(String(told.detail?.reason ?? `it would be ${told.status}`));
}

const healthOf = async (room: Room<unknown>): Promise<Health> => {
  try {
    return await room.health();
  } catch (error) {
    return { status: 'unhealthy', detail: { reason: (error as Error).message } };
  }
};
