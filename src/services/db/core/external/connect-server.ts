import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { StartupError } from '#kernel/errors';
import type { Clock } from '#kernel/lifecycle';
import type { Logger } from '#kernel/log';
import { asDatabaseError, type Client, type ConnectionOptions, connectClient } from '#kernel/sql';
import type { DbSettings } from '../../settings.ts';

/** What connecting to an external server needs. */
export interface ExternalOptions {
  readonly settings: DbSettings;
  readonly log: Logger;
  readonly clock: Clock;
  /** For tests. */
  readonly connect?: (options: ConnectionOptions) => Promise<Client>;
}

/** A connection with the rights to prepare the database. */
export interface PreparingClient {
  readonly client: Client;
  readonly user: string;
  readonly superuser: boolean;
}

/** The external server's address for one role. @throws StartupError when the root certificate cannot be read */
export function externalConnection(settings: DbSettings, user: string, database: string): ConnectionOptions {
  const certificate = settings.sslRootCertificate;
  let pem: string | undefined;
  try {
    pem = certificate === undefined ? undefined : readFileSync(certificate, 'utf8');
  } catch (error) {
    throw new StartupError(
      `cannot read ${certificate} (${(error as NodeJS.ErrnoException).code})`,
      'POSTGRES_SSLROOTCERT',
      error,
    );
  }
  return {
    host: settings.host ?? 'localhost',
    port: settings.port,
    database,
    user,
    ...(settings.password !== undefined && { password: settings.password }),
    sslMode: sslMode(settings.sslMode, pem !== undefined),
    ...(pem !== undefined && { sslRootCertificate: pem }),
  };
}

/** As libpq does it: `require` with authorities at hand checks them; our default then is the strictest mode. */
export function sslMode(
  mode: DbSettings['sslMode'],
  hasCertificate: boolean,
): NonNullable<ConnectionOptions['sslMode']> {
  if (mode === undefined) return hasCertificate ? 'verify-full' : 'prefer';
  return mode === 'require' && hasCertificate ? 'verify-ca' : mode;
}

const oldestVersion = 150_000;
const shortestPause = 250;
const longestPause = 5_000;
const progressEvery = 10_000;

/**
 * Connects to the external server, waiting while it cannot be reached or is starting.
 *
 * @throws StartupError when waiting cannot help: wrong password, unknown database, TLS refused, server too old
 */
export async function connectExternal(options: ExternalOptions, signal: AbortSignal): Promise<PreparingClient> {
  const { settings, log, clock } = options;
  const since = clock.now();
  let spoken = Number.NEGATIVE_INFINITY;
  for (let pause = shortestPause; ; pause = Math.min(pause * 2, longestPause)) {
    signal.throwIfAborted();
    const attempt = await tryUsers(options);
    if ('client' in attempt) return checkServer(attempt, settings);
    const fault = judge(attempt.error, settings);
    if (fault) throw fault;
    const waited = clock.now() - since;
    const why = (attempt.error as Error).message;
    if (settings.startWait > 0 && waited >= settings.startWait)
      throw new StartupError(`no database answers at ${address(settings)}: ${why}`, 'POSTGRES_HOST', attempt.error);
    if (clock.now() - spoken >= progressEvery) {
      spoken = clock.now();
      log.warn(
        { host: settings.host, port: settings.port, seconds: Math.round(waited / 1_000) },
        `waiting for the database: ${why}`,
      );
    }
    await sleep(pause, undefined, { signal });
  }
}

const address = (settings: DbSettings): string => `${settings.host}:${settings.port}`;

async function tryUsers(
  options: ExternalOptions,
): Promise<{ readonly client: Client; readonly user: string } | { readonly error: unknown }> {
  const { settings } = options;
  const connect = options.connect ?? connectClient;
  const users = settings.user === undefined ? ['supabase_admin', 'postgres'] : [settings.user];
  let refusal: unknown;
  for (const user of users) {
    try {
      return { client: await connect(externalConnection(settings, user, settings.database)), user };
    } catch (error) {
      if (error instanceof StartupError) throw error;
      refusal = error;
      const code = asDatabaseError(error)?.code;
      if (code === '3D000') {
        const client = await openMaintenance(settings, user, connect);
        if (client) return { client, user };
      }
      // 28P01, 28000: a role that does not exist is refused like a wrong password.
      if (code !== '28P01' && code !== '28000') break;
    }
  }
  return { error: refusal };
}

// The project's database is made from here where it is missing and the role may.
async function openMaintenance(
  settings: DbSettings,
  user: string,
  connect: (options: ConnectionOptions) => Promise<Client>,
): Promise<Client | undefined> {
  try {
    return await connect(externalConnection(settings, user, 'postgres'));
  } catch {
    return undefined;
  }
}

/** What an operator has to change, or undefined when waiting may help. */
function judge(error: unknown, settings: DbSettings): StartupError | undefined {
  const refused = asDatabaseError(error);
  const code = refused?.code ?? (error as NodeJS.ErrnoException).code;
  const message = (error as Error).message;
  const at = address(settings);
  if (code === '28P01')
    return new StartupError(`the database at ${at} refuses the password`, 'POSTGRES_PASSWORD', error);
  if (code === '28000') return new StartupError(`the database at ${at} refuses us: ${message}`, 'POSTGRES_USER', error);
  if (code === '3D000')
    return new StartupError(`there is no database ${settings.database} at ${at}`, 'POSTGRES_DB', error);
  if (/does not support SSL/i.test(message))
    return new StartupError(`the database at ${at} offers no TLS`, 'POSTGRES_SSLMODE', error);
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS|ERR_SSL|EPROTO/.test(code ?? ''))
    return new StartupError(
      `TLS with the database at ${at} fails: ${message}`,
      'POSTGRES_SSLMODE or POSTGRES_SSLROOTCERT',
      error,
    );
  if (/SASL|password must be a string|authentication/i.test(message) && refused === undefined)
    return new StartupError(`the database at ${at} wants a password: ${message}`, 'POSTGRES_PASSWORD', error);
  // Classes 53 and 57: too many connections, starting up, shutting down.
  if (refused && !/^(53|57|08)/.test(refused.code))
    return new StartupError(`the database at ${at} refuses us: ${message}`, 'POSTGRES_HOST', error);
  return undefined;
}

async function checkServer(
  opened: { readonly client: Client; readonly user: string },
  settings: DbSettings,
): Promise<PreparingClient> {
  const { rows } = await opened.client.pg.query<{ version: string; superuser: boolean }>(
    `select current_setting('server_version_num') as version,
      (select rolsuper from pg_roles where rolname = current_user) as superuser`,
  );
  const { version, superuser } = rows[0] as { version: string; superuser: boolean };
  if (Number(version) < oldestVersion) {
    await opened.client.pg.end().catch(() => {});
    throw new StartupError(
      `${address(settings)} runs PostgreSQL ${Math.floor(Number(version) / 10_000)}; at least 15 is needed`,
      'POSTGRES_HOST',
    );
  }
  return { ...opened, superuser };
}
