import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '#kernel/log';
import type { Health, Room } from './room.ts';

/** A room with its place in the start order. */
export interface SupervisedRoom {
  readonly name: string;
  readonly room: Room;
  /** Rooms that must have started before. */
  readonly needs: readonly string[];
  /** A room whose failure must not keep the others from serving: it is retried in the background. */
  readonly optional: boolean;
}

/** The rooms of a stack and how they are run. */
export interface SupervisorOptions {
  readonly rooms: readonly SupervisedRoom[];
  readonly log: Logger;
  /** First and longest pause between attempts to start an optional room, in milliseconds. */
  readonly retry: { readonly first: number; readonly longest: number };
}

/** Starts rooms in the order of their needs, stops them in reverse, and reports on them. */
export interface Supervisor {
  /** @throws the first error of a required room; what has been started is stopped again */
  start(): Promise<void>;
  /** Stops what has been started, once: every caller waits for the same end. Never rejects. */
  stop(): Promise<void>;
  health(): Promise<Readonly<Record<string, Health & { readonly required: boolean }>>>;
}

/** @throws Error when needs name an unknown room or form a ring */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const order = startOrder(options.rooms);
  const stopping = new AbortController();
  const failures = new Map<string, string>();
  const started: SupervisedRoom[] = [];
  const retries = new Set<Promise<void>>();
  let stopped: Promise<void> | undefined;

  async function startOptional(entry: SupervisedRoom): Promise<void> {
    let pause = options.retry.first;
    while (!stopping.signal.aborted) {
      try {
        await entry.room.start(stopping.signal);
        failures.delete(entry.name);
        return;
      } catch (error) {
        if (stopping.signal.aborted) return;
        failures.set(entry.name, (error as Error).message);
        options.log.warn({ room: entry.name, err: error, retryIn: pause }, 'an optional room did not start');
      }
      await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {});
      pause = Math.min(pause * 2, options.retry.longest);
    }
  }

  async function startOne(entry: SupervisedRoom): Promise<void> {
    // What is stopping must not be joined by a room whose needs were met a moment too late.
    stopping.signal.throwIfAborted();
    started.push(entry);
    const before = performance.now();
    if (entry.optional) {
      const attempt = startOptional(entry).finally(() => retries.delete(attempt));
      retries.add(attempt);
      return;
    }
    await entry.room.start(stopping.signal);
    options.log.debug({ room: entry.name, ms: Math.round(performance.now() - before) }, 'room started');
  }

  function stop(): Promise<void> {
    stopped ??= stopAll();
    return stopped;
  }

  async function stopAll(): Promise<void> {
    stopping.abort();
    await Promise.allSettled([...retries]);
    for (const entry of started.splice(0).reverse()) {
      try {
        await entry.room.stop();
      } catch (error) {
        options.log.error({ room: entry.name, err: error }, 'a room did not stop cleanly');
      }
    }
  }

  return {
    async start() {
      // Rooms whose needs are met start side by side: start-up time is the longest path, not the sum.
      const done = new Map<string, Promise<void>>();
      let failure: { readonly error: unknown } | undefined;
      for (const entry of order) {
        const needs = entry.needs.map((name) => done.get(name));
        const starting = Promise.all(needs).then(() => startOne(entry));
        starting.catch((error: unknown) => {
          failure ??= { error };
          // The others may be waiting for something that takes long, and have nothing left to wait for.
          stopping.abort();
        });
        done.set(entry.name, starting);
      }
      await Promise.allSettled(done.values());
      if (failure) {
        await stop();
        throw failure.error;
      }
    },
    stop,
    async health() {
      const report: Record<string, Health & { required: boolean }> = {};
      for (const { name, room, optional } of order) {
        const failure = failures.get(name);
        const health: Health = failure ? { status: 'unhealthy', detail: { reason: failure } } : await askHealth(room);
        report[name] = { ...health, required: !optional };
      }
      return report;
    },
  };
}

async function askHealth(room: Room): Promise<Health> {
  try {
    return await room.health();
  } catch (error) {
    return { status: 'unhealthy', detail: { reason: (error as Error).message } };
  }
}

function startOrder(rooms: readonly SupervisedRoom[]): SupervisedRoom[] {
  const byName = new Map(rooms.map((entry) => [entry.name, entry]));
  const order: SupervisedRoom[] = [];
  const state = new Map<string, 'open' | 'done'>();
  function visit(entry: SupervisedRoom): void {
    if (state.get(entry.name) === 'done') return;
    if (state.get(entry.name) === 'open') throw new Error(`the needs of room ${entry.name} form a ring`);
    state.set(entry.name, 'open');
    for (const need of entry.needs) {
      const target = byName.get(need);
      if (!target) throw new Error(`room ${entry.name} needs ${need}, which is not there`);
      visit(target);
    }
    state.set(entry.name, 'done');
    order.push(entry);
  }
  for (const entry of rooms) visit(entry);
  return order;
}
