import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogRecord } from '#kernel/log';

/** Records of one file of the buffer. */
export interface Segment {
  readonly name: string;
  readonly records: readonly LogRecord[];
}

/** Records that wait on disk, in files of a few megabytes, which are removed whole. It survives the process. */
export interface DiskBuffer {
  readonly bytes: number;
  /** Records lost because there was too much. */
  readonly dropped: number;
  /** Keeps records; they are on the disk once it is fulfilled. @throws the system's error */
  append(records: readonly LogRecord[]): Promise<void>;
  /** The oldest file's records, which nothing is added to from now on; undefined when there are none. */
  oldest(): Promise<Segment | undefined>;
  /** Removes a file whose records have been delivered. */
  remove(name: string): Promise<void>;
}

/** Where the buffer is, and its bounds in bytes. */
export interface DiskBufferOptions {
  readonly folder: string;
  readonly maxBytes: number;
  readonly segmentBytes: number;
}

/** Opens a buffer with what an earlier process left in it. The folder is made when it is needed. */
export async function openDiskBuffer(options: DiskBufferOptions): Promise<DiskBuffer> {
  const { folder, maxBytes, segmentBytes } = options;
  const segments: { name: string; bytes: number }[] = [];
  for (const name of (await readdir(folder).catch(() => [])).filter((file) => file.endsWith('.ndjson')).sort())
    segments.push({ name, bytes: (await stat(join(folder, name))).size });
  let number = Number.parseInt(segments.at(-1)?.name ?? '0', 10) + 1;
  // What an earlier process wrote to may end in the middle of a line.
  let current: { name: string; bytes: number } | undefined;
  let dropped = 0;
  let turn: Promise<unknown> = Promise.resolve();

  // One after the other: a file must not be read while it grows.
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work, work);
    turn = mine.catch(() => {});
    return mine;
  }

  const total = () => segments.reduce((sum, segment) => sum + segment.bytes, 0);

  async function drop(name: string): Promise<void> {
    const index = segments.findIndex((segment) => segment.name === name);
    if (index < 0) return;
    await rm(join(folder, name), { force: true });
    if (current === segments[index]) current = undefined;
    segments.splice(index, 1);
  }

  async function write(text: string): Promise<void> {
    if (!current || current.bytes >= segmentBytes) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      current = { name: `${String(number++).padStart(10, '0')}.ndjson`, bytes: 0 };
      segments.push(current);
    }
    const file = await open(join(folder, current.name), 'a', 0o600);
    try {
      await file.appendFile(text);
      await file.datasync();
      current.bytes += Buffer.byteLength(text);
    } catch (error) {
      // Half a line must not stand before a whole one.
      current = undefined;
      throw error;
    } finally {
      await file.close();
    }
  }

  return {
    get bytes() {
      return total();
    },
    get dropped() {
      return dropped;
    },
    append: (records) =>
      inTurn(async () => {
        const text = records.map(encodeLine).join('');
        if (text.length > maxBytes) throw new Error('the disk buffer is smaller than what is to be kept in it');
        await write(text);
        while (total() > maxBytes && segments.length > 1) {
          const { name } = segments[0] as { name: string };
          dropped += (await readSegment(join(folder, name))).length;
          await drop(name);
        }
      }),
    oldest: () =>
      inTurn(async () => {
        for (;;) {
          const segment = segments[0];
          if (!segment) return undefined;
          if (segment === current) current = undefined;
          const records = await readSegment(join(folder, segment.name));
          if (records.length > 0) return { name: segment.name, records };
          await drop(segment.name);
        }
      }),
    remove: (name) => inTurn(() => drop(name)),
  };
}

function encodeLine({ id, source, at, message, metadata, extra }: LogRecord): string {
  return `${JSON.stringify([id, source, at, message, metadata, extra])}\n`;
}

async function readSegment(path: string): Promise<LogRecord[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const records: LogRecord[] = [];
  for (const line of text.split('\n')) {
    const record = decodeLine(line);
    if (record) records.push(record);
  }
  return records;
}

/** A line of the buffer; undefined where a crash cut it off. */
function decodeLine(line: string): LogRecord | undefined {
  try {
    const [id, source, at, message, metadata, extra] = JSON.parse(line) as [
      string,
      string,
      number,
      string,
      string,
      string | null,
    ];
    return { id, source, at, message, metadata, ...(extra !== null && { extra }) };
  } catch {
    return undefined;
  }
}
