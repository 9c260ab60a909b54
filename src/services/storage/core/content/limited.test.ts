import { describe, expect, it } from 'vitest';
import { limited, patient } from './limited.ts';

async function* chunks(...sizes: number[]) {
  for (const size of sizes) yield Buffer.alloc(size);
}

async function total(source: AsyncIterable<Buffer>): Promise<number> {
  let size = 0;
  for await (const chunk of source) size += chunk.length;
  return size;
}

describe('a limit', () => {
  it('lets through what it allows, and not a byte more', async () => {
    expect(await total(limited(chunks(3, 0, 4), 7))).toBe(7);
    await expect(total(limited(chunks(3, 0, 5), 7))).rejects.toMatchObject({ code: 'EntityTooLarge' });
  });
});

describe('patience', () => {
  it('passes everything on, failures included', async () => {
    expect(await total(patient(chunks(1, 2, 3), 60_000))).toBe(6);
    async function* broken() {
      yield Buffer.alloc(1);
      throw new Error('broken off');
    }
    await expect(total(patient(broken(), 60_000))).rejects.toThrow('broken off');
  });

  it('ends with a source that says nothing', async () => {
    async function* silent() {
      yield Buffer.alloc(1);
      await new Promise(() => {});
    }
    await expect(total(patient(silent(), 10))).rejects.toMatchObject({ code: 'RequestTimeout' });
  });

  it('does not count the time that the reader takes', async () => {
    const read: number[] = [];
    for await (const chunk of patient(chunks(1, 2), 10)) {
      read.push(chunk.length);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    expect(read).toEqual([1, 2]);
  });

  it('lets the source go when the reader stops', async () => {
    let isReleased = false;
    async function* source() {
      try {
        for (;;) yield Buffer.alloc(1);
      } finally {
        isReleased = true;
      }
    }
    for await (const _chunk of patient(source(), 60_000)) break;
    expect(isReleased).toBe(true);
  });
});
