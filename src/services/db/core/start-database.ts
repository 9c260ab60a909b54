import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '#kernel/errors';
import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { asDatabaseError, type Client, type ConnectionOptions, connectClient } from '#kernel/sql';
import type { LoginRole, ServerMessage } from '../ports.ts';
import type { DbSettings } from '../settings.ts';
import { initialiseDatabase } from '../sql/initialise.ts';
import { upgradeExtensions } from '../sql/upgrade-extensions.ts';
import { superuser } from './access-rules.ts';
import { createEmbeddedServer, type EmbeddedServer } from './embedded/embedded-server.ts';
import { chooseServer } from './external/choose-server.ts';
import { connectExternal, externalConnection } from './external/connect-server.ts';
import { readRecord, writeRecord } from './place/record.ts';
import { makeFolder } from './place/server-place.ts';
import { systemProcessTable } from './process/process-table.ts';

const retryPause = 1_000;

/** What starting needs. */
export interface StartOptions {
  readonly settings: DbSettings;
  readonly log: Logger;
  readonly cwd: string;
  readonly socketOnly?: boolean;
  readonly onMessage?: ((message: ServerMessage) => void) | undefined;
  readonly clock: Clock;
}

/** A database that is ready for the other rooms. */
export interface RunningDatabase {
  /** The server we run; undefined for an external one. */
  readonly embedded: EmbeddedServer | undefined;
  readonly socketDir: string | undefined;
  readonly serverVersion: number;
  readonly connection: (role: LoginRole, database: string) => ConnectionOptions;
  /** The role that may do most: what the database was set up as. */
  readonly admin: ConnectionOptions;
  readonly stop: () => Promise<void>;
}

/** Starts or reaches the database and makes it a Supabase project's. @throws StartupError */
export async function startDatabase(options: StartOptions, signal: AbortSignal): Promise<RunningDatabase> {
  const { settings } = options;
  const home = join(resolve(options.cwd, settings.volumesDir), 'db');
  const kind = await chooseServer(settings.host, readRecord(home), home);
  return kind === 'embedded' ? startEmbedded(options, signal) : startExternal(options, home, signal);
}

async function startEmbedded(options: StartOptions, signal: AbortSignal): Promise<RunningDatabase> {
  const { settings } = options;
  if (settings.password === undefined) throw new StartupError('the database needs a password', 'POSTGRES_PASSWORD');
  const server = createEmbeddedServer({ ...options, processes: systemProcessTable() });
  const { socketDir, port, isNew } = await server.start(signal);
  try {
    const connection = (user: LoginRole, database: string): ConnectionOptions => ({
      host: socketDir,
      port,
      database,
      user,
      ...(settings.password !== undefined && { password: settings.password }),
    });
    const open = (database: string) => connectClient(connection(superuser, database));
    const client = await openExisting(open, settings.database, isNew);
    const serverVersion = await initialise(client, options, { superuser: true, ownExtensions: true, open });
    return {
      embedded: server,
      socketDir,
      serverVersion,
      connection,
      admin: connection(superuser, settings.database),
      stop: () => server.stop(),
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function startExternal(given: StartOptions, home: string, signal: AbortSignal): Promise<RunningDatabase> {
  const certificate = given.settings.sslRootCertificate;
  const settings = { ...given.settings, ...(certificate && { sslRootCertificate: resolve(given.cwd, certificate) }) };
  const options = { ...given, settings };
  const { user, serverVersion } = await prepareExternal(options, signal);
  makeFolder(home);
  writeRecord(home, { kind: 'external', host: settings.host ?? '' });
  return {
    embedded: undefined,
    socketDir: undefined,
    serverVersion,
    connection: (role, database) => externalConnection(settings, role, database),
    admin: externalConnection(settings, user, settings.database),
    stop: async () => {},
  };
}

async function prepareExternal(
  options: StartOptions,
  signal: AbortSignal,
): Promise<{ readonly user: string; readonly serverVersion: number }> {
  const { settings, log } = options;
  for (;;) {
    const { client, user, superuser: isSuperuser } = await connectExternal(options, signal);
    try {
      const serverVersion = await initialise(client, options, {
        superuser: isSuperuser,
        ownExtensions: false,
        open: (database) => connectClient(externalConnection(settings, user, database)),
      });
      return { user, serverVersion };
    } catch (error) {
      const refused = asDatabaseError(error);
      // Classes 53 and 57: a server that is overloaded or going down; any other answer would be the same next time.
      if (refused && !/^(53|57)/.test(refused.code))
        throw new StartupError(`${settings.host} could not be set up: ${refused.message}`, 'POSTGRES_HOST', error);
      log.warn({ err: error }, 'the connection broke while the database was set up; trying again');
      await sleep(retryPause, undefined, { signal });
    }
  }
}

// Until it is made, the project's database cannot be connected to; `postgres` is always there.
async function openExisting(
  open: (database: string) => Promise<Client>,
  database: string,
  isNew: boolean,
): Promise<Client> {
  if (isNew) return open('postgres');
  try {
    return await open(database);
  } catch (error) {
    if (asDatabaseError(error)?.code !== '3D000') throw error;
    return open('postgres');
  }
}

interface Rights {
  readonly superuser: boolean;
  readonly ownExtensions: boolean;
  readonly open: (database: string) => Promise<Client>;
}

/** Sets the database up and closes the client. @returns `server_version_num` */
async function initialise(client: Client, options: StartOptions, rights: Rights): Promise<number> {
  const { settings, log } = options;
  try {
    const { rows } = await client.pg.query<{ version: string }>(
      `select current_setting('server_version_num') as version`,
    );
    const { applied, denied } = await initialiseDatabase(client, {
      database: settings.database,
      password: settings.password,
      jwtSecret: settings.jwtSecret,
      jwtExpiry: settings.jwtExpiry,
      superuser: rights.superuser,
      ownExtensions: rights.ownExtensions,
      connect: rights.open,
    });
    if (applied.length > 0) log.info({ steps: applied.length }, 'the database was set up');
    if (rights.ownExtensions) await upgrade(client, options);
    if (denied.length > 0)
      log.warn({ denied }, 'the database refused some steps of setting it up; it is used as it is');
    return Number(rows[0]?.version);
  } finally {
    await client.pg.end().catch(() => {});
  }
}

// An extension that stays as it was keeps nobody from serving.
async function upgrade(client: Client, { log, settings }: StartOptions): Promise<void> {
  const { rows } = await client.pg.query<{ name: string }>('select current_database()::text as name');
  if (rows[0]?.name !== settings.database) return;
  for (const { name, from, to, failure } of await upgradeExtensions(client)) {
    if (failure === undefined) log.info({ from, to }, `extension ${name} was brought up to date`);
    else log.error({ from, to, reason: failure }, `extension ${name} could not be brought up to date`);
  }
}
