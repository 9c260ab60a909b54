import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = resolve(import.meta.dirname, '../..');

/** How a run of the command line ended. */
export interface Finished {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and with what the program runs. */
export interface RunOptions {
  readonly cwd: string;
  /** Settings in the environment. Nothing else of this process's environment is handed on but `PATH` and `HOME`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which it is killed; default 60 000. */
  readonly timeout?: number;
}

/**
 * The program under test: the built one, or with `TEST_FROM_SOURCE=1` the sources.
 *
 * @throws Error when nothing is built
 */
export function spawnProgram(args: readonly string[], options: RunOptions): ChildProcess {
  return spawn(process.execPath, [...entry(), ...args], {
    cwd: options.cwd,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function entry(): string[] {
  if (process.env.TEST_FROM_SOURCE === '1')
    return [
      '--conditions',
      'source',
      '--import',
      pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
      join(root, 'src/main.ts'),
    ];
  const built = join(root, 'dist/program.js');
  if (!existsSync(built)) throw new Error('nothing is built: run `npm run build`, or set TEST_FROM_SOURCE=1');
  return [built];
}

/** Runs one command to its end, e.g. `runProgram(['config', '--json'], { cwd })`. */
export function runProgram(args: readonly string[], options: RunOptions): Promise<Finished> {
  const child = spawnProgram(args, options);
  return finished(child, options.timeout ?? 60_000);
}

/** Runs any other program to its end, with the environment given and nothing else. */
export function runTool(
  command: string,
  args: readonly string[],
  options: RunOptions & { readonly input?: string },
): Promise<Finished> {
  const child = spawn(command, [...args], {
    cwd: options.cwd,
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/', ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  return finished(child, options.timeout ?? 60_000);
}

function finished(child: ChildProcess, timeout: number): Promise<Finished> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      done({ code, signal, stdout, stderr });
    });
  });
}
