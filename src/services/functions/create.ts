import { type Room, type RoomDefinition, systemClock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { createJournal, type Journal, type JournalEntry } from './core/events/journal.ts';
import { createFunctions, type Functions } from './core/functions.ts';
import { createFunctionsMetrics, type FunctionsMetrics } from './core/metrics.ts';
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
  /** Those of the room whose place this one takes, if it takes one. */
  readonly heirlooms?: FunctionsHeirlooms;
}

/** What outlives a room when another takes its place: what happened, and counts. */
export interface FunctionsHeirlooms {
  readonly journal: Journal;
  readonly metrics: FunctionsMetrics;
}

/** What functions offer others. */
export interface FunctionsApi {
  /** Hears of every log entry and invocation from now on, of rooms that take this one's place as well. @returns ends it */
  readonly subscribe: (listener: (entry: JournalEntry) => void) => () => void;
  /** For the room that takes this one's place. */
  readonly heirlooms: FunctionsHeirlooms;
}

/** User code in Deno, one process a function. */
export const functionsRoom: RoomDefinition<FunctionsDeps, FunctionsApi> = { name: 'functions', create };

function create(deps: FunctionsDeps): Room<FunctionsApi> {
  const { settings, log, clock = systemClock } = deps;
  const heirlooms = deps.heirlooms ?? newHeirlooms(settings);
  const { journal, metrics } = heirlooms;
  let running: Functions | undefined;
  const functions = () => running;
  return {
    mounts: [
      { name: 'functions', ...createInvoke({ functions, log }) },
      { name: 'functions-management', handle: createManagement({ functions, stack: deps.stack, log }) },
    ],
    api: {
      subscribe: (listener) => journal.subscribe(listener),
      heirlooms,
    },
    async start() {
      findDeno(settings.deno);
      journal.resize(settings.logEntries);
      running = createFunctions({ settings, ports: deps, log, clock, journal, call: callWorker });
      running.triggers.begin();
    },
    leave() {
      running?.triggers.leave().catch((error: unknown) => log.warn({ err: error }, 'triggers did not end cleanly'));
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

function newHeirlooms(settings: FunctionsSettings): FunctionsHeirlooms {
  const [journal, metrics] = [createJournal(settings.logEntries), createFunctionsMetrics()];
  journal.subscribe((entry) => metrics.heard(entry));
  return { journal, metrics };
}
