import { mkdir, open, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from '#kernel/log';

/** Which files are followed, and who gets their lines. */
export interface TailOptions {
  /** Folder of the files; those whose names end in `.json` count, in the order of their names. */
  readonly folder: string;
  /** File that keeps how far they have been read. */
  readonly positionFile: string;
  /** Milliseconds between looks. */
  readonly interval: number;
  readonly onLine: (line: string) => void;
  readonly log: Logger;
}

/** Follows files that a server writes and changes for new ones. A line is given on once it is complete. */
export interface Tail {
  start(): Promise<void>;
  /** Reads what is new now. */
  read(): Promise<void>;
  stop(): Promise<void>;
}

interface Position {
  readonly name: string;
  /** Bytes read of it; behind the end of a line. */
  readonly offset: number;
}

const chunkSize = 65_536;
/** A line longer than this is given on in pieces. */
const longestLine = 1024 * 1024;

/** Creates a tail; nothing is read before `start`. Without a kept position it begins at the end of the newest file. */
export function createTail(options: TailOptions): Tail {
  const { folder, positionFile, log } = options;
  let position: Position | undefined;
  let timer: NodeJS.Timeout | undefined;
  let reading: Promise<void> | undefined;
  let failed = false;

  async function files(): Promise<string[]> {
    return (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  }

  async function readNew(): Promise<void> {
    const names = await files();
    // Files that the server began since; those before the position are done, whatever happens to them.
    const due = names.filter((name) => position === undefined || name >= position.name);
    for (const name of due) {
      let offset = name === position?.name ? position.offset : 0;
      const { size } = await stat(join(folder, name));
      // The server emptied it to begin anew (log_truncate_on_rotation).
      if (size < offset) offset = 0;
      if (size > offset) offset = await readFrom(join(folder, name), offset);
      if (name !== position?.name || offset !== position.offset) {
        position = { name, offset };
        await keep(position);
      }
    }
  }

  async function readFrom(path: string, start: number): Promise<number> {
    const file = await open(path, 'r');
    try {
      const chunk = Buffer.allocUnsafe(chunkSize);
      let rest = Buffer.alloc(0);
      let offset = start;
      for (;;) {
        const { bytesRead } = await file.read(chunk, 0, chunkSize, offset + rest.length);
        if (bytesRead === 0) return offset;
        rest = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
        let begin = 0;
        for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10, begin)) {
          if (end > begin) options.onLine(rest.toString('utf8', begin, end));
          begin = end + 1;
        }
        if (begin === 0 && rest.length > longestLine) {
          options.onLine(rest.toString('utf8'));
          begin = rest.length;
        }
        offset += begin;
        rest = rest.subarray(begin);
      }
    } finally {
      await file.close();
    }
  }

  async function keep(known: Position): Promise<void> {
    await mkdir(dirname(positionFile), { recursive: true });
    await writeFile(`${positionFile}.new`, JSON.stringify(known), { mode: 0o600 });
    await rename(`${positionFile}.new`, positionFile);
  }

  async function recall(): Promise<Position | undefined> {
    const known = await readFile(positionFile, 'utf8').then(
      (text) => JSON.parse(text) as Position,
      () => undefined,
    );
    if (known) return known;
    const newest = (await files()).at(-1);
    if (newest === undefined) return undefined;
    const end = { name: newest, offset: (await stat(join(folder, newest))).size };
    // Kept at once: a next start would otherwise begin behind a line that was half written by then.
    await keep(end);
    return end;
  }

  function read(): Promise<void> {
    reading ??= readNew()
      .then(
        () => {
          failed = false;
        },
        (error: unknown) => {
          // Told once: it is looked for again in a moment.
          if (!failed) log.warn({ err: error }, "the database server's log cannot be read");
          failed = true;
        },
      )
      .finally(() => {
        reading = undefined;
      });
    return reading;
  }

  return {
    async start() {
      position = await recall().catch(() => undefined);
      timer = setInterval(() => void read(), options.interval);
    },
    read,
    async stop() {
      clearInterval(timer);
      await read();
    },
  };
}
