import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * A tree that other users can read. As root some tests run the program as somebody else, who cannot enter a clone below a
 * private (0700) folder: such a clone is copied, by hard links where the file system allows it.
 *
 * @param root the clone
 * @returns the folder to run in, and what removes it again
 */
export function reachableTree(root) {
  if (process.getuid?.() !== 0 || isReachable(root)) return { folder: root, remove() {} };
  const base = mkdtempSync(join(tmpdir(), 'test-tree-'));
  chmodSync(base, 0o755);
  const folder = join(base, 'clone');
  for (const flags of ['-al', '-a']) if (spawnSync('cp', [flags, root, folder]).status === 0) break;
  chmodSync(folder, 0o755);
  return { folder, remove: () => rmSync(base, { recursive: true, force: true }) };
}

function isReachable(folder) {
  if ((statSync(folder).mode & 0o001) === 0) return false;
  return dirname(folder) === folder || isReachable(dirname(folder));
}
