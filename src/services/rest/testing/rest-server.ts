import { createHmac } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolveSettings } from '#kernel/config';
import { createLogger, createRedactor } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import { restRoom } from '../create.ts';
import { restSettings } from '../settings.ts';

/** The secret of the server's tokens. */
export const testSecret = 'room-test-secret-with-at-least-32-characters';

/** A rest room behind a listener of its own. */
export interface RestServer {
  readonly port: number;
  /** Sends a request and reads the whole answer. */
  send(method: string, path: string, options?: SendOptions): Promise<Reply>;
  reload(): Promise<void>;
  health(): unknown;
  stop(): Promise<void>;
}

/** What a request carries beside method and path. */
export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | object;
  /** Role of the token; none: no token. */
  readonly role?: string;
  /** Further claims of the token. */
  readonly claims?: object;
}

/** A whole answer. */
export interface Reply {
  readonly status: number;
  readonly statusText: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly bytes: Buffer;
  json(): unknown;
}

/** Starts a rest room. @param env settings by name */
export async function startRest(
  connection: ConnectionOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<RestServer> {
  const { values, problems } = resolveSettings(restSettings, {
    env: { JWT_SECRET: testSecret, PGRST_DB_SCHEMAS: 'test,other', STACK_REST_RELOAD_DELAY: '20ms', ...env },
    files: [],
    alone: false,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const log = createLogger({ level: 'silent', redact: createRedactor([]) });
  const room = restRoom.create({ settings: values, log, database: () => connection });
  await room.start(new AbortController().signal);
  const server = createServer((request, response) => room.mounts[0]?.handle(request, response));
  // Kept connections must not close under a request that is just being sent, however slow the machine.
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    send: (method, path, options = {}) => send(port, method, path, options),
    reload: () => room.api.reloadSchema(),
    health: () => room.health(),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await room.stop();
    },
  };
}

/** A token of a role. */
export function testToken(claims: object, secret = testSecret): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function send(
  port: number,
  method: string,
  path: string,
  { headers = {}, body, role, claims }: SendOptions,
): Promise<Reply> {
  const isPlain = typeof body === 'string' || Buffer.isBuffer(body) || body === undefined;
  const content = isPlain ? body : JSON.stringify(body);
  const token =
    role === undefined && claims === undefined ? {} : { authorization: `Bearer ${testToken({ role, ...claims })}` };
  const type = isPlain ? {} : { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, method, path, headers: { ...token, ...type, ...headers } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString('utf8');
          resolve({
            status: response.statusCode ?? 0,
            statusText: response.statusMessage ?? '',
            headers: response.headers,
            rawHeaders: response.rawHeaders,
            body: text,
            bytes,
            json: () => JSON.parse(text) as unknown,
          });
        });
      },
    );
    request.on('error', reject);
    request.end(content);
  });
}
