import { randomFillSync } from 'node:crypto';

/** A log event ready to be kept or sent on: what makes it an event of its own is fixed, so that it may be sent twice. */
export interface LogRecord {
  /** UUID; in order of time where we made it (RFC 9562, version 7). */
  readonly id: string;
  /** Name of the stream, e.g. `cloudflare.logs.prod`. */
  readonly source: string;
  /** Microseconds since the epoch. */
  readonly at: number;
  readonly message: string;
  /** JSON text of an object. */
  readonly metadata: string;
  /** JSON text of an object with the event's other fields, where there are any. */
  readonly extra?: string | undefined;
}

/** Makes ids of version 7, each greater than the one before. */
export type RecordIds = (milliseconds: number) => string;

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const poolSize = 4_096;

/** Creates a maker of ids; two makers never make the same one. */
export function createRecordIds(): RecordIds {
  const pool = Buffer.allocUnsafe(poolSize);
  let used = poolSize;
  let last = 0;
  let sequence = 0;
  const next = (): string => hex[pool[used++] as number] as string;
  return (milliseconds) => {
    // Within a millisecond, and where the clock goes back, 12 bits count on (RFC 9562, 6.2, method 1).
    if (milliseconds > last) {
      last = milliseconds;
      sequence = 0;
    } else if (++sequence > 0xfff) {
      last++;
      sequence = 0;
    }
    if (used + 8 > poolSize) {
      randomFillSync(pool);
      used = 0;
    }
    const time = last.toString(16).padStart(12, '0');
    const variant = hex[((pool[used++] as number) & 0x3f) | 0x80] as string;
    return (
      `${time.slice(0, 8)}-${time.slice(8)}-7${sequence.toString(16).padStart(3, '0')}-${variant}${next()}-` +
      `${next()}${next()}${next()}${next()}${next()}${next()}`
    );
  };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Whether a text is a UUID in its usual form. */
export const isUuid = (text: string): boolean => uuid.test(text);
