import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { studioError } from '../errors.ts';

/** A kept piece of SQL: a file `<name>.sql`, in the folder of snippets or in one folder below it. */
export interface Snippet {
  /** Without the ending, with `/` between folder and name. */
  readonly path: string;
  /** Of the file's content. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly changedAt: number;
}

/** Snippets in a folder of files, which other programs may write to as well. */
export interface Snippets {
  /** All of them, by path. */
  list(): Promise<readonly Snippet[]>;
  /** @throws ServiceError `not_found`, `invalid_request` */
  read(path: string): Promise<string>;
  /** @throws ServiceError `invalid_request`, `too_many_snippets` */
  write(path: string, sql: string): Promise<void>;
  /** @throws ServiceError `not_found`, `name_taken`, `invalid_request` */
  move(from: string, to: string): Promise<void>;
  /** @throws ServiceError `not_found`, `invalid_request` */
  remove(path: string): Promise<void>;
}

/** How much there may be. */
export interface SnippetBounds {
  readonly count: number;
  /** Of one, in bytes. */
  readonly size: number;
}

// What every file system takes, and no way out of the folder: no separators, nothing hidden, no device of Windows' own.
const segment = /^(?!\.|(?:con|prn|aux|nul|com\d|lpt\d)$)[\p{L}\p{N}_()'+,=@ .-]{1,80}(?<![. ])$/iu;

/** Parts of a snippet's path. @throws ServiceError `invalid_request` where it is none */
export function partsOf(path: unknown): readonly string[] {
  const parts = typeof path === 'string' ? path.normalize('NFC').split('/') : [];
  if (parts.length < 1 || parts.length > 2 || !parts.every((part) => segment.test(part)))
    throw studioError('invalid_request', {
      message: 'A snippet has a name of letters, digits, spaces and -_.()+ and stands in one folder at most',
    });
  return parts;
}

/** Keeps snippets in a folder, which is made with the first one. */
export function createSnippets(folder: string, { count, size }: SnippetBounds): Snippets {
  const fileOf = (parts: readonly string[]): string => `${join(folder, ...parts)}.sql`;

  // A link could lead anywhere; neither folders nor files that are links are followed.
  async function noLink(parts: readonly string[]): Promise<void> {
    if (parts.length < 2) return;
    const found = await lstat(join(folder, parts[0] as string)).catch(absent);
    if (found && !found.isDirectory()) throw studioError('not_found');
  }

  async function namesIn(parts: readonly string[]): Promise<readonly Snippet[]> {
    const entries = await readdir(join(folder, ...parts), { withFileTypes: true }).catch(
      (error) => absent(error) ?? [],
    );
    const found: Snippet[] = [];
    for (const entry of entries) {
      if (!entry.isFile() || !entry.name.endsWith('.sql') || found.length >= count) continue;
      const path = [...parts, entry.name.slice(0, -4)];
      if (!path.every((part) => segment.test(part))) continue;
      const about = await lstat(fileOf(path)).catch(absent);
      if (about) found.push({ path: path.join('/'), bytes: about.size, changedAt: Math.round(about.mtimeMs) });
    }
    return found;
  }

  async function list(): Promise<readonly Snippet[]> {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error) => absent(error) ?? []);
    const all = [...(await namesIn([]))];
    for (const entry of entries)
      if (entry.isDirectory() && segment.test(entry.name) && all.length < count)
        all.push(...(await namesIn([entry.name])));
    return all.sort((a, b) => (a.path < b.path ? -1 : 1)).slice(0, count);
  }

  // An empty folder says nothing; it goes with its last snippet.
  async function tidy(parts: readonly string[]): Promise<void> {
    if (parts.length > 1) await rmdir(join(folder, parts[0] as string)).catch(() => {});
  }

  return {
    list,
    async read(path) {
      const parts = partsOf(path);
      await noLink(parts);
      const file = await open(fileOf(parts), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT' || error.code === 'ELOOP') throw studioError('not_found');
          throw error;
        },
      );
      try {
        const about = await file.stat();
        if (!about.isFile()) throw studioError('not_found');
        if (about.size > size)
          throw studioError('invalid_request', { message: `The file has more than ${size} bytes` });
        return await file.readFile('utf8');
      } finally {
        await file.close();
      }
    },
    async write(path, sql) {
      const parts = partsOf(path);
      if (Buffer.byteLength(sql) > size)
        throw studioError('invalid_request', { message: `A snippet has ${size} bytes at most` });
      await noLink(parts);
      const target = fileOf(parts);
      if (!(await lstat(target).catch(absent)) && (await list()).length >= count)
        throw studioError('too_many_snippets');
      await mkdir(join(folder, ...parts.slice(0, -1)), { recursive: true });
      // Whole or not at all: whoever reads meanwhile sees the old text.
      const fresh = join(folder, ...parts.slice(0, -1), `.${crypto.randomUUID()}.tmp`);
      const file = await open(fresh, 'wx', 0o644);
      try {
        await file.writeFile(sql);
        await file.sync();
        await file.close();
        await rename(fresh, target);
      } catch (error) {
        await file.close().catch(() => {});
        await unlink(fresh).catch(() => {});
        throw error;
      }
    },
    async move(from, to) {
      const [source, target] = [partsOf(from), partsOf(to)];
      await noLink(source);
      await noLink(target);
      if (!(await lstat(fileOf(source)).catch(absent))?.isFile()) throw studioError('not_found');
      if (await lstat(fileOf(target)).catch(absent))
        throw studioError('name_taken', { message: 'There is a snippet of that name' });
      await mkdir(join(folder, ...target.slice(0, -1)), { recursive: true });
      await rename(fileOf(source), fileOf(target));
      await tidy(source);
    },
    async remove(path) {
      const parts = partsOf(path);
      await noLink(parts);
      if (!(await lstat(fileOf(parts)).catch(absent))?.isFile()) throw studioError('not_found');
      await unlink(fileOf(parts));
      await tidy(parts);
    },
  };
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
