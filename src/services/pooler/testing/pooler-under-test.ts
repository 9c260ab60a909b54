import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { resolveSettings } from '#kernel/config';
import { signHs256 } from '#kernel/jwt';
import type { Room } from '#kernel/lifecycle';
import { createLogger, createRedactor } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import { type PoolerApi, poolerRoom } from '../create.ts';
import { poolerSettings } from '../settings.ts';

/** A pooler of a test's own in front of a test database. */
export interface PoolerUnderTest {
  readonly room: Room<PoolerApi>;
  readonly sessionPort: number;
  readonly transactionPort: number;
  /** Texts of all log lines so far. */
  readonly lines: string[];
  stop(): Promise<void>;
}

/** The tenant of these tests. */
export const testTenant = 'tenant-1';

/** Secret of tokens for the HTTP API in these tests. */
export const testJwtSecret = 'pooler-test-secret-with-at-least-32-characters';

/** A token that the HTTP API and the metrics take. */
export const apiToken = (): string => signHs256({ role: 'x' }, testJwtSecret);

/** Asks the HTTP side of a pooler, as somebody with such a token. @returns the body as JSON, or as text where it is none */
export async function askPooler(
  { room }: PoolerUnderTest,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const server = createHttpServer((incoming, outgoing) => room.mounts[0]?.handle(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${apiToken()}`,
        connection: 'close',
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  } finally {
    server.close();
  }
}

/** Starts one. @param env adds to its settings */
export async function startPooler(
  server: () => ConnectionOptions,
  env: Readonly<Record<string, string>> = {},
  options: { readonly embedded?: boolean; readonly cwd?: string; readonly store?: () => ConnectionOptions } = {},
): Promise<PoolerUnderTest> {
  const [sessionPort = 0, transactionPort = 0] = [await freePort(), await freePort()];
  const { values, problems } = resolveSettings(poolerSettings, {
    env: {
      POOLER_PROXY_PORT_TRANSACTION: String(transactionPort),
      POOLER_TENANT_ID: testTenant,
      POOLER_MAX_CLIENT_CONN: '3000',
      POOLER_AUTH_CACHE: '0',
      STACK_DRAIN_TIMEOUT: '3s',
      ...env,
    },
    files: [],
    alone: false,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const lines: string[] = [];
  const log = createLogger({
    level: 'debug',
    redact: createRedactor([]),
    destination: { write: (line: string) => void lines.push(line) },
  });
  const room = poolerRoom.create({
    settings: values,
    log,
    cwd: options.cwd ?? '/',
    server,
    embedded: () => options.embedded ?? false,
    sessionPort: async () => ({ port: sessionPort, setting: 'POSTGRES_PORT' }),
    database: server().database,
    store: () => options.store?.() ?? server(),
    jwtSecret: testJwtSecret,
  });
  await room.start(new AbortController().signal);
  return { room, sessionPort, transactionPort, lines, stop: () => room.stop() };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
