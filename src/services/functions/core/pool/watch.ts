import { judge, type Usage, type WorkerLimits } from '../worker/limits.ts';
import { readUsage } from '../worker/usage.ts';
import type { Worker } from '../worker/worker.ts';

/** What a watch looks at. */
export interface WatchOptions {
  readonly workers: ReadonlySet<Worker>;
  readonly limits: WorkerLimits;
  /** Milliseconds without requests after which a worker goes. */
  readonly idleTimeout: number;
  /** What of its usage counts. */
  readonly counted: (worker: Worker) => Usage;
  /** Whether an idle worker takes requests still, retired or not. */
  readonly isNeeded: (worker: Worker) => boolean;
  /** Milliseconds, of any origin. */
  readonly now: () => number;
}

/** Holds workers to their limits. */
export interface Watch {
  /** There is something to look at soon. */
  hurry(): void;
  stop(): void;
}

/** Milliseconds between looks at the workers while they work, and while they do not. */
const busyInterval = 50;
const idleInterval = 1_000;

/** Looks at the workers as long as there are any; often while they work. */
export function createWatch(options: WatchOptions): Watch {
  const { workers, now } = options;
  let timer: NodeJS.Timeout | undefined;
  let isSlow = true;
  let isStopped = false;

  async function look(): Promise<void> {
    const ready = [...workers].filter(({ isReady }) => isReady);
    const used = await readUsage(ready.map(({ pid }) => pid));
    for (const worker of ready) {
      const process = used.get(worker.pid);
      if (process) worker.observe(process.cpu, process.memory);
      if (!worker.isReady) continue;
      const judgement = judge(options.counted(worker), options.limits);
      if (judgement.kind === 'kill') worker.kill(judgement.reason);
      else if (judgement.kind !== 'fine') worker.retire();
      if (judgement.kind === 'warn') worker.warn(judgement.reason);
      if (!worker.isReady || !worker.isIdle) continue;
      const isUnused = now() - worker.lastUsed > options.idleTimeout;
      if (isUnused || (worker.isRetired && !options.isNeeded(worker))) void worker.stop('EarlyDrop');
    }
  }

  function schedule(delay: number): void {
    if (isStopped) return;
    clearTimeout(timer);
    isSlow = delay === idleInterval;
    timer = setTimeout(() => {
      void look().finally(() => {
        if (workers.size === 0) isSlow = true;
        else schedule([...workers].some((worker) => !worker.isIdle || worker.isRetired) ? busyInterval : idleInterval);
      });
    }, delay);
    timer.unref();
  }

  return {
    hurry() {
      if (isSlow) schedule(busyInterval);
    },
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
