import { readFileSync } from 'node:fs';
import { processTree } from './product.ts';

// Clock ticks of /proc/PID/stat; 100 a second on every Linux that Node runs on.
const ticksPerSecond = 100;

/** Processor seconds a process has used. */
export function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    // Ended between listing and reading.
    return 0;
  }
}

/** Processor seconds of all that runs below a process. */
export const cpuSecondsBelow = (pid: number): number =>
  processTree(pid)
    .filter((member) => member !== pid)
    .reduce((sum, member) => sum + cpuSeconds(member), 0);

/** Resident megabytes of a process: now, and the most there ever were. */
export function residentMegabytes(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const of = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0) / 1_024;
  return { now: of('VmRSS'), peak: of('VmHWM') };
}
