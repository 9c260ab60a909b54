import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { access, constants, copyFile, link, open, opendir, rename, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { storageError } from '../../errors.ts';
import type { ContentRef, ContentStore, ListedContent, OpenContent, Written } from './content-store.ts';
import { Digests } from './digests.ts';
import { makeFolder, pruneFolders, syncFolder, writeAll } from './durable.ts';
import { fileContent } from './file-content.ts';
import { limited } from './limited.ts';
import { createOpenFiles } from './open-files.ts';
import { createReadBuffers } from './read-buffers.ts';

/** Where the file backend keeps what is not whole yet; a sibling of the folders of tenants. */
const incomingFolder = '.incoming';

const readSize = 512 * 1024;
/** Growing contents whose digests are carried from request to request; others are read again when they are sealed. */
const carriedDigests = 1_000;

/** Bytes of what stands between two slashes; no file system of today takes more. */
const longestPart = 255;

/** Where the file backend lies. */
export interface FileStoreOptions {
  /** Folder of everything. */
  readonly root: string;
  /** Name of the folder that stands for the S3 bucket. */
  readonly bucket: string;
  readonly tenant: string;
  /** Bytes of buffers that files are sent through. */
  readonly readMemory: number;
  /** Files kept open for the next who wants them. */
  readonly openFiles: number;
}

/**
 * Content in a folder: `<root>/<bucket>/<tenant>/<bucket id>/<object name>/<version>`, as Supabase Storage lays it out. A
 * content is written beside, brought to the disk, and only then gets its name.
 */
export function createFileStore({ root, bucket, tenant, readMemory, openFiles }: FileStoreOptions): ContentStore {
  const base = join(root, bucket);
  const home = join(base, tenant);
  const incoming = join(base, incomingFolder);
  const growing = new Map<string, Digests>();
  const buffers = createReadBuffers(readMemory);
  const files = createOpenFiles(openFiles);

  function pathOf({ bucketId, name, version }: ContentRef): string {
    const path = version === null ? join(home, bucketId, name) : join(home, bucketId, name, version);
    if (/[\0]/.test(bucketId + name) || hasDots(bucketId) || hasDots(name) || !path.startsWith(`${home}/`))
      throw storageError('InvalidKey', { message: `Invalid key: ${name}` });
    return path;
  }

  function assertStorable({ bucketId, name }: Pick<ContentRef, 'bucketId' | 'name'>): void {
    pathOf({ bucketId, name, version: null });
    if (name.split('/').some((part) => Buffer.byteLength(part) > longestPart))
      throw storageError('InvalidKey', { message: 'Invalid key: too long' });
  }

  const incomingOf = ({ version }: ContentRef): string => {
    if (version === null || !/^[\w-]+$/.test(version)) throw storageError('InvalidUploadId');
    return join(incoming, version);
  };

  /** Gives a file that is on the disk its place. */
  async function place(from: string, to: string, put: (from: string, to: string) => Promise<void>): Promise<void> {
    const folder = dirname(to);
    // Whoever removes the last content of a folder may remove the folder just before the file gets there.
    for (let attempt = 1; ; attempt++) {
      try {
        await makeFolder(folder);
        await put(from, to);
        await syncFolder(folder);
        return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 10) throw error;
        await access(from);
      }
    }
  }

  async function writeNew(ref: ContentRef, temporary: string, source: AsyncIterable<Buffer>): Promise<Written> {
    await makeFolder(incoming);
    const file = await open(temporary, 'wx', 0o640);
    try {
      const digests = new Digests();
      try {
        await writeAll(file, source, 0, (chunk) => digests.update(chunk));
        await file.sync();
      } finally {
        await file.close();
      }
      await place(temporary, pathOf(ref), rename);
      return digests.finish();
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  }

  async function openContent(path: string): Promise<OpenContent | undefined> {
    const opened = await files.open(path);
    return opened && fileContent(opened, buffers);
  }

  async function digestsOf(path: string): Promise<Digests> {
    const digests = new Digests();
    const file = await open(path, 'r');
    for await (const chunk of file.createReadStream({ highWaterMark: readSize })) digests.update(chunk as Buffer);
    return digests;
  }

  return {
    assertStorable,

    write: (ref, source, { limit }) => {
      // Before anything is read.
      pathOf(ref);
      return writeNew(ref, incomingOf(ref), limited(source, limit));
    },

    open: (ref) => openContent(pathOf(ref)),

    async copy(from, to) {
      try {
        await place(pathOf(from), pathOf(to), linkOrCopy);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw storageError('NoSuchContent', { cause: error });
        throw error;
      }
    },

    async remove(refs) {
      for (const ref of refs) {
        if (ref.version !== null && /^[\w-]+$/.test(ref.version)) {
          growing.delete(ref.version);
          await rm(incomingOf(ref), { force: true });
        }
        const path = pathOf(ref);
        files.forget(path);
        try {
          await unlink(path);
        } catch (error) {
          if (!['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
        }
        await pruneFolders(dirname(path), home);
      }
    },

    async assemble(ref, parts) {
      async function* joined(): AsyncGenerator<Buffer> {
        for (const part of parts) {
          const found = await openContent(pathOf(part));
          if (!found) throw storageError('NoSuchContent');
          const content = await found.read();
          if (Buffer.isBuffer(content)) yield content;
          else yield* content;
        }
      }
      pathOf(ref);
      // It may be tried again, at the same time even, or after an attempt that was killed.
      return writeNew(ref, `${incomingOf(ref)}.${randomUUID()}`, joined());
    },

    async grow(ref, offset, source) {
      const path = incomingOf(ref);
      await makeFolder(incoming);
      const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o640);
      try {
        const version = ref.version as string;
        const digests = offset === 0 ? new Digests() : growing.get(version);
        const follows = digests?.size === offset ? digests : undefined;
        growing.delete(version);
        let length = offset;
        try {
          await writeAll(file, source, offset, (chunk) => {
            follows?.update(chunk);
            length += chunk.length;
          });
        } finally {
          await file.sync();
          if (offset === 0) await syncFolder(incoming);
          if (follows && growing.size < carriedDigests) growing.set(version, follows);
        }
        return length;
      } finally {
        await file.close();
      }
    },

    async grown(ref) {
      const found =
        (await stat(incomingOf(ref)).catch(ignoreMissing)) ?? (await stat(pathOf(ref)).catch(ignoreMissing));
      return found?.size;
    },

    async seal(ref, size) {
      const [from, to] = [incomingOf(ref), pathOf(ref)];
      const carried = growing.get(ref.version as string);
      growing.delete(ref.version as string);
      const found = await stat(from).catch(ignoreMissing);
      // Without a file an earlier attempt came that far and no further.
      const digests = found && carried?.size === found.size ? carried : await digestsOf(found ? from : to);
      if (digests.size !== size) throw storageError('TransactionError');
      if (found) await place(from, to, rename);
      return digests.finish();
    },

    settle: async () => {},

    privateUrl: async (ref) => `local://${resolve(pathOf(ref)).split('/').map(encodeURIComponent).join('/')}`,

    async *list() {
      for await (const file of listFiles(home))
        yield {
          ...file,
          version: basename(file.place),
          path: file.place.slice(home.length + 1),
          isGrowing: false,
        };
      for await (const file of listFiles(incoming))
        yield { ...file, version: basename(file.place).replace(/\..*/, ''), path: '', isGrowing: true };
    },

    async removeListed({ place: path }) {
      files.forget(path);
      await rm(path, { force: true });
      await pruneFolders(dirname(path), home);
    },

    async check() {
      await makeFolder(home);
      await access(home, constants.R_OK | constants.W_OK);
    },

    close: () => files.close(),
  };
}

const hasDots = (name: string): boolean => /(^|\/)\.{1,2}(\/|$)/.test(name);

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT') return undefined;
  throw error;
}

/** Content never changes, so that a copy needs no bytes of its own where the file system can do without. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes(code ?? '')) throw error;
    await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    const file = await open(to, 'r');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
  }
}

async function* listFiles(folder: string): AsyncGenerator<Pick<ListedContent, 'place' | 'size' | 'modified'>> {
  let entries: AsyncIterable<Dirent>;
  try {
    entries = await opendir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  for await (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* listFiles(path);
    else {
      const found = await stat(path).catch(ignoreMissing);
      // The sidecars that Supabase Storage leaves beside resumable uploads are no content.
      if (found && !path.endsWith('.info')) yield { place: path, size: found.size, modified: found.mtime };
    }
  }
}
