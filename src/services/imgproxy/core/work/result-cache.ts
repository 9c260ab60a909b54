import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Made } from '../engine/engine.ts';
import { type Format, formatNamed } from '../format/formats.ts';

/** Results on disk, so that what was made once is not made again. */
export interface ResultCache {
  /** The result of that key; undefined where there is none, or it is damaged. Never throws. */
  get(key: string): Promise<Made | undefined>;
  /**
   * Keeps a result: `get` finds it from now on, while it is written. Nobody has to wait for that unless too many are being
   * written already. Never throws: a full disk costs the cache, not the answer.
   */
  put(key: string, made: Made): Promise<void>;
  /** Removes what is too much, the longest unused first, and what broken-off writes left. */
  sweep(): Promise<void>;
  /** Fulfilled when all that was put is written. */
  settled(): Promise<void>;
}

/** How a cache is bounded. */
export interface ResultCacheOptions {
  readonly folder: string;
  /** Bytes of all results together. */
  readonly maxBytes: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** A key from what a result depends on. */
export const cacheKey = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

// File: magic, CRC-32 of what follows it, length of the header, header (JSON), body.
const magic = 0x696d6731;
const fixed = 12;

/**
 * Opens a cache in a folder, which may be shared with other processes: files are whole or not there (written aside and
 * renamed), and nobody keeps a list of them. After each sixteenth of the bound that this process has written it looks at
 * what is there, whoever wrote it, and makes it smaller than the bound by one more sixteenth; so the bound holds for one
 * process, and for several but for as many sixteenths.
 */
export function createResultCache({ folder, maxBytes, now, onError }: ResultCacheOptions): ResultCache {
  const share = Math.floor(maxBytes / 16);
  // Those who want a result while it is written.
  const writing = new Map<string, { readonly made: Made; readonly done: Promise<void> }>();
  let written = 0;
  let sweeping: Promise<void> | undefined;

  const pathOf = (key: string) => join(folder, key.slice(0, 2), key.slice(2));

  async function get(key: string): Promise<Made | undefined> {
    const fresh = writing.get(key);
    if (fresh) return fresh.made;
    const path = pathOf(key);
    try {
      const file = await readFile(path);
      const made = decodeEntry(file);
      if (made === undefined) await rm(path, { force: true });
      else await touch(path, now());
      return made;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') onError(error);
      return undefined;
    }
  }

  async function put(key: string, made: Made): Promise<void> {
    const entry = encodeEntry(made);
    if (entry.length > share || writing.has(key)) return;
    const done = write(key, entry).finally(() => writing.delete(key));
    writing.set(key, { made, done });
    if (writing.size >= mostWriting) await done;
  }

  async function write(key: string, entry: Buffer): Promise<void> {
    const path = pathOf(key);
    const aside = `${path}.${randomUUID()}${asideSuffix}`;
    try {
      await writeInto(aside, entry);
      await rename(aside, path);
    } catch (error) {
      onError(error);
      await rm(aside, { force: true }).catch(onError);
      return;
    }
    written += entry.length;
    if (written > share) await sweep();
  }

  function sweep(): Promise<void> {
    sweeping ??= clear(folder, maxBytes - share, now())
      .catch(onError)
      .finally(() => {
        sweeping = undefined;
      });
    written = 0;
    return sweeping;
  }

  const settled = async () => {
    await Promise.all([...writing.values()].map(({ done }) => done));
  };

  return { get, put, sweep, settled };
}

const asideSuffix = '.part';
/** Results being written at a time; whoever brings another waits for it. */
const mostWriting = 8;
/** Milliseconds after which a write counts as broken off. */
const brokenOffAfter = 600_000;
/** Milliseconds for which a use is as good as the last one. */
const touchEvery = 60_000;

// The shelf is there but for the first time.
async function writeInto(path: string, bytes: Buffer): Promise<void> {
  try {
    await writeFile(path, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}

async function touch(path: string, now: number): Promise<void> {
  const { mtimeMs } = await stat(path);
  if (now - mtimeMs > touchEvery) await utimes(path, now / 1_000, now / 1_000);
}

async function clear(folder: string, most: number, now: number): Promise<void> {
  const files: { path: string; size: number; used: number }[] = [];
  let total = 0;
  for (const shelf of await readdir(folder).catch(() => [])) {
    for (const name of await readdir(join(folder, shelf)).catch(() => [])) {
      const path = join(folder, shelf, name);
      const found = await stat(path).catch(() => undefined);
      if (found === undefined) continue;
      if (name.endsWith(asideSuffix) && now - found.mtimeMs > brokenOffAfter) {
        await rm(path, { force: true });
        continue;
      }
      files.push({ path, size: found.size, used: found.mtimeMs });
      total += found.size;
    }
  }
  files.sort((a, b) => a.used - b.used);
  for (const { path, size } of files) {
    if (total <= most) return;
    await rm(path, { force: true });
    total -= size;
  }
}

function encodeEntry({ body, format, sizes }: Made): Buffer {
  const header = Buffer.from(JSON.stringify({ format, ...(sizes && { sizes }) }));
  const entry = Buffer.alloc(fixed + header.length + body.length);
  entry.writeUInt32BE(magic, 0);
  entry.writeUInt32BE(header.length, 8);
  header.copy(entry, fixed);
  body.copy(entry, fixed + header.length);
  entry.writeUInt32BE(crc32(entry.subarray(8)), 4);
  return entry;
}

// A power cut may leave a file of the right name and the wrong bytes.
function decodeEntry(entry: Buffer): Made | undefined {
  if (entry.length < fixed || entry.readUInt32BE(0) !== magic) return undefined;
  if (entry.readUInt32BE(4) !== crc32(entry.subarray(8))) return undefined;
  const bodyStart = fixed + entry.readUInt32BE(8);
  const header = JSON.parse(entry.toString('utf8', fixed, bodyStart)) as Pick<Made, 'sizes'> & { format: string };
  const format: Format | undefined = formatNamed(header.format);
  if (format === undefined) return undefined;
  return { body: entry.subarray(bodyStart), format, ...(header.sizes && { sizes: header.sizes }) };
}
