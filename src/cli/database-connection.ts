import { StartupError } from '#kernel/errors';
import type { ConnectionOptions } from '#kernel/sql';
import type { LoadedSettings } from '../app/load-settings.ts';
import { readRunFile } from '../app/run-file.ts';

/** The database of the running stack, or the external one that is set. @throws StartupError when there is neither */
export function stackDatabase(settings: LoadedSettings, user: string): ConnectionOptions {
  const run = readRunFile(settings);
  if (!run && settings.db.host === undefined)
    throw new StartupError('the stack does not run; start it first with `npm start`');
  const { embedded = false, socketDir, port = settings.db.port, name = settings.db.database } = run?.database ?? {};
  return {
    host: embedded ? (socketDir ?? '127.0.0.1') : (settings.db.host ?? 'localhost'),
    port,
    database: name,
    user,
    ...(settings.stack.postgresPassword && { password: settings.stack.postgresPassword }),
  };
}
