import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolveSettings } from '#kernel/config';
import { createEgress, type Egress } from '#kernel/egress';
import { signHs256 } from '#kernel/jwt';
import type { Room } from '#kernel/lifecycle';
import { createLogger, createRedactor } from '#kernel/log';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';
import type { CapturedMail } from '../core/mail/inbox.ts';
import { type AuthApi, authRoom } from '../create.ts';
import { authSettings } from '../settings.ts';

/** The secret the room signs with in tests. */
export const testSecret = 'a-secret-for-tests-of-at-least-thirty-two-characters';

/** A JSON answer. */
export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into answers of all shapes
  readonly body: any;
  readonly headers: Headers;
}

/** What a request may carry. */
export interface Call {
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The room on a database and a loopback port of its own, with a clock that tests can move. */
export interface AuthUnderTest {
  readonly url: string;
  readonly db: TestDatabase;
  readonly room: Room<AuthApi>;
  /** A token with role service_role. */
  readonly serviceKey: string;
  readonly logLines: () => readonly string[];
  advance(milliseconds: number): void;
  /** Lets the clock stand, so that no busy machine makes time pass; `advance` still moves it. */
  freeze(): void;
  now(): number;
  request(method: string, path: string, call?: Call): Promise<Reply>;
  post(path: string, body?: unknown, call?: Call): Promise<Reply>;
  mails(to?: string): readonly CapturedMail[];
  stop(): Promise<void>;
}

/** Starts the room. @param env settings beside secret and database @param egress the way out; default reaches this machine */
export async function startAuth(
  env: Readonly<Record<string, string>> = {},
  shared?: TestDatabase,
  egress: Egress = createEgress({ allowed: ['127.0.0.1', 'localhost'] }),
): Promise<AuthUnderTest> {
  const db = shared ?? (await testDatabase());
  const lines: string[] = [];
  const { values, problems } = resolveSettings(authSettings, {
    env: {
      JWT_SECRET: testSecret,
      SITE_URL: 'https://example.com',
      STACK_AUTH_PASSWORD_NICENESS: '0',
      // A busy machine is no reason to fail.
      GOTRUE_API_MAX_REQUEST_DURATION: '60s',
      ...env,
    },
    files: [],
    alone: false,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  let shift = 0;
  let standing: number | undefined;
  const clock = { now: () => (standing ?? Date.now()) + shift };
  const room = authRoom.create({
    settings: values,
    log: createLogger({
      level: 'debug',
      redact: createRedactor([testSecret]),
      destination: { write: (line: string) => void lines.push(line) },
    }),
    database: () => db.connection('supabase_auth_admin'),
    egress,
    clock,
  });
  await room.start(new AbortController().signal);
  const server = await listen(room);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function request(method: string, path: string, { body, token, headers }: Call = {}): Promise<Reply> {
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      headers: {
        'x-supabase-api-version': '2024-01-01',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').includes('json');
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }

  return {
    url,
    db,
    room,
    serviceKey: signHs256({ role: 'service_role', iss: 'supabase' }, testSecret),
    logLines: () => lines,
    advance: (milliseconds) => {
      shift += milliseconds;
    },
    freeze: () => {
      standing = Date.now();
    },
    now: clock.now,
    request,
    post: (path, body = {}, call = {}) => request('POST', path, { ...call, body }),
    mails: (to) => room.api.inbox.list().filter((mail) => to === undefined || mail.to === to),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await room.stop();
      if (!shared) await db.drop();
    },
  };
}

async function listen(room: Room<AuthApi>): Promise<Server> {
  const [auth, inbox] = room.mounts;
  const server = createServer((incoming, response) => {
    const mount = incoming.url?.startsWith('/inbox') ? inbox : auth;
    mount?.handle(incoming, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** The code a mail shows. */
export const codeIn = (mail: CapturedMail | undefined): string =>
  /enter the code: (\d+)/i.exec(mail?.html ?? '')?.[1] ?? '';

/** The link a mail carries, as path and query of the room. */
export function linkIn(mail: CapturedMail | undefined): string {
  const href = /href="([^"]+)"/.exec(mail?.html ?? '')?.[1] ?? '';
  const url = new URL(href.replaceAll('&amp;', '&').replaceAll('&#43;', '+'));
  return url.pathname + url.search;
}
