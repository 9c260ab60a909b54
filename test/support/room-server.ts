import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { resolveSettings } from '#kernel/config';
import { createEgress } from '#kernel/egress';
import { createLogger, createRedactor } from '#kernel/log';
import { type ConnectionOptions, connectClient } from '#kernel/sql';
import { dbRoom, dbSettings } from '#services/db';
import { authMigrations, migrate } from '../../src/services/auth/sql/migrations/index.ts';
import { freePorts } from './ports.ts';

/** Where the test run's server is; everything a test needs to connect. */
export interface RoomServer {
  readonly socketDir: string;
  readonly port: number;
  readonly password: string;
  readonly jwtSecret: string;
  readonly serverVersion: number;
  /** Database with all roles, schemas and the tables of auth; it is cloned, never connected to. */
  readonly template: string;
}

declare module 'vitest' {
  export interface ProvidedContext {
    roomServer: RoomServer;
  }
}

const password = 'room-test-password';
const jwtSecret = 'room-test-secret-with-at-least-32-characters';
const template = 'project_template';

/** Vitest's global set-up of project `room`: one embedded server for the run, through the product's own db room. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'room-server-'));
  // The server's user has to get in when the tests run as root.
  chmodSync(folder, 0o755);
  const { values } = resolveSettings(dbSettings, {
    env: {
      POSTGRES_PASSWORD: password,
      JWT_SECRET: jwtSecret,
      POSTGRES_DB: template,
      POSTGRES_PORT: String((await freePorts(1))[0]),
      VOLUMES_DIR: folder,
      STACK_DB_STOP_TIMEOUT: '10s',
    },
    files: [],
    alone: false,
  });
  const log = createLogger({ level: 'warn', redact: createRedactor([]) });
  const room = dbRoom.create({ settings: values, log, cwd: folder, egress: () => createEgress({ allowed: [] }) });
  const teardown = async () => {
    await room.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await room.start(new AbortController().signal);
    await migrate(room.api.connection('supabase_auth_admin'), authMigrations);
    await forbidConnections(room.api.connection('supabase_admin', '_supabase'));
    project.provide('roomServer', {
      socketDir: room.api.socketDir as string,
      port: room.api.port,
      password,
      jwtSecret,
      serverVersion: room.api.serverVersion,
      template,
    });
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}

// A database can only be cloned while nobody is connected to it.
async function forbidConnections(connection: ConnectionOptions): Promise<void> {
  const client = await connectClient(connection);
  try {
    await client.pg.query(`alter database ${template} with allow_connections false`);
  } finally {
    await client.pg.end();
  }
}
