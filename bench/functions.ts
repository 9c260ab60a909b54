// Measured against the same Deno called directly: cold starts of three functions over 100 starts, and warm requests.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { load, median } from './support/load.ts';
import { freePort } from './support/product.ts';

interface Metric {
  readonly activeUserWorkersCount: number;
}

const starts = Number(process.env.STARTS ?? 100);
const duration = Number(process.env.SECONDS ?? 3) * 1_000;
const rounds = Number(process.env.ROUNDS ?? 3);

/** Published by the original for its cold starts, in milliseconds: average 42, p95 86, p99 460. */
const bar = 86;

const folder = mkdtempSync(join(tmpdir(), 'bench-functions-'));
const functions = join(folder, 'volumes/functions');
const sources: Readonly<Record<string, string>> = {
  trivial: `Deno.serve(() => new Response('ok'));`,
  hono: `import { Hono } from 'npm:hono@4'; const app = new Hono(); app.all('*', (c) => c.text('ok')); Deno.serve(app.fetch);`,
  client: `import { createClient } from 'npm:@supabase/supabase-js@2'; const c = createClient('http://localhost', 'key'); Deno.serve(() => new Response(c ? 'ok' : ''));`,
};
const write = (name: string, text: string) => {
  mkdirSync(join(functions, name), { recursive: true });
  writeFileSync(join(functions, name, 'index.ts'), text);
};
for (const [name, text] of Object.entries(sources)) write(name, text);

const port = await freePort();
const program = resolve(import.meta.dirname, '../dist/program.js');
const env = {
  PATH: process.env.PATH ?? '',
  STACK_LOG_LEVEL: 'error',
  GATEWAY_DIRECT_FUNCTIONS_PORT: String(port),
  FUNCTIONS_WORKER_IDLE_TIMEOUT: '100ms',
  FUNCTIONS_CPU_SOFT_LIMIT: '1h',
  FUNCTIONS_CPU_HARD_LIMIT: '2h',
  ...(process.env.NPM_CONFIG_REGISTRY && { NPM_CONFIG_REGISTRY: process.env.NPM_CONFIG_REGISTRY }),
};
const url = `http://127.0.0.1:${port}`;
const child = spawn(process.execPath, [program, 'start'], {
  cwd: folder,
  env: { ...env, SERVICES: 'functions' },
  stdio: 'inherit',
});
const denos: ReturnType<typeof spawn>[] = [];
try {
  await until(async () => (await fetch(`${url}/_internal/health`)).ok);
  mkdirSync(join(functions, 'bundled'), { recursive: true });
  await run('functions', 'bundle', 'client', '--output', join(functions, 'bundled/index.js'));
  for (const name of ['trivial', 'hono', 'client', 'bundled']) {
    const times: number[] = [];
    for (let count = 0; count <= starts; count++) {
      // A function that comes back is a new worker; the old one is gone by then. Deno's caches stay, as after a restart.
      const aside = join(folder, 'aside');
      renameSync(join(functions, name), aside);
      await until(async () => (await fetch(`${url}/${name}`)).status === 404);
      renameSync(aside, join(functions, name));
      await sleep(250);
      await until(
        async () => ((await (await fetch(`${url}/_internal/metric`)).json()) as Metric).activeUserWorkersCount === 0,
      );
      const began = performance.now();
      const answer = await fetch(`${url}/${name}`);
      if (!answer.ok) throw new Error(`${name}: ${answer.status} ${await answer.text()}`);
      await answer.text();
      // The first one fetches and compiles what is imported.
      if (count > 0) times.push(performance.now() - began);
    }
    times.sort((a, b) => a - b);
    const at = (share: number) =>
      (times[Math.min(times.length - 1, Math.ceil(times.length * share) - 1)] ?? 0).toFixed(0);
    const judged =
      name === 'trivial' || name === 'bundled' ? ` (bar ${bar}: ${Number(at(0.95)) <= bar ? 'met' : 'missed'})` : '';
    console.log(`cold ${name.padEnd(8)} p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms${judged}`);
  }

  const directPort = await freePort();
  const deno = join(dirname(createRequire(import.meta.url).resolve(denoPackage())), 'deno');
  writeFileSync(
    join(folder, 'direct.ts'),
    `Deno.serve({ port: ${directPort}, hostname: '127.0.0.1' }, () => new Response('ok'));`,
  );
  denos.push(spawn(deno, ['run', '--no-config', '--allow-net', join(folder, 'direct.ts')], { stdio: 'ignore' }));
  await until(async () => (await fetch(`http://127.0.0.1:${directPort}`)).ok);
  const measure = (to: number, path: string) =>
    load({
      host: '127.0.0.1',
      port: to,
      connections: 16,
      duration,
      next: () => `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`,
    });
  await measure(port, '/trivial');
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const ours = await measure(port, '/trivial');
    const direct = await measure(directPort, '/');
    ratios.push(ours.perSecond / direct.perSecond);
    console.log(`warm ${Math.round(ours.perSecond)} requests/s, Deno directly ${Math.round(direct.perSecond)}`);
  }
  console.log(`warm ${median(ratios).toFixed(2)} of Deno directly (bar 0.5)`);
} finally {
  for (const deno of denos) deno.kill();
  child.kill();
  await new Promise((done) => child.once('exit', done));
  rmSync(folder, { recursive: true, force: true });
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
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((done, fail) =>
    command.once('exit', (code) => (code === 0 ? done() : fail(new Error(`${args.join(' ')} ended with ${code}`)))),
  );
}
