import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { StartupError } from '#kernel/errors';
import { canReach, currentUser, findUser, type SystemUser } from '#kernel/system';
import { type DatabaseRecord, recordPath } from './record.ts';

/** Where an embedded server lives and whom it runs as. */
export interface ServerPlace {
  /** Holds `data`, `conf`, `server` and the lock. */
  readonly base: string;
  readonly dataDir: string;
  readonly user: SystemUser;
  /** The server runs under another user than this process, which is root. */
  readonly dropsPrivileges: boolean;
}

/** The folder for data of `VOLUMES_DIR`s that the server's user cannot reach. */
const systemHome = '/var/lib/pmoves-supabase';

/**
 * Makes a folder and those above it. What is made may be searched by everybody whatever the umask says, since the
 * server may run under another user.
 *
 * @throws StartupError naming the setting
 */
export function makeFolder(path: string, setting = 'VOLUMES_DIR'): void {
  try {
    if (existsSync(path)) {
      if (!statSync(path).isDirectory()) throw new StartupError(`${path} is no folder`, setting);
      return;
    }
    if (!existsSync(dirname(path))) makeFolder(dirname(path), setting);
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o755);
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(`cannot make ${path} (${(error as NodeJS.ErrnoException).code})`, setting, error);
  }
}

/**
 * Decides where the server's files are. As root the server runs as the owner of existing data, else as `postgres`, else
 * as `nobody`; data goes where that user can reach it. What an earlier start decided stays.
 *
 * @param home the `db` folder below `VOLUMES_DIR`; it exists
 * @param root whether this process is root
 */
export function placeServer(home: string, record: DatabaseRecord | undefined, root: boolean): ServerPlace {
  const recorded = record?.kind === 'embedded' ? resolve(home, record.base) : undefined;
  if (recorded !== undefined && recorded !== home && !existsSync(join(recorded, 'data')))
    throw new StartupError(
      `${recordPath(home)} says that the database is in ${recorded}, where there is none: restore it or remove that file`,
      'VOLUMES_DIR',
    );
  if (!root) {
    const base = recorded ?? home;
    return { base, dataDir: join(base, 'data'), user: currentUser(), dropsPrivileges: false };
  }
  const owner = dataOwner(join(recorded ?? home, 'data'));
  const user = owner ?? findUser('postgres') ?? findUser('nobody');
  if (!user) throw new StartupError('started as root, but there is no user postgres or nobody to run the database as');
  const base =
    recorded ?? (isEmpty(join(home, 'data')) && !canReach(home, user) ? join(systemHome, placeId(home)) : home);
  if (!isEmpty(join(base, 'data')) && !canReach(base, user))
    throw new StartupError(`user ${user.name}, who owns ${join(base, 'data')}, cannot get there`, 'VOLUMES_DIR');
  return { base, dataDir: join(base, 'data'), user, dropsPrivileges: true };
}

/** Names a `VOLUMES_DIR` under `/var/lib`. */
function placeId(home: string): string {
  return createHash('sha256').update(realpathSync(home)).digest('hex').slice(0, 12);
}

const isEmpty = (folder: string): boolean => !existsSync(folder) || readdirSync(folder).length === 0;

function dataOwner(dataDir: string): SystemUser | undefined {
  const found = statSync(dataDir, { throwIfNoEntry: false });
  // An empty folder that root made says nothing.
  if (!found || (found.uid === 0 && !existsSync(join(dataDir, 'PG_VERSION')))) return undefined;
  if (found.uid === 0)
    throw new StartupError(
      `${dataDir} belongs to root, as which PostgreSQL refuses to run: give it to another user (chown -R postgres)`,
      'VOLUMES_DIR',
    );
  const owner = findUser(found.uid);
  if (!owner)
    throw new StartupError(
      `${dataDir} belongs to user number ${found.uid}, which this system does not know: give it to one it knows (chown -R)`,
      'VOLUMES_DIR',
    );
  return owner;
}
