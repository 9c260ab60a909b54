import { lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const prefix = 'pmoves-fn-';

/** Bytes that `makeRunFolder` adds to its parent's path. */
export const runFolderNameLength = `/${prefix}123456`.length;

/** The file that says whose folder it is. */
const ownerFile = 'owner';

/**
 * Makes a folder that ends with this process, and removes those of processes that were killed.
 *
 * @param parent a folder that others may write to as well
 */
export function makeRunFolder(parent: string): string {
  sweepRunFolders(parent);
  const folder = mkdtempSync(join(parent, prefix));
  writeFileSync(join(folder, ownerFile), JSON.stringify({ pid: process.pid, since: startOf(process.pid) }));
  return folder;
}

/** Removes what killed processes left. Folders whose owner is not known, or that are not ours to remove, stay. */
export function sweepRunFolders(parent: string): void {
  for (const name of readdirSync(parent)) {
    if (!name.startsWith(prefix)) continue;
    const folder = join(parent, name);
    try {
      if (lstatSync(folder).isDirectory() && isOrphan(readFileSync(join(folder, ownerFile), 'utf8')))
        rmSync(folder, { recursive: true, force: true });
    } catch {
      // Somebody else's, or just being made or removed.
    }
  }
}

function isOrphan(text: string): boolean {
  const { pid, since } = JSON.parse(text) as { readonly pid: unknown; readonly since: unknown };
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  // The number may have gone to another process.
  return since !== null && startOf(pid) !== since;
}

/** When a process started, in ticks since the machine did. @returns null where that cannot be told */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
  } catch {
    return null;
  }
}
