import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { StartupError } from '#kernel/errors';
import type { ProcessTable } from '../process/process-table.ts';

/** Who uses a data directory. */
interface Owner {
  readonly pid: number;
  /** See `ProcessTable.identity`: a recycled process number is not taken for the owner. */
  readonly identity: string;
  /** One claim of one process; two stacks of the same process are two. */
  readonly claim: string;
}

/** A claim on a data directory. */
export interface OwnerLock {
  /** Gives it up; does nothing when it was lost. */
  release(): void;
}

/**
 * Claims a data directory for this process. A claim whose process is gone is taken over, so that nothing a killed
 * process leaves has to be removed by hand.
 *
 * @param path the lock file, beside the data directory
 * @param folder the directory as the operator knows it, for the message
 * @throws StartupError when a live process holds it
 */
export function claimDataDirectory(path: string, folder: string, processes: ProcessTable): OwnerLock {
  const claim = randomUUID();
  const mine: Owner = { pid: process.pid, identity: processes.identity(process.pid) ?? '?', claim };
  const draft = `${path}.${claim}`;
  writeFileSync(draft, JSON.stringify(mine), { flag: 'wx', mode: 0o644 });
  try {
    // A link is made in one step or not at all, and never over a file that is there.
    while (!tryLink(draft, path)) removeStale(path, folder, processes);
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    release() {
      if (readOwner(path)?.claim === claim) rmSync(path, { force: true });
    },
  };
}

function removeStale(path: string, folder: string, processes: ProcessTable): void {
  const owner = readOwner(path);
  if (owner && isAlive(owner, processes))
    throw new StartupError(`${folder} is in use by another running instance (process ${owner.pid})`, 'VOLUMES_DIR');
  // Somebody else may be taking over right now: what is moved away is looked at again before it goes.
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const moved = readOwner(aside);
  if (moved?.claim !== owner?.claim) tryLink(aside, path);
  rmSync(aside, { force: true });
}

function isAlive(owner: Owner, processes: ProcessTable): boolean {
  const identity = processes.identity(owner.pid);
  return identity !== undefined && (identity === owner.identity || identity === '?' || owner.identity === '?');
}

function readOwner(path: string): Owner | undefined {
  try {
    const owner = JSON.parse(readFileSync(path, 'utf8')) as Partial<Owner> | null;
    if (typeof owner?.pid !== 'number' || typeof owner.identity !== 'string') return undefined;
    return { pid: owner.pid, identity: owner.identity, claim: String(owner.claim) };
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
