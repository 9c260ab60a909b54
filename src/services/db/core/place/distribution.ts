import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '#kernel/errors';
import type { ServerBinaries } from './binaries.ts';

const oldest = 15;
const newest = 18;

/**
 * Looks at a distribution's PostgreSQL.
 *
 * @param binDir the folder with its programs
 * @throws StartupError naming POSTGRES_BIN_DIR
 */
export function findDistribution(binDir: string): ServerBinaries {
  const refuse = (why: string, cause?: unknown) => new StartupError(why, 'POSTGRES_BIN_DIR', cause);
  let bin: string;
  try {
    bin = realpathSync(binDir);
  } catch (error) {
    throw refuse(`there is no folder ${binDir}`, error);
  }
  const postgres = join(bin, 'postgres');
  const initdb = join(bin, 'initdb');
  for (const program of [postgres, initdb]) if (!existsSync(program)) throw refuse(`there is no ${program}`);
  const version = tell(postgres, '--version');
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(version ?? '')?.[1]);
  if (!(major >= oldest && major <= newest))
    throw refuse(`${postgres} is ${version ?? 'no PostgreSQL'}; versions ${oldest} to ${newest} can be used`);
  const config = join(bin, 'pg_config');
  const asked = (flag: string) => (existsSync(config) ? tell(config, flag) : undefined);
  const shareDir = firstWith('postgres.bki', [
    asked('--sharedir'),
    join(bin, '../share/postgresql'),
    join(bin, '../share'),
    `/usr/share/postgresql/${major}`,
    `/usr/share/postgresql${major}`,
    '/usr/share/pgsql',
    '/usr/share/postgresql',
  ]);
  const library = process.platform === 'darwin' ? ['plpgsql.dylib', 'plpgsql.so'] : ['plpgsql.so'];
  const libDirs = [
    asked('--pkglibdir'),
    join(bin, '../lib/postgresql'),
    join(bin, '../lib'),
    `/usr/lib/postgresql${major}`,
    '/usr/lib64/pgsql',
  ];
  const libDir = library.map((name) => firstWith(name, libDirs)).find((found) => found !== undefined);
  if (!shareDir || !libDir) throw refuse(`${bin} is no complete PostgreSQL: its share or library folder was not found`);
  return { postgres, initdb, major, libDir, shareDir };
}

function firstWith(file: string, folders: readonly (string | undefined)[]): string | undefined {
  const found = folders.find((folder) => folder !== undefined && existsSync(join(folder, file)));
  return found === undefined ? undefined : realpathSync(found);
}

function tell(program: string, flag: string): string | undefined {
  try {
    return execFileSync(program, [flag], { encoding: 'utf8', stdio: 'pipe', env: { LC_ALL: 'C' }, cwd: '/' }).trim();
  } catch {
    return undefined;
  }
}
