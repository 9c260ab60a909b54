import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process's processor time in milliseconds and its own memory in bytes. */
export interface ProcessUsage {
  readonly cpu: number;
  readonly memory: number;
}

/** Clock ticks a second in `/proc`; Linux has shown this number to programs on all its platforms for decades. */
const ticksPerSecond = 100;

/** User and system time out of `/proc/PID/stat`, in milliseconds. The name in parentheses may hold anything. */
export function cpuOfStat(stat: string): number | undefined {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return Number.isFinite(ticks) ? (ticks * 1_000) / ticksPerSecond : undefined;
}

/** Memory out of `/proc/PID/status` that no file stands behind, in bytes. */
export function memoryOfStatus(status: string): number | undefined {
  const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
}

/** Reads the usage of a process of this machine (Linux). @returns undefined when it is gone */
function readLinux(pid: number): ProcessUsage | undefined {
  try {
    const cpu = cpuOfStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    const memory = memoryOfStatus(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return cpu === undefined || memory === undefined ? undefined : { cpu, memory };
  } catch {
    return undefined;
  }
}

/** Processor time as `ps` writes it: `[[days-]hours:]minutes:seconds[.hundredths]`. */
export function cpuOfPs(text: string): number {
  const [clock = '', days = '0'] = text.split('-').reverse();
  const seconds = clock.split(':').reduce((total, part) => total * 60 + Number(part), 0);
  return Math.round((Number(days) * 86_400 + seconds) * 1_000);
}

function readByPs(pids: readonly number[]): Promise<ReadonlyMap<number, ProcessUsage>> {
  return new Promise((resolve) => {
    execFile('ps', ['-o', 'pid=,rss=,time=', '-p', pids.join(',')], (_error, stdout) => {
      const lines = String(stdout).trim().split('\n');
      const fields = lines.map((line) => line.trim().split(/\s+/)).filter(({ length }) => length === 3);
      resolve(
        new Map(
          fields.map(([pid, rss, time]) => [
            Number(pid),
            { cpu: cpuOfPs(time as string), memory: Number(rss) * 1_024 },
          ]),
        ),
      );
    });
  });
}

/** Reads the usage of processes; those that are gone are left out. Where there is no `/proc`, `ps` is asked. */
export async function readUsage(pids: readonly number[]): Promise<ReadonlyMap<number, ProcessUsage>> {
  if (process.platform !== 'linux') return pids.length === 0 ? new Map() : readByPs(pids);
  const found = new Map<number, ProcessUsage>();
  for (const pid of pids) {
    const usage = readLinux(pid);
    if (usage) found.set(pid, usage);
  }
  return found;
}
