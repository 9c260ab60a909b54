import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';

const root = resolve(import.meta.dirname, '../..');

/** The built product, run as a child process on data of its own. */
export interface Product {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly pid: number;
  readonly database: { readonly socketDir: string; readonly port: number; readonly name: string };
  /** Milliseconds from spawning the command to the first 200 of `/health`. */
  readonly startTime: number;
  stop(): Promise<void>;
  remove(): void;
}

/** What a start may be given. */
export interface ProductOptions {
  /** Data folder of an earlier run; a new one otherwise. */
  readonly folder?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** The command to time; default the built program, `npm` for `npm start` in the clone. */
  readonly command?: 'program' | 'npm';
  /** Flags for Node, e.g. `--cpu-prof`; the program is then run from its single modules, so that files have names. */
  readonly nodeFlags?: readonly string[];
}

/** A port nobody uses. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.once('error', fail);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** Starts the product and waits until it serves. @throws Error with the log's end when it does not within a minute */
export async function startProduct(options: ProductOptions = {}): Promise<Product> {
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'bench-'));
  chmodSync(folder, 0o755);
  const [http, postgres] = [await freePort(), await freePort()];
  const settings = {
    KONG_HTTP_PORT: String(http),
    POSTGRES_PORT: String(postgres),
    STACK_LOG_LEVEL: 'warn',
    VOLUMES_DIR: join(folder, 'volumes'),
    ...options.settings,
  };
  const envFile = join(folder, '.env');
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/root', ...settings };
  const program = join(root, options.nodeFlags ? 'dist/main.js' : 'dist/program.js');
  const started = performance.now();
  const child =
    options.command === 'npm'
      ? spawn('npm', ['start', '--', '--env-file', ensured(envFile)], { cwd: root, env, detached: true })
      : spawn(process.execPath, [...(options.nodeFlags ?? []), program, 'start'], {
          cwd: folder,
          env,
          detached: true,
        });
  let log = '';
  child.stdout.on('data', (chunk) => {
    log = (log + chunk).slice(-20_000);
  });
  child.stderr.on('data', (chunk) => {
    log = (log + chunk).slice(-20_000);
  });
  const url = `http://127.0.0.1:${http}`;
  while (!(await answers(`${url}/health`))) {
    if (child.exitCode !== null || performance.now() - started > 60_000)
      throw new Error(`the product did not start:\n${log}`);
    await sleep(5);
  }
  const startTime = performance.now() - started;
  const status = JSON.parse(
    execFileSync(process.execPath, [join(root, 'dist/program.js'), 'status', '--json', '--env-file', envFile], {
      cwd: folder,
      env,
      encoding: 'utf8',
    }),
  );
  return {
    url,
    env: parseEnv(readFileSync(envFile, 'utf8')) as Record<string, string>,
    folder,
    pid: status.pid,
    database: status.database,
    startTime,
    stop: () => end(child),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function ensured(path: string): string {
  execFileSync('touch', [path]);
  return path;
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).status === 200;
  } catch {
    return false;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = new Promise<void>((done) => child.once('exit', () => done()));
  process.kill(-(child.pid as number), 'SIGTERM');
  await exited;
}

/** Ids of a process and all below it. */
export function processTree(pid: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // Ended between listing and reading.
    }
  }
  const tree = [pid];
  for (const member of tree) for (const [child, parent] of parents) if (parent === member) tree.push(child);
  return tree;
}
