import { functionsError } from '../../errors.ts';
import type { FunctionDefinition } from '../project/definition.ts';
import { BootFailure, type Worker } from '../worker/worker.ts';
import type { Capacity } from './capacity.ts';
import { type Setback, setBack } from './setbacks.ts';

/** What a worker is wanted for. */
export interface Wanted {
  readonly definition: FunctionDefinition;
  /** Of the function together with its variables. */
  readonly revision: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What workers are started with. */
export interface StartsOptions {
  readonly start: (wanted: Wanted, nodeServer: boolean) => Worker;
  /** Looks at a function before its worker is started. @throws BootFailure */
  readonly inspect?: (wanted: Wanted) => Promise<void>;
  /** Milliseconds, of any origin. */
  readonly now: () => number;
}

/** Starts workers, and keeps from starting what failed a moment ago. */
export interface Starts {
  /**
   * A new worker, once it is ready.
   *
   * @throws ServiceError `BOOT_ERROR` with the {@link BootFailure} as its cause, `WORKER_ERROR` after crashes, both also while it is not
   * tried again; `OVERLOADED`
   */
  boot(wanted: Wanted): Promise<Worker>;
  /** Remembers how a worker ended that had been ready. */
  ended(worker: Worker): void;
}

interface History {
  setback: Setback | undefined;
  /** Revision that turned out to serve with `node:http`. */
  nodeServer: string | undefined;
}

/** A crash in the first so many milliseconds counts as a failure in a row. */
const earlyCrash = 10_000;

/** @see Starts */
export function createStarts(capacity: Capacity, { start, inspect, now }: StartsOptions): Starts {
  const histories = new Map<string, History>();

  function historyOf(name: string): History {
    let history = histories.get(name);
    if (history === undefined) {
      history = { setback: undefined, nodeServer: undefined };
      histories.set(name, history);
    }
    return history;
  }

  async function attempt(history: History, wanted: Wanted): Promise<Worker> {
    const { definition, revision } = wanted;
    const nodeServer = definition.nodeServer || history.nodeServer === revision;
    const worker = await capacity.place(() => start(wanted, nodeServer));
    try {
      await worker.ready;
    } catch (error) {
      if (!(error instanceof BootFailure) || !error.wantsNodeServer || nodeServer) throw error;
      history.nodeServer = revision;
      return attempt(history, wanted);
    }
    return worker;
  }

  return {
    async boot(wanted) {
      const history = historyOf(wanted.definition.name);
      const { setback } = history;
      if (setback?.revision === wanted.revision && now() < setback.until) throw failureOf(setback, now());
      try {
        await inspect?.(wanted);
        return await attempt(history, wanted);
      } catch (error) {
        if (!(error instanceof BootFailure)) throw error;
        history.setback = setBack(history.setback, wanted.revision, error, now());
        throw failureOf(history.setback, now());
      }
    },
    ended({ definition, revision, usage, end }) {
      const history = historyOf(definition.name);
      if (end?.reason === 'Crash' && usage.age < earlyCrash)
        history.setback = setBack(history.setback, revision, functionsError('WORKER_ERROR'), now());
      else history.setback = undefined;
    },
  };
}

function failureOf({ error, until }: Setback, now: number): Error {
  const headers = { 'retry-after': String(Math.max(1, Math.ceil((until - now) / 1_000))) };
  return functionsError(error instanceof BootFailure ? 'BOOT_ERROR' : 'WORKER_ERROR', { headers, cause: error });
}
