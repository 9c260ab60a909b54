import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** What the operating system tells about processes. */
export interface ProcessTable {
  /**
   * Names the machine since its last start and, in a container, the container: process numbers mean something only
   * within one realm.
   */
  readonly realm: string;
  /**
   * A text that tells this process from any other that ever had its number; undefined when there is none (zombies count
   * as gone), `'?'` when there is one about which nothing can be learned.
   */
  identity(pid: number): string | undefined;
  /** The command line, arguments joined by spaces; undefined when unknown. */
  command(pid: number): string | undefined;
  /** Processes whose working directory is `folder`; always empty where the system does not tell. */
  workingIn(folder: string): number[];
  /** Sends a signal. False when the process is gone or not ours. */
  signal(pid: number, signal: NodeJS.Signals): boolean;
}

const isThere = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const signal = (pid: number, name: NodeJS.Signals): boolean => {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
};

/** The table of the system we run on. */
export function systemProcessTable(): ProcessTable {
  return process.platform === 'linux' ? linuxTable() : portableTable();
}

function linuxTable(): ProcessTable {
  const read = (path: string): string | undefined => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  };
  const boot = read('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
  return {
    realm: `${boot}/${namespace()}`,
    identity(pid) {
      if (!isThere(pid)) return undefined;
      const stat = read(`/proc/${pid}/stat`);
      if (stat === undefined) return '?';
      // The command's name may hold anything, so fields are counted from its closing parenthesis (proc(5)).
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? undefined : String(fields[19]);
    },
    command: (pid) => read(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim(),
    workingIn(folder) {
      return readdirSync('/proc')
        .map(Number)
        .filter((pid) => {
          if (!Number.isSafeInteger(pid)) return false;
          try {
            return readlinkSync(`/proc/${pid}/cwd`) === folder;
          } catch {
            return false;
          }
        });
    },
    signal,
  };
}

function namespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

function portableTable(): ProcessTable {
  const ps = (pid: number, column: string): string | undefined => {
    try {
      return execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
    } catch {
      return undefined;
    }
  };
  return {
    realm: hostname(),
    identity(pid) {
      if (!isThere(pid)) return undefined;
      return ps(pid, 'stat')?.startsWith('Z') ? undefined : (ps(pid, 'lstart') ?? '?');
    },
    command: (pid) => ps(pid, 'command'),
    workingIn: () => [],
    signal,
  };
}
