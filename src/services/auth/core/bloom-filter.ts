import { createHash } from 'node:crypto';

/** A set that may say it holds what it does not, with a known chance, and never forgets what it holds until it is full. */
export interface BloomFilter {
  has(item: string): boolean;
  /** One more than the filter was made for empties it first. */
  add(item: string): void;
}

/** @param items it is made for @param falsePositives chance of a wrong yes when it is full, above 0 and below 1 */
export function createBloomFilter(items: number, falsePositives: number): BloomFilter {
  const size = Math.max(64, Math.ceil((-items * Math.log(falsePositives)) / Math.LN2 ** 2));
  const probes = Math.max(1, Math.round((size / items) * Math.LN2));
  const bits = new Uint8Array(Math.ceil(size / 8));
  let held = 0;

  // Two hashes make all probes (Kirsch and Mitzenmacher, "Less Hashing, Same Performance").
  function places(item: string): number[] {
    const digest = createHash('sha256').update(item).digest();
    const [first, step] = [digest.readUInt32LE(0), digest.readUInt32LE(4) | 1];
    return Array.from({ length: probes }, (_, index) => (first + index * (step >>> 0)) % size);
  }

  const has = (at: readonly number[]): boolean =>
    at.every((place) => ((bits[place >> 3] as number) & (1 << (place & 7))) !== 0);

  return {
    has: (item) => has(places(item)),
    add(item) {
      const at = places(item);
      if (has(at)) return;
      if (held >= items) {
        bits.fill(0);
        held = 0;
      }
      held++;
      for (const place of at) bits[place >> 3] = (bits[place >> 3] as number) | (1 << (place & 7));
    },
  };
}
