import { createHash } from 'node:crypto';

/** The key of something that may be used once: a UUID made of a digest, so that all nodes make the same one. */
export function onceKey(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}
