/** A message that is no message: cut short, or with a value that cannot be. */
export class MalformedMessage extends Error {
  override readonly name = 'MalformedMessage';
}

/** Reads a message's fields one after the other. Everything read is a copy: the driver reuses its buffers. */
export class ByteReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    return this.#bytes[this.#advance(1)] as number;
  }

  letter(): string {
    return String.fromCharCode(this.byte());
  }

  int16(): number {
    return this.#bytes.readUInt16BE(this.#advance(2));
  }

  int32(): number {
    return this.#bytes.readInt32BE(this.#advance(4));
  }

  uint32(): number {
    return this.#bytes.readUInt32BE(this.#advance(4));
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#advance(8));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64BE(this.#advance(8));
  }

  /** A text that ends with a NUL. */
  cString(): string {
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0) throw new MalformedMessage('a text has no end');
    const text = this.#bytes.toString('utf8', this.#at, end);
    this.#at = end + 1;
    return text;
  }

  text(length: number): string {
    const from = this.#advance(length);
    return this.#bytes.toString('utf8', from, from + length);
  }

  bytes(length: number): Buffer {
    const from = this.#advance(length);
    return Buffer.from(this.#bytes.subarray(from, from + length));
  }

  #advance(length: number): number {
    const from = this.#at;
    if (length < 0 || from + length > this.#bytes.length) throw new MalformedMessage('the message is too short');
    this.#at = from + length;
    return from;
  }
}
