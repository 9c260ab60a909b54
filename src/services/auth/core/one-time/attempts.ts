/**
 * Counts wrong codes, so that six digits cannot be tried out. Each node counts for itself; whoever reaches the bound has
 * the code taken out of the database, which counts for all.
 */
export interface Attempts {
  /** Notes a wrong code. @param stored what the right one is stored as: a new code starts at nought @returns true at the bound */
  miss(stored: string): boolean;
}

/** @param bound wrong codes after which the right one is void @param size codes remembered; the oldest goes first */
export function createAttempts(bound: number, size: number): Attempts {
  const misses = new Map<string, number>();
  return {
    miss(stored) {
      const count = (misses.get(stored) ?? 0) + 1;
      misses.delete(stored);
      if (misses.size >= size) misses.delete(misses.keys().next().value as string);
      misses.set(stored, count);
      return count >= bound;
    },
  };
}
