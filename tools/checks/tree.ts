import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const skipped = new Set(['node_modules', 'dist', 'dist.tmp', 'dist.old', '.git', 'volumes', 'coverage', 'planted']);

/** A source tree as the checks see it. Paths are relative to its root, with forward slashes. */
export interface Tree {
  readonly root: string;
  /** All files that belong to the repository, sorted; installed, built and planted ones are left out. */
  readonly files: readonly string[];
  read(path: string): string;
  exists(path: string): boolean;
  /** Names directly below a folder; none where there is no such folder. */
  list(folder: string): readonly string[];
}

/** Something that is not as it should be: what, and where. */
export type Problem = string;

/** A check looks at a tree and says everything it finds wrong. */
export type Check = (tree: Tree) => readonly Problem[] | Promise<readonly Problem[]>;

/** Reads the names of a tree's files; their contents are read when asked for. */
export function openTree(root: string): Tree {
  const files: string[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      if (skipped.has(entry.name)) continue;
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) visit(path);
      else if (entry.isFile()) files.push(path);
    }
  };
  visit('');
  return {
    root,
    files: files.sort(),
    read: (path) => readFileSync(join(root, path), 'utf8'),
    exists: (path) => existsSync(join(root, path)),
    list: (folder) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)).sort() : []),
  };
}

/** Whether a path is code that people write (tests included). */
export function isCode(path: string): boolean {
  return /^(src|test|tools|bench|examples|studio)\/.*\.(ts|tsx|mjs|js)$/.test(path) || /^[^/]+\.ts$/.test(path);
}
