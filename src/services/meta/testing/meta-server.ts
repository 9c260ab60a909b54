import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolveSettings } from '#kernel/config';
import { createLogger, createRedactor } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import { metaRoom } from '../create.ts';
import { metaSettings } from '../settings.ts';

/** SQL that makes the schema the tests of this room look at; to be run as a superuser. */
export const richSchema = readFileSync(new URL('./rich.sql', import.meta.url), 'utf8');

/** An answer, its body parsed where it is JSON. */
export interface MetaAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Somebody who answers as postgres-meta does. */
export interface MetaServer {
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<MetaAnswer>;
  stop(): Promise<void>;
}

/** The room on a port of its own. */
export async function startMeta(
  database: () => ConnectionOptions,
  env: Readonly<Record<string, string>> = {},
): Promise<MetaServer> {
  const { values } = resolveSettings(metaSettings, { env, files: [], alone: true });
  const room = metaRoom.create({
    settings: values,
    log: createLogger({ level: 'silent', redact: createRedactor([]) }),
    database,
  });
  await room.start(new AbortController().signal);
  const server = createServer((request, response) => room.mounts[0]?.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    ask: askAt(`http://127.0.0.1:${port}`),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await room.stop();
    },
  };
}

/** Asks a server by its URL. */
export function askAt(url: string): MetaServer['ask'] {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = (response.headers.get('content-type') ?? '').startsWith('application/json');
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  };
}
