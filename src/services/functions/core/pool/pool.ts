import { functionsError } from '../../errors.ts';
import type { FunctionDefinition } from '../project/definition.ts';
import { judge, type WorkerLimits } from '../worker/limits.ts';
import { readUsage } from '../worker/usage.ts';
import { BootFailure, type Worker } from '../worker/worker.ts';
import { type CapacityOptions, createCapacity } from './capacity.ts';
import { type Setback, setBack } from './setbacks.ts';

/** What a worker is wanted for. */
export interface Wanted {
  readonly definition: FunctionDefinition;
  /** Of the function together with its variables. */
  readonly revision: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What pools are made of. */
export interface PoolOptions extends CapacityOptions {
  readonly limits: WorkerLimits;
  /** Milliseconds without requests after which a worker goes. */
  readonly idleTimeout: number;
  readonly start: (wanted: Wanted, nodeServer: boolean) => Worker;
}

/** A worker with a request taken on. */
export interface Lease {
  readonly worker: Worker;
  release(): void;
}

/** The workers of all functions. */
export interface Pool {
  /**
   * A worker for one request: the function's own, or a new one.
   *
   * @throws ServiceError `BOOT_ERROR`, `WORKER_ERROR` while it is not tried again, `OVERLOADED`
   */
  acquire(wanted: Wanted): Promise<Lease>;
  /** The same without waiting; undefined where no worker is ready that need not be replaced. */
  take(wanted: Wanted): Lease | undefined;
  readonly workers: ReadonlySet<Worker>;
  stop(): Promise<void>;
}

interface Slot {
  active: Worker | undefined;
  next: { readonly revision: string; readonly worker: Promise<Worker> } | undefined;
  setback: Setback | undefined;
  /** Revision that turned out to serve with `node:http`. */
  nodeServer: string | undefined;
}

/** Milliseconds a request waits for a changed function before it takes the one before the change. */
const reloadPatience = 800;

/** Milliseconds between looks at the workers while they work, and while they do not. */
const busyInterval = 50;
const idleInterval = 1_000;

/** A crash in the first so many milliseconds counts as a failure in a row. */
const earlyCrash = 10_000;

/**
 * One worker a function, shared by its requests. A worker near its limits is replaced before it is given up: the one in its
 * place starts while it goes on serving, so that steady traffic sees no start.
 */
export function createPool(options: PoolOptions): Pool {
  const { now } = options;
  const capacity = createCapacity(options);
  const slots = new Map<string, Slot>();
  let timer: NodeJS.Timeout | undefined;
  let isSlow = true;
  let isStopped = false;

  function slotOf(name: string): Slot {
    let slot = slots.get(name);
    if (!slot) {
      slot = { active: undefined, next: undefined, setback: undefined, nodeServer: undefined };
      slots.set(name, slot);
    }
    return slot;
  }

  function lease(worker: Worker): Lease {
    const end = worker.begin();
    if (isSlow) schedule(busyInterval);
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
    const { setback } = slot;
    if (setback?.revision === wanted.revision && now() < setback.until)
      return Promise.reject(failureOf(setback.error, setback.until - now()));
    const booted = boot(slot, wanted);
    const worker = booted.catch((error: Error) => {
      if (slot.next === next) slot.next = undefined;
      if (!(error instanceof BootFailure)) throw error;
      slot.setback = setBack(slot.setback, wanted.revision, error, now());
      // What was saved last counts, even when it does not work.
      if (slot.active?.revision !== wanted.revision) dismiss(slot, slot.active);
      throw failureOf(error, slot.setback.until - now());
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
    void worker.ended.then(({ reason }) => {
      if (slot.active === worker) slot.active = undefined;
      const { age } = worker.usage;
      if (reason === 'Crash' && age < earlyCrash)
        slot.setback = setBack(slot.setback, worker.revision, functionsError('WORKER_ERROR'), now());
      else if (age >= earlyCrash || reason !== 'Crash') slot.setback = undefined;
    });
  }

  function dismiss(slot: Slot, worker: Worker | undefined): void {
    if (worker === undefined) return;
    worker.retire();
    if (slot.active === worker) slot.active = undefined;
    schedule(busyInterval);
  }

  async function boot(slot: Slot, wanted: Wanted): Promise<Worker> {
    const { definition, revision } = wanted;
    const nodeServer = definition.nodeServer || slot.nodeServer === revision;
    const worker = await capacity.place(() => options.start(wanted, nodeServer));
    try {
      await worker.ready;
    } catch (error) {
      if (!(error instanceof BootFailure) || !error.wantsNodeServer || nodeServer) throw error;
      slot.nodeServer = revision;
      return boot(slot, wanted);
    }
    return worker;
  }

  async function look(): Promise<void> {
    const ready = [...capacity.workers].filter(({ isReady }) => isReady);
    const used = await readUsage(ready.map(({ pid }) => pid));
    for (const worker of ready) {
      const process = used.get(worker.pid);
      if (process) worker.observe(process.cpu, process.memory);
      if (!worker.isReady) continue;
      const judgement = judge(worker.usage, options.limits);
      if (judgement.kind === 'kill') worker.kill(judgement.reason);
      else if (judgement.kind !== 'fine') worker.retire();
      if (judgement.kind === 'warn') worker.warn(judgement.reason);
      if (!worker.isReady || !worker.isIdle) continue;
      const isActive = slots.get(worker.definition.name)?.active === worker;
      const isUnused = now() - worker.lastUsed > options.idleTimeout;
      if (isUnused || (worker.isRetired && !isActive)) void worker.stop('EarlyDrop');
    }
  }

  function schedule(delay: number): void {
    if (isStopped) return;
    clearTimeout(timer);
    isSlow = delay === idleInterval;
    timer = setTimeout(() => {
      void look().finally(() => {
        const { workers } = capacity;
        if (workers.size === 0) isSlow = true;
        else schedule([...workers].some((worker) => !worker.isIdle || worker.isRetired) ? busyInterval : idleInterval);
      });
    }, delay);
    timer.unref();
  }

  return {
    acquire,
    take,
    workers: capacity.workers,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await Promise.all([...capacity.workers].map((worker) => worker.stop('TerminationRequested')));
    },
  };
}

function failureOf(error: Error, pause: number): Error {
  const headers = { 'retry-after': String(Math.max(1, Math.ceil(pause / 1_000))) };
  return error instanceof BootFailure
    ? functionsError('BOOT_ERROR', { headers, cause: error })
    : functionsError('WORKER_ERROR', { headers, cause: error });
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
