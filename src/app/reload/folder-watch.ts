import { type FSWatcher, watch } from 'node:fs';
import type { Logger } from '#kernel/log';

/** What is watched and how. Times are in milliseconds. */
export interface FolderWatchOptions {
  readonly folder: string;
  /** A text that changes when what counts in the folder does. */
  readonly fingerprint: () => string;
  /** Called once for the state at the start, and for each one that has stood for `grace`. */
  readonly onChange: () => void;
  /** The file system tells of changes; they are looked for besides, in case it does not. */
  readonly notify: boolean;
  /** From one look to the next. */
  readonly interval: number;
  /** Without a further change until a change counts. */
  readonly grace: number;
  readonly log: Logger;
}

/** Watches a folder until it is stopped. */
export interface FolderWatch {
  start(): void;
  stop(): void;
}

/** Changes that never end are heeded after so many times the grace. */
const longest = 10;

/** Creates a watch; it begins with `start`, and keeps no program alive. */
export function createFolderWatch(options: FolderWatchOptions): FolderWatch {
  const { folder, fingerprint, grace } = options;
  let seen = '';
  let heeded: string | undefined;
  let watcher: FSWatcher | undefined;
  let failed = false;
  let ticking: NodeJS.Timeout | undefined;
  let waiting: NodeJS.Timeout | undefined;
  let since: number | undefined;

  function look(): void {
    const now = fingerprint();
    if (now === seen) return;
    seen = now;
    since ??= performance.now();
    clearTimeout(waiting);
    waiting = setTimeout(heed, Math.max(0, Math.min(grace, since + longest * grace - performance.now())));
    waiting.unref();
  }

  function heed(): void {
    since = undefined;
    // Settings that went and came back have not changed.
    if (seen === heeded) return;
    heeded = seen;
    options.onChange();
  }

  function open(): void {
    try {
      watcher = watch(folder, { persistent: false }, look);
      // A folder that was removed, or whose file system has gone, is tried again; another may stand in its place.
      watcher.on('error', (error) => lose(error));
      failed = false;
    } catch (error) {
      lose(error as Error);
    }
  }

  function lose(error: Error): void {
    watcher?.close();
    watcher = undefined;
    if (!failed) options.log.warn({ folder, reason: error.message }, 'a folder of settings cannot be watched');
    failed = true;
  }

  function tick(): void {
    if (options.notify) {
      // A watch on a folder that was replaced says nothing more, and does not say so.
      watcher?.close();
      watcher = undefined;
      open();
    }
    look();
  }

  return {
    start() {
      seen = fingerprint();
      if (options.notify) open();
      ticking = setInterval(tick, options.interval);
      ticking.unref();
      heed();
    },
    stop() {
      clearInterval(ticking);
      clearTimeout(waiting);
      watcher?.close();
      watcher = undefined;
    },
  };
}
