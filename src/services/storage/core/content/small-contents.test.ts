import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import type { ContentRef, ContentStore, OpenContent } from './content-store.ts';
import { withSmallContents } from './small-contents.ts';

const ref = (name: string, version: string | null = 'v'): ContentRef => ({ bucketId: 'b', name, version });

/** A store of texts that counts how often each is read. */
function storeOf(texts: Map<string, string>, asStream = false): { store: ContentStore; reads: () => number } {
  let reads = 0;
  const store = {
    async open({ name }: ContentRef): Promise<OpenContent | undefined> {
      const text = texts.get(name);
      if (text === undefined) return undefined;
      return {
        size: text.length,
        close: async () => {},
        async read(range) {
          reads++;
          const bytes = Buffer.from(range ? text.slice(range.start, range.end + 1) : text);
          return asStream ? Readable.from([bytes.subarray(0, 1), bytes.subarray(1)]) : bytes;
        },
      };
    },
    async remove(refs: readonly ContentRef[]) {
      for (const { name } of refs) texts.delete(name);
    },
    async close() {},
  } as unknown as ContentStore;
  return { store, reads: () => reads };
}

async function textOf(store: ContentStore, of: ContentRef, range?: { start: number; end: number }) {
  const content = await store.open(of);
  return content && String(await content.read(range));
}

it.each([false, true])('a small content is read once (as a stream: %s)', async (asStream) => {
  const { store, reads } = storeOf(new Map([['small', '0123456789']]), asStream);
  const kept = withSmallContents(store, 100_000);
  for (let round = 0; round < 3; round++) expect(await textOf(kept, ref('small'))).toBe('0123456789');
  expect(await textOf(kept, ref('small'), { start: 2, end: 4 })).toBe('234');
  expect(reads()).toBe(1);
});

it('what is large, and what has no version, is read each time', async () => {
  const { store, reads } = storeOf(
    new Map([
      ['large', 'x'.repeat(16 * 1024 + 1)],
      ['old', 'old'],
    ]),
  );
  const kept = withSmallContents(store, 100_000);
  for (let round = 0; round < 2; round++) {
    expect(await textOf(kept, ref('large'))).toHaveLength(16 * 1024 + 1);
    expect(await textOf(kept, ref('old', null))).toBe('old');
  }
  expect(reads()).toBe(4);
});

it('the longest unused ones go when there is no more room, and what is removed goes at once', async () => {
  const texts = new Map(['a', 'b', 'c'].map((name) => [name, name.repeat(1_000)]));
  const { store, reads } = storeOf(texts);
  const kept = withSmallContents(store, 3_500);
  for (const name of ['a', 'b', 'a', 'c', 'a']) await textOf(kept, ref(name));
  expect(reads()).toBe(3);
  await textOf(kept, ref('b'));
  expect(reads()).toBe(4);
  await kept.remove([ref('b')]);
  expect(await kept.open(ref('b'))).toBeUndefined();
});
