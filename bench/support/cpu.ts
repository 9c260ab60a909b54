import { readFileSync } from 'node:fs';
import { processTree } from './product.ts';

// Clock ticks of /proc/PID/stat; 100 a second on every Linux that Node runs on.
const ticksPerSecond = 100;

interface Times {
  readonly own: number;
  /** Of its children that have ended. */
  readonly ended: number;
}

function timesOf(pid: number | 'self'): Times {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const seconds = (first: number) => (Number(fields[first]) + Number(fields[first + 1])) / ticksPerSecond;
    return { own: seconds(11), ended: seconds(13) };
  } catch {
    // Ended between listing and reading; its parent counts it from now on.
    return { own: 0, ended: 0 };
  }
}

/** Processor seconds a process has used. */
export const cpuSeconds = (pid: number): number => timesOf(pid).own;

/** Processor seconds of the programs this process has run to their end. */
export const cpuSecondsOfEnded = (): number => timesOf('self').ended;

/** Processor seconds of all that runs or ran below a process. */
export const cpuSecondsBelow = (pid: number): number =>
  processTree(pid)
    .filter((member) => member !== pid)
    .map(timesOf)
    .reduce((sum, { own, ended }) => sum + own + ended, 0);

/** Resident megabytes of a process: now, and the most there ever were. */
export function residentMegabytes(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1_024;
  return { now: of('VmRSS'), peak: of('VmHWM') };
}
