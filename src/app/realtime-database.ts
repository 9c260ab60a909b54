import { readFileSync } from 'node:fs';
import { StartupError } from '#kernel/errors';
import type { ConnectionOptions } from '#kernel/sql';
import type { LoadedSettings } from './load-settings.ts';

/**
 * The database that realtime was given by the original's own variables; undefined where it has the stack's.
 *
 * @throws StartupError when the file of certificate authorities cannot be read
 */
export function realtimeDatabase(settings: LoadedSettings['realtime']): ConnectionOptions | undefined {
  const { dbHost: host, dbPort: port, dbUser: user, dbName: database, dbPassword: password } = settings;
  if (host === undefined) return undefined;
  const { dbSsl, dbSslCaCert: file } = settings;
  return {
    host,
    port,
    user,
    database,
    ...(password !== undefined && { password }),
    ...(dbSsl && { sslMode: file === undefined ? 'require' : 'verify-full' }),
    ...(dbSsl && file !== undefined && { sslRootCertificate: certificates(file) }),
  };
}

function certificates(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartupError(`cannot read ${file} (${code})`, 'DB_SSL_CA_CERT', error);
  }
}
