// Measured against sharp called directly with the same concurrency: distinct transformations; and repeated ones, from the cache.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { load, median } from './support/load.ts';
import { freePort } from './support/product.ts';

const rounds = Number(process.env.ROUNDS ?? 5);
const duration = Number(process.env.SECONDS ?? 4) * 1_000;
// As many transformations run at a time here as there; with twice as many clients there is always one waiting, with as many
// a slot waits for the client.
const atOnce = Math.min(availableParallelism(), 3);
const waiting = 2 * atOnce;

const folder = mkdtempSync(join(tmpdir(), 'bench-imgproxy-'));
const port = await freePort();
// Noise over a gradient: neither as easy as a plain colour nor as hard as pure noise.
const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const;
const photo = await sharp({ create: { width: 2_000, height: 1_333, channels: 3, background: 'grey', noise } })
  .blur(2)
  .jpeg({ quality: 85 })
  .toBuffer();
writeFileSync(join(folder, 'photo.jpg'), photo);

const child = spawn(process.execPath, [resolve(import.meta.dirname, '../dist/program.js'), 'start'], {
  cwd: folder,
  env: {
    PATH: process.env.PATH ?? '',
    SERVICES: 'imgproxy',
    STACK_LOG_LEVEL: 'warn',
    IMGPROXY_BIND: `127.0.0.1:${port}`,
    IMGPROXY_LOCAL_FILESYSTEM_ROOT: folder,
  },
  stdio: 'inherit',
});
try {
  await untilReady();
  let count = 0;
  // Sizes differ by up to a fifth, so that no result is that of another request.
  const widthOf = (number: number) => 400 + (number % 80);
  const request = (path: string) => `GET ${path} HTTP/1.1\r\nHost: bench\r\nConnection: keep-alive\r\n\r\n`;
  const distinct = () => {
    count++;
    return request(`/insecure/w:${widthOf(count)}/bl:0.${100_000 + count}/plain/local:///photo.jpg@jpg`);
  };
  const same = () => request('/insecure/w:400/plain/local:///photo.jpg@jpg');
  const measure = (next: () => string, connections: number) =>
    load({ host: '127.0.0.1', port, connections, duration, next });

  sharp.cache(false);
  sharp.concurrency(Math.max(1, Math.floor(availableParallelism() / atOnce)));
  const results: { ours: number; few: number; direct: number; cached: number }[] = [];
  await measure(distinct, waiting);
  await direct(widthOf);
  for (let round = 0; round < rounds; round++) {
    const ours = await measure(distinct, waiting);
    const few = await measure(distinct, atOnce);
    const alone = await direct(widthOf);
    const cached = await measure(same, 16);
    results.push({ ours: ours.perSecond, few: few.perSecond, direct: alone, cached: cached.perSecond });
    console.log(
      `distinct ${ours.perSecond.toFixed(1)}/s (p95 ${ours.p95.toFixed(0)} ms), with ${atOnce} clients ${few.perSecond.toFixed(1)}/s, sharp ${alone.toFixed(1)}/s, ` +
        `cached ${cached.perSecond.toFixed(0)}/s`,
    );
  }
  const ratio = median(results.map(({ ours, direct: alone }) => ours / alone));
  const repeated = median(results.map(({ ours, cached }) => cached / ours));
  const fewer = median(results.map(({ few, direct: alone }) => few / alone));
  console.log(
    `distinct: ${ratio.toFixed(2)} x sharp with ${waiting} clients, ${fewer.toFixed(2)} x with ${atOnce}, bar 0.9; repeated: ${repeated.toFixed(0)} x distinct`,
  );
} finally {
  child.kill('SIGTERM');
  await new Promise((done) => child.once('exit', done));
  rmSync(folder, { recursive: true, force: true });
}

/** Transformations a second of the library alone: read, scale, encode. */
async function direct(widthOf: (number: number) => number): Promise<number> {
  const started = performance.now();
  let done = 0;
  let next = 0;
  const work = async () => {
    while (performance.now() - started < duration) {
      const bytes = readFileSync(join(folder, 'photo.jpg'));
      await sharp(bytes, { failOn: 'error' }).resize(widthOf(++next)).jpeg({ quality: 80 }).toBuffer();
      done++;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return (done / (performance.now() - started)) * 1_000;
}

async function untilReady(): Promise<void> {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; await sleep(50)) {
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    if (answer?.status === 200) return;
  }
  throw new Error('it did not get ready');
}
