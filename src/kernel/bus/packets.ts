import { randomBytes } from 'node:crypto';

const kinds = { json: 0, bytes: 1, part: 2 } as const;

/** Kind, id of the whole, number of the part, number of parts. */
const partHeader = 1 + 8 + 2 + 2;

/** Longest message that is put together, in parts; more would be no message of ours. */
const mostParts = 1_024;

/** A payload as packets of at most `limit` bytes: brokers bound the size of what they carry. */
export function packetsOf(payload: unknown, limit: number): Buffer[] {
  const isBytes = Buffer.isBuffer(payload);
  const body = isBytes ? payload : Buffer.from(JSON.stringify(payload ?? null));
  const whole = Buffer.allocUnsafe(1 + body.length);
  whole[0] = isBytes ? kinds.bytes : kinds.json;
  body.copy(whole, 1);
  if (whole.length <= limit) return [whole];
  const size = limit - partHeader;
  const parts = Math.ceil(whole.length / size);
  const id = randomBytes(8);
  return Array.from({ length: parts }, (_, part) => {
    const header = Buffer.allocUnsafe(partHeader);
    header[0] = kinds.part;
    id.copy(header, 1);
    header.writeUInt16BE(part, 9);
    header.writeUInt16BE(parts, 11);
    return Buffer.concat([header, whole.subarray(part * size, (part + 1) * size)]);
  });
}

interface Gathering {
  readonly parts: (Buffer | undefined)[];
  missing: number;
}

/** Puts payloads together again. At most `most` are incomplete at a time; the oldest goes first. */
export class Assembler {
  readonly #most: number;
  readonly #open = new Map<string, Gathering>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @returns the payload that is complete now; undefined while it is not, and for what is no packet */
  take(packet: Buffer): { readonly payload: unknown } | undefined {
    if (packet[0] !== kinds.part) return wholeOf(packet);
    if (packet.length < partHeader) return undefined;
    const id = packet.toString('latin1', 1, 9);
    const part = packet.readUInt16BE(9);
    const parts = packet.readUInt16BE(11);
    if (parts > mostParts || part >= parts) return undefined;
    let open = this.#open.get(id);
    if (!open) {
      if (this.#open.size >= this.#most) this.#open.delete(this.#open.keys().next().value as string);
      open = { parts: new Array(parts).fill(undefined), missing: parts };
      this.#open.set(id, open);
    }
    if (open.parts.length !== parts || open.parts[part] !== undefined) return undefined;
    open.parts[part] = packet.subarray(partHeader);
    if (--open.missing > 0) return undefined;
    this.#open.delete(id);
    return wholeOf(Buffer.concat(open.parts as Buffer[]));
  }
}

function wholeOf(packet: Buffer): { readonly payload: unknown } | undefined {
  if (packet[0] === kinds.bytes) return { payload: packet.subarray(1) };
  if (packet[0] !== kinds.json) return undefined;
  try {
    return { payload: JSON.parse(packet.toString('utf8', 1)) as unknown };
  } catch {
    return undefined;
  }
}
