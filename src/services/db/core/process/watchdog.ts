import { type ChildProcess, spawn } from 'node:child_process';
import type { ServerPlace } from '../place/server-place.ts';
import { spawnOptions } from './spawn-options.ts';

/** Ends a program when this process is killed. */
export interface Watchdog {
  /** Call it once the program is gone. */
  dismiss(): void;
}

// The end of the pipe that this process holds closes with it, however it ends; a line sent before means: all is well.
const script = 'read -r line || kill -INT "$1"';

/**
 * Sets a shell to wait for the death of this process and pass it on to a program. Where no shell can be run
 * the program goes on, and the next start takes care of it.
 */
export function watchOver(pid: number, place: Pick<ServerPlace, 'user' | 'dropsPrivileges'>): Watchdog {
  const shell: ChildProcess = spawn('/bin/sh', ['-c', script, 'sh', String(pid)], {
    ...spawnOptions(place),
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const ignore = () => {};
  shell.on('error', ignore);
  shell.stdin?.on('error', ignore);
  shell.unref();
  return { dismiss: () => shell.stdin?.end('\n') };
}
