import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { FunctionDefinition } from '../project/definition.ts';

/** A copy of a function's sources, lent to one worker. */
export interface Mirrored {
  /** The definition with its paths in the copy. */
  readonly definition: FunctionDefinition;
  /** What stands in the place of the folder of all functions. */
  readonly folder: string;
  release(): void;
}

/** Copies of sources for a user who cannot reach the originals. */
export interface SourceMirror {
  readonly folder: string;
  lend(definition: FunctionDefinition): Mirrored;
}

interface Copy {
  readonly folder: string;
  workers: number;
}

/**
 * Copies a function once for each revision, always to the same place: Deno knows compiled code by the path of its source, and a
 * function of 800 KB starts 30 ms sooner with it.
 *
 * @param folder where the copies are; what a killed program left there is removed with the first one
 * @param root folder of all functions
 */
export function openMirror(folder: string, root: string): SourceMirror {
  const current = new Map<string, Copy>();
  let isSwept = false;

  function copyOf(definition: FunctionDefinition): Copy {
    const digest = createHash('sha256').update(definition.revision).digest('hex').slice(0, 16);
    const at = join(folder, `${definition.name}-${digest}`);
    const before = current.get(definition.name);
    if (before?.folder === at && existsSync(at)) return before;
    const draft = `${at}.draft`;
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft);
    chmodSync(draft, 0o755);
    copySources(definition, root, draft);
    rmSync(at, { recursive: true, force: true });
    renameSync(draft, at);
    const copy = { folder: at, workers: 0 };
    current.set(definition.name, copy);
    if (before?.workers === 0) remove(before);
    return copy;
  }

  const remove = (copy: Copy): void => rmSync(copy.folder, { recursive: true, force: true });

  return {
    folder,
    lend(definition) {
      if (!isSwept)
        for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
      isSwept = true;
      const copy = copyOf(definition);
      copy.workers++;
      return {
        definition: movedTo(definition, root, copy.folder),
        folder: copy.folder,
        release() {
          copy.workers--;
          if (copy.workers === 0 && current.get(definition.name) !== copy) remove(copy);
        },
      };
    },
  };
}

const movedPath = (path: string, root: string, target: string): string => {
  const below = relative(root, path);
  return below.startsWith('..') ? path : join(target, below);
};

function movedTo(definition: FunctionDefinition, root: string, target: string): FunctionDefinition {
  const moved = (path: string): string => movedPath(path, root, target);
  const { imports } = definition;
  return {
    ...definition,
    folder: moved(definition.folder),
    entry: moved(definition.entry),
    readable: definition.readable.map(moved),
    imports: imports && { ...imports, path: moved(imports.path) },
  };
}

function copySources(definition: FunctionDefinition, root: string, target: string): void {
  const sources = new Set([...definition.readable, ...(definition.imports ? [definition.imports.path] : [])]);
  for (const source of sources) {
    const moved = movedPath(source, root, target);
    if (moved !== source) copyReadable(source, moved);
  }
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
