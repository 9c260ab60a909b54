import type { ChildProcess } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { freePorts } from './ports.ts';
import { type Finished, runProgram, spawnProgram } from './program.ts';
import { addFiles, makeWorkspace, postmasterPid, removeWorkspace } from './workspace.ts';

/** How to start the program. */
export interface StackOptions {
  /** Settings in the program's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files in its working directory: path → text. */
  readonly files?: Readonly<Record<string, string>>;
  /** An existing working directory, which then outlives the stack; otherwise a new one that goes with it. */
  readonly cwd?: string;
}

/** The keys and passwords a stack made for itself. */
export interface StackEnv {
  readonly anonKey: string;
  readonly serviceKey: string;
  readonly publishable: string;
  readonly secret: string;
  readonly jwtSecret: string;
  readonly postgresPassword: string;
  readonly dashboard: { readonly username: string; readonly password: string };
}

/** What tests need to know of a stack that runs. */
export interface StackAddress {
  readonly url: string;
  readonly dbPort: number;
  readonly cwd: string;
  readonly env: StackEnv;
}

/** What `status --json` tells. */
export interface StackStatus {
  readonly running: boolean;
  readonly pid: number;
  readonly url: string;
  readonly status: string;
  readonly services: Readonly<
    Record<string, { readonly status: string; readonly required: boolean; readonly detail?: { reason?: string } }>
  >;
  readonly database: {
    readonly embedded: boolean;
    readonly socketDir: string;
    readonly port: number;
    readonly name: string;
  };
}

/** The product as a child process on data of its own. */
export interface Stack extends StackAddress {
  readonly pid: number;
  /** All it has printed, its last 256 KiB. */
  log(): string;
  /** Runs another command of the product in the same place, with the same settings. */
  run(...args: string[]): Promise<Finished>;
  status(): Promise<StackStatus>;
  /** Process id of the embedded server, while it runs. */
  postmaster(): number | undefined;
  /** Sends a signal to the program alone; fulfilled when it has ended. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Ends it (harshly after 30 s), and removes its directory unless that was given. */
  stop(): Promise<void>;
}

const startTimeout = 90_000;
const keptOutput = 256 * 1024;

/**
 * Starts the product and waits for `GET /health` to answer 200. Its ports are free ones, written to its `.env`.
 *
 * @throws Error with the end of its output when it ends or does not get ready in time
 */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const cwd = options.cwd ?? makeWorkspace();
  const remove = () => (options.cwd === undefined ? removeWorkspace(cwd) : undefined);
  try {
    addFiles(cwd, options.files ?? {});
    await choosePorts(cwd);
    return await launch(cwd, options.env ?? {}, remove);
  } catch (error) {
    remove();
    throw error;
  }
}

/** Writes free ports into a working directory's `.env`, unless it names some already. */
export async function choosePorts(cwd: string): Promise<void> {
  const file = join(cwd, '.env');
  if (existsSync(file) && /^KONG_HTTP_PORT=/m.test(readFileSync(file, 'utf8'))) return;
  const [http, postgres, pooler] = await freePorts(3);
  appendFileSync(
    file,
    `\nKONG_HTTP_PORT=${http}\nPOSTGRES_PORT=${postgres}\nPOOLER_PROXY_PORT_TRANSACTION=${pooler}\n`,
  );
}

/** The settings that stand in a working directory's `.env`. */
export const readEnv = (cwd: string): Record<string, string> =>
  parseEnv(readFileSync(join(cwd, '.env'), 'utf8')) as Record<string, string>;

async function launch(cwd: string, env: Readonly<Record<string, string>>, remove: () => void): Promise<Stack> {
  const child = spawnProgram(['start'], { cwd, env });
  const log = keepOutput(child);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // A test run that is broken off must not leave servers behind.
  const lastResort = () => child.kill('SIGTERM');
  process.once('exit', lastResort);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
    process.removeListener('exit', lastResort);
  };
  const given = { ...readEnv(cwd), ...env };
  const url = `http://127.0.0.1:${given.KONG_HTTP_PORT}`;
  try {
    await untilHealthy(url, child);
  } catch (error) {
    await end('SIGKILL');
    const lines = log()
      .split('\n')
      .filter((line) => !line.includes('"url":"/health"'));
    throw new Error(`${(error as Error).message}; its output ends:\n${lines.slice(-40).join('\n')}`);
  }
  return {
    url,
    dbPort: Number(given.POSTGRES_PORT),
    cwd,
    env: stackEnv({ ...readEnv(cwd), ...env }),
    pid: child.pid as number,
    log,
    run: (...args) => runProgram(args, { cwd, env }),
    async status() {
      const { stdout, stderr } = await runProgram(['status', '--json'], { cwd, env });
      if (stdout === '') throw new Error(`status printed nothing: ${stderr}`);
      return JSON.parse(stdout) as StackStatus;
    },
    postmaster: () => postmasterPid(cwd),
    kill: end,
    async stop() {
      const harsh = setTimeout(() => child.kill('SIGKILL'), 30_000);
      await end('SIGTERM');
      clearTimeout(harsh);
      remove();
    },
  };
}

function keepOutput(child: ChildProcess): () => string {
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-keptOutput);
    });
  return () => output;
}

async function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + startTimeout;
  let last = 'nothing answered';
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the program ended with ${child.exitCode ?? child.signalCode}`);
    try {
      const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) });
      if (answer.status === 200) return;
      last = `${answer.status} ${(await answer.text()).slice(0, 500)}`;
    } catch (error) {
      last = (error as Error).message;
    }
    await sleep(25);
  }
  throw new Error(`the program was not healthy within ${startTimeout / 1_000} s (${last})`);
}

function stackEnv(env: Readonly<Record<string, string>>): StackEnv {
  return {
    anonKey: env.ANON_KEY ?? '',
    serviceKey: env.SERVICE_ROLE_KEY ?? '',
    publishable: env.SUPABASE_PUBLISHABLE_KEY ?? '',
    secret: env.SUPABASE_SECRET_KEY ?? '',
    jwtSecret: env.JWT_SECRET ?? '',
    postgresPassword: env.POSTGRES_PASSWORD ?? '',
    dashboard: { username: env.DASHBOARD_USERNAME ?? 'supabase', password: env.DASHBOARD_PASSWORD ?? '' },
  };
}
