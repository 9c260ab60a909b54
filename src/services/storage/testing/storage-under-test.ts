import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalBus } from '#kernel/bus';
import { resolveSettings } from '#kernel/config';
import { createEgress } from '#kernel/egress';
import { signHs256 } from '#kernel/jwt';
import type { Room } from '#kernel/lifecycle';
import { createLogger, createRedactor } from '#kernel/log';
import { type TestDatabase, testDatabase } from '../../../../test/support/database.ts';
import type { StorageEvent } from '../core/context.ts';
import { openStorageAudit, type StorageAudit } from '../core/open-audit.ts';
import { type StorageApi, type StorageDeps, storageRoom } from '../create.ts';
import { type StorageSettings, storageSettings } from '../settings.ts';

/** The secret that tokens are signed with in tests. */
export const testSecret = 'a-secret-for-tests-of-at-least-thirty-two-characters';

/** A user that tests act as. */
export const someUser = '6d7a2a4e-6f1c-4c8e-9a11-000000000001';

/** An answer. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests reach into answers of all shapes
  readonly body: any;
}

/** What a request may carry. */
export interface Call {
  readonly body?: unknown;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The room on a database, a folder and a loopback port of its own. */
export interface StorageUnderTest {
  readonly url: string;
  readonly db: TestDatabase;
  readonly room: Room<StorageApi>;
  readonly folder: string;
  readonly settings: StorageSettings;
  readonly events: StorageEvent[];
  readonly serviceKey: string;
  readonly anonKey: string;
  readonly userKey: string;
  readonly logLines: () => readonly string[];
  advance(milliseconds: number): void;
  sign(claims: Readonly<Record<string, unknown>>): string;
  /** As service role unless another token is given; JSON unless the body is bytes or text. */
  request(method: string, path: string, call?: Call): Promise<Reply>;
  stop(): Promise<void>;
}

/** An audit of a room's store. */
export interface AuditUnderTest {
  /** `kind place`, in order. */
  findings(deep?: boolean): Promise<readonly string[]>;
  collect(): ReturnType<StorageAudit['collect']>;
  close(): Promise<void>;
}

/** Audits the store of a room under test; nothing is too young. */
export async function auditOf({ db, settings, folder }: StorageUnderTest): Promise<AuditUnderTest> {
  const audit = await openStorageAudit({ ...settings, orphanAge: 0 }, db.connection('supabase_storage_admin'), folder);
  return {
    async findings(deep = true) {
      const found: string[] = [];
      for await (const { kind, place } of audit.verify(deep)) found.push(`${kind} ${place.replace(`${folder}/`, '')}`);
      return found.sort();
    },
    collect: audit.collect,
    close: audit.close,
  };
}

/** What a test may bring along. */
export interface TestSurroundings {
  readonly db?: TestDatabase;
  readonly folder?: string;
  readonly transform?: StorageDeps['transform'];
  /** Storage has no other role than its own. */
  readonly isAlone?: boolean;
}

/** Starts the room. @param env settings beside secret and folder */
export async function startStorage(
  env: Readonly<Record<string, string>> = {},
  { db: shared, folder: sharedFolder, transform, isAlone }: TestSurroundings = {},
): Promise<StorageUnderTest> {
  const db = shared ?? (await testDatabase());
  const folder = sharedFolder ?? mkdtempSync(join(tmpdir(), 'storage-'));
  const lines: string[] = [];
  const { values, problems } = resolveSettings(storageSettings, {
    // Tests sweep themselves.
    env: { JWT_SECRET: testSecret, STORAGE_FILE_BACKEND_PATH: folder, STORAGE_JANITOR_INTERVAL: '1h', ...env },
    files: [],
    alone: false,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  let shift = 0;
  const bus = createLocalBus((error) => {
    throw error;
  });
  const events: StorageEvent[] = [];
  for (const word of ['created', 'removed', 'moved'])
    bus.subscribe(`storage.object.${word}`, (event) => events.push(event as StorageEvent));
  const room = storageRoom.create({
    settings: values,
    log: createLogger({
      level: 'debug',
      redact: createRedactor([testSecret]),
      destination: { write: (line: string) => void lines.push(line) },
    }),
    database: () => db.connection('supabase_storage_admin'),
    ...(!isAlone && { deliveryDatabase: () => db.connection('supabase_admin') }),
    defaultFolder: folder,
    bus,
    egress: createEgress({ allowed: ['127.0.0.1'] }),
    clock: { now: () => Date.now() + shift },
    ...(transform && { transform }),
  });
  await room.start(new AbortController().signal);
  const server = createServer((request, response) => room.mounts[0]?.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const sign = (claims: Readonly<Record<string, unknown>>) => signHs256(claims, testSecret);
  const serviceKey = sign({ role: 'service_role', iss: 'supabase' });

  return {
    url,
    db,
    room,
    folder,
    settings: values,
    events,
    serviceKey,
    anonKey: sign({ role: 'anon', iss: 'supabase' }),
    userKey: sign({ role: 'authenticated', sub: someUser }),
    logLines: () => lines,
    advance: (milliseconds) => {
      shift += milliseconds;
    },
    sign,
    async request(method, path, { body, headers, ...call } = {}) {
      const token = 'token' in call ? call.token : serviceKey;
      const isRaw = typeof body === 'string' || Buffer.isBuffer(body) || body instanceof FormData;
      const response = await fetch(url + path, {
        method,
        redirect: 'manual',
        headers: {
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && !isRaw && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: (isRaw ? body : JSON.stringify(body)) as NonNullable<RequestInit['body']> }),
      });
      const text = await response.text();
      const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
      return {
        status: response.status,
        headers: response.headers,
        text,
        body: isJson && text !== '' ? JSON.parse(text) : text,
      };
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await room.stop();
      if (!shared) await db.drop();
      if (!sharedFolder) rmSync(folder, { recursive: true, force: true });
    },
  };
}
