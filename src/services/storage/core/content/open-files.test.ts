import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test as plainTest } from 'vitest';
import { fileContent } from './file-content.ts';
import { createOpenFiles, type OpenFiles } from './open-files.ts';
import { createReadBuffers } from './read-buffers.ts';

// What is open is told by Linux alone.
const test = plainTest.skipIf(!existsSync('/proc/self/fd'));

let folder: string;
let files: OpenFiles;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'open-files-'));
  files = createOpenFiles(2);
});
afterEach(async () => {
  await files.close();
  rmSync(folder, { recursive: true });
});

function file(name: string, text = name): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Names of the folder's files that this process has open, removed ones included. */
const openNow = (): string[] =>
  readdirSync('/proc/self/fd')
    .flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`)];
      } catch {
        return [];
      }
    })
    .filter((target) => target.startsWith(folder))
    .map((target) => target.slice(folder.length + 1).replace(' (deleted)', ''))
    .sort();

const untilOpen = (names: string[]) => expect.poll(openNow).toEqual(names);

test('a file is opened once for all who want it, and stays open for the next', async () => {
  const path = file('a');
  const both = await Promise.all([files.open(path), files.open(path)]);
  expect(openNow()).toEqual(['a']);
  for (const opened of both) opened?.release();
  expect(openNow()).toEqual(['a']);
  const again = await files.open(path);
  expect(again?.file.fd).toBe(both[0]?.file.fd);
  again?.release();
});

test('no more are kept than may be; one that is read stays open until it was read', async () => {
  const [a, b, c] = ['a', 'b', 'c'].map((name) => file(name));
  const first = await files.open(a as string);
  (await files.open(b as string))?.release();
  (await files.open(c as string))?.release();
  expect(openNow()).toEqual(['a', 'b', 'c']);
  const bytes = Buffer.alloc(1);
  await first?.file.read(bytes, 0, 1, 0);
  expect(bytes.toString()).toBe('a');
  first?.release();
  await untilOpen(['b', 'c']);
});

test('one that is forgotten is closed, at the latest when it was read', async () => {
  const path = file('a');
  const reading = await files.open(path);
  files.forget(path);
  unlinkSync(path);
  expect(openNow()).toEqual(['a']);
  expect(await files.open(path)).toBeUndefined();
  reading?.release();
  await untilOpen([]);
});

test('folders, what is not there, and files below files are none; nothing of them is remembered', async () => {
  const path = file('a');
  for (const missing of [folder, join(folder, 'later'), join(path, 'x')])
    expect(await files.open(missing)).toBeUndefined();
  const later = file('later');
  const opened = await files.open(later);
  expect(opened?.size).toBe(5);
  opened?.release();
});

test('a stream lets go of it at its end, and when nobody wants it', async () => {
  const path = file('large', 'x'.repeat(300_000));
  const content = async () => {
    const opened = await files.open(path);
    if (!opened) throw new Error('it is there');
    return fileContent(opened, createReadBuffers(0));
  };
  const whole = await (await content()).read();
  let size = 0;
  for await (const chunk of whole) size += (chunk as Buffer).length;
  expect(size).toBe(300_000);
  const unread = await (await content()).read({ start: 1, end: 200_000 });
  (unread as import('node:stream').Readable).destroy();
  files.forget(path);
  await untilOpen([]);
});

test('closing closes all, and what is opened afterwards is not kept', async () => {
  const path = file('a');
  (await files.open(path))?.release();
  await files.close();
  expect(openNow()).toEqual([]);
  const late = await files.open(path);
  late?.release();
  await untilOpen([]);
});
