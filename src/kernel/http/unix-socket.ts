import { chmodSync, lstatSync, rmSync } from 'node:fs';
import { StartupError } from '#kernel/errors';
import { canConnect } from './can-connect.ts';

/** A listening socket in the file system. */
export interface UnixSocket {
  readonly path: string;
  /** Permission bits, e.g. `0o660`. */
  readonly mode: number;
}

/**
 * Makes way for a socket: what an earlier run left behind is removed, anything else is left alone.
 *
 * @param shared true in a process that listens together with others: one that answers is theirs
 * @throws StartupError when the path is in use or no socket
 */
export async function clearSocketPath(path: string, setting: string, shared = false): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) throw new StartupError(`${path} exists and is no socket`, setting);
  if (!(await canConnect(`unix:${path}`))) rmSync(path, { force: true });
  else if (!shared) throw new StartupError(`socket ${path} is taken`, setting);
}

/** Sets who may connect. @throws StartupError when that is not permitted */
export function setSocketMode({ path, mode }: UnixSocket, setting: string): void {
  try {
    chmodSync(path, mode);
  } catch (error) {
    throw new StartupError(`the mode of ${path} cannot be set`, setting, error);
  }
}
