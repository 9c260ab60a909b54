import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { ScriptError } from './split-statements.ts';

/** A file of the user's SQL. */
export interface UserFile {
  /** As reported and as kept in the history, with forward slashes. */
  readonly name: string;
  readonly path: string;
}

/** A migration: `<version>_<name>.sql`, the CLI's naming. */
export interface UserMigration extends UserFile {
  readonly version: string;
  readonly title: string;
}

/** The CLI's migrations below a project folder, by version. A missing folder has none; other names are not ours. */
export async function findMigrations(projectDir: string): Promise<UserMigration[]> {
  const folder = path.join(projectDir, 'supabase', 'migrations');
  const found = (await list(folder)).flatMap((file) => {
    const parts = /^(\d+)_(.*)\.sql$/.exec(file);
    return parts
      ? [
          {
            name: `supabase/migrations/${file}`,
            path: path.join(folder, file),
            version: parts[1] as string,
            title: parts[2] as string,
          },
        ]
      : [];
  });
  return found.sort((a, b) => (a.version === b.version ? compare(a.name, b.name) : compare(a.version, b.version)));
}

/** `supabase/seed.sql` below a project folder, where there is one. */
export async function findSeed(projectDir: string): Promise<UserFile[]> {
  const files = await list(path.join(projectDir, 'supabase'));
  return files.includes('seed.sql')
    ? [{ name: 'supabase/seed.sql', path: path.join(projectDir, 'supabase', 'seed.sql') }]
    : [];
}

/** The SQL files of the init folder, by name. */
export async function findInitScripts(folder: string): Promise<UserFile[]> {
  return (await list(folder))
    .filter((file) => file.endsWith('.sql'))
    .sort(compare)
    .map((file) => ({ name: `init/${file}`, path: path.join(folder, file) }));
}

/**
 * A file's text, and the digest the CLI keeps of seed files.
 *
 * @throws ScriptError when it is not UTF-8
 */
export async function readUserFile(file: UserFile): Promise<{ readonly text: string; readonly hash: string }> {
  const bytes = await readFile(file.path);
  if (!isUtf8(bytes)) throw new ScriptError('the file is not valid UTF-8', 1);
  return { text: bytes.toString('utf8'), hash: createHash('sha256').update(bytes).digest('hex') };
}

async function list(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
