import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** A file below a folder. */
export interface TreeFile {
  readonly path: string;
  readonly changedAt: number;
  /** What changes with every save, even within a millisecond. */
  readonly mark: string;
}

const passedOver = new Set(['node_modules', '.git']);

/** All files below a folder in the order of their paths, at most `limit`. Folders of packages and of git are left out. */
export async function listTree(folder: string, limit: number): Promise<readonly TreeFile[]> {
  const files: TreeFile[] = [];
  const pending = [folder];
  for (let at = pending.pop(); at !== undefined && files.length < limit; at = pending.pop()) {
    const entries = await entriesOf(at);
    const found = await Promise.all(
      entries.map(async (entry) => {
        const path = join(at as string, entry.name);
        if (passedOver.has(entry.name)) return undefined;
        if (entry.isDirectory()) return path;
        return fileAt(path);
      }),
    );
    for (const one of found) {
      if (typeof one === 'string') pending.push(one);
      else if (one !== undefined && files.length < limit) files.push(one);
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** One file. @returns undefined for what is none or not there */
export async function fileAt(path: string): Promise<TreeFile | undefined> {
  try {
    const found = await stat(path);
    const { mtimeMs, ctimeMs, size, ino } = found;
    if (!found.isFile()) return undefined;
    return { path, changedAt: mtimeMs, mark: `${mtimeMs}:${ctimeMs}:${size}:${ino}` };
  } catch {
    return undefined;
  }
}

/** What is in a folder; nothing when it cannot be read. */
export async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}
