import { chmodSync, copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { FunctionDefinition } from '../project/definition.ts';

/**
 * Copies what a function may read to where its worker can reach it.
 *
 * @param root folder of all functions
 * @param target folder for the copy, which has the same shape
 * @returns the definition with its paths in the copy
 */
export function mirrorSources(definition: FunctionDefinition, root: string, target: string): FunctionDefinition {
  const moved = (path: string): string => {
    const below = relative(root, path);
    return below.startsWith('..') ? path : join(target, below);
  };
  const sources = new Set([...definition.readable, ...(definition.imports ? [definition.imports.path] : [])]);
  for (const source of sources) if (moved(source) !== source) copyReadable(source, moved(source));
  const { imports } = definition;
  return {
    ...definition,
    folder: moved(definition.folder),
    entry: moved(definition.entry),
    readable: definition.readable.map(moved),
    imports: imports && { ...imports, path: moved(imports.path) },
  };
}

/** A file or tree for everybody to read; packages and links that lead nowhere are left out. */
function copyReadable(source: string, target: string): void {
  const found = statSync(source, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (found.isDirectory()) {
    mkdirSync(target, { recursive: true });
    chmodSync(target, 0o755);
    for (const name of readdirSync(source))
      if (name !== 'node_modules' && name !== '.git') copyReadable(join(source, name), join(target, name));
  } else if (found.isFile()) {
    mkdirSync(join(target, '..'), { recursive: true });
    copyFileSync(source, target);
    chmodSync(target, 0o644);
  }
}
