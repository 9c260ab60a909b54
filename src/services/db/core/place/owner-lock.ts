import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '#kernel/errors';
import type { ProcessTable } from '../process/process-table.ts';

/** Who uses a data directory. */
interface Owner {
  readonly pid: number;
  /** See `ProcessTable`: a recycled process number is not taken for the owner. */
  readonly identity: string;
  readonly realm: string;
  /** One claim of one process; two stacks of the same process are two. */
  readonly claim: string;
}

/** A claim on a data directory. */
export interface OwnerLock {
  /** Gives it up; does nothing when it was lost. */
  release(): void;
}

/** How owners in other containers or on other machines are told from dead ones, in milliseconds. */
export interface LockTiming {
  /** How often an owner touches its file. */
  readonly beat: number;
  /** How long a file must stay untouched before its owner counts as gone. */
  readonly patience: number;
}

const standardTiming: LockTiming = { beat: 3_000, patience: 10_000 };

/**
 * Claims a data directory for this process. A claim whose process is gone is taken over, so that nothing a killed
 * process leaves has to be removed by hand. Where process numbers say nothing, because the owner ran in another
 * container, its file is watched for signs of life.
 *
 * @param path the lock file, beside the data directory
 * @param folder the directory as the operator knows it, for the message
 * @throws StartupError when somebody alive holds it
 */
export async function claimDataDirectory(
  path: string,
  folder: string,
  processes: ProcessTable,
  signal: AbortSignal,
  timing = standardTiming,
): Promise<OwnerLock> {
  const claim = randomUUID();
  const { realm } = processes;
  const mine: Owner = { pid: process.pid, identity: processes.identity(process.pid) ?? '?', realm, claim };
  const draft = `${path}.${claim}`;
  writeFileSync(draft, JSON.stringify(mine), { flag: 'wx', mode: 0o644 });
  try {
    // A link is made in one step or not at all, and never over a file that is there.
    while (!tryLink(draft, path)) {
      const owner = readOwner(path);
      if (owner && (await isAlive(owner, path, processes, timing, signal)))
        throw new StartupError(`${folder} is in use by another running instance (process ${owner.pid})`, 'VOLUMES_DIR');
      removeStale(path, owner);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  const isMine = () => readOwner(path)?.claim === claim;
  const beat = setInterval(() => {
    if (isMine()) utimesSync(path, new Date(), new Date());
  }, timing.beat);
  beat.unref();
  return {
    release() {
      clearInterval(beat);
      if (isMine()) rmSync(path, { force: true });
    },
  };
}

async function isAlive(
  owner: Owner,
  path: string,
  processes: ProcessTable,
  { beat, patience }: LockTiming,
  signal: AbortSignal,
): Promise<boolean> {
  if (owner.realm === processes.realm) {
    const identity = processes.identity(owner.pid);
    return identity !== undefined && (identity === owner.identity || identity === '?' || owner.identity === '?');
  }
  const touched = touchedAt(path);
  // A file from the future says nothing of when it was touched, only whether it is again.
  while (touched !== undefined && Math.abs(Date.now() - touched) < patience) {
    await sleep(Math.min(beat, 500), undefined, { signal });
    if (touchedAt(path) !== touched) return readOwner(path)?.claim === owner.claim;
  }
  return false;
}

function touchedAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

// Somebody else may be taking over right now: what is moved away is looked at again before it goes.
function removeStale(path: string, stale: Owner | undefined): void {
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readOwner(aside)?.claim !== stale?.claim) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function readOwner(path: string): Owner | undefined {
  try {
    const owner = JSON.parse(readFileSync(path, 'utf8')) as Partial<Owner> | null;
    if (typeof owner?.pid !== 'number' || typeof owner.identity !== 'string') return undefined;
    return { pid: owner.pid, identity: owner.identity, realm: String(owner.realm), claim: String(owner.claim) };
  } catch {
    return undefined;
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
