// Measured against a bare loop over sockets of the same library (ws) that sends the same bytes, rounds in turn, with the
// clients in a process of their own on the same cores (bar: 0.7 of its rate); and idle sockets against 10 KB of memory each.
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { residentMegabytes } from './support/cpu.ts';
import { median } from './support/load.ts';
import { startProduct } from './support/product.ts';
import type { Order, Outcome } from './support/realtime-load.ts';

const idleSockets = Number(process.env.SOCKETS ?? 15_000);
const rounds = Number(process.env.ROUNDS ?? 3);
const milliseconds = Number(process.env.SECONDS ?? 2) * 1_000;
/** Seconds of steady load at the end, with the memory before and after. */
const soak = Number(process.env.SOAK ?? 0);
const only = process.env.ONLY;

const support = join(import.meta.dirname, 'support');
const product = await startProduct({
  settings: {
    GATEWAY_MAX_CONNECTIONS: '40000',
    TENANT_MAX_CONCURRENT_USERS: '0',
    TENANT_MAX_EVENTS_PER_SECOND: '0',
    TENANT_MAX_JOINS_PER_SECOND: '0',
    // The clients of this load send no heartbeats.
    STACK_REALTIME_IDLE: '1h',
    STACK_REALTIME_BACKLOG: '64MB',
    STACK_REALTIME_BACKLOG_MAX: '128MB',
  },
});
const bare = spawn(process.execPath, ['--import', 'tsx', join(support, 'bare-fanout.ts')], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const [line] = (await once(bare.stdout, 'data')) as [Buffer];
const productPort = Number(new URL(product.url).port);
const path = `/realtime/v1/websocket?apikey=${product.env.ANON_KEY}&vsn=2.0.0`;
const servers = {
  product: { port: productPort, path, join: true },
  bare: { port: Number(line.toString()), path: '/{room}', join: false },
} as const;

/** A process of clients. */
class Clients {
  readonly #child: ChildProcess;

  constructor() {
    this.#child = fork(join(support, 'realtime-load.ts'), { execArgv: ['--import', 'tsx'] });
  }

  async do(order: Order): Promise<Outcome> {
    this.#child.send(order);
    const [{ outcome, error }] = (await once(this.#child, 'message')) as [{ outcome: Outcome; error?: string }];
    if (error) throw new Error(error);
    return outcome;
  }

  end(): void {
    this.#child.kill();
  }
}

const open = (server: keyof typeof servers, sockets: number, members: number): Order => ({
  kind: 'open',
  host: '127.0.0.1',
  ...servers[server],
  sockets,
  members,
});

async function idle(): Promise<void> {
  const clients = new Clients();
  const warm = Math.min(1_000, idleSockets / 2);
  await clients.do(open('product', warm, 1));
  await sleep(2_000);
  const before = residentMegabytes(product.pid).now;
  const began = performance.now();
  await clients.do(open('product', idleSockets - warm, 1));
  const took = performance.now() - began;
  await sleep(5_000);
  const after = residentMegabytes(product.pid).now;
  const each = ((after - before) * 1_024) / (idleSockets - warm);
  console.log(
    `${idleSockets} idle sockets, one channel each: ${each.toFixed(1)} KB of memory each (bar 10), ` +
      `${(((idleSockets - warm) / took) * 1_000).toFixed(0)} connections and joins/s`,
  );
  clients.end();
  await sleep(1_000);
}

/** Rates at saturation in turn, then latencies of the product at rising rates. */
async function rooms(name: string, sockets: number, members: number, bytes: number, rates: readonly number[]) {
  const measured: Record<keyof typeof servers, number[]> = { product: [], bare: [] };
  const clients = { product: new Clients(), bare: new Clients() };
  for (const server of ['product', 'bare'] as const) await clients[server].do(open(server, sockets, members));
  const window = members > 100 ? 4 : 2;
  for (let round = -1; round < rounds; round++)
    for (const server of ['product', 'bare'] as const) {
      const { perSecond } = await clients[server].do({ kind: 'load', perSecond: 0, window, bytes, milliseconds });
      // The first round warms compiled code.
      if (round >= 0) measured[server].push(perSecond);
    }
  const [own, least] = [median(measured.product), median(measured.bare)];
  console.log(
    `\n${name}, ${bytes} bytes: ${own.toFixed(0)} deliveries/s, bare loop ${least.toFixed(0)}/s, ` +
      `${(own / least).toFixed(2)} × (bar 0.7); median of ${rounds} rounds of ${milliseconds / 1_000} s`,
  );
  for (const perSecond of rates) {
    const { deliveries, expected, p50, p95, p99 } = await clients.product.do({
      kind: 'load',
      perSecond,
      window: 0,
      bytes,
      milliseconds,
    });
    console.log(
      `  ${String(perSecond).padStart(4)} messages/s a room (${((expected / milliseconds) * 1_000).toFixed(0).padStart(6)} deliveries/s): ` +
        `median ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)}, p99 ${p99.toFixed(1)}; ${deliveries} of ${expected} arrived`,
    );
  }
  for (const each of Object.values(clients)) each.end();
  await sleep(500);
}

try {
  if (!only || only === 'idle') await idle();
  if (!only || only === 'one') await rooms('1 → 1,000', 1_001, 1_001, 200, [10, 20, 40]);
  if (!only || only === 'many') await rooms('100 rooms × 6 users', 600, 6, 200, [2, 20, 50]);
  if (!only || only === 'large') await rooms('1 → 100', 101, 101, 10_240, [20, 100]);
  if (soak > 0) {
    const clients = new Clients();
    await clients.do(open('product', 600, 6));
    const load = (seconds: number) =>
      clients.do({ kind: 'load', perSecond: 5, window: 0, bytes: 200, milliseconds: seconds * 1_000 });
    await load(Math.min(30, soak / 4));
    const before = residentMegabytes(product.pid).now;
    const { deliveries, expected, p99 } = await load(soak);
    const after = residentMegabytes(product.pid).now;
    console.log(
      `\nsoak of ${soak} s, 100 rooms × 6: memory ${before.toFixed(0)} MB before, ${after.toFixed(0)} MB after; ` +
        `${deliveries} of ${expected} arrived, p99 ${p99.toFixed(1)} ms`,
    );
    clients.end();
  }
} finally {
  bare.kill();
  await product.stop();
  product.remove();
}
