import { type ChildProcess, spawn } from 'node:child_process';
import type { ServerPlace } from '../place/server-place.ts';
import { spawnOptions } from './spawn-options.ts';
import { watchOver } from './watchdog.ts';

/** How a program ended. */
export interface ProgramResult {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  /** The last lines of its standard error. */
  readonly errors: readonly string[];
}

/** Runs a program to its end; an abort or the death of this process ends it. @throws when it cannot be run at all, or the abort's reason */
export async function runProgram(
  program: string,
  args: readonly string[],
  place: Pick<ServerPlace, 'user' | 'dropsPrivileges'>,
  signal: AbortSignal,
): Promise<ProgramResult> {
  signal.throwIfAborted();
  const child: ChildProcess = spawn(program, args, { ...spawnOptions(place), stdio: ['ignore', 'ignore', 'pipe'] });
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-16_384);
  });
  const watchdog = child.pid === undefined ? undefined : watchOver(child.pid, place);
  const kill = () => child.kill('SIGTERM');
  signal.addEventListener('abort', kill, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode) => resolve(exitCode));
    });
    return { code, errors: text.split('\n').filter((line) => line.trim() !== '') };
  } finally {
    signal.removeEventListener('abort', kill);
    watchdog?.dismiss();
  }
}
