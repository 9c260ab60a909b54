/** Requests per client: each key has a bucket that refills steadily. */
export interface RateLimiter {
  /** Takes one from the key's bucket; false when it is empty. @param now milliseconds */
  take(key: string, now: number): boolean;
  /** Puts one back into the key's bucket. */
  giveBack(key: string): void;
}

/**
 * @param amount what flows into a bucket in `period`
 * @param period in milliseconds
 * @param burst what a bucket holds at most
 * @param keys buckets remembered; the one unused longest goes first
 */
export function createRateLimiter(amount: number, period: number, burst: number, keys: number): RateLimiter {
  const buckets = new Map<string, { level: number; at: number }>();
  return {
    take(key, now) {
      const known = buckets.get(key);
      buckets.delete(key);
      if (!known && buckets.size >= keys) buckets.delete(buckets.keys().next().value as string);
      const elapsed = known ? Math.max(0, now - known.at) : 0;
      const level = known ? Math.min(burst, known.level + (elapsed * amount) / period) : burst;
      const granted = level >= 1;
      buckets.set(key, { level: granted ? level - 1 : level, at: now });
      return granted;
    },
    giveBack(key) {
      const bucket = buckets.get(key);
      if (bucket) bucket.level = Math.min(burst, bucket.level + 1);
    },
  };
}
