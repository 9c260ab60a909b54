/** Counts attempts by key in windows of a minute. */
export interface Attempts {
  /** Counts one. @returns seconds to wait, 0 when it is within the bound. @param now milliseconds */
  count(key: string, most: number, now: number): number;
}

const period = 60_000;

/** @param keys windows remembered; the oldest goes first */
export function createAttempts(keys: number): Attempts {
  const windows = new Map<string, { readonly since: number; count: number }>();
  return {
    count(key, most, now) {
      const known = windows.get(key);
      const open = known && now - known.since < period ? known : { since: now, count: 0 };
      open.count++;
      windows.delete(key);
      if (windows.size >= keys) windows.delete(windows.keys().next().value as string);
      windows.set(key, open);
      return open.count <= most ? 0 : Math.max(1, Math.ceil((open.since + period - now) / 1_000));
    },
  };
}
