import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/** Makes a working directory that the database server's user may enter, too. */
export function makeWorkspace(files: Readonly<Record<string, string>> = {}): string {
  const cwd = mkdtempSync(join(tmpdir(), 'stack-'));
  chmodSync(cwd, 0o755);
  addFiles(cwd, files);
  return cwd;
}

/** Puts files into a working directory: path below it → content. */
export function addFiles(cwd: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(cwd, dirname(path)), { recursive: true });
    writeFileSync(join(cwd, path), text);
  }
}

/** Ends what is left of the embedded server there, and removes the directory with its data. */
export function removeWorkspace(cwd: string): void {
  const pid = postmasterPid(cwd);
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  const base = serverFolder(cwd);
  if (base !== undefined && !base.startsWith(cwd)) rmSync(base, { recursive: true, force: true });
  rmSync(cwd, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** The embedded server's data directory, wherever the program put it; undefined before the first start. */
export function dataDirectory(cwd: string): string | undefined {
  const base = serverFolder(cwd);
  return base === undefined ? undefined : join(base, 'data');
}

/** Process id of the embedded server that runs on a working directory's data. */
export function postmasterPid(cwd: string): number | undefined {
  const data = dataDirectory(cwd);
  const file = data === undefined ? undefined : join(data, 'postmaster.pid');
  if (file === undefined || !existsSync(file)) return undefined;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  return Number.isSafeInteger(pid) && pid > 1 && isPostgres(pid) ? pid : undefined;
}

function serverFolder(cwd: string): string | undefined {
  const home = join(cwd, 'volumes/db');
  try {
    const record = JSON.parse(readFileSync(join(home, 'database.json'), 'utf8')) as { base?: string };
    if (record.base === undefined) return undefined;
    return isAbsolute(record.base) ? record.base : join(home, record.base);
  } catch {
    return undefined;
  }
}

// The number may have been given to another process since.
function isPostgres(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('postgres');
  } catch {
    return false;
  }
}
