import { createServer } from 'node:net';

/** Whether a TCP port can be opened right now. */
export function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)));
  });
}

/** The first free port above `port`, or one of the system's choice when a hundred are taken. */
export async function nextFreePort(port: number, host: string, taken: ReadonlySet<number>): Promise<number> {
  for (let candidate = port + 1; candidate < Math.min(port + 100, 65_536); candidate++)
    if (!taken.has(candidate) && (await isFree(candidate, host))) return candidate;
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen({ port: 0, host }, () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
