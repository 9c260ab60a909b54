import type { ContentRef, ContentStore, OpenContent } from './content-store.ts';

/** Bytes of a content that is kept in memory. */
const smallSize = 16 * 1024;
/** What an entry takes beside its bytes. */
const overhead = 512;

/**
 * Keeps small contents in memory for the next who want them, the longest unused ones no longer than there is room. A
 * version never changes; whether there still is an object that lives from it, its row says before it is opened.
 *
 * @param most bytes of all together
 */
export function withSmallContents(store: ContentStore, most: number): ContentStore {
  if (most <= 0) return store;
  // The longest unused one comes first.
  const kept = new Map<string, Buffer>();
  let taken = 0;

  function forget(key: string): void {
    const bytes = kept.get(key);
    if (bytes === undefined) return;
    kept.delete(key);
    taken -= bytes.length + overhead;
  }

  function keep(key: string, bytes: Buffer): void {
    forget(key);
    // A part of a larger piece of memory would keep all of it.
    const own = bytes.buffer.byteLength === bytes.length ? bytes : Buffer.from(new Uint8Array(bytes).buffer);
    kept.set(key, own);
    taken += own.length + overhead;
    for (const oldest of kept.keys()) {
      if (taken <= most) break;
      forget(oldest);
    }
  }

  return {
    ...store,
    async open(ref) {
      const key = keyOf(ref);
      if (key === undefined) return store.open(ref);
      const bytes = kept.get(key);
      if (bytes) {
        kept.delete(key);
        kept.set(key, bytes);
        return inMemory(bytes);
      }
      const content = await store.open(ref);
      if (content === undefined || content.size > smallSize) return content;
      return {
        ...content,
        async read(range) {
          if (range) return content.read(range);
          const read = await content.read();
          const whole = Buffer.isBuffer(read) ? read : Buffer.concat(await read.toArray());
          if (whole.length === content.size) keep(key, whole);
          return whole;
        },
      };
    },
    async remove(refs) {
      for (const ref of refs) forget(keyOf(ref) ?? '');
      await store.remove(refs);
    },
    close() {
      kept.clear();
      taken = 0;
      return store.close();
    },
  };
}

/** A version alone would do, but copies may come to be called the same in a volume that others wrote. */
const keyOf = ({ bucketId, name, version }: ContentRef): string | undefined =>
  version === null ? undefined : `${bucketId}/${name}/${version}`;

const inMemory = (bytes: Buffer): OpenContent => ({
  size: bytes.length,
  read: async (range) => (range ? bytes.subarray(range.start, range.end + 1) : bytes),
  close: async () => {},
});
