import type { LogRecord } from '#kernel/log';

/** Columns in the order in which rows are written. */
export const columns = 'timestamp, id, source, event_message, metadata, extra';

// PostgreSQL documentation, COPY, "Binary Format": signature, flags and length of an extension; each row begins with the
// number of its columns, each column with its length.
const header = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const trailer = Buffer.from([0xff, 0xff]);
const fixedSize = 2 + 4 + 8 + 4 + 16 + 4 + 2 + 4 + 4 + 1 + 4 + 1;
const columnCount = 6;
/** Where the values of the first columns begin in a row. */
const timeAt = 6;
const idAt = 18;
const sourceAt = 38;
const messageAt = 40;
/** Microseconds from 1970 to 2000, where the server's time begins. */
const serverEpoch = 946_684_800_000_000;
const jsonbVersion = 1;

/** Bytes of a slab, and how many wait to be used again. */
const slabBytes = 128 * 1024;
const slabsKept = 32;

/** Memory for rows, which goes back when they are written: rows wait outside of the heap, and make no garbage. */
export class Slabs {
  readonly #free: Buffer[] = [];

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(slabBytes);
  }

  give(slab: Buffer): void {
    if (this.#free.length < slabsKept) this.#free.push(slab);
  }
}

/** Rows as they are sent to the server by a binary COPY. */
export class RowBatch {
  readonly #slabs: Slabs;
  readonly #used: Buffer[] = [];
  readonly #chunks: Buffer[] = [];
  #slab: Buffer | undefined;
  #from = 0;
  #at = 0;
  #count = 0;
  /** Bytes of rows that are larger than a slab. */
  #own = 0;

  constructor(slabs: Slabs) {
    this.#slabs = slabs;
  }

  get count(): number {
    return this.#count;
  }

  /** Of memory, whether rows fill it or not. */
  get bytes(): number {
    return this.#used.length * slabBytes + this.#own;
  }

  /** The rows, in chunks that hold whole ones. */
  get chunks(): readonly Buffer[] {
    this.#seal();
    return this.#chunks;
  }

  /** Adds a record. Texts that the database cannot hold (null characters, halves of pairs) are mended. @param source its number */
  add(record: LogRecord, source: number): void {
    const message = record.message.includes('\0') ? record.message.replaceAll('\0', '') : record.message;
    const metadata = storableJson(record.metadata);
    const extra = record.extra === undefined ? undefined : storableJson(record.extra);
    // A character has three bytes at most.
    const most = fixedSize + 3 * (message.length + metadata.length + (extra?.length ?? 0));
    this.#count++;
    if (most > slabBytes) {
      this.#seal();
      const own = Buffer.allocUnsafe(most);
      this.#own += most;
      this.#chunks.push(own.subarray(0, writeRow(own, 0, record, source, message, metadata, extra)));
      return;
    }
    if (this.#slab && this.#at + most > slabBytes) {
      this.#seal();
      this.#slab = undefined;
    }
    if (!this.#slab) {
      this.#slab = this.#slabs.take();
      this.#used.push(this.#slab);
      this.#from = this.#at = 0;
    }
    this.#at = writeRow(this.#slab, this.#at, record, source, message, metadata, extra);
  }

  /** Gives the memory back; there are no rows any more. */
  release(): void {
    for (const slab of this.#used) this.#slabs.give(slab);
    this.#used.length = this.#chunks.length = 0;
    this.#slab = undefined;
    this.#count = this.#own = this.#from = this.#at = 0;
  }

  #seal(): void {
    if (!this.#slab || this.#at === this.#from) return;
    this.#chunks.push(this.#slab.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }
}

/** The whole data of a COPY of these rows. */
export const copyData = (chunks: readonly Buffer[]): readonly Buffer[] => [header, ...chunks, trailer];

/** Each row of the chunks by itself. */
export function* rowsOf(chunks: readonly Buffer[]): Generator<Buffer> {
  for (const chunk of chunks)
    for (let from = 0, at = 0; from < chunk.length; from = at) {
      at = from + 2;
      for (let column = 0; column < columnCount; column++) at += 4 + Math.max(0, chunk.readInt32BE(at));
      yield chunk.subarray(from, at);
    }
}

/** Microseconds since the epoch. */
export const momentOf = (row: Buffer): number =>
  row.readInt32BE(timeAt) * 4_294_967_296 + row.readUInt32BE(timeAt + 4) + serverEpoch;

/** The id, as a UUID is written. */
export function idOf(row: Buffer): string {
  const hex = row.toString('hex', idAt, idAt + 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The record that a row was made of. @param nameOf names of sources by their numbers */
export function recordOf(row: Buffer, nameOf: (source: number) => string): LogRecord {
  const texts: string[] = [];
  for (let at = messageAt, column = 0; column < 3; column++) {
    const size = row.readInt32BE(at);
    // In JSON the first byte is a version.
    const from = at + 4 + (column > 0 ? 1 : 0);
    at += 4 + Math.max(0, size);
    if (size >= 0) texts.push(row.toString('utf8', from, at));
  }
  const [message = '', metadata = '{}', extra] = texts;
  const source = nameOf(row.readInt16BE(sourceAt));
  return { id: idOf(row), source, at: momentOf(row), message, metadata, ...(extra !== undefined && { extra }) };
}

function writeRow(
  data: Buffer,
  start: number,
  { at: moment, id }: LogRecord,
  source: number,
  message: string,
  metadata: string,
  extra: string | undefined,
): number {
  let at = data.writeInt16BE(columnCount, start);
  at = data.writeInt32BE(8, at);
  const time = moment - serverEpoch;
  const high = Math.floor(time / 4_294_967_296);
  at = data.writeInt32BE(high, at);
  at = data.writeUInt32BE(time - high * 4_294_967_296, at);
  at = data.writeInt32BE(16, at);
  at += data.write(id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24), at, 'hex');
  at = data.writeInt32BE(2, at);
  at = data.writeInt16BE(source, at);
  const size = data.write(message, at + 4);
  at = data.writeInt32BE(size, at) + size;
  at = writeJsonb(data, at, metadata);
  return extra === undefined ? data.writeInt32BE(-1, at) : writeJsonb(data, at, extra);
}

function writeJsonb(data: Buffer, start: number, text: string): number {
  const size = data.write(text, start + 5);
  data.writeUInt8(jsonbVersion, data.writeInt32BE(size + 1, start));
  return start + 5 + size;
}

const unstorable = /\\u(0000|d[89a-f])/i;

/** JSON text that jsonb takes: no null characters, no halves of surrogate pairs. */
function storableJson(text: string): string {
  if (!unstorable.test(text)) return text;
  return JSON.stringify(mended(JSON.parse(text)));
}

function mended(value: unknown): unknown {
  if (typeof value === 'string') return mendedText(value);
  if (Array.isArray(value)) return value.map(mended);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [mendedText(key), mended(inner)]));
}

const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const mendedText = (text: string): string => text.replaceAll('\0', '').replace(loneSurrogate, '\ufffd');
