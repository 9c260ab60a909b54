import { createHash } from 'node:crypto';

/** MD5 (what an ETag is) and SHA-256 (what damage is told by) of bytes that pass by. */
export class Digests {
  readonly #md5 = createHash('md5');
  readonly #sha256 = createHash('sha256');
  #size = 0;

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** Takes the next bytes. */
  update(chunk: Buffer): void {
    this.#md5.update(chunk);
    this.#sha256.update(chunk);
    this.#size += chunk.length;
  }

  /** Ends the count; hexadecimal. */
  finish(): { readonly size: number; readonly etag: string; readonly sha256: string } {
    return { size: this.#size, etag: this.#md5.digest('hex'), sha256: this.#sha256.digest('hex') };
  }
}
