import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openTree, type Tree } from '../checks/tree.ts';
import { cataloguesOf, type RoomErrors, renderErrors } from './errors-reference.ts';
import { renderSettings } from './settings-reference.ts';

/** The generated pages, by their path in the repository. */
export async function referencePages(root: string): Promise<ReadonlyMap<string, string>> {
  const tree = openTree(root);
  const { allSchemas } = await import('../../src/app/registry.ts');
  return new Map([
    ['docs/reference/settings.md', renderSettings(allSchemas)],
    ['docs/reference/errors.md', renderErrors(await collectErrors(tree))],
  ]);
}

async function collectErrors(tree: Tree): Promise<RoomErrors[]> {
  const found: RoomErrors[] = [];
  for (const path of tree.files) {
    const room = /^src\/(?:services|kernel)\/([^/]+)\/errors\.ts$/.exec(path)?.[1];
    if (room === undefined) continue;
    const module = (await import(pathToFileURL(join(tree.root, path)).href)) as Record<string, unknown>;
    for (const catalogue of cataloguesOf(module)) found.push({ room, catalogue });
  }
  return found;
}
