import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { StartupError } from '#kernel/errors';
import { canReach, findUser, permits, type SystemUser } from '#kernel/system';
import { openMirror, type SourceMirror } from './mirror.ts';
import { makeRunFolder, runFolderNameLength } from './run-folder.ts';

/** Where workers run, and as whom. */
export interface WorkerPlace {
  readonly deno: string;
  /** Module that workers begin with. */
  readonly boot: string;
  /** `DENO_DIR`: modules from elsewhere, and compiled code. */
  readonly cacheFolder: string;
  /** Folder of sockets and private folders; closed to other users. */
  readonly runFolder: string;
  readonly home: string;
  /** Whom workers run as, when that is not this process's own user. */
  readonly user: SystemUser | undefined;
  /** Where sources are copied for a user who cannot reach the originals. */
  readonly mirror: SourceMirror | undefined;
}

/** What a place is chosen by. */
export interface PlaceOptions {
  readonly deno: string;
  /** Folder of the functions. */
  readonly folder: string;
  readonly cacheFolder: string;
  /** Name of the user for workers of a program that runs as root; `root` keeps them as root. */
  readonly user: string;
}

/** The folder for what a worker's user has to reach and cannot where it is. */
const systemHome = '/var/lib/pmoves-supabase';

/** Longest path of a Unix socket that every system accepts, in bytes. */
const longestSocketPath = 103;

/** The longest name a worker's socket gets below the run folder. */
const socketNameLength = '/12345678/s'.length;

const bootModule = fileURLToPath(new URL(`../../wire/worker/boot${extname(import.meta.url)}`, import.meta.url));

/**
 * Prepares folders. As root, workers run as another user, and what that user cannot reach is put where it can: the
 * binary, the bootstrap, the cache; sources follow when a worker starts (see `openMirror`).
 *
 * @throws StartupError when the user is not known or a folder cannot be made
 */
export function openPlace(options: PlaceOptions): WorkerPlace {
  const user = workerUser(options.user);
  const runFolder = openRunFolder(user);
  if (user === undefined) {
    mkdirSync(options.cacheFolder, { recursive: true });
    const { deno, cacheFolder } = options;
    return { deno, boot: bootModule, cacheFolder, runFolder, home: homedir(), user, mirror: undefined };
  }
  const own = (name: string): string => {
    const path = join(systemHome, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  mkdirSync(options.folder, { recursive: true });
  let { cacheFolder } = options;
  mkdirSync(cacheFolder, { recursive: true });
  if (canReach(cacheFolder, user)) giveTo(cacheFolder, user);
  else {
    cacheFolder = own(`deno-cache-${user.uid}`);
    giveTo(cacheFolder, user);
  }
  const deno = canReach(dirname(options.deno), user) ? options.deno : reachableCopy(options.deno, own('deno'));
  const boot = canReach(dirname(bootModule), user) ? bootModule : copyBoot(own('deno'));
  let mirror: SourceMirror | undefined;
  if (!canReach(options.folder, user)) {
    const copies = own(`functions-${createHash('sha256').update(options.folder).digest('hex').slice(0, 12)}`);
    chownSync(copies, process.getuid?.() ?? 0, user.gid);
    chmodSync(copies, 0o750);
    mirror = openMirror(copies, options.folder);
  }
  return { deno, boot, cacheFolder, runFolder, home: cacheFolder, user, mirror };
}

/** Removes what only a running program needs. */
export function closePlace({ runFolder, mirror }: WorkerPlace): void {
  rmSync(runFolder, { recursive: true, force: true });
  if (mirror !== undefined) rmSync(mirror.folder, { recursive: true, force: true });
}

function workerUser(name: string): SystemUser | undefined {
  if (process.getuid?.() !== 0 || name === 'root') return undefined;
  const user = findUser(name);
  if (user === undefined || user.uid === 0)
    throw new StartupError(`there is no user ${name} for the workers of functions`, 'FUNCTIONS_USER');
  return user;
}

function openRunFolder(user: SystemUser | undefined): string {
  for (const parent of [tmpdir(), '/tmp']) {
    if (Buffer.byteLength(parent) + runFolderNameLength + socketNameLength > longestSocketPath) continue;
    if (user !== undefined && !canReach(parent, user)) continue;
    const folder = makeRunFolder(parent);
    if (user !== undefined) giveTo(folder, user);
    return folder;
  }
  throw new StartupError('no short folder for the sockets of functions can be made', 'TMPDIR');
}

function giveTo(path: string, user: SystemUser): void {
  const found = statSync(path);
  if (found.uid !== user.uid || !permits(found, user, 'write')) {
    chownSync(path, user.uid, user.gid);
    chmodSync(path, 0o700);
  }
}

// A link where the file system allows it; a copy takes the place of 96 MB.
function reachableCopy(binary: string, folder: string): string {
  const { size, mtimeMs } = statSync(binary);
  const target = join(folder, `deno-${size}-${Math.round(mtimeMs)}`);
  if (existsSync(target)) return target;
  const draft = `${target}.${process.pid}`;
  try {
    linkSync(binary, draft);
  } catch {
    copyFileSync(binary, draft);
  }
  chmodSync(draft, 0o755);
  renameSync(draft, target);
  return target;
}

function copyBoot(parent: string): string {
  const source = dirname(bootModule);
  const hash = createHash('sha256').update(source);
  for (const name of readdirSync(source)) hash.update(String(statSync(join(source, name)).mtimeMs));
  const target = join(parent, `worker-${hash.digest('hex').slice(0, 12)}`);
  if (!existsSync(target)) {
    const draft = `${target}.${process.pid}`;
    cpSync(source, draft, { recursive: true });
    // Modules by extension `.js` need a manifest to be taken for modules of today.
    chmodSync(draft, 0o755);
    rmSync(target, { recursive: true, force: true });
    renameSync(draft, target);
  }
  return join(target, `boot${extname(bootModule)}`);
}
