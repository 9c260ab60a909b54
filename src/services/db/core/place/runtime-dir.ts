import { createHash } from 'node:crypto';
import { chownSync, lstatSync, mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '#kernel/errors';
import type { SystemUser } from '#kernel/system';

/** Longest path of a Unix socket that every system accepts, in bytes (macOS: 103, Linux: 107). */
export const longestSocketPath = 103;

const longestSocketName = '/.s.PGSQL.65535';

/** The name of a data directory's runtime folder: the same at every start, different for every directory and user. */
export function runtimeName(dataDir: string, uid: number): string {
  return `pmoves-supabase-${createHash('sha256').update(`${uid}\0${dataDir}`).digest('hex').slice(0, 12)}`;
}

/**
 * Makes the folder of the server's socket: short, owned by the server's user, closed to everybody else.
 *
 * @param parents folders to try, best first; those that are missing, closed or too deep are passed over
 * @throws StartupError when none will do
 */
export function openRuntimeDir(parents: readonly string[], dataDir: string, user: SystemUser): string {
  const name = runtimeName(dataDir, user.uid);
  for (const parent of parents) {
    // Anybody may have made a folder of this name in a shared place; a few more names are tried then.
    for (const suffix of ['', '-1', '-2', '-3']) {
      const path = join(parent, name + suffix);
      if (Buffer.byteLength(path + longestSocketName) > longestSocketPath) continue;
      if (claim(path, user)) return path;
    }
  }
  throw new StartupError(`no folder for the database's socket can be made in ${parents.join(', ')}`, 'TMPDIR');
}

function claim(path: string, user: SystemUser): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
    if (user.uid !== process.getuid?.()) chownSync(path, user.uid, user.gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
  }
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === user.uid && (found.mode & 0o077) === 0;
}

/** Removes sockets and their lock files that a killed server left. Call it only while no server can be running. */
export function clearRuntimeDir(path: string): void {
  for (const name of readdirSync(path)) if (name.startsWith('.s.PGSQL.')) rmSync(join(path, name), { force: true });
}

/** Removes a runtime folder that a stopped server has left empty; one that is not empty stays for whoever uses it. */
export function removeRuntimeDir(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}
