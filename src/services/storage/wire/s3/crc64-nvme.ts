/** CRC-64/NVME in two halves: JavaScript's own integers for bits have 32. */
interface Halves {
  readonly high: Uint32Array;
  readonly low: Uint32Array;
}

/** The polynomial, bits reflected (NVM Express, "64b CRC"). */
const polynomialHigh = 0x9a6c9329;
const polynomialLow = 0xac4bc9b5;

function makeTables(): Halves {
  const [high, low] = [new Uint32Array(256), new Uint32Array(256)];
  for (let index = 0; index < 256; index++) {
    let [h, l] = [0, index];
    for (let bit = 0; bit < 8; bit++) {
      const carry = l & 1;
      l = (l >>> 1) | (h << 31);
      h >>>= 1;
      if (carry) {
        h ^= polynomialHigh;
        l ^= polynomialLow;
      }
    }
    high[index] = h;
    low[index] = l;
  }
  return { high, low };
}

/** A running CRC-64/NVME. */
export class Crc64Nvme {
  readonly #tables = makeTables();
  #high = 0xffffffff;
  #low = 0xffffffff;

  /** Takes the next bytes. */
  update(chunk: Buffer): void {
    const { high, low } = this.#tables;
    let [h, l] = [this.#high, this.#low];
    for (const byte of chunk) {
      const index = (l ^ byte) & 0xff;
      l = ((l >>> 8) | (h << 24)) ^ (low[index] as number);
      h = (h >>> 8) ^ (high[index] as number);
    }
    this.#high = h;
    this.#low = l;
  }

  /** Eight bytes, the most significant one first. */
  digest(): Buffer {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32BE(~this.#high >>> 0, 0);
    bytes.writeUInt32BE(~this.#low >>> 0, 4);
    return bytes;
  }
}
