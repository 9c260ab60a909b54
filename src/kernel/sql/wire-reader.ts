/** Receives one message at a time; its body is `bytes` from `start` to `end` and stays untouched afterwards. */
export type MessageHandler = (type: number, bytes: Buffer, start: number, end: number) => void;

const headLength = 5;

/**
 * Cuts what a server sends into messages (PostgreSQL documentation, "Message Formats": type byte, length that counts
 * itself, body), without a copy where a message lies in one chunk, and with one where it does not.
 */
export class WireReader {
  readonly #handle: MessageHandler;
  /** Beginning of a message whose end has not come yet. */
  #part: Buffer | undefined;
  #filled = 0;

  constructor(handle: MessageHandler) {
    this.#handle = handle;
  }

  /** Takes the next bytes. @throws RangeError where a length is none */
  feed(chunk: Buffer): void {
    let rest: Buffer | undefined = chunk;
    while (this.#part && rest) rest = this.#complete(this.#part, rest);
    if (rest) this.#split(rest);
  }

  #split(chunk: Buffer): void {
    let at = 0;
    while (chunk.length - at >= headLength) {
      const end = at + 1 + lengthAt(chunk, at + 1);
      if (end > chunk.length) break;
      this.#handle(chunk[at] as number, chunk, at + headLength, end);
      at = end;
    }
    if (at === chunk.length) return;
    const left = chunk.length - at;
    this.#part = Buffer.allocUnsafe(left < headLength ? headLength : 1 + lengthAt(chunk, at + 1));
    this.#filled = chunk.copy(this.#part, 0, at);
  }

  /** Fills up the message that was begun. @returns what follows it, undefined when it is still not whole */
  #complete(part: Buffer, chunk: Buffer): Buffer | undefined {
    const copied = chunk.copy(part, this.#filled);
    this.#filled += copied;
    const rest = copied < chunk.length ? chunk.subarray(copied) : undefined;
    if (this.#filled < part.length) return undefined;
    // Only the head was there so far, so that the message's size was not known.
    const size = 1 + lengthAt(part, 1);
    if (size > part.length) {
      this.#part = Buffer.allocUnsafe(size);
      part.copy(this.#part);
      return rest;
    }
    this.#part = undefined;
    this.#handle(part[0] as number, part, headLength, size);
    return rest;
  }
}

function lengthAt(bytes: Buffer, at: number): number {
  const length = bytes.readInt32BE(at);
  if (length < 4) throw new RangeError(`a message of length ${length}`);
  return length;
}
