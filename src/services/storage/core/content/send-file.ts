import type { FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { storageError } from '../../errors.ts';
import type { ReadBuffers } from './read-buffers.ts';

/**
 * Sends a piece of a file: the next bytes are read while those before them are written, through two buffers.
 *
 * @param end behind the last byte
 * @throws `ERR_STREAM_PREMATURE_CLOSE` when the destination was closed, InternalError when the file ends too early
 */
export async function sendFile(
  file: FileHandle,
  start: number,
  end: number,
  destination: Writable,
  buffers: ReadBuffers,
): Promise<void> {
  const writer = createWriter(destination);
  const held: { readonly buffer: Buffer; written: Promise<void> }[] = [];
  let isWhole = false;
  try {
    for (let at = start, turn = 0; at < end; turn = 1 - turn) {
      held[turn] ??= { buffer: buffers.take(), written: Promise.resolve() };
      const place = held[turn] as (typeof held)[number];
      await place.written;
      const { bytesRead } = await file.read(place.buffer, 0, Math.min(place.buffer.length, end - at), at);
      if (bytesRead === 0)
        throw storageError('InternalError', { cause: new Error('a content is shorter than it was') });
      at += bytesRead;
      place.written = writer.write(place.buffer.subarray(0, bytesRead));
      // It is waited for two pieces later; until then nobody would hear of a failure.
      place.written.catch(() => {});
    }
    for (const { written } of held) await written;
    isWhole = true;
  } finally {
    writer.leave();
    for (const { buffer } of held) buffers.give(buffer, isWhole);
  }
}

/** Writes that are over when the bytes left the buffer, or the destination is closed; Node tells not all of them of that. */
function createWriter(destination: Writable): { write(bytes: Buffer): Promise<void>; leave(): void } {
  const open = new Set<(reason: Error) => void>();
  const closed = () => Object.assign(new Error('closed too early'), { code: 'ERR_STREAM_PREMATURE_CLOSE' });
  const onClose = () => {
    for (const reject of open) reject(closed());
  };
  destination.once('close', onClose);
  return {
    write: (bytes) =>
      new Promise((resolve, reject) => {
        if (destination.destroyed) {
          reject(closed());
          return;
        }
        open.add(reject);
        destination.write(bytes, (error) => {
          open.delete(reject);
          if (error) reject(closed());
          else resolve();
        });
      }),
    leave: () => destination.off('close', onClose),
  };
}
