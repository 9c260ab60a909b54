import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { fileContent } from './file-content.ts';
import { createOpenFiles } from './open-files.ts';
import { bufferSize, createReadBuffers } from './read-buffers.ts';
import { sendFile } from './send-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'send-file-'));
const path = join(folder, 'content');
const bytes = randomBytes(3 * bufferSize + 1_234);
writeFileSync(path, bytes);
afterAll(() => rmSync(folder, { recursive: true }));

/** Takes everything, each piece only a moment later, as a network does: until then its buffer must not change. */
function slowReceiver(): { readonly destination: Writable; received(): Buffer } {
  const pieces: Buffer[] = [];
  const destination = new Writable({
    write(piece: Buffer, _encoding, done) {
      setImmediate(() => {
        pieces.push(Buffer.from(piece));
        done();
      });
    },
  });
  return { destination, received: () => Buffer.concat(pieces) };
}

test('any range arrives as it is, with large and with small buffers', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(bytes.length),
      fc.nat(bytes.length),
      fc.constantFrom(0, bufferSize, 8 * bufferSize),
      async (one, other, memory) => {
        const [start, end] = [Math.min(one, other), Math.max(one, other)];
        const { destination, received } = slowReceiver();
        const file = await open(path, 'r');
        await sendFile(file, start, end, destination, createReadBuffers(memory));
        await file.close();
        expect(received().equals(bytes.subarray(start, end))).toBe(true);
        expect(destination.writableEnded).toBe(false);
      },
    ),
    { numRuns: 25 },
  );
});

test('several at once share the buffers and disturb nobody', async () => {
  const buffers = createReadBuffers(3 * bufferSize);
  const files = createOpenFiles(1);
  for (let round = 0; round < 3; round++)
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        const opened = await files.open(path);
        const { destination, received } = slowReceiver();
        await (opened && fileContent(opened, buffers).sendTo?.(destination));
        expect(received().equals(bytes)).toBe(true);
      }),
    );
  await files.close();
});

test('one who goes away ends it, and their buffers are not lent again', async () => {
  const buffers = createReadBuffers(2 * bufferSize);
  const taken: Buffer[] = [];
  const destination = new Writable({
    write(piece: Buffer) {
      // It never takes the second one.
      taken.push(piece);
      setImmediate(() => destination.destroy());
    },
  });
  const file = await open(path, 'r');
  await expect(sendFile(file, 0, bytes.length, destination, buffers)).rejects.toMatchObject({
    code: 'ERR_STREAM_PREMATURE_CLOSE',
  });
  await file.close();
  const next = [buffers.take(), buffers.take()];
  expect(next.map(({ length }) => length)).toEqual([bufferSize, bufferSize]);
  expect(next.some(({ buffer }) => buffer === taken[0]?.buffer)).toBe(false);
  expect(buffers.take().length).toBeLessThan(bufferSize);
});

test('one who was gone before, and a file that is shorter than it was', async () => {
  const { destination } = slowReceiver();
  const file = await open(path, 'r');
  const buffers = createReadBuffers(2 * bufferSize);
  await expect(sendFile(file, 0, bytes.length + 1, destination, buffers)).rejects.toMatchObject({
    code: 'InternalError',
  });
  destination.destroy();
  await expect(sendFile(file, 0, bytes.length, destination, buffers)).rejects.toMatchObject({
    code: 'ERR_STREAM_PREMATURE_CLOSE',
  });
  await file.close();
});
