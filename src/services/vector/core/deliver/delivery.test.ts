import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { createLogger, type LogRecord } from '#kernel/log';
import { vectorError } from '../../errors.ts';
import { createDelivery, type DeliveryOptions } from './delivery.ts';
import { openDiskBuffer } from './disk-buffer.ts';

const log = createLogger({ level: 'silent', redact: (text) => text });
const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'delivery-'));
  folders.push(folder);
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

let number = 0;
function records(count: number, source = 's', message = 'x'.repeat(300)): LogRecord[] {
  return Array.from({ length: count }, () => ({
    id: `00000000-0000-7000-8000-${String(number++).padStart(12, '0')}`,
    source,
    at: 1_700_000_000_000_000,
    message,
    metadata: '{}',
  }));
}
const ids = (list: readonly LogRecord[]) => list.map(({ id }) => id);

function deliveryUnderTest(options: Partial<DeliveryOptions> & { folder?: string } = {}) {
  const got: LogRecord[] = [];
  const state: { fail: Error | undefined; attempts: number } = { fail: undefined, attempts: 0 };
  const delivery = createDelivery({
    log,
    batchEvents: 10,
    memory: 10_000,
    disk: { folder: options.folder ?? newFolder(), bytes: 1_000_000 },
    retry: { first: 1, longest: 2 },
    sink: {
      name: 'test',
      async deliver(list) {
        state.attempts++;
        if (state.fail) throw state.fail;
        expect(list.length).toBeLessThanOrEqual(10);
        got.push(...list);
      },
    },
    ...options,
  });
  return { delivery, got, state };
}

test('everything arrives once while all is well', async () => {
  const { delivery, got } = deliveryUnderTest({ accepts: (source) => source === 's' });
  await delivery.start();
  const sent = [records(3), records(10), records(4, 'other'), records(1)];
  for (const list of sent) delivery.push(list);
  await delivery.pushSafely(records(2));
  await delivery.stop(1_000);
  expect(ids(got).slice(0, 14)).toEqual(ids([...(sent[0] ?? []), ...(sent[1] ?? []), ...(sent[3] ?? [])]));
  expect(delivery.figures).toMatchObject({ delivered: 16, dropped: 0, refused: 0, waitingInMemory: 0 });
});

test('what a sink does not take waits: in memory, on disk beyond, and in the end it arrives', async () => {
  const { delivery, got, state } = deliveryUnderTest();
  state.fail = new Error('down');
  await delivery.start();
  const sent = Array.from({ length: 20 }, () => records(5));
  for (const list of sent) {
    const kept = () => delivery.figures.waitingInMemory + delivery.figures.waitingOnDisk;
    const before = kept();
    delivery.push(list);
    // Disks take their time, and what is on its way there is bounded, too.
    await vi.waitFor(() => expect(kept()).toBeGreaterThan(before));
  }
  await vi.waitFor(() => expect(delivery.figures.waitingOnDisk).toBeGreaterThan(0));
  await vi.waitFor(() => expect(delivery.figures.failure).toBe('down'));
  expect(delivery.figures.waitingInMemory).toBeLessThanOrEqual(10_000);
  state.fail = undefined;
  await vi.waitFor(() => expect(got).toHaveLength(100), { timeout: 10_000 });
  expect(ids(got).sort()).toEqual(ids(sent.flat()).sort());
  await vi.waitFor(() => expect(delivery.figures.waitingOnDisk).toBe(0));
  expect(delivery.figures.failure).toBeUndefined();
  await delivery.stop(1_000);
});

test('who waits for safety does not wait for a sink that is down, and the next process delivers it', async () => {
  const folder = newFolder();
  const first = deliveryUnderTest({ folder });
  first.state.fail = new Error('down');
  await first.delivery.start();
  const safe = records(3);
  const other = records(2);
  await first.delivery.pushSafely(safe);
  await first.delivery.pushSafely(other);
  // As if it were killed: nothing more is asked of the first.
  const second = deliveryUnderTest({ folder });
  await second.delivery.start();
  await vi.waitFor(() => expect(second.got).toHaveLength(5));
  expect(ids(second.got).sort()).toEqual(ids([...safe, ...other]).sort());
  await second.delivery.stop(1_000);
  await first.delivery.stop(1);
});

test('a stop leaves to the disk what could not be delivered', async () => {
  const folder = newFolder();
  const first = deliveryUnderTest({ folder, retry: { first: 60_000, longest: 60_000 } });
  first.state.fail = new Error('down');
  await first.delivery.start();
  const sent = records(4);
  first.delivery.push(sent);
  await vi.waitFor(() => expect(first.state.attempts).toBe(1));
  await first.delivery.stop(10);
  const second = deliveryUnderTest({ folder });
  await second.delivery.start();
  await vi.waitFor(() => expect(ids(second.got)).toEqual(ids(sent)));
  await second.delivery.stop(1_000);
});

test('what a sink refuses is lost alone', async () => {
  const { delivery, got, state } = deliveryUnderTest();
  await delivery.start();
  state.fail = vectorError('refused');
  await expect(delivery.pushSafely(records(2))).rejects.toMatchObject({ code: 'refused' });
  state.fail = undefined;
  await delivery.pushSafely(records(1));
  expect(got).toHaveLength(1);
  expect(delivery.figures).toMatchObject({ delivered: 1, refused: 2 });
  await delivery.stop(1_000);
});

test('without a disk the bound of memory holds, and losses are counted', async () => {
  const { delivery, state } = deliveryUnderTest({ disk: { folder: '', bytes: 0 } });
  state.fail = new Error('down');
  await delivery.start();
  for (let index = 0; index < 10; index++) delivery.push(records(5));
  await expect(delivery.pushSafely(records(5))).rejects.toMatchObject({ code: 'overloaded', status: 503 });
  expect(delivery.figures.waitingInMemory).toBeLessThanOrEqual(10_000);
  expect(delivery.figures.dropped).toBe(40);
  await delivery.stop(1);
});

test('the disk buffer gives back what it was given, whatever its texts are, and drops the oldest beyond its bound', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { minLength: 1, maxLength: 10 }),
      async (texts) => {
        const folder = newFolder();
        const buffer = await openDiskBuffer({ folder, maxBytes: 100_000, segmentBytes: 300 });
        const given = texts.flatMap((text) => records(1, 's', text));
        for (const record of given) await buffer.append([record]);
        const again = await openDiskBuffer({ folder, maxBytes: 100_000, segmentBytes: 300 });
        const found: LogRecord[] = [];
        for (let segment = await again.oldest(); segment; segment = await again.oldest()) {
          found.push(...segment.records);
          await again.remove(segment.name);
        }
        expect(found).toEqual(given);
        expect(readdirSync(folder)).toEqual([]);
      },
    ),
    { numRuns: 5 },
  );
  const folder = newFolder();
  const small = await openDiskBuffer({ folder, maxBytes: 2_000, segmentBytes: 500 });
  const given = Array.from({ length: 20 }, () => records(1));
  for (const one of given) await small.append(one);
  expect(small.bytes).toBeLessThanOrEqual(2_000);
  const kept = (await small.oldest())?.records ?? [];
  expect(small.dropped).toBe(given.findIndex(([record]) => record?.id === kept[0]?.id));
});

test('a line that a crash cut off is passed over', async () => {
  const folder = newFolder();
  const before = await openDiskBuffer({ folder, maxBytes: 10_000, segmentBytes: 10_000 });
  const [whole] = [records(1)];
  await before.append(whole);
  writeFileSync(join(folder, readdirSync(folder)[0] as string), '["half', { flag: 'a' });
  const after = await openDiskBuffer({ folder, maxBytes: 10_000, segmentBytes: 10_000 });
  expect((await after.oldest())?.records).toEqual(whole);
});
