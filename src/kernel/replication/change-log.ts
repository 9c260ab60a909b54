import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus } from '#kernel/bus';
import { type Clock, systemClock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import { ChangeRing, type LogEntry, type Retention } from './change-ring.ts';
import { type Following, type FollowOptions, RingFollowing } from './following.ts';
import type { ChangeLogState } from './log-state.ts';
import type { Position } from './position.ts';
import { createRelay } from './relay.ts';
import { runSession, type SessionReport } from './session.ts';

/** What a log is made of. */
export interface ChangeLogOptions {
  /** A role with the attribute REPLICATION. */
  readonly connection: () => ConnectionOptions;
  /** Publications whose tables are read, in any order; those that do not exist are left out. */
  readonly publications: readonly string[];
  readonly retention: Retention;
  /** Bytes of WAL that the server may hold back before the slot is given up for a new one, with a gap. */
  readonly slotLimit: number;
  /** Bytes that readers may leave unread before no more is fetched. */
  readonly backlogLimit: number;
  readonly log: Logger;
  readonly clock?: Clock;
  /** How nodes that do not read the slot get the changes from the one that does. */
  readonly bus?: Bus;
}

/**
 * The committed changes of a database, read from its one permanent slot by whichever process holds the lock, with a window of
 * the latest ones in memory. The slot's confirmed position trails by the window, so that a restart fills it again.
 */
export interface ChangeLog {
  /** Begins; connects in the background, and again whenever the connection is lost. */
  start(): void;
  stop(): Promise<void>;
  readonly state: ChangeLogState;
  /** Everything up to here was read; undefined before anything was. */
  readonly head: Position | undefined;
  /** Everything after this is kept in memory; undefined before anything was read. */
  readonly oldest: Position | undefined;
  /** Resolves once the log has everything that was committed before the call began to stream. Rejects when aborted. */
  streaming(signal: AbortSignal): Promise<void>;
  /** Hands on everything appended from now on; all readers together bound how far the log runs ahead. */
  follow(options: FollowOptions): Following;
  /**
   * Entries after a position, from memory. Lazy: reads what is there when asked for the next.
   *
   * @returns undefined when some are gone, or the position is none of this stream
   */
  entriesAfter(position: Position): IterableIterator<LogEntry> | undefined;
  /** Bytes in memory. */
  readonly bytes: number;
}

const firstPause = 100;
const longestPause = 5_000;

/** Creates a log. Nothing happens before `start`. */
export function createChangeLog(options: ChangeLogOptions): ChangeLog {
  const { log, clock = systemClock } = options;
  const ring = new ChangeRing(options.retention);
  const followings = new Set<RingFollowing>();
  const waiting = new Set<() => void>();
  let state: ChangeLogState = { phase: 'stopped', owner: false, retainedBytes: 0, lagBytes: 0 };
  let stopping: AbortController | undefined;
  let running: Promise<void> = Promise.resolve();
  let paused: { resume(): void } | undefined;

  const report = (change: SessionReport): void => {
    const { reason: _, ...rest } = state;
    state = { ...rest, ...change };
    // Whether this node or another one reads makes no difference to readers.
    if (state.phase === 'waiting' && relay?.isFed) {
      const { reason: __, ...fed } = state;
      state = { ...fed, phase: 'streaming' };
    }
    if (state.phase === 'streaming') {
      for (const resolve of waiting) resolve();
      waiting.clear();
    }
  };
  const isBehind = (limit: number): boolean => [...followings].some(({ backlog }) => backlog > limit);
  const progressed = (): void => {
    if (!paused || isBehind(options.backlogLimit / 2)) return;
    paused.resume();
    paused = undefined;
  };

  function append(entry: LogEntry): boolean {
    if (!ring.append(entry)) return false;
    const bytes = entry.kind === 'gap' ? 0 : entry.bytes;
    for (const following of followings) following.appended(bytes);
    return true;
  }
  const relay =
    options.bus &&
    createRelay({
      bus: options.bus,
      ring,
      clock,
      isOwner: () => state.owner,
      append,
      onFed: (isFed) => {
        if (state.owner || state.phase === 'stopped') return;
        report(isFed ? { phase: 'streaming' } : { phase: 'waiting', reason: 'the node that reads is not heard' });
      },
    });

  async function run(signal: AbortSignal): Promise<void> {
    let pause = firstPause;
    while (!signal.aborted) {
      const began = clock.now();
      try {
        await runSession({
          ...options,
          clock,
          ring,
          report,
          append(entry, stream) {
            if (!append(entry)) return;
            relay?.grown();
            if (!paused && isBehind(options.backlogLimit)) {
              stream.pause();
              paused = stream;
            }
          },
          signal,
        });
      } catch (error) {
        if (signal.aborted) break;
        const reason = (error as Error).message;
        if (state.reason !== reason) log.warn({ err: error }, `database changes are interrupted: ${reason}`);
        report({ phase: 'waiting', owner: false, reason });
      }
      paused = undefined;
      if (clock.now() - began > longestPause) pause = firstPause;
      await sleep(pause, undefined, { signal }).catch(() => {});
      pause = Math.min(pause * 2, longestPause);
    }
    report({ phase: 'stopped', owner: false });
  }

  return {
    start() {
      if (stopping) return;
      stopping = new AbortController();
      report({ phase: 'waiting', owner: false });
      relay?.start();
      running = run(stopping.signal);
    },
    async stop() {
      stopping?.abort();
      await running;
      stopping = undefined;
      relay?.stop();
      for (const following of followings) following.close();
      followings.clear();
    },
    get state() {
      return state;
    },
    get head() {
      return ring.head;
    },
    get oldest() {
      return ring.oldest;
    },
    get bytes() {
      return ring.bytes;
    },
    streaming(signal) {
      if (state.phase === 'streaming') return Promise.resolve();
      return new Promise((resolve, reject) => {
        const abort = () => {
          waiting.delete(done);
          reject(signal.reason);
        };
        const done = () => {
          signal.removeEventListener('abort', abort);
          resolve();
        };
        if (signal.aborted) return reject(signal.reason);
        signal.addEventListener('abort', abort, { once: true });
        waiting.add(done);
      });
    },
    follow(followOptions) {
      const following = new RingFollowing(ring, ring.nextIndex, followOptions, progressed);
      followings.add(following);
      return {
        get position() {
          return following.position;
        },
        get backlog() {
          return following.backlog;
        },
        close() {
          following.close();
          followings.delete(following);
          progressed();
        },
      };
    },
    entriesAfter(position) {
      const from = ring.indexAfter(position);
      return from === undefined ? undefined : entriesFrom(ring, from);
    },
  };
}

function* entriesFrom(ring: ChangeRing, from: number): Generator<LogEntry, undefined> {
  let last: Position | undefined;
  for (let index = from; index < ring.nextIndex; index++) {
    if (index < ring.firstIndex) {
      index = ring.firstIndex;
      yield { kind: 'gap', after: last, position: ring.at(index).position };
    }
    const entry = ring.at(index);
    last = entry.position;
    yield entry;
  }
  return undefined;
}
