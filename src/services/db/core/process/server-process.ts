import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { joinAdditions, levelOf, parseServerLogLine, type ServerLogLine } from '../log-line.ts';
import type { ServerPlace } from '../place/server-place.ts';
import { parsePostmasterFile } from '../postmaster-file.ts';
import { splitMessages } from './log-lines.ts';
import { spawnOptions } from './spawn-options.ts';
import { watchOver } from './watchdog.ts';

/** How a server ended. */
export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A running server. */
export interface ServerProcess {
  readonly pid: number;
  /** Resolves when it is gone; never rejects. */
  readonly exited: Promise<ServerExit>;
  /** Resolves true once it accepts connections, false when it ended before; however long recovery takes. */
  readonly ready: Promise<boolean>;
  /** Its last messages, for an explanation when it ends. */
  readonly complaints: readonly string[];
  /** Fast shutdown; after `timeout` milliseconds immediate shutdown, which the next start recovers from. */
  stop(timeout: number): Promise<void>;
}

/** What to run. */
export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly place: ServerPlace;
  readonly onLine: (line: ServerLogLine) => void;
}

const keptComplaints = 30;

/** Milliseconds to wait for a dead server's last messages. */
const lastWords = 200;

/** Starts a server. @throws the error of the operating system when the program cannot be run */
export async function launchServer(command: ServerCommand): Promise<ServerProcess> {
  const { place } = command;
  const complaints: string[] = [];
  const child = spawn(command.program, command.args, {
    ...spawnOptions(place),
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own: Ctrl-C in a terminal is for us to pass on, when the requests in flight are done.
    detached: true,
  });
  const exited = new Promise<ServerExit>((resolve) => {
    child.once('exit', (code, signal) => {
      const exit = { code, signal };
      // Its last messages may still be on the way; but a session that outlives it holds the pipe open, so no longer than this.
      const late = setTimeout(resolve, lastWords, exit);
      child.once('close', () => {
        clearTimeout(late);
        resolve(exit);
      });
    });
  });
  child.on('error', (error) => complaints.push(error.message));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  let arrived: ServerLogLine[] = [];
  const split = splitMessages((message) => {
    const line = parseServerLogLine(message);
    if (line.user === undefined && levelOf(line) !== 'debug') complaints.push(line.message);
    if (complaints.length > keptComplaints) complaints.shift();
    arrived.push(line);
  });
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    split(chunk);
    const lines = arrived;
    arrived = [];
    for (const line of joinAdditions(lines)) command.onLine(line);
  });
  const pid = child.pid as number;
  const watchdog = watchOver(pid, place);
  let gone = false;
  const ended = exited.then((exit) => {
    gone = true;
    watchdog.dismiss();
    return exit;
  });
  return {
    pid,
    exited: ended,
    ready: waitUntilReady(place.dataDir, pid, () => gone),
    complaints,
    async stop(timeout) {
      const within = async (signal: NodeJS.Signals, wait: number): Promise<boolean> => {
        child.kill(signal);
        const timer = new AbortController();
        const outcome = await Promise.race([
          ended.then(() => true),
          sleep(wait, false, { signal: timer.signal }).catch(() => false),
        ]);
        timer.abort();
        return outcome;
      };
      if (gone || (await within('SIGINT', timeout)) || (await within('SIGQUIT', 5_000))) return;
      child.kill('SIGKILL');
      await ended;
    },
  };
}

// The server tells in postmaster.pid, whatever its log settings are: that is also what pg_ctl goes by.
async function waitUntilReady(dataDir: string, pid: number, isGone: () => boolean): Promise<boolean> {
  for (let waited = 0; !isGone(); ) {
    if (isReady(dataDir, pid)) return true;
    const pause = waited < 2_000 ? 5 : 100;
    await sleep(pause);
    waited += pause;
  }
  return false;
}

function isReady(dataDir: string, pid: number): boolean {
  try {
    const file = parsePostmasterFile(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8'));
    return file?.pid === pid && file.status === 'ready';
  } catch {
    return false;
  }
}
