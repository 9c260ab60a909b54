import { createServer } from 'node:net';

/**
 * Ports nobody listens on right now, all different, below those that the system gives to outgoing connections: none is
 * taken by a connection before its program listens. Workers draw from ranges of their own.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held: Awaited<ReturnType<typeof occupyPort>>[] = [];
  const first = 20_000 + (Number(process.env.VITEST_POOL_ID ?? 0) % 4) * rangeSize;
  let at = Math.floor(Math.random() * rangeSize);
  for (let tries = 0; held.length < count; tries++) {
    if (tries === rangeSize) throw new Error(`no ${count} free ports from ${first} on`);
    const probe = await occupyPort(first + (at++ % rangeSize)).catch(() => undefined);
    if (probe !== undefined) held.push(probe);
  }
  await Promise.all(held.map((probe) => probe.release()));
  return held.map(({ port }) => port);
}

const rangeSize = 3_000;

/** A listener on a port of the loopback address. @throws Error when it is taken */
export function occupyPort(port: number): Promise<{ readonly port: number; release(): Promise<void> }> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address ? address.port : 0,
        release: () => new Promise<void>((released) => server.close(() => released())),
      });
    });
  });
}
