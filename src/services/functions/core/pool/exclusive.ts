import type { Usage } from '../worker/limits.ts';
import type { Worker } from '../worker/worker.ts';
import { createCapacity } from './capacity.ts';
import type { Lease, Pool, PoolOptions } from './pool.ts';
import { createStarts, type Wanted } from './starts.ts';
import { createTurns, type Turns } from './turns.ts';
import { createWatch } from './watch.ts';

/** What such pools are made of. */
export interface ExclusivePoolOptions extends PoolOptions {
  /** Workers of one function at most. */
  readonly maxParallel: number;
  /** A worker ends with its first request. */
  readonly isOneshot: boolean;
}

interface Slot {
  /** Of the function as it was asked for last. */
  revision: string;
  readonly idle: Worker[];
  /** Workers that live or are being started. */
  count: number;
  readonly turns: Turns;
}

/**
 * A worker has one request at a time, and what counts against its limits is what that request used. Further requests get
 * workers of their own, up to a number; then they wait.
 */
export function createExclusivePool(options: ExclusivePoolOptions): Pool {
  const { maxParallel, isOneshot } = options;
  const capacity = createCapacity(options);
  const starts = createStarts(capacity, options);
  const slots = new Map<string, Slot>();
  /** What workers had used when their request came. */
  const before = new WeakMap<Worker, Usage>();
  const watch = createWatch({
    workers: capacity.workers,
    limits: options.limits,
    idleTimeout: options.idleTimeout,
    counted: (worker) => usageSince(before.get(worker), worker),
    isNeeded: () => false,
    now: options.now,
  });

  function slotOf({ definition: { name }, revision }: Wanted): Slot {
    let slot = slots.get(name);
    if (slot === undefined) {
      slot = { revision, idle: [], count: 0, turns: createTurns(options) };
      slots.set(name, slot);
    }
    if (slot.revision !== revision) {
      slot.revision = revision;
      for (const worker of slot.idle.splice(0)) dismiss(worker);
    }
    return slot;
  }

  function idleOf(slot: Slot): Worker | undefined {
    for (let worker = slot.idle.pop(); worker !== undefined; worker = slot.idle.pop())
      if (worker.isReady && !worker.isRetired) return worker;
    return undefined;
  }

  function lease(slot: Slot, worker: Worker): Lease {
    before.set(worker, worker.usage);
    const end = worker.begin();
    watch.hurry();
    return {
      worker,
      release() {
        end();
        if (isOneshot || worker.isRetired || worker.revision !== slot.revision) dismiss(worker);
        else if (worker.isReady) slot.idle.push(worker);
        slot.turns.next();
        if (worker.isIdle) capacity.changed();
      },
    };
  }

  /** What it promised by `waitUntil` is waited for. */
  function dismiss(worker: Worker): void {
    worker.retire();
    if (worker.isIdle) void worker.stop('EarlyDrop');
    else watch.hurry();
  }

  async function started(slot: Slot, wanted: Wanted): Promise<Worker> {
    slot.count++;
    const over = () => {
      slot.count--;
      slot.turns.next();
    };
    try {
      const worker = await starts.boot(wanted);
      void worker.ended.then(() => {
        over();
        starts.ended(worker);
      });
      return worker;
    } catch (error) {
      over();
      throw error;
    }
  }

  return {
    workers: capacity.workers,
    take(wanted) {
      const slot = slotOf(wanted);
      const worker = idleOf(slot);
      return worker && lease(slot, worker);
    },
    async acquire(wanted) {
      const slot = slotOf(wanted);
      for (const until = slot.turns.deadline(); ; await slot.turns.wait(until)) {
        const worker = idleOf(slot) ?? (slot.count < maxParallel ? await started(slot, wanted) : undefined);
        if (worker !== undefined) return lease(slot, worker);
      }
    },
    async stop() {
      watch.stop();
      await Promise.all([...capacity.workers].map((worker) => worker.stop('TerminationRequested')));
    },
  };
}

/** What a request and its promises have used so far; an idle worker uses nothing that counts but memory. */
function usageSince(then: Usage | undefined, { usage: { age, cpu, memory }, isIdle }: Worker): Usage {
  if (then === undefined || isIdle) return { age: 0, cpu: 0, memory };
  return { age: age - then.age, cpu: cpu - then.cpu, memory };
}
