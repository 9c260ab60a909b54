// Measured against nginx (Debian's, documented best configuration) sending and receiving the same files; curl is the client
// of both. Bars: downloads ≥ 0.6 × nginx with flat memory; a page of a folder in a bucket of a million objects p95 ≤ 20 ms,
// without a sort of everything. And 100 tus uploads at once.
//
//   ROUNDS=3 PARTS=small,medium,large,list,tus OBJECTS=1000000 GIGABYTES=1 npm run bench -- storage
import { randomBytes } from 'node:crypto';
import { closeSync, copyFileSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuSeconds, cpuSecondsBelow, residentMegabytes } from './support/cpu.ts';
import { transfer } from './support/curl.ts';
import { load, median } from './support/load.ts';
import { hasNginx, startNginx } from './support/nginx.ts';
import { startProduct } from './support/product.ts';
import { measureListing } from './support/storage-listing.ts';
import { measureResumable } from './support/storage-resumable.ts';

const rounds = Number(process.env.ROUNDS ?? 3);
const parts = (process.env.PARTS ?? 'small,medium,large,list,tus').split(',');
const largeBytes = Math.round(Number(process.env.GIGABYTES ?? 1) * 1024 ** 3);
const seconds = Number(process.env.SECONDS ?? 2);

if (!hasNginx) throw new Error('nginx is not installed (Debian: apt-get install nginx)');
const folder = mkdtempSync(join(tmpdir(), 'bench-storage-'));
const product = await startProduct({ settings: { FILE_SIZE_LIMIT: String(8 * 1024 ** 3) } });
const nginx = await startNginx(join(folder, 'nginx'));
const key = product.env.SERVICE_ROLE_KEY ?? '';
const storage = `${product.url}/storage/v1`;
const ourDownload = (name: string) => `${storage}/object/public/bench/${name}`;
const credentials = [`apikey: ${key}`, `Authorization: Bearer ${key}`];

interface Side {
  readonly label: string;
  /** Processor seconds so far of all that serves. */
  readonly used: () => number;
}
const ours: Side = { label: 'ours', used: () => cpuSeconds(product.pid) + cpuSecondsBelow(product.pid) };
const theirs: Side = { label: 'nginx', used: () => nginx.pids().reduce((sum, pid) => sum + cpuSeconds(pid), 0) };

/** A file under both servers' roofs. */
interface Sample {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
}

try {
  console.log(`opponent: ${nginx.command}; client: curl`);
  await call('/bucket', { id: 'bench', name: 'bench', public: true });
  if (parts.includes('small')) await compareSmall(await sample('1k', 1_024));
  if (parts.includes('medium')) await compare(await sample('1m', 1024 ** 2), 2, 100, 20);
  if (parts.includes('large')) await compareLarge(await sample('1g', largeBytes));
  if (parts.includes('tus')) await measureResumable(product, storage, key);
  if (parts.includes('list')) await measureListing(product, storage, key, Number(process.env.OBJECTS ?? 1_000_000));
} finally {
  await nginx.stop();
  await product.stop();
  product.remove();
  rmSync(folder, { recursive: true, force: true });
}

async function call(path: string, body: unknown): Promise<void> {
  const answer = await fetch(storage + path, {
    method: 'POST',
    headers: { apikey: key, authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
}

/** Makes a file and gives it to both. */
async function sample(name: string, bytes: number): Promise<Sample> {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  const file = openSync(path, 'w');
  const block = randomBytes(Math.min(bytes, 16 * 1024 ** 2));
  for (let at = 0; at < bytes; at += block.length) writeSync(file, block, 0, Math.min(block.length, bytes - at));
  closeSync(file);
  copyFileSync(path, join(folder, 'nginx/files', name));
  await transfer({
    url: `${storage}/object/bench/${name}`,
    clients: 1,
    headers: [...credentials, 'x-upsert: true'],
    file: path,
    method: 'POST',
  });
  return { name, path, bytes };
}

/** Small files: requests a second, by a client that only counts. */
async function compareSmall({ name }: Sample): Promise<void> {
  for (const connections of [1, 32]) {
    const ask = async (side: Side, base: string, path: string) => {
      const { hostname, port } = new URL(base);
      const request = `GET ${path} HTTP/1.1\r\nHost: bench\r\n\r\n`;
      const before = side.used();
      const run = await load({
        host: hostname,
        port: Number(port),
        connections,
        duration: seconds * 1_000,
        next: () => request,
      });
      return { ...run, cost: ((side.used() - before) / run.requests) * 1e6 };
    };
    const direction = `1 KB down, ${connections} connection(s), requests a second`;
    await inTurn(direction, 0.6, 1, async (side) => {
      const result =
        side === ours
          ? await ask(ours, product.url, `/storage/v1/object/public/bench/${name}`)
          : await ask(theirs, nginx.url, `/${name}`);
      return { value: result.perSecond, cost: result.cost };
    });
    await inTurn(`1 KB up, ${connections} connection(s), requests a second`, undefined, 1, async (side) => {
      const { hostname, port } = new URL(side === ours ? product.url : nginx.url);
      const body = 'x'.repeat(1_024);
      let number = 0;
      const run = randomBytes(4).toString('hex');
      const before = side.used();
      const result = await load({
        host: hostname,
        port: Number(port),
        connections,
        duration: seconds * 1_000,
        next: () => {
          const path = `${run}/${number++}`;
          return side === ours
            ? `POST /storage/v1/object/bench/${path} HTTP/1.1\r\nHost: bench\r\n${credentials.join('\r\n')}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`
            : `PUT /${path} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
        },
      });
      return { value: result.perSecond, cost: ((side.used() - before) / result.requests) * 1e6 };
    });
  }
}

/** Megabytes a second both ways. */
async function compare({ name, path, bytes }: Sample, clients: number, down: number, up: number): Promise<void> {
  const size = bytes >= 1024 ** 3 ? `${bytes / 1024 ** 3} GB` : `${bytes / 1024 ** 2} MB`;
  const run = async (side: Side, count: number, options: Omit<Parameters<typeof transfer>[0], 'clients'>) => {
    const before = side.used();
    const took = await transfer({ ...options, clients });
    const megabytes = (clients * count * bytes) / 1e6;
    return { value: megabytes / took, cost: ((side.used() - before) / megabytes) * 1e6 };
  };
  const of = (count: number) => (count === 1 ? '' : `?[1-${count}]`);
  await inTurn(`${size} down, ${clients} client(s), MB/s`, 0.6, 1, (side) =>
    run(side, down, { url: (side === ours ? ourDownload(name) : `${nginx.url}/${name}`) + of(down) }),
  );
  const numbered = up === 1 ? '' : `-[1-${up}]`;
  await inTurn(`${size} up, ${clients} client(s), MB/s`, undefined, 1, (side) =>
    run(
      side,
      up,
      side === ours
        ? {
            url: `${storage}/object/bench/up-{client}${numbered}`,
            headers: [...credentials, 'x-upsert: true'],
            file: path,
            method: 'POST',
          }
        : { url: `${nginx.url}/up-{client}${numbered}`, file: path },
    ),
  );
}

/** One client, one file as large as memory should never see; what our memory does meanwhile. */
async function compareLarge(large: Sample): Promise<void> {
  const before = residentMegabytes(product.pid);
  await compare(large, 1, 1, 1);
  const after = residentMegabytes(product.pid);
  console.log(
    `  memory of our process: ${before.now.toFixed(0)} MB before, ${after.now.toFixed(0)} MB after, ` +
      `${after.peak.toFixed(0)} MB at most since its start`,
  );
}

interface Measured {
  readonly value: number;
  /** Microseconds of processor time of the server's, for each request or megabyte. */
  readonly cost: number;
}

/** Runs both sides in turn and prints medians. */
async function inTurn(
  what: string,
  bar: number | undefined,
  warmUps: number,
  measure: (side: Side) => Promise<Measured>,
): Promise<void> {
  const results = new Map<Side, Measured[]>([
    [ours, []],
    [theirs, []],
  ]);
  for (let round = -warmUps; round < rounds; round++)
    for (const [side, list] of results) {
      const measured = await measure(side);
      if (round >= 0) list.push(measured);
      await sleep(50);
    }
  const of = (side: Side, which: keyof Measured) => median((results.get(side) ?? []).map((each) => each[which]));
  const ratio = of(ours, 'value') / of(theirs, 'value');
  console.log(
    `${what}: ours ${of(ours, 'value').toFixed(0)} (${of(ours, 'cost').toFixed(0)} µs each), ` +
      `nginx ${of(theirs, 'value').toFixed(0)} (${of(theirs, 'cost').toFixed(0)} µs each): ${ratio.toFixed(2)} ×` +
      (bar === undefined ? '' : `, bar ${bar}`),
  );
}
