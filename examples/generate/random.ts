/** A deterministic source of chance: the same seed gives the same numbers on every machine. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
  chance(probability: number): boolean;
  /** A number around `mean` with a long tail, never below zero. */
  exponential(mean: number): number;
}

/** Creates one (sfc32, seeded from a hash of the text). */
export function createRandom(seed: string): Random {
  let [a, b, c, counter] = hash(seed);
  const next = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let round = 0; round < 12; round++) next();
  return {
    next,
    between: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (items) => items[Math.floor(next() * items.length)] as (typeof items)[number],
    chance: (probability) => next() < probability,
    exponential: (mean) => -Math.log(1 - next()) * mean,
  };
}

function hash(text: string): [number, number, number, number] {
  const state: [number, number, number, number] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  for (let at = 0; at < text.length; at++)
    for (let word = 0; word < 3; word++)
      state[word as 0 | 1 | 2] = Math.imul(state[word as 0 | 1 | 2] ^ text.charCodeAt(at), 0x01000193 + 2 * word) | 0;
  return state;
}

/**
 * Ranks as they occur in the wild: rank n comes up in proportion to 1/n^s (Zipf's law).
 *
 * @returns a function that draws a rank from 1 to `size`
 */
export function createZipf(size: number, exponent: number, random: Random): () => number {
  const sums = new Float64Array(size);
  let total = 0;
  for (let rank = 1; rank <= size; rank++) {
    total += rank ** -exponent;
    sums[rank - 1] = total;
  }
  return () => {
    const wanted = random.next() * total;
    let low = 0;
    let high = size - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] as number) > wanted) high = middle;
      else low = middle + 1;
    }
    return low + 1;
  };
}
