import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Bus, createLocalBus } from '#kernel/bus';
import { resolveSettings } from '#kernel/config';
import { signHs256 } from '#kernel/jwt';
import type { Room } from '#kernel/lifecycle';
import { createLogger, createRedactor } from '#kernel/log';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';
import { realtimeRoom } from '../create.ts';
import type { RealtimeApi } from '../ports.ts';
import { realtimeSettings } from '../settings.ts';
import { type RawClient, rawClient } from './raw-client.ts';

/** The secret of tokens in tests. */
export const testSecret = 'a-secret-for-tests-of-at-least-thirty-two-characters';

/** A token that is good for an hour. */
export const testToken = (claims: Record<string, unknown> = {}): string =>
  signHs256({ role: 'anon', exp: Math.floor(Date.now() / 1_000) + 3_600, ...claims }, testSecret);

/** The room on a database and a loopback port of its own, with a clock that tests can move. */
export interface RealtimeUnderTest {
  readonly url: string;
  readonly db: TestDatabase;
  readonly room: Room<RealtimeApi>;
  readonly logLines: () => readonly string[];
  advance(milliseconds: number): void;
  /** Opens a socket with a token of role anon, or the one given. */
  client(version?: 1 | 2, token?: string, headers?: Record<string, string>): Promise<RawClient>;
  stop(): Promise<void>;
}

/** How a room is started for a test. */
export interface UnderTestOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly db?: TestDatabase;
  readonly bus?: Bus;
}

/** Starts the room. */
export async function startRealtime({ env = {}, db: shared, bus }: UnderTestOptions = {}): Promise<RealtimeUnderTest> {
  const db = shared ?? (await testDatabase());
  const lines: string[] = [];
  const { values, problems } = resolveSettings(realtimeSettings, {
    env: { JWT_SECRET: testSecret, TENANT_MAX_EVENTS_PER_SECOND: '0', CLIENT_PRESENCE_MAX_CALLS: '0', ...env },
    files: [],
    alone: false,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  let shift = 0;
  const room = realtimeRoom.create({
    settings: values,
    log: createLogger({
      level: 'debug',
      redact: createRedactor([testSecret]),
      destination: { write: (line: string) => void lines.push(line) },
    }),
    database: () => db.connection('supabase_admin'),
    bus: bus ?? createLocalBus(() => {}),
    clock: { now: () => Date.now() + shift },
  });
  await room.start(new AbortController().signal);
  const [mount] = room.mounts;
  const server = createServer((request, response) => mount?.handle(request, response));
  server.on('upgrade', (request, socket, head) => mount?.upgrade?.(request, socket, head));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clients: RawClient[] = [];
  return {
    url,
    db,
    room,
    logLines: () => lines,
    advance: (milliseconds) => {
      shift += milliseconds;
    },
    async client(version = 2, token = testToken(), headers = {}) {
      const socketUrl = `${url.replace('http', 'ws')}/socket/websocket?apikey=${token}&vsn=${version}.0.0`;
      const client = await rawClient(socketUrl, version, headers);
      clients.push(client);
      return client;
    },
    async stop() {
      for (const client of clients) client.socket.terminate();
      await room.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (!shared) await db.drop();
    },
  };
}
