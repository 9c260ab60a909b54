import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import type { Room } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import type { ConnectionOptions } from '#kernel/sql';
import type { DbApi } from '#services/db';
import { type PoolerApi, poolerRoom } from '#services/pooler';
import type { LoadedSettings } from './load-settings.ts';

/** Database of the stack's internal services. */
const internalDatabase = '_supabase';

/** The pooler of a stack, in front of its own database or of one elsewhere. */
export function createPoolerRoom(
  settings: LoadedSettings,
  db: Room<DbApi> | undefined,
  log: Logger,
  server: () => ConnectionOptions,
  admin: () => ConnectionOptions,
): Room<PoolerApi> {
  return poolerRoom.create({
    settings: settings.pooler,
    log,
    cwd: settings.cwd,
    server,
    embedded: () => db?.api.embedded ?? false,
    sessionPort: () => sessionPort(settings, db?.api.embedded ?? false, server()),
    database: settings.db.database,
    store: () => ({ ...admin(), database: internalDatabase }),
    jwtSecret: settings.stack.jwtSecret,
  });
}

/** The port somebody chose, else that of the database, unless it is an external server's own on this machine. */
async function sessionPort(
  { pooler, db }: LoadedSettings,
  embedded: boolean,
  server: ConnectionOptions,
): Promise<{ readonly port: number; readonly setting: string } | undefined> {
  if (pooler.sessionPort !== undefined) return { port: pooler.sessionPort, setting: 'POOLER_PROXY_PORT_SESSION' };
  if (!embedded && (await isHere(server.host))) return undefined;
  return { port: db.port, setting: 'POSTGRES_PORT' };
}

async function isHere(host: string): Promise<boolean> {
  if (host.startsWith('/')) return false;
  const own = Object.values(networkInterfaces()).flatMap((entries) => (entries ?? []).map(({ address }) => address));
  try {
    const addresses = await lookup(host, { all: true });
    return addresses.some(({ address }) => address.startsWith('127.') || own.includes(address));
  } catch {
    return false;
  }
}
