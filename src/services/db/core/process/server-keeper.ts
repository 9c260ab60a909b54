import { setTimeout as sleep } from 'node:timers/promises';
import type { StartupError } from '#kernel/errors';
import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { ServerProcess } from './server-process.ts';

/** What the keeper needs. */
export interface KeeperOptions {
  /** Clears what a killed server left and starts one. Rejects when it cannot be run. */
  readonly launch: (signal: AbortSignal) => Promise<ServerProcess>;
  /** What an operator is told about a server that ended before it was ready. */
  readonly explain: (complaints: readonly string[]) => StartupError;
  /** Whether the complaints say that processes of a predecessor are still there, so that another attempt helps. */
  readonly shouldRetry: (complaints: readonly string[]) => boolean;
  readonly stopTimeout: number;
  readonly log: Logger;
  readonly clock: Clock;
  /** Pauses before a crashed server is started again, in milliseconds; the last one is repeated. */
  readonly pauses?: readonly number[];
}

/** `ready` means it accepted connections when last looked at. */
export type KeeperState = 'stopped' | 'starting' | 'ready' | 'recovering';

/** Keeps one server running: a crash is followed by a new start, for ever and at growing distances. */
export interface ServerKeeper {
  readonly state: KeeperState;
  /** Why it is not ready, when there is more to say than that it recovers. */
  readonly reason: string | undefined;
  readonly pid: number | undefined;
  /** Resolves once the server accepts connections. @throws StartupError when it refuses to start at all */
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

const standardPauses = [0, 500, 1_000, 2_000, 5_000, 10_000, 30_000];
const progressEvery = 10_000;
const steadyAfter = 60_000;
const firstStartAttempts = 5;

/** Creates a keeper; nothing runs before `start`. */
export function createServerKeeper(options: KeeperOptions): ServerKeeper {
  const { log, clock } = options;
  const pauses = options.pauses ?? standardPauses;
  let state: KeeperState = 'stopped';
  let reason: string | undefined;
  let server: ServerProcess | undefined;
  let stopping = new AbortController();
  let keeping: Promise<void> = Promise.resolve();

  const pauseFor = (failures: number) => pauses[Math.min(failures, pauses.length - 1)] ?? 0;

  async function launchOnce(signal: AbortSignal): Promise<ServerProcess | undefined> {
    const launched = await options.launch(signal);
    server = launched;
    // Stopped meanwhile: nobody else knows of this server yet.
    if (signal.aborted) await launched.stop(options.stopTimeout);
    const started = clock.now();
    const progress = setInterval(() => {
      const seconds = Math.round((clock.now() - started) / 1_000);
      log.info({ seconds }, 'the database is recovering; waiting until it is done');
    }, progressEvery);
    try {
      if (await launched.ready) return launched;
    } finally {
      clearInterval(progress);
    }
    await launched.exited;
    return undefined;
  }

  async function keep(current: ServerProcess): Promise<void> {
    let running = current;
    let failures = 0;
    while (!stopping.signal.aborted) {
      const since = clock.now();
      const exit = await running.exited;
      if (stopping.signal.aborted) return;
      failures = clock.now() - since > steadyAfter ? 0 : failures;
      state = 'recovering';
      reason = undefined;
      log.error({ pid: running.pid, ...exit }, 'the database server ended unexpectedly; starting it again');
      const next = await revive(failures);
      if (!next) return;
      running = next;
      failures++;
      state = 'ready';
      reason = undefined;
      log.info({ pid: running.pid }, 'the database server is back');
    }
  }

  async function revive(before: number): Promise<ServerProcess | undefined> {
    for (let failures = before; !stopping.signal.aborted; failures++) {
      await sleep(pauseFor(failures), undefined, { signal: stopping.signal }).catch(() => {});
      if (stopping.signal.aborted) return undefined;
      try {
        const launched = await launchOnce(stopping.signal);
        if (launched) return launched;
        reason = options.explain(server?.complaints ?? []).message;
      } catch (error) {
        reason = (error as Error).message;
      }
      if (!stopping.signal.aborted)
        log.error({ retryIn: pauseFor(failures + 1), reason }, 'the database server did not start');
    }
    return undefined;
  }

  return {
    get state() {
      return state;
    },
    get reason() {
      return reason;
    },
    get pid() {
      return server?.pid;
    },
    async start(signal) {
      stopping = new AbortController();
      state = 'starting';
      for (let attempt = 1; ; attempt++) {
        signal.throwIfAborted();
        const abort = () => void server?.stop(options.stopTimeout);
        signal.addEventListener('abort', abort, { once: true });
        const launched = await launchOnce(signal).finally(() => signal.removeEventListener('abort', abort));
        signal.throwIfAborted();
        if (launched) {
          state = 'ready';
          keeping = keep(launched);
          return;
        }
        // Killed from outside while it recovered, or kept out by what a predecessor left: neither is the operator's affair.
        const complaints = server?.complaints ?? [];
        const { signal: killedBy } = (await server?.exited) ?? { signal: null };
        if (attempt >= firstStartAttempts || !(killedBy !== null || options.shouldRetry(complaints)))
          throw options.explain(complaints);
        await sleep(pauseFor(attempt), undefined, { signal });
      }
    },
    async stop() {
      stopping.abort();
      await server?.stop(options.stopTimeout);
      await keeping;
      server = undefined;
      state = 'stopped';
    },
  };
}
