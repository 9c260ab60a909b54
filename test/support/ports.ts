import { createServer } from 'node:net';

/** Ports nobody listens on right now, all different. They are held together, so that none is given twice. */
export async function freePorts(count: number): Promise<number[]> {
  const probes = await Promise.all(Array.from({ length: count }, () => occupyPort()));
  await Promise.all(probes.map((probe) => probe.release()));
  return probes.map(({ port }) => port);
}

/** A listener on a port of the loopback address, of the system's choice unless named. @throws Error when it is taken */
export function occupyPort(port = 0): Promise<{ readonly port: number; release(): Promise<void> }> {
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
