import { readFile } from 'node:fs/promises';
import type { TreeFile } from './tree.ts';

const frameworks = '(?:express|fastify|koa|@hapi/hapi|polka|restify|@nestjs/core|@hono/node-server|connect)(?=["\'@/])';

/** Imports, calls of `require`, and the `npm:` names of an import map. */
const inCode = new RegExp(
  `(?:from|import|require)\\s*\\(?\\s*["'](?:(?:node:)?https?["']|(?:npm:)?${frameworks})|["']npm:${frameworks}`,
);

/** The names that `package.json` has for them as well. */
const inNames = new RegExp(`["'](?:npm:)?${frameworks}`);

const codePattern = /\.(?:m?[jt]sx?|json|jsonc)$/;

/**
 * Whether a source looks like a server on `node:http`. A guess: a wrong no costs a second start, a wrong yes 25 ms.
 *
 * @param path of the file, whose extension says what it is
 */
export function mentionsNodeServer(path: string, text: string): boolean {
  return codePattern.test(path) && (/\.jsonc?$/.test(path) ? inNames : inCode).test(text);
}

/** Whether one of the files looks like it. */
export async function looksLikeNodeServer(files: readonly TreeFile[]): Promise<boolean> {
  for (const { path } of files) {
    if (!codePattern.test(path)) continue;
    const text = await readFile(path, 'utf8').catch(() => '');
    if (mentionsNodeServer(path, text)) return true;
  }
  return false;
}
