import { chmodSync, copyFileSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { ServerBinaries } from './binaries.ts';

/**
 * Dresses up a distribution's server (before 18) so that it finds our extensions. PostgreSQL computes its folders from
 * the place of its own program, so a tree of links with copied programs, in the same relative places, is an
 * installation of its own, to which files can be added.
 *
 * @param target where the tree is made; what was there goes
 * @param extensionDir takes the place of the distribution's `extension`
 */
export function buildDistributionTree(from: ServerBinaries, target: string, extensionDir: string): ServerBinaries {
  rmSync(target, { recursive: true, force: true });
  const bin = dirname(from.postgres);
  const top = commonFolder(commonFolder(bin, from.shareDir), from.libDir);
  const place = (path: string) => join(target, relative(top, path));
  const open = new Set<string>();
  for (const path of [from.shareDir, bin]) for (let at = path; at !== top; at = dirname(at)) open.add(at);
  mirror(top, target, open);
  rmSync(join(place(from.shareDir), 'extension'), { force: true });

  for (const program of ['postgres', 'initdb']) {
    const copy = join(place(bin), program);
    rmSync(copy, { force: true });
    copyFileSync(join(bin, program), copy);
    chmodSync(copy, 0o755);
  }
  symlinkSync(extensionDir, join(place(from.shareDir), 'extension'));
  return {
    postgres: join(place(bin), 'postgres'),
    initdb: join(place(bin), 'initdb'),
    major: from.major,
    libDir: from.libDir,
    shareDir: place(from.shareDir),
  };
}

/** Links to everything in a folder; folders in `open` are made for real. */
function mirror(source: string, target: string, open: ReadonlySet<string>): void {
  mkdirSync(target, { recursive: true });
  chmodSync(target, 0o755);
  for (const name of readdirSync(source)) {
    const path = join(source, name);
    if (open.has(path)) mirror(path, join(target, name), open);
    else symlinkSync(path, join(target, name));
  }
}

/** The deepest folder that holds both paths. */
export function commonFolder(a: string, b: string): string {
  const left = a.split('/');
  const right = b.split('/');
  let shared = 0;
  while (shared < left.length && left[shared] === right[shared]) shared++;
  return left.slice(0, shared).join('/') || '/';
}
