import { type Room, type RoomDefinition, systemClock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { JournalEntry } from './core/events/journal.ts';
import { createFunctions, type Functions } from './core/functions.ts';
import { createFunctionsMetrics } from './core/metrics.ts';
import { findDeno } from './core/worker/deno-binary.ts';
import type { FunctionsPorts } from './ports.ts';
import { createInvoke } from './routes/invoke.ts';
import { createManagement } from './routes/management/handler.ts';
import type { FunctionsSettings } from './settings.ts';
import { callWorker } from './wire/call.ts';

/** What the functions room is made of. */
export interface FunctionsDeps extends FunctionsPorts {
  readonly settings: FunctionsSettings;
  readonly log: Logger;
}

/** What functions offer others. */
export interface FunctionsApi {
  /** Hears of every log entry and invocation from now on. @returns ends it */
  readonly subscribe: (listener: (entry: JournalEntry) => void) => () => void;
}

/** User code in Deno, one process a function. */
export const functionsRoom: RoomDefinition<FunctionsDeps, FunctionsApi> = { name: 'functions', create };

function create(deps: FunctionsDeps): Room<FunctionsApi> {
  const { settings, log, clock = systemClock } = deps;
  const listeners = new Set<(entry: JournalEntry) => void>();
  const metrics = createFunctionsMetrics();
  let running: Functions | undefined;
  const functions = () => running;
  return {
    mounts: [
      { name: 'functions', ...createInvoke({ functions, log }) },
      { name: 'functions-management', handle: createManagement({ functions, stack: deps.stack, log }) },
    ],
    api: {
      subscribe(listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    async start() {
      findDeno(settings.deno);
      running = createFunctions({ settings, ports: deps, log, clock, call: callWorker });
      running.journal.subscribe((entry) => {
        metrics.heard(entry);
        for (const listener of listeners) listener(entry);
      });
      running.triggers.begin();
    },
    async stop() {
      const stopping = running;
      running = undefined;
      await stopping?.stop();
    },
    health() {
      if (running === undefined) return { status: 'starting' };
      return { status: 'healthy', detail: { workers: running.workers.size } };
    },
    metrics: () => (running ? metrics.families(running.workers) : []),
  };
}
