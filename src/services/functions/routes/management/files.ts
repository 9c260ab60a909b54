import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Functions } from '../../core/functions.ts';
import { filePath } from '../../core/project/deploy.ts';
import { listTree } from '../../core/project/tree.ts';
import { functionsError } from '../../errors.ts';
import type { ManagementRoute } from './route.ts';

const base = '/v1/projects/:ref/functions/:slug/files';

/** The files of a function one by one, for an editor. */
export const fileRoutes: readonly ManagementRoute[] = [
  {
    method: 'GET',
    path: base,
    async run({ functions, params }) {
      await requireFunction(functions, params.slug as string);
      const own = join(functions.folder, params.slug as string);
      const tree = await listTree(own, functions.settings.maxFiles);
      const files = tree.map(({ path, changedAt }) => ({
        path: path.slice(own.length + 1),
        size: statSync(path, { throwIfNoEntry: false })?.size ?? 0,
        updated_at: Math.round(changedAt),
      }));
      return { status: 200, json: files };
    },
  },
  {
    method: 'GET',
    path: `${base}/*path`,
    async run({ functions, params }) {
      const path = filePath(functions.folder, params.slug as string, params.path as string);
      const body = await readFile(path).catch(() => undefined);
      if (body === undefined) throw functionsError('management_not_found');
      return { status: 200, raw: { contentType: 'application/octet-stream', body } };
    },
  },
  {
    method: 'PUT',
    path: `${base}/*path`,
    async run({ functions, params, body }) {
      const path = filePath(functions.folder, params.slug as string, params.path as string);
      if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw functionsError('invalid_path');
      const content = await body();
      mkdirSync(dirname(path), { recursive: true });
      // Whole or not at all: a worker that starts now reads the old one or the new one.
      const draft = join(dirname(path), `.${process.pid}.saving`);
      writeFileSync(draft, content);
      renameSync(draft, path);
      functions.catalogue.forget();
      return { status: 200, json: { path: params.path, size: content.length } };
    },
  },
  {
    method: 'DELETE',
    path: `${base}/*path`,
    async run({ functions, params }) {
      const path = filePath(functions.folder, params.slug as string, params.path as string);
      if (statSync(path, { throwIfNoEntry: false }) === undefined) throw functionsError('management_not_found');
      rmSync(path, { recursive: true });
      functions.catalogue.forget();
      return { status: 200, json: {} };
    },
  },
];

async function requireFunction({ catalogue }: Functions, slug: string): Promise<void> {
  if (!(await catalogue.read()).functions.has(slug)) throw functionsError('management_not_found');
}
