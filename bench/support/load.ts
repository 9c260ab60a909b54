import { connect, type Socket } from 'node:net';

/** What a load run measured. */
export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly longest: number;
}

/** A bounded load: `connections` sockets, each sending its next request when the answer is complete. */
export interface LoadOptions {
  readonly host: string;
  readonly port: number;
  readonly connections: number;
  /** Milliseconds. */
  readonly duration: number;
  /** The bytes of one whole HTTP/1.1 request. @param connection its number, from 0 */
  readonly next: (connection: number) => string;
  /** Called with the body of each answer, where the next request depends on it. */
  readonly answered?: (body: string, connection: number) => void;
}

/**
 * Loads a server over kept-alive sockets with as little work as can be on this side: answers are only counted, by
 * Content-Length. @throws Error on the first answer that is no 2xx
 */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const latencies: number[] = [];
  const started = performance.now();
  const end = started + options.duration;
  await Promise.all(Array.from({ length: options.connections }, (_, number) => drive(options, number, end, latencies)));
  const elapsed = performance.now() - started;
  latencies.sort((a, b) => a - b);
  const at = (share: number) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? 0;
  return {
    requests: latencies.length,
    perSecond: (latencies.length / elapsed) * 1_000,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    longest: at(1),
  };
}

function drive(options: LoadOptions, number: number, end: number, latencies: number[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect(options.port, options.host);
    socket.setNoDelay(true);
    let sent = 0;
    let missing = -1;
    let head: Buffer | undefined;
    let body: Buffer[] = [];
    const send = () => {
      if (performance.now() >= end) {
        socket.end();
        resolve();
        return;
      }
      sent = performance.now();
      head = undefined;
      missing = -1;
      socket.write(options.next(number), 'latin1');
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('data', (chunk: Buffer) => {
      if (missing < 0) {
        head = head === undefined ? chunk : Buffer.concat([head, chunk]);
        const border = head.indexOf('\r\n\r\n');
        if (border < 0) return;
        // `HTTP/1.1 2xx`
        if (head[9] !== 0x32) {
          socket.destroy();
          reject(new Error(`unexpected answer: ${head.toString('latin1', 0, 300)}`));
          return;
        }
        missing = border + 4 + lengthOf(head, border) - head.length;
        body = [head.subarray(border + 4)];
      } else {
        missing -= chunk.length;
        if (options.answered) body.push(chunk);
      }
      if (missing > 0) return;
      options.answered?.(Buffer.concat(body).toString(), number);
      latencies.push(performance.now() - sent);
      send();
    });
  });
}

const lengthHeader = /\r\ncontent-length: (\d+)/i;

function lengthOf(head: Buffer, border: number): number {
  return Number(lengthHeader.exec(head.toString('latin1', 0, border))?.[1] ?? 0);
}

/** The middle of some figures. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
