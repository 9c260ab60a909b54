import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { resolveSettings } from '#kernel/config';
import { createEgress } from '#kernel/egress';
import type { Room } from '#kernel/lifecycle';
import { createLogger, createRedactor } from '#kernel/log';
import { type ConnectionOptions, connectClient } from '#kernel/sql';
import { dbRoom } from '../create.ts';
import type { DbApi } from '../ports.ts';
import { dbSettings } from '../settings.ts';

/** A db room of a test's own, with what it logged. */
export interface OwnRoom {
  readonly room: Room<DbApi>;
  readonly folder: string;
  readonly port: number;
  /** Texts of all log lines so far. */
  readonly lines: string[];
  start(): Promise<void>;
}

/** The password of all roles in these tests. */
export const testPassword = 'own-room-password';

/** A folder that the server's user can get into, when tests run as root. */
export function testFolder(mode = 0o755): string {
  const folder = mkdtempSync(join(tmpdir(), 'db-room-'));
  chmodSync(folder, mode);
  return folder;
}

/** Removes a test's folder. */
export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

/** A folder like `from`, as a stopped room left it; quicker than making a database anew. */
export function copyOfFolder(from: string): string {
  const folder = testFolder();
  execFileSync('cp', ['-a', join(from, 'db'), folder]);
  return folder;
}

/** A TCP port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** The environment of a room in a folder. */
export function roomEnvironment(folder: string, port: number): Record<string, string> {
  return {
    POSTGRES_PASSWORD: testPassword,
    POSTGRES_PORT: String(port),
    JWT_SECRET: 'own-room-secret-with-at-least-32-characters',
    VOLUMES_DIR: folder,
    STACK_DB_STOP_TIMEOUT: '10s',
  };
}

/** Creates a room whose data lies in `folder`; `env` adds to its settings. */
export async function ownRoom(folder: string, env: Readonly<Record<string, string>> = {}): Promise<OwnRoom> {
  const port = Number(env.POSTGRES_PORT ?? (await freePort()));
  const { values, problems } = resolveSettings(dbSettings, {
    env: { ...roomEnvironment(folder, port), ...env },
    files: [],
    alone: false,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push((JSON.parse(line) as { msg?: string }).msg ?? '') };
  const log = createLogger({ level: 'debug', redact: createRedactor([]), destination });
  const room = dbRoom.create({
    settings: values,
    log,
    cwd: folder,
    egress: () => createEgress({ allowed: ['127.0.0.1'] }),
  });
  return { room, folder, port, lines, start: () => room.start(new AbortController().signal) };
}

/** Runs one statement over a connection of its own. */
export async function queryOnce<Row = Record<string, unknown>>(
  connection: ConnectionOptions,
  sql: string,
): Promise<Row[]> {
  const client = await connectClient(connection);
  try {
    return (await client.pg.query(sql)).rows as Row[];
  } finally {
    await client.pg.end();
  }
}

/** Waits until a condition holds. @throws after `timeout` milliseconds, with what it threw last */
export async function eventually<T>(condition: () => Promise<T> | T, timeout = 10_000): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeout;
  for (;;) {
    let failure: unknown;
    try {
      const value = await condition();
      if (value) return value;
      failure = new Error('the condition did not come to hold');
    } catch (error) {
      failure = error;
    }
    if (Date.now() > deadline) throw failure;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
