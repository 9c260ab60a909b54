import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { storageError } from '../../errors.ts';
import type { OpenContent } from './content-store.ts';
import type { OpenedFile } from './open-files.ts';
import type { ReadBuffers } from './read-buffers.ts';
import { sendFile } from './send-file.ts';

/** Contents up to this size are read at once. */
const smallSize = 128 * 1024;
const readSize = 512 * 1024;

/** A file as a content, for one reader. */
export function fileContent({ file, size, release }: OpenedFile, buffers: ReadBuffers): OpenContent {
  return {
    size,
    close: async () => release(),
    async read(range) {
      const { start, end } = range ?? { start: 0, end: size - 1 };
      if (end - start + 1 > smallSize) {
        const stream = Readable.from(piecesOf(file, start, end + 1), { objectMode: false });
        return stream.once('close', release);
      }
      try {
        return await readWhole(file, start, end + 1);
      } finally {
        release();
      }
    },
    // What is small is one piece however it is read.
    ...(size > smallSize && {
      sendTo: async (destination, range) => {
        const { start, end } = range ?? { start: 0, end: size - 1 };
        try {
          await sendFile(file, start, end + 1, destination, buffers);
        } finally {
          release();
        }
      },
    }),
  };
}

async function* piecesOf(file: FileHandle, start: number, end: number): AsyncGenerator<Buffer> {
  for (let at = start; at < end; at += readSize) yield await readWhole(file, at, Math.min(at + readSize, end));
}

async function readWhole(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(end - start);
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, start + filled);
    if (bytesRead === 0) throw storageError('InternalError', { cause: new Error('a content is shorter than it was') });
    filled += bytesRead;
  }
  return buffer;
}
