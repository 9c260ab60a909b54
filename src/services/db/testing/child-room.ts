import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What `run-room.ts` says of its room. */
export interface ChildReport {
  readonly socketDir?: string;
  readonly port?: number;
  readonly lines?: string[];
  readonly error?: { readonly name: string; readonly message: string };
}

/** A room in a process of its own. */
export interface ChildRoom {
  readonly process: ChildProcess;
  readonly report: ChildReport;
  /** Resolves when the process is gone. */
  readonly exited: Promise<void>;
}

const program = fileURLToPath(new URL('./run-room.ts', import.meta.url));
const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Starts a room in another process. */
export function spawnRoom(
  folder: string,
  env: Readonly<Record<string, string>> = {},
  options: Pick<SpawnOptions, 'uid' | 'gid'> = {},
): ChildProcess {
  return spawn(process.execPath, ['--import', loader, '--conditions', 'source', program, folder], {
    cwd: '/',
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
}

/** Starts a room in another process and waits for its report, good or bad. */
export async function childRoom(
  folder: string,
  env: Readonly<Record<string, string>> = {},
  options: Pick<SpawnOptions, 'uid' | 'gid'> = {},
): Promise<ChildRoom> {
  const child = spawnRoom(folder, env, options);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const report = await new Promise<ChildReport>((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', (line) => resolve(JSON.parse(line)));
    child.once('error', reject);
    child.once('exit', (code, signal) => setTimeout(reject, 500, new Error(`no report: ${code ?? signal}`)));
  });
  return { process: child, report, exited };
}
