import { randomUUID } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StartupError } from '#kernel/errors';
import { runProgram } from '../process/run-program.ts';
import { explainFault } from '../server-fault.ts';
import type { ServerBinaries } from './binaries.ts';
import type { ServerPlace } from './server-place.ts';

const draftPrefix = 'data.init-';

/**
 * Sees to it that there is a data directory of the right version, and makes one where there is none. It is made under
 * another name and gets its own when it is complete, so an interrupted start leaves nothing half done.
 *
 * @param port for messages
 * @returns true when it was made now
 * @throws StartupError when what is there cannot be used
 */
export async function ensureDataDirectory(
  place: ServerPlace,
  binaries: ServerBinaries,
  port: number,
  signal: AbortSignal,
): Promise<boolean> {
  // Its initdb may be in its last moments and still writing.
  for (const name of readdirSync(place.base))
    if (name.startsWith(draftPrefix))
      await rm(join(place.base, name), { recursive: true, force: true, maxRetries: 10 });
  if (checkDataDirectory(place.dataDir, binaries.major)) return false;
  const draft = join(place.base, `${draftPrefix}${randomUUID().slice(0, 8)}`);
  try {
    mkdirSync(draft, { mode: 0o700 });
    if (place.dropsPrivileges) chownSync(draft, place.user.uid, place.user.gid);
    await initialise(draft, binaries, place, port, signal);
    renameSync(draft, place.dataDir);
    syncFolder(place.base);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (error instanceof StartupError || signal.aborted) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new StartupError(`cannot make the data directory ${place.dataDir} (${code})`, 'VOLUMES_DIR', error);
  }
  return true;
}

/** @returns whether there is a data directory @throws StartupError when it is of another version or something else */
export function checkDataDirectory(dataDir: string, major: number): boolean {
  let version: string;
  try {
    if (!existsSync(join(dataDir, 'PG_VERSION'))) {
      if (!existsSync(dataDir) || readdirSync(dataDir).length === 0) return false;
      throw new StartupError(`${dataDir} is not empty, but no data directory of PostgreSQL`, 'VOLUMES_DIR');
    }
    version = readFileSync(join(dataDir, 'PG_VERSION'), 'utf8').trim();
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw new StartupError(`cannot read ${dataDir} (${(error as NodeJS.ErrnoException).code})`, 'VOLUMES_DIR', error);
  }
  if (version !== String(major))
    throw new StartupError(
      `${dataDir} holds data of PostgreSQL ${version}, and this server is version ${major}: ` +
        `name the programs of version ${version}, or another folder`,
      'POSTGRES_BIN_DIR or VOLUMES_DIR',
    );
  return true;
}

async function initialise(
  dataDir: string,
  binaries: ServerBinaries,
  place: ServerPlace,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  const common = [
    ['-D', dataDir],
    ['-U', 'supabase_admin'],
    ['-E', 'UTF8'],
    ['--data-checksums', '--no-instructions'],
    // Nothing here counts, since the server is given rules of its own; whoever starts it by hand is kept out.
    ['--auth-local=peer', '--auth-host=reject'],
  ].flat();
  const locales =
    binaries.major >= 17
      ? [['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C']]
      : [['--locale=C.UTF-8', '--lc-messages=C'], ['--locale=C']];
  for (const [index, locale] of locales.entries()) {
    const result = await runProgram(binaries.initdb, [...common, ...locale], place, signal);
    if (result.code === 0) return;
    const complaints = result.errors.map((line) => line.replace(/^initdb: (error|detail): /, ''));
    if (index + 1 < locales.length && complaints.some((line) => /locale/.test(line))) {
      for (const name of readdirSync(dataDir)) rmSync(join(dataDir, name), { recursive: true, force: true });
      continue;
    }
    signal.throwIfAborted();
    throw explainFault(
      complaints.filter((line) => !/^initdb: (hint|removing)/.test(line)),
      { dataDir: place.dataDir, port },
    );
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
