import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolveSettings } from '#kernel/config';
import type { Room } from '#kernel/lifecycle';
import { createLogger } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import { analyticsRoom } from '../create.ts';
import type { AnalyticsApi } from '../ports.ts';
import { analyticsSettings } from '../settings.ts';

/** Tokens of the room under test. */
export const tokens = {
  public: 'public-token-of-the-room-under-test',
  private: 'private-token-of-the-room-under-test',
};

/** A running room behind a port. */
export interface AnalyticsUnderTest {
  readonly room: Room<AnalyticsApi>;
  readonly url: string;
  /** Sends events to a stream. @returns status and body of the answer */
  ingest(source: string, events: unknown): Promise<{ readonly status: number; readonly body: unknown }>;
  /** Runs a query with the private token. */
  query(sql: string, more?: Readonly<Record<string, string>>): Promise<QueryAnswer>;
  stop(): Promise<void>;
}

/** An answer of the query endpoint. */
export interface QueryAnswer {
  readonly status: number;
  readonly result: Record<string, unknown>[];
  readonly error: string | undefined;
}

/** Starts the room on a database. @param env adds to its settings */
export async function startAnalytics(
  database: ConnectionOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<AnalyticsUnderTest> {
  const { values, problems } = resolveSettings(analyticsSettings, {
    env: { LOGFLARE_PUBLIC_ACCESS_TOKEN: tokens.public, LOGFLARE_PRIVATE_ACCESS_TOKEN: tokens.private, ...env },
    files: [],
    alone: false,
  });
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  const log = createLogger({ level: 'silent', redact: (text) => text });
  const room = analyticsRoom.create({ settings: values, log, database: () => database });
  await room.start(new AbortController().signal);
  const server = createServer(room.mounts[0]?.handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    room,
    url,
    async ingest(source, events) {
      const response = await fetch(`${url}/api/logs?source_name=${encodeURIComponent(source)}`, {
        method: 'POST',
        headers: { 'x-api-key': tokens.public, 'content-type': 'application/json' },
        body: JSON.stringify(events),
      });
      return { status: response.status, body: await response.json() };
    },
    async query(sql, more = {}) {
      const parameters = new URLSearchParams({ project: 'default', sql, ...more });
      const response = await fetch(`${url}/api/endpoints/query/logs.all?${parameters}`, {
        headers: { 'x-api-key': tokens.private },
      });
      const { result = [], error } = (await response.json()) as { result?: Record<string, unknown>[]; error?: string };
      return { status: response.status, result, error };
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await room.stop();
    },
  };
}
