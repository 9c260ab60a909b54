/**
 * Writes front-end messages (PostgreSQL documentation, "Message Formats") into one growing buffer, so that a whole
 * transaction leaves in one write.
 */
export class WireWriter {
  #buffer: Buffer = Buffer.allocUnsafe(2048);
  #length = 0;

  /** Parse: an empty type list leaves every parameter's type to the server. */
  parse(name: string, text: string): this {
    const start = this.#open(0x50);
    this.#cstring(name);
    this.#cstring(text);
    this.#int16(0);
    return this.#close(start);
  }

  /** Bind the unnamed portal; results in text format. Buffers go as binary parameters. */
  bind(statement: string, values: readonly (string | Buffer | null)[]): this {
    const start = this.#open(0x42);
    this.#byte(0);
    this.#cstring(statement);
    if (values.some((value) => typeof value === 'object' && value !== null)) {
      this.#int16(values.length);
      for (const value of values) this.#int16(typeof value === 'object' && value !== null ? 1 : 0);
    } else this.#int16(0);
    this.#int16(values.length);
    for (const value of values) this.#value(value);
    this.#int16(0);
    return this.#close(start);
  }

  /** Describe the unnamed portal, so that a RowDescription precedes the rows. */
  describePortal(): this {
    const start = this.#open(0x44);
    this.#byte(0x50);
    this.#byte(0);
    return this.#close(start);
  }

  /** Describe a statement, so that its parameters and its RowDescription (or NoData) are answered. */
  describeStatement(name: string): this {
    const start = this.#open(0x44);
    this.#byte(0x53);
    this.#cstring(name);
    return this.#close(start);
  }

  /** Execute the unnamed portal to its end. */
  execute(): this {
    const start = this.#open(0x45);
    this.#byte(0);
    this.#int32(0);
    return this.#close(start);
  }

  closeStatement(name: string): this {
    const start = this.#open(0x43);
    this.#byte(0x53);
    this.#cstring(name);
    return this.#close(start);
  }

  sync(): this {
    return this.#close(this.#open(0x53));
  }

  /** The bytes written so far; the writer is empty afterwards and never touches them again. */
  take(): Buffer {
    const result = this.#buffer.subarray(0, this.#length);
    this.#buffer = Buffer.allocUnsafe(2048);
    this.#length = 0;
    return result;
  }

  #open(type: number): number {
    this.#byte(type);
    const start = this.#length;
    this.#int32(0);
    return start;
  }

  #close(start: number): this {
    this.#buffer.writeInt32BE(this.#length - start, start);
    return this;
  }

  #value(value: string | Buffer | null): void {
    if (value === null) {
      this.#int32(-1);
    } else if (typeof value !== 'string') {
      this.#int32(value.length);
      this.#reserve(value.length);
      value.copy(this.#buffer, this.#length);
      this.#length += value.length;
    } else {
      this.#reserve(4 + value.length * 3);
      const size = this.#buffer.write(value, this.#length + 4, 'utf8');
      this.#buffer.writeInt32BE(size, this.#length);
      this.#length += 4 + size;
    }
  }

  #cstring(text: string): void {
    this.#reserve(text.length * 3 + 1);
    this.#length += this.#buffer.write(text, this.#length, 'utf8');
    this.#buffer[this.#length++] = 0;
  }

  #byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  #int16(value: number): void {
    this.#reserve(2);
    this.#buffer.writeUInt16BE(value, this.#length);
    this.#length += 2;
  }

  #int32(value: number): void {
    this.#reserve(4);
    this.#buffer.writeInt32BE(value, this.#length);
    this.#length += 4;
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
