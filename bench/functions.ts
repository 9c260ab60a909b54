// Measured against the same Deno called directly: cold starts of four functions, warm requests, twenty functions at once, memory.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type LoadOptions, load, median } from './support/load.ts';
import { freePort } from './support/product.ts';

interface Metric {
  readonly activeUserWorkersCount: number;
}

const starts = Number(process.env.STARTS ?? 100);
const duration = Number(process.env.SECONDS ?? 3) * 1_000;
const rounds = Number(process.env.ROUNDS ?? 3);
/** Which parts are run. */
const parts = new Set((process.env.PARTS ?? 'cold,warm,mixed').split(','));

/** Published by the original for its cold starts, in milliseconds: average 42, p95 86, p99 460. */
const bar = 86;

const folder = mkdtempSync(join(tmpdir(), 'bench-functions-'));
const functions = join(folder, 'volumes/functions');
const json = `async (request) => {
  const { items } = await request.json();
  return Response.json({ count: items.length, sum: items.reduce((sum, item) => sum + item.price * item.count, 0) });
}`;
const sources: Readonly<Record<string, string>> = {
  trivial: `Deno.serve(() => new Response('ok'));`,
  hono: `import { Hono } from 'npm:hono@4'; const app = new Hono(); app.all('*', (c) => c.text('ok')); Deno.serve(app.fetch);`,
  client: `import { createClient } from 'npm:@supabase/supabase-js@2'; const c = createClient('http://localhost', 'key'); Deno.serve(() => new Response(c ? 'ok' : ''));`,
  json: `Deno.serve(${json});`,
};
const write = (name: string, text: string) => {
  mkdirSync(join(functions, name), { recursive: true });
  writeFileSync(join(functions, name, 'index.ts'), text);
};
for (const [name, text] of Object.entries(sources)) write(name, text);
const mixed = Array.from({ length: 20 }, (_, number) => {
  const name = `mixed${number}`;
  write(name, Object.values(sources)[number % 4] as string);
  return { name, isJson: number % 4 === 3 };
});

const body = JSON.stringify({
  items: Array.from({ length: 20 }, (_, id) => ({ id, price: id * 3, count: 2, name: `item ${id}` })),
});
const getOf = (path: string) => `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`;
const postOf = (path: string) =>
  `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

const program = resolve(import.meta.dirname, '../dist/program.js');
const baseEnv = {
  PATH: process.env.PATH ?? '',
  STACK_LOG_LEVEL: 'error',
  SERVICES: 'functions',
  ...(process.env.NPM_CONFIG_REGISTRY && { NPM_CONFIG_REGISTRY: process.env.NPM_CONFIG_REGISTRY }),
};
const running: ChildProcess[] = [];
try {
  if (parts.has('cold')) await coldStarts();
  if (parts.has('warm')) await warmRequests();
  if (parts.has('mixed')) await mixedLoad();
} finally {
  await Promise.all(running.map(stop));
  rmSync(folder, { recursive: true, force: true });
}

/** Each round starts every function once, one after the other, when all workers of the round before are gone. */
async function coldStarts(): Promise<void> {
  const { url, child } = await product({ FUNCTIONS_WORKER_IDLE_TIMEOUT: '100ms' });
  mkdirSync(join(functions, 'bundled'), { recursive: true });
  await run('functions', 'bundle', 'client', '--output', join(functions, 'bundled/index.js'));
  const names = ['trivial', 'hono', 'client', 'bundled'];
  const times = new Map(names.map((name) => [name, [] as number[]]));
  // The first round fetches and compiles what is imported, and is not counted.
  for (let round = 0; round <= starts; round++) {
    for (const name of names) {
      const began = performance.now();
      const answer = await fetch(`${url}/${name}`);
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${name}: ${answer.status} ${text}`);
      if (round > 0) times.get(name)?.push(performance.now() - began);
    }
    await until(
      async () => ((await (await fetch(`${url}/_internal/metric`)).json()) as Metric).activeUserWorkersCount === 0,
    );
  }
  for (const [name, found] of times) {
    found.sort((a, b) => a - b);
    const at = (share: number) =>
      (found[Math.min(found.length - 1, Math.ceil(found.length * share) - 1)] ?? 0).toFixed(0);
    const judged =
      name === 'trivial' || name === 'bundled' ? ` (bar ${bar}: ${Number(at(0.95)) <= bar ? 'met' : 'missed'})` : '';
    console.log(
      `cold ${name.padEnd(8)} ${found.length} starts: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms${judged}`,
    );
  }
  await stop(child);
}

/** One connection's requests after the other, sixteen at once; beside it what Node does at best in the same place. */
async function warmRequests(): Promise<void> {
  const limits = { FUNCTIONS_CPU_SOFT_LIMIT: '1h', FUNCTIONS_CPU_HARD_LIMIT: '2h' };
  const { port, child } = await product(limits);
  const [directPort, answering, passing, raw] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  writeFileSync(
    join(folder, 'direct.ts'),
    `const json = ${json};
     Deno.serve({ port: ${directPort}, hostname: '127.0.0.1' }, (request) => request.method === 'POST' ? json(request) : new Response('ok'));`,
  );
  const deno = join(dirname(createRequire(import.meta.url).resolve(denoPackage())), 'deno');
  const args = ['run', '--no-config', '--allow-net', join(folder, 'direct.ts')];
  console.log(
    `Deno directly: deno ${args.slice(0, -1).join(' ')} direct.ts, the same functions under Deno.serve on TCP`,
  );
  begin(spawn(deno, args, { stdio: 'ignore' }));
  const hop = join(import.meta.dirname, 'support/bare-hop.ts');
  const hopPorts = [answering, passing, directPort].map(String);
  begin(spawn(process.execPath, ['--import', 'tsx', hop, ...hopPorts], { stdio: 'ignore', cwd: import.meta.dirname }));
  const rawPassage = join(import.meta.dirname, 'support/raw-passage.ts');
  await fetch(`http://127.0.0.1:${port}/trivial`);
  const socket = socketOf(child);
  begin(
    spawn(process.execPath, ['--import', 'tsx', rawPassage, String(raw), socket], {
      stdio: 'ignore',
      cwd: import.meta.dirname,
    }),
  );
  for (const each of [directPort, answering, passing, raw])
    await until(async () => (await fetch(`http://127.0.0.1:${each}`)).ok);
  const measure = (to: number, request: string) => perSecond({ port: to, next: () => request });
  for (const [name, of] of [
    ['trivial', getOf],
    ['json', postOf],
  ] as const) {
    await measure(port, of(`/${name}`));
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const ours = await measure(port, of(`/${name}`));
      const direct = await measure(directPort, of('/'));
      ratios.push(ours / direct);
      console.log(`warm ${name.padEnd(8)} ${Math.round(ours)} requests/s, Deno directly ${Math.round(direct)}`);
    }
    console.log(`warm ${name.padEnd(8)} ${median(ratios).toFixed(2)} of Deno directly (bar 0.5)`);
  }
  const direct = await measure(directPort, getOf('/'));
  for (const [what, to] of [
    ['a bare node:http server that answers by itself', answering],
    ['Node passing bytes on unread', passing],
    ['Node passing on with only heads read, below node:http', raw],
  ] as const) {
    const found = await measure(to, getOf('/'));
    console.log(
      `for comparison, ${what}: ${Math.round(found)} requests/s, ${(found / direct).toFixed(2)} of Deno directly`,
    );
  }
  await Promise.all(running.map(stop));
  await stop(child);
}

/** The socket of the one worker that runs: it stands among the arguments of its process. */
function socketOf({ pid }: ChildProcess): string {
  for (const each of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')) {
    const found = /"socket":"([^"]+)"/.exec(readFileSync(`/proc/${each}/cmdline`, 'utf8'))?.[1];
    if (found !== undefined) return found;
  }
  throw new Error('no worker runs');
}

/** Twenty functions of four kinds under the limits as they come, one connection each; none may fail. */
async function mixedLoad(): Promise<void> {
  const { port, url, child } = await product({});
  for (const { name, isJson } of mixed) {
    const answer = await fetch(`${url}/${name}`, isJson ? { method: 'POST', body } : {});
    if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
  }
  reportMemory(child);
  const result = await load({
    host: '127.0.0.1',
    port,
    connections: mixed.length,
    duration: 2 * duration,
    next(connection) {
      const { name, isJson } = mixed[connection] as (typeof mixed)[number];
      return (isJson ? postOf : getOf)(`/${name}`);
    },
  });
  const at = (value: number) => value.toFixed(1);
  console.log(
    `mixed ${mixed.length} functions: ${Math.round(result.perSecond)} requests/s, p50 ${at(result.p50)} ms, p95 ${at(result.p95)} ms, p99 ${at(result.p99)} ms, longest ${at(result.longest)} ms, none failed`,
  );
  await stop(child);
}

/** What a worker needs that no other process shares (Linux). */
function reportMemory(child: ChildProcess): void {
  if (process.platform !== 'linux') return;
  const own: number[] = [];
  const shared: number[] = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1] !== String(child.pid)) continue;
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]);
      own.push((kilobytes('Private_Dirty') + kilobytes('Private_Clean')) / 1_024);
      shared.push(kilobytes('Pss') / 1_024);
    } catch {
      // It ended meanwhile.
    }
  }
  const about = (values: readonly number[]) =>
    `${median(values).toFixed(0)} MB (at most ${Math.max(...values).toFixed(0)})`;
  console.log(
    `memory of ${own.length} workers: of its own ${about(own)}, with its part of what is shared ${about(shared)}`,
  );
}

async function product(settings: Readonly<Record<string, string>>) {
  const port = await freePort();
  const child = spawn(process.execPath, [program, 'start'], {
    cwd: folder,
    env: { ...baseEnv, ...settings, GATEWAY_DIRECT_FUNCTIONS_PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  begin(child);
  const url = `http://127.0.0.1:${port}`;
  await until(async () => (await fetch(`${url}/_internal/health`)).ok);
  return { port, url, child };
}

function begin(child: ChildProcess): void {
  running.push(child);
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('exit', done));
  child.kill();
  await ended;
}

async function perSecond(options: Pick<LoadOptions, 'port' | 'next'>): Promise<number> {
  return (await load({ host: '127.0.0.1', connections: 16, duration, ...options })).perSecond;
}

function denoPackage(): string {
  return `@deno/${process.platform}-${process.arch}${process.platform === 'linux' ? '-glibc' : ''}/package.json`;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 30_000; !(await condition().catch(() => false)); await sleep(20))
    if (performance.now() > end) throw new Error('the bench waited in vain');
}

function run(...args: string[]): Promise<void> {
  const command = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: baseEnv,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((done, fail) =>
    command.once('exit', (code) => (code === 0 ? done() : fail(new Error(`${args.join(' ')} ended with ${code}`)))),
  );
}
