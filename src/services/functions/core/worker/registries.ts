import { chownSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SystemUser } from '#kernel/system';
import type { FunctionDefinition } from '../project/definition.ts';

const fileName = '.npmrc';

/**
 * Puts the `.npmrc` of a function, or that of all, where Deno looks for the user's: in its home.
 *
 * @param root folder of all functions
 * @param folder what is to be the home
 * @param user whose it is to be, where that is not this process's own
 * @returns whether there is one; else the home may be another
 */
export async function bringRegistries(
  { folder: own }: FunctionDefinition,
  root: string,
  folder: string,
  user: SystemUser | undefined,
): Promise<boolean> {
  for (const place of [own, root]) {
    const text = await readFile(join(place, fileName), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const target = join(folder, fileName);
    // There may be tokens in it.
    writeFileSync(target, text, { mode: 0o600 });
    if (user) chownSync(target, user.uid, user.gid);
    return true;
  }
  return false;
}
