import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Makes the entries of a folder survive a crash. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes a folder and what is missing above it, so that all of it survives a crash. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  // Each new folder is an entry of the one above it.
  for (let at = path; at.length >= first.length; at = dirname(at)) await syncFolder(dirname(at));
}

/** Removes folders that are empty, from `path` up to but without `top`. */
export async function pruneFolders(path: string, top: string): Promise<void> {
  for (let at = path; at.length > top.length && at.startsWith(top); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') continue;
      return;
    }
  }
}

/** How much is collected before it is written. */
const batchSize = 512 * 1024;

/**
 * Writes what a source yields, in large pieces; `seen` gets each chunk while the one before is being written.
 *
 * @param position where in the file to begin
 * @returns bytes written
 * @throws what the source, `seen` or the file system throws; what came before is in the file
 */
export async function writeAll(
  file: FileHandle,
  source: AsyncIterable<Buffer>,
  position: number,
  seen: (chunk: Buffer) => void,
): Promise<number> {
  let chunks: Buffer[] = [];
  let collected = 0;
  let written = 0;
  let writing: Promise<void> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await writing;
    const [batch, at] = [chunks, position + written];
    written += collected;
    chunks = [];
    collected = 0;
    writing = writeWhole(file, batch, at);
    // It is waited for at the next flush; until then nobody would hear of a failure.
    writing.catch(() => {});
  };
  try {
    for await (const chunk of source) {
      seen(chunk);
      chunks.push(chunk);
      collected += chunk.length;
      if (collected >= batchSize) await flush();
    }
  } finally {
    if (collected > 0) await flush();
    await writing;
  }
  return written;
}

async function writeWhole(file: FileHandle, chunks: readonly Buffer[], position: number): Promise<void> {
  let rest = [...chunks];
  let at = position;
  while (rest.length > 0) {
    let { bytesWritten } = await file.writev(rest, at);
    at += bytesWritten;
    while (rest.length > 0 && bytesWritten >= (rest[0] as Buffer).length) {
      bytesWritten -= (rest[0] as Buffer).length;
      rest = rest.slice(1);
    }
    if (bytesWritten > 0) rest[0] = (rest[0] as Buffer).subarray(bytesWritten);
  }
}
