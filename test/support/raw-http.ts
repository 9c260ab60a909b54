import { request } from 'node:http';
import { connect } from 'node:net';

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

/** A request that is sent as it stands: no path is normalised, no header joined or added but `Host`. */
export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  /** As pairs, where a name has to occur twice. */
  readonly headers?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  readonly body?: string | Buffer;
}

/** Sends one request on a connection of its own. */
export function send(base: string, options: RawRequest): Promise<RawAnswer> {
  const { hostname, port } = new URL(base);
  const pairs = Array.isArray(options.headers)
    ? (options.headers as readonly (readonly [string, string])[])
    : Object.entries(options.headers ?? {});
  const names = pairs.map(([name]) => name.toLowerCase());
  const extra: [string, string][] = [];
  if (!names.includes('host')) extra.push(['Host', `${hostname}:${port}`]);
  if (options.body !== undefined && !names.includes('content-length'))
    extra.push(['Content-Length', String(Buffer.byteLength(options.body))]);
  const flat = [...extra, ...pairs].flat();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { hostname, port, method: options.method ?? 'GET', path: options.path, headers: flat, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const headers = incoming.headers as Record<string, string | undefined>;
          resolve({ status: incoming.statusCode ?? 0, headers, body: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(options.body);
  });
}

/** Writes bytes to a fresh connection and gives back everything that comes until it closes or is silent for a while. */
export function sendBytes(base: string, bytes: string, silence = 2_000): Promise<string> {
  const { hostname, port } = new URL(base);
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'));
    socket.setTimeout(silence, () => socket.destroy());
    socket.setEncoding('latin1').on('data', (text: string) => {
      answer += text;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(answer));
  });
}
