import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { recordObject, type Sink } from './sink.ts';

/** Where the file is and how large it may become. */
export interface FileSinkOptions {
  readonly path: string;
  /** Bytes at which it is put aside as `path.1`, the one before as `path.2` and so on. */
  readonly maxSize: number;
  /** How many are kept aside. */
  readonly keep: number;
}

/** Writes records as one JSON object a line, to a file that only its owner can read. */
export function createFileSink({ path, maxSize, keep }: FileSinkOptions): Sink {
  async function rotate(): Promise<void> {
    await rm(`${path}.${keep}`, { force: true });
    for (let number = keep - 1; number >= 1; number--)
      await renameIfThere(`${path}.${number}`, `${path}.${number + 1}`);
    if (keep > 0) await renameIfThere(path, `${path}.1`);
    else await rm(path, { force: true });
  }

  return {
    name: 'file',
    async deliver(records) {
      await mkdir(dirname(path), { recursive: true });
      const lines = records.map((record) => `${JSON.stringify(recordObject(record))}\n`).join('');
      const size = await stat(path).then(
        (known) => known.size,
        () => 0,
      );
      if (size > 0 && size + Buffer.byteLength(lines) > maxSize) await rotate();
      const file = await open(path, 'a', 0o600);
      try {
        await file.appendFile(lines);
      } finally {
        await file.close();
      }
      if (size === 0) await chmod(path, 0o600);
    },
  };
}

async function renameIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
