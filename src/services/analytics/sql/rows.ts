import type { LogRecord } from '#kernel/log';

/** A record with the number of its source. */
export interface Row {
  readonly record: LogRecord;
  readonly source: number;
}

/** Columns in the order in which rows are written. */
export const columns = 'timestamp, id, source, event_message, metadata, extra';

// PostgreSQL documentation, COPY, "Binary Format".
const signature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const headerSize = signature.length + 8;
const fixedSize = 2 + 4 + 8 + 4 + 16 + 4 + 2 + 4 + 4 + 1 + 4 + 1;
/** Microseconds from 1970 to 2000, where the server's time begins. */
const serverEpoch = 946_684_800_000_000;
const jsonbVersion = 1;

/** Rows as the binary data of one COPY. Texts that the database cannot hold (null characters, halves of pairs) are mended. */
export function encodeRows(rows: readonly Row[]): Buffer {
  const texts = rows.map(({ record: { message, metadata, extra } }) => ({
    message: message.includes('\0') ? message.replaceAll('\0', '') : message,
    metadata: storableJson(metadata),
    extra: extra === undefined ? undefined : storableJson(extra),
  }));
  let size = headerSize + 2;
  const sizes = texts.map(({ message, metadata, extra }) => {
    const found = [
      Buffer.byteLength(message),
      Buffer.byteLength(metadata),
      extra === undefined ? 0 : Buffer.byteLength(extra),
    ];
    size += fixedSize + (found[0] as number) + (found[1] as number) + (found[2] as number);
    return found as [number, number, number];
  });
  const data = Buffer.allocUnsafe(size);
  let at = signature.copy(data);
  at = data.writeInt32BE(0, at);
  at = data.writeInt32BE(0, at);
  for (const [index, { record, source }] of rows.entries()) {
    const { message, metadata, extra } = texts[index] as (typeof texts)[number];
    const [messageSize, metadataSize, extraSize] = sizes[index] as [number, number, number];
    at = data.writeInt16BE(6, at);
    at = data.writeInt32BE(8, at);
    const time = record.at - serverEpoch;
    const high = Math.floor(time / 4_294_967_296);
    at = data.writeInt32BE(high, at);
    at = data.writeUInt32BE(time - high * 4_294_967_296, at);
    at = data.writeInt32BE(16, at);
    const { id } = record;
    at += data.write(id.slice(0, 8) + id.slice(9, 13) + id.slice(14, 18) + id.slice(19, 23) + id.slice(24), at, 'hex');
    at = data.writeInt32BE(2, at);
    at = data.writeInt16BE(source, at);
    at = data.writeInt32BE(messageSize, at);
    at += data.write(message, at);
    at = writeJsonb(data, at, metadata, metadataSize);
    at = extra === undefined ? data.writeInt32BE(-1, at) : writeJsonb(data, at, extra, extraSize);
  }
  at = data.writeInt16BE(-1, at);
  return data.subarray(0, at);
}

function writeJsonb(data: Buffer, start: number, text: string, size: number): number {
  let at = data.writeInt32BE(size + 1, start);
  at = data.writeUInt8(jsonbVersion, at);
  return at + data.write(text, at);
}

const unstorable = /\\u(0000|d[89a-f])/i;

/** JSON text that jsonb takes: no null characters, no halves of surrogate pairs. */
export function storableJson(text: string): string {
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
