import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { resolveSettings } from '#kernel/config';
import { createEgress } from '#kernel/egress';
import { setRequestContext } from '#kernel/http';
import { createLogger, createRedactor } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import { studioRoom } from '../create.ts';
import type { Credentials } from '../ports.ts';
import { studioSettings } from '../settings.ts';
import { fakeMailDesk, fakeSettingsDesk } from './fake-auth.ts';
import { fakePasskeys } from './fake-passkeys.ts';

/** What a room behind the dashboard was asked. */
export interface Asked {
  readonly url: string | undefined;
  readonly method: string | undefined;
  readonly headers: IncomingMessage['headers'];
}

/** The room on a port of its own, with rooms behind it that tell what they were asked. */
export interface StudioUnderTest {
  readonly url: string;
  readonly asked: Asked[];
  /** Moves the clock on, in milliseconds. */
  wait(time: number): void;
  stop(): Promise<void>;
}

/** The owner's credentials. */
export const owner = { username: 'supabase', password: 'the password of the settings' };

/** Id of the one user that auth knows. */
export const knownUser = '0b3f9a52-0000-4000-8000-000000000001';

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Hashes that cost nothing; the one right code is the step's number. */
const credentials: Credentials = {
  hashPassword: async (password) => digest(password),
  verifyPassword: async (password, hash) => digest(password) === hash,
  newTotpSecret: () => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567',
  totpUri: (secret, issuer, account) => `otpauth://totp/${issuer}:${account}?secret=${secret}`,
  matchTotp: (_secret, code, after, now) => {
    const step = Math.floor(now / 30_000);
    return code === String(step) && step > after ? step : undefined;
  },
  passkeys: fakePasskeys,
};

/** Code of the fake authenticator at a time in milliseconds. */
export const codeAt = (time: number): string => String(Math.floor(time / 30_000));

/** Starts the room. @param began what its clock says at first @param assets folder of the built dashboard */
export async function startStudio(
  connection: ConnectionOptions,
  began: number,
  env: Readonly<Record<string, string>> = {},
  assets = '/nowhere',
): Promise<StudioUnderTest> {
  const { values } = resolveSettings(studioSettings, { env, files: [], alone: false });
  const asked: Asked[] = [];
  const [settingsDesk, desk] = [fakeSettingsDesk(), fakeMailDesk()];
  let now = began;
  const room = studioRoom.create({
    settings: values,
    log: createLogger({ level: 'silent', redact: createRedactor([]) }),
    health: async () => ({ db: { status: 'healthy', required: true } }),
    database: () => connection,
    owner,
    credentials: () => credentials,
    mount: (name) =>
      name === 'analytics'
        ? undefined
        : {
            name,
            handle(request, response) {
              asked.push({ url: request.url, method: request.method, headers: { ...request.headers } });
              const headers = request.headers['x-test-answer'];
              response.writeHead(
                200,
                headers === undefined ? { 'content-type': 'text/html' } : JSON.parse(String(headers)),
              );
              response.end('<script>alert(1)</script>');
            },
            // Says back whatever it is told.
            upgrade(request, socket) {
              asked.push({ url: request.url, method: request.method, headers: { ...request.headers } });
              socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
              socket.pipe(socket);
            },
          },
    serviceKey: () => 'the-service-key',
    userToken: async (id) => (id === knownUser ? 'the-token-of-the-user' : undefined),
    logsKey: () => 'the-logs-key',
    sealedConnection: (access) => `sealed ${access}`,
    project: () => ({
      url: 'http://localhost:8000',
      anonKey: 'anon',
      publishableKey: undefined,
      database: { host: '127.0.0.1', name: 'postgres', sessionPort: 5432, transactionPort: 6543 },
    }),
    apiSchemas: () => ['public'],
    secret: (name) => (name === 'secret_key' ? undefined : `the ${name}`),
    settingsDesk,
    mailDesk: () => desk,
    sealingSecret: 'a secret of thirty-two characters',
    defaultSnippetsFolder: '/nowhere',
    egress: createEgress({ allowed: [] }),
    assets,
    clock: { now: () => now },
  });
  await room.start(new AbortController().signal);
  const server = createServer((request, response) => {
    // As the gateway has it: it names the client, and nobody else says who was let in.
    setRequestContext(request, { remoteAddress: String(request.headers['x-test-address'] ?? '192.0.2.1') });
    room.mounts[0]?.handle(request, response);
  });
  const sockets = new Set<Duplex>();
  server.on('upgrade', (request, socket, head) => {
    sockets.add(socket);
    setRequestContext(request, { remoteAddress: '192.0.2.1' });
    room.mounts[0]?.upgrade?.(request, socket, head);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    wait(time) {
      now += time;
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await room.stop();
    },
  };
}
