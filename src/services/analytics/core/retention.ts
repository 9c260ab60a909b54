import type { Partition } from '../sql/partitions.ts';

/** What may stay. */
export interface RetentionRules {
  /** Milliseconds. */
  readonly retention: number;
  /** Bytes. */
  readonly maxSize: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Partitions that have to go: all whose events are too old, and the oldest as long as all are too large together. */
export function duePartitions(partitions: readonly Partition[], rules: RetentionRules): Partition[] {
  const oldest = (rules.now - rules.retention) / 1_000;
  const due = partitions.filter(({ to }) => to <= oldest);
  const rest = partitions.filter(({ to }) => to > oldest).sort((a, b) => a.from - b.from);
  let size = rest.reduce((sum, { bytes }) => sum + bytes, 0);
  for (const partition of rest) {
    if (size <= rules.maxSize) break;
    due.push(partition);
    size -= partition.bytes;
  }
  return due;
}

/** Share of the size that one partition may have: it goes as a whole. */
const share = 8;
/** Seconds. */
const shortest = 60;

/**
 * Span in seconds of the next partition: the one configured, or a part of it where events arrive so fast that it would
 * hold too much.
 */
export function spanFor(partition: number, maxSize: number, partitions: readonly Partition[], now: number): number {
  let span = Math.max(shortest, Math.floor(partition / 1_000));
  const last = partitions.at(-1);
  if (!last) return span;
  const elapsed = Math.max(shortest, Math.min(now / 1_000, last.to) - last.from);
  const perSecond = last.bytes / elapsed;
  while (span > shortest && perSecond * span > maxSize / share) span = Math.max(shortest, Math.floor(span / 2));
  return span;
}
