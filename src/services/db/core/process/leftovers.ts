import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '#kernel/errors';
import type { Logger } from '#kernel/log';
import { parsePostmasterFile } from '../postmaster-file.ts';
import { clusterName } from '../server-settings.ts';
import type { ProcessTable } from './process-table.ts';

/** What is needed to clear a data directory of what a killed process left. */
export interface LeftoverContext {
  readonly dataDir: string;
  readonly processes: ProcessTable;
  readonly log: Logger;
  /** Milliseconds a left-behind server may take to shut down. */
  readonly stopTimeout: number;
}

/**
 * Makes a data directory ready for a server: one that was left behind is stopped, a `postmaster.pid` that no server
 * stands behind (killed, or its number given to somebody else) is removed. Call it only with the directory's lock held.
 *
 * @throws StartupError when a server runs there that this program did not start
 */
export async function clearLeftovers(context: LeftoverContext, signal: AbortSignal): Promise<void> {
  const path = join(context.dataDir, 'postmaster.pid');
  if (existsSync(path)) {
    const file = parsePostmasterFile(readFileSync(path, 'utf8'));
    if (file && isServerOf(file.pid, context)) await stopServer(file.pid, context, signal);
    rmSync(path, { force: true });
  }
  await endOrphanedBackends(context, signal);
}

function isServerOf(pid: number, { dataDir, processes }: LeftoverContext): boolean {
  if (pid === process.pid || processes.identity(pid) === undefined) return false;
  const command = processes.command(pid);
  if (command === undefined) return true;
  // A number given to another program shows in what that is and where it works.
  if (!/postgres|postmaster/.test(command)) return false;
  return command.includes(dataDir) || processes.workingIn(realpathSync(dataDir)).includes(pid);
}

async function stopServer(pid: number, context: LeftoverContext, signal: AbortSignal): Promise<void> {
  const { dataDir, processes, log } = context;
  if (!processes.command(pid)?.includes(`cluster_name=${clusterName}`))
    throw new StartupError(`another PostgreSQL server (process ${pid}) runs on ${dataDir}`, 'VOLUMES_DIR');
  log.info({ pid }, 'stopping the database server that a killed process left behind');
  const identity = processes.identity(pid);
  const gone = () => processes.identity(pid) !== identity;
  for (const [name, wait] of [
    ['SIGINT', context.stopTimeout],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    processes.signal(pid, name);
    if (await waitFor(gone, wait, signal)) return;
  }
  throw new StartupError(`the server (process ${pid}) that was left behind on ${dataDir} does not end`, 'VOLUMES_DIR');
}

// Sessions of a killed server may be busy and hold its shared memory for as long, which a new one refuses to share.
async function endOrphanedBackends(context: LeftoverContext, signal: AbortSignal): Promise<void> {
  if (!existsSync(context.dataDir)) return;
  const folder = realpathSync(context.dataDir);
  const remaining = () => context.processes.workingIn(folder).filter((pid) => pid !== process.pid);
  for (const [name, wait] of [
    ['SIGQUIT', 2_000],
    ['SIGKILL', 5_000],
  ] as const) {
    const pids = remaining().filter((pid) => /postgres/.test(context.processes.command(pid) ?? ''));
    if (pids.length === 0) return;
    context.log.warn({ pids, signal: name }, 'ending sessions of a killed database server');
    for (const pid of pids) context.processes.signal(pid, name);
    if (await waitFor(() => remaining().length === 0, wait, signal)) return;
  }
}

async function waitFor(condition: () => boolean, timeout: number, signal: AbortSignal): Promise<boolean> {
  for (let waited = 0; waited <= timeout; waited += 20) {
    if (condition()) return true;
    await sleep(20, undefined, { signal });
  }
  return condition();
}
