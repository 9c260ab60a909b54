import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Made } from '../engine/engine.ts';
import { createFlights } from './flights.ts';
import { cacheKey, createResultCache, type ResultCache } from './result-cache.ts';
import { createSlots } from './slots.ts';

const never = new AbortController().signal;
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('slots', () => {
  test('hold no more than there are, in the order of asking, and refuse beyond the queue', async () => {
    const slots = createSlots(2, 2);
    const [first, second] = [await slots.take(never), await slots.take(never)];
    const order: number[] = [];
    const waiting = [3, 4].map((number) =>
      slots.take(never).then((release) => {
        order.push(number);
        return release;
      }),
    );
    await expect(slots.take(never)).rejects.toMatchObject({
      code: 'too_many_requests',
      status: 429,
      headers: { 'retry-after': '1' },
    });
    expect([slots.taken, slots.waiting]).toEqual([2, 2]);
    first();
    first();
    await turn();
    expect([order, slots.taken, slots.waiting]).toEqual([[3], 2, 1]);
    second();
    for (const release of await Promise.all(waiting)) release();
    expect([order, slots.taken, slots.waiting]).toEqual([[3, 4], 0, 0]);
  });

  test('who leaves the queue takes no place', async () => {
    const slots = createSlots(1, 5);
    const release = await slots.take(never);
    const leaving = new AbortController();
    const gone = slots.take(leaving.signal);
    const next = slots.take(never);
    leaving.abort(new Error('gone'));
    await expect(gone).rejects.toThrow('gone');
    release();
    (await next)();
    expect([slots.taken, slots.waiting]).toEqual([0, 0]);
  });
});

describe('flights', () => {
  test('a hundred who want the same cost one', async () => {
    const flights = createFlights<number>();
    let work = 0;
    const results = await Promise.all(
      Array.from({ length: 100 }, () =>
        flights.join('same', new AbortController().signal, async () => {
          work++;
          await turn();
          return 7;
        }),
      ),
    );
    expect([work, new Set(results), flights.size]).toEqual([1, new Set([7]), 0]);
  });

  test('one who leaves ends nothing for the others; the last one ends it', async () => {
    const flights = createFlights<string>();
    const [leaving, staying] = [new AbortController(), new AbortController()];
    let ended = false;
    const work = (signal: AbortSignal) =>
      new Promise<string>((_, reject) => {
        signal.addEventListener('abort', () => {
          ended = true;
          reject(signal.reason);
        });
      });
    const first = flights.join('same', leaving.signal, work);
    const second = flights.join('same', staying.signal, work);
    leaving.abort(new Error('first left'));
    await expect(first).rejects.toThrow('first left');
    expect([ended, flights.size]).toEqual([false, 1]);
    staying.abort(new Error('second left'));
    await expect(second).rejects.toThrow('second left');
    expect([ended, flights.size]).toEqual([true, 0]);
  });

  test('a failure is told to all and not kept', async () => {
    const flights = createFlights<number>();
    const fail = () => flights.join('same', never, () => Promise.reject(new Error('broken')));
    await Promise.all([expect(fail()).rejects.toThrow('broken'), expect(fail()).rejects.toThrow('broken')]);
    expect(await flights.join('same', never, async () => 1)).toBe(1);
  });
});

describe('the cache', () => {
  let folder: string;
  const errors: unknown[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'image-cache-'));
    errors.length = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const open = (maxBytes: number, now = Date.now) =>
    createResultCache({ folder, maxBytes, now, onError: (error) => errors.push(error) });
  const keep = async (cache: ResultCache, name: unknown, made: Made) => {
    await cache.put(cacheKey([name]), made);
    await cache.settled();
  };
  const result = (size: number, fill = 1): Made => ({
    body: Buffer.alloc(size, fill),
    format: 'webp',
    sizes: { source: [1, 2], result: [3, 4] },
  });
  const files = () =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));

  test('gives back what was put, also to another process', async () => {
    await keep(open(1e6), 'a', result(100));
    const found = await open(1e6).get(cacheKey(['a']));
    expect(found?.body.equals(result(100).body)).toBe(true);
    expect(found).toMatchObject({ format: 'webp', sizes: { source: [1, 2], result: [3, 4] } });
    expect(await open(1e6).get(cacheKey(['b']))).toBeUndefined();
  });

  test('a result is there while it is written, and many at once are waited for', async () => {
    const cache = open(1e6);
    const made = result(100);
    await cache.put(cacheKey(['a']), made);
    expect(await cache.get(cacheKey(['a']))).toBe(made);
    await Promise.all(Array.from({ length: 40 }, (_, n) => cache.put(cacheKey([n]), result(n + 1))));
    for (let n = 0; n < 40; n++) expect((await cache.get(cacheKey([n])))?.body.length).toBe(n + 1);
    await cache.settled();
    expect(files().length).toBe(41);
    expect((await open(1e6).get(cacheKey(['a'])))?.body.equals(made.body)).toBe(true);
  });

  test('stays within its bound and keeps what was used last', async () => {
    let now = Date.now();
    const cache = open(160_000, () => now);
    for (let index = 0; index < 100; index++) {
      await keep(cache, index, result(5_000));
      const total = files().reduce((sum, path) => sum + statSync(path).size, 0);
      expect(total).toBeLessThanOrEqual(160_000);
      // The first one is asked for again and again.
      now += 120_000;
      for (const path of files()) if (statSync(path).mtimeMs > now) utimesSync(path, now / 1_000, now / 1_000);
      expect(await cache.get(cacheKey([0])), `after ${index}`).toBeDefined();
    }
    expect(files().length).toBeGreaterThan(20);
    expect(await cache.get(cacheKey([1]))).toBeUndefined();
  });

  test('what is too large for it is left out', async () => {
    const cache = open(16_000);
    await keep(cache, 'large', result(2_000));
    expect(files()).toEqual([]);
  });

  test('a damaged file is a miss and goes', async () => {
    const cache = open(1e6);
    for (const damage of [
      (bytes: Buffer) => bytes.subarray(0, bytes.length - 1),
      (bytes: Buffer) => Buffer.alloc(bytes.length),
      () => Buffer.alloc(0),
      (bytes: Buffer) => {
        bytes[bytes.length - 1] = 99;
        return bytes;
      },
    ]) {
      await keep(cache, 'x', result(50));
      const [path = ''] = files();
      writeFileSync(path, damage(readFileSync(path)));
      expect(await cache.get(cacheKey(['x']))).toBeUndefined();
      expect(files()).toEqual([]);
    }
    expect(errors).toEqual([]);
  });

  test('broken-off writes are removed once they are old', async () => {
    const cache = open(1e6);
    await keep(cache, 'x', result(50));
    const [path = ''] = files();
    const [old, young] = [`${path}.1.part`, `${path}.2.part`];
    for (const part of [old, young]) writeFileSync(part, 'x');
    utimesSync(old, 1, 1);
    await cache.sweep();
    expect(files().sort()).toEqual([path, young].sort());
  });

  test('a folder that cannot be written costs nobody an answer', async () => {
    const cache = createResultCache({
      folder: join(folder, 'file'),
      maxBytes: 1e6,
      now: Date.now,
      onError: (error) => errors.push(error),
    });
    writeFileSync(join(folder, 'file'), '');
    await keep(cache, 'x', result(50));
    expect(await cache.get(cacheKey(['x']))).toBeUndefined();
    expect(errors.length).toBeGreaterThan(0);
  });
});
