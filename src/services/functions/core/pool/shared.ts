import { functionsError } from '../../errors.ts';
import { BootFailure, type Worker } from '../worker/worker.ts';
import { createCapacity } from './capacity.ts';
import type { Lease, Pool, PoolOptions } from './pool.ts';
import { createStarts, type Wanted } from './starts.ts';
import { createWatch } from './watch.ts';

interface Slot {
  active: Worker | undefined;
  next: { readonly revision: string; readonly worker: Promise<Worker> } | undefined;
}

/** Milliseconds a request waits for a changed function before it takes the one before the change. */
const reloadPatience = 800;

/**
 * One worker a function, shared by its requests. A worker near its limits is replaced before it is given up: the one in its
 * place starts while it goes on serving, so that steady traffic sees no start.
 */
export function createSharedPool(options: PoolOptions): Pool {
  const capacity = createCapacity(options);
  const starts = createStarts(capacity, options);
  const slots = new Map<string, Slot>();
  let isStopped = false;
  const watch = createWatch({
    workers: capacity.workers,
    limits: options.limits,
    idleTimeout: options.idleTimeout,
    counted: ({ usage }) => usage,
    isNeeded: (worker) => slots.get(worker.definition.name)?.active === worker,
    now: options.now,
  });

  function slotOf(name: string): Slot {
    let slot = slots.get(name);
    if (!slot) {
      slot = { active: undefined, next: undefined };
      slots.set(name, slot);
    }
    return slot;
  }

  function lease(worker: Worker): Lease {
    const end = worker.begin();
    watch.hurry();
    return {
      worker,
      release() {
        end();
        if (worker.isIdle) capacity.changed();
      },
    };
  }

  function take({ definition, revision }: Wanted): Lease | undefined {
    const active = slots.get(definition.name)?.active;
    return active?.isReady && !active.isRetired && active.revision === revision ? lease(active) : undefined;
  }

  async function acquire(wanted: Wanted): Promise<Lease> {
    const slot = slotOf(wanted.definition.name);
    const usable = slot.active?.isReady ? slot.active : undefined;
    if (usable?.revision === wanted.revision) {
      // Whoever is served by the old one does not wait for the new one, nor for its failing.
      if (usable.isRetired) replacement(slot, wanted).catch(() => {});
      return lease(usable);
    }
    const next = replacement(slot, wanted);
    if (usable !== undefined) {
      const inTime = await soon(next, reloadPatience);
      if (inTime === undefined && usable.isReady) return lease(usable);
    }
    const worker = await next;
    // It may have ended between its being ready and now.
    if (!worker.isReady) throw functionsError('WORKER_ERROR');
    return lease(worker);
  }

  function replacement(slot: Slot, wanted: Wanted): Promise<Worker> {
    if (slot.next?.revision === wanted.revision) return slot.next.worker;
    const booted = starts.boot(wanted);
    const worker = booted.catch((error: Error) => {
      if (slot.next === next) slot.next = undefined;
      // What was saved last counts, even when it does not work.
      if (error.cause instanceof BootFailure && slot.active?.revision !== wanted.revision) dismiss(slot, slot.active);
      throw error;
    });
    const next = { revision: wanted.revision, worker };
    slot.next = next;
    booted.then(
      (ready) => promote(slot, next, ready),
      () => {},
    );
    return worker;
  }

  function promote(slot: Slot, next: NonNullable<Slot['next']>, worker: Worker): void {
    if (slot.next !== next || isStopped) {
      // Another change came meanwhile.
      void worker.stop('TerminationRequested');
      return;
    }
    slot.next = undefined;
    const before = slot.active;
    slot.active = worker;
    dismiss(slot, before);
    void worker.ended.then(() => {
      if (slot.active === worker) slot.active = undefined;
      starts.ended(worker);
    });
  }

  function dismiss(slot: Slot, worker: Worker | undefined): void {
    if (worker === undefined) return;
    worker.retire();
    if (slot.active === worker) slot.active = undefined;
    watch.hurry();
  }

  return {
    acquire,
    take,
    workers: capacity.workers,
    async stop() {
      isStopped = true;
      watch.stop();
      await Promise.all([...capacity.workers].map((worker) => worker.stop('TerminationRequested')));
    },
  };
}

/** A promise's value when it comes within so many milliseconds. Its failure is passed on. */
async function soon<T>(promise: Promise<T>, milliseconds: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
