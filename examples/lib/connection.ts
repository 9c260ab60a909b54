import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import pg from 'pg';

/** A stack to talk to. */
export interface Connection {
  /** Base URL of the gateway. */
  readonly url: string;
  readonly anonKey: string;
  readonly serviceKey: string;
  /** `postgresql://` URL of role postgres. */
  readonly databaseUrl: string;
}

/**
 * Finds the stack in `.env` of the current directory, where `npm start` wrote its keys and ports. `SUPABASE_URL` and
 * `DATABASE_URL` in the environment name another one.
 *
 * @throws Error when there are no keys
 */
export function findConnection(env: Readonly<Record<string, string | undefined>> = process.env): Connection {
  const file = resolve('.env');
  const given = { ...(existsSync(file) && parseEnv(readFileSync(file, 'utf8'))), ...env };
  const { ANON_KEY: anonKey, SERVICE_ROLE_KEY: serviceKey } = given;
  if (!anonKey || !serviceKey) throw new Error('no keys in ./.env: run this where `npm start` was run');
  const database = `127.0.0.1:${given.POSTGRES_PORT || 5432}/${given.POSTGRES_DB || 'postgres'}`;
  return {
    url: env.SUPABASE_URL ?? `http://127.0.0.1:${given.KONG_HTTP_PORT || 8000}`,
    anonKey,
    serviceKey,
    databaseUrl:
      env.DATABASE_URL ?? `postgresql://postgres:${encodeURIComponent(given.POSTGRES_PASSWORD ?? '')}@${database}`,
  };
}

// Node 20 has no WebSocket of its own, without which the client refuses to be made. An application that wants realtime
// on Node 20 gives it the one of the package `ws` here.
class NoWebSocket {
  constructor() {
    throw new Error('realtime needs a WebSocket: use Node 22, or the package ws');
  }
}

/** The official client. */
export function clientFor(url: string, key: string): SupabaseClient {
  const hasSocket = 'WebSocket' in globalThis;
  return createClient(url, key, {
    auth: { persistSession: false, autoRefreshToken: false },
    ...(!hasSocket && { realtime: { transport: NoWebSocket as never } }),
  });
}

/** Runs an SQL file as role postgres, as one transaction. */
export async function applySql(databaseUrl: string, file: string): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(readFileSync(file, 'utf8'));
  } finally {
    await client.end();
  }
}
