import { constants } from 'node:fs';
import { type FileHandle, open, realpath } from 'node:fs/promises';
import { basename, join, sep } from 'node:path';
import { imgproxyError } from '../../errors.ts';
import type { Source } from './source.ts';

/**
 * Finds a `local://` source below a folder. Links are followed, but not out of it.
 *
 * @param root the folder
 * @param path as in the URL, decoded, with its leading slash
 * @throws ServiceError `source_unreachable` for what is no file within
 */
export async function openLocal(root: string, path: string): Promise<Source> {
  const missing = (cause?: unknown) => imgproxyError('source_unreachable', { details: 'No such file', cause });
  if (path.includes('\0')) throw missing();
  let real: string;
  try {
    const folder = await realpath(root);
    // Joined after `..` was taken out, and looked at again after links were.
    real = await realpath(join(folder, join('/', path)));
    if (real !== folder && !real.startsWith(folder.endsWith(sep) ? folder : folder + sep)) throw missing();
  } catch (error) {
    throw missing(error);
  }
  const { size, mtimeMs, ino } = await withFile(real, async (file) => {
    const found = await file.stat();
    if (!found.isFile()) throw missing();
    return found;
  });
  return {
    version: `local:${real}:${ino}:${size}:${mtimeMs}`,
    lastModified: mtimeMs,
    name: basename(real),
    async read(maxBytes) {
      if (size > maxBytes) throw imgproxyError('source_file_too_big', { details: 'Source image file is too big' });
      return withFile(real, async (file) => readUpTo(file, maxBytes));
    },
  };
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  let file: FileHandle;
  try {
    // A pipe would be waited on for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw imgproxyError('source_unreachable', { details: 'The file cannot be read', cause: error });
  }
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

// It may have grown since it was looked at.
async function readUpTo(file: FileHandle, maxBytes: number): Promise<Buffer> {
  const { size } = await file.stat();
  if (size > maxBytes) throw imgproxyError('source_file_too_big', { details: 'Source image file is too big' });
  const buffer = Buffer.allocUnsafe(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await file.read(buffer, filled, size - filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
