import { type FileHandle, open } from 'node:fs/promises';

/** A file that is open for somebody; `release` has to be called once. */
export interface OpenedFile {
  readonly file: FileHandle;
  readonly size: number;
  release(): void;
}

/** Keeps files open for the next who wants them, since opening costs more than reading what is small. */
export interface OpenFiles {
  /** Opens a file for reading by position. @returns undefined where there is no file of that path */
  open(path: string): Promise<OpenedFile | undefined>;
  /** Closes a file as soon as nobody reads it: it is going to be removed. */
  forget(path: string): void;
  /** Closes all, and keeps none from now on. */
  close(): Promise<void>;
}

interface Entry {
  readonly opened: Promise<{ readonly file: FileHandle; readonly size: number } | undefined>;
  users: number;
  /** True once it is in the map no more: the last one who leaves closes it. */
  isLeaving: boolean;
  used: number;
}

/** Milliseconds after which a file that nobody wanted is closed: one that was removed elsewhere takes its room until then. */
const idleTime = 30_000;

/**
 * Only for files that never change.
 *
 * @param most files kept open while nobody reads them
 */
export function createOpenFiles(most: number): OpenFiles {
  // The longest unused one comes first.
  const entries = new Map<string, Entry>();
  let kept = most;
  let timer: NodeJS.Timeout | undefined;

  async function closeWhenFree(entry: Entry): Promise<void> {
    if (entry.users > 0 || !entry.isLeaving) return;
    const opened = await entry.opened.catch(() => undefined);
    // Nothing is lost with a file that was only read.
    await opened?.file.close().catch(() => {});
  }

  function drop(path: string, entry: Entry): Promise<void> {
    if (entries.get(path) === entry) entries.delete(path);
    entry.isLeaving = true;
    return closeWhenFree(entry);
  }

  function shrink(): void {
    for (const [path, entry] of entries) {
      if (entries.size <= kept) break;
      void drop(path, entry);
    }
    if (entries.size > 0 && timer === undefined) timer = setTimeout(closeIdle, idleTime).unref();
  }

  function closeIdle(): void {
    timer = undefined;
    for (const [path, entry] of entries)
      if (entry.users === 0 && performance.now() - entry.used >= idleTime) void drop(path, entry);
    shrink();
  }

  return {
    async open(path) {
      const entry = entries.get(path) ?? { opened: openFile(path), users: 0, isLeaving: false, used: 0 };
      entry.users++;
      entries.delete(path);
      entries.set(path, entry);
      const leave = () => {
        entry.users--;
        entry.used = performance.now();
        void closeWhenFree(entry);
      };
      try {
        const opened = await entry.opened;
        if (opened === undefined) {
          leave();
          void drop(path, entry);
          return undefined;
        }
        shrink();
        return { ...opened, release: leave };
      } catch (error) {
        leave();
        void drop(path, entry);
        throw error;
      }
    },
    forget(path) {
      const entry = entries.get(path);
      if (entry) void drop(path, entry);
    },
    async close() {
      kept = 0;
      clearTimeout(timer);
      await Promise.all([...entries].map(([path, entry]) => drop(path, entry)));
    },
  };
}

async function openFile(path: string): Promise<{ readonly file: FileHandle; readonly size: number } | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
  try {
    const found = await file.stat();
    if (found.isFile()) return { file, size: found.size };
    await file.close();
    return undefined;
  } catch (error) {
    await file.close();
    throw error;
  }
}
