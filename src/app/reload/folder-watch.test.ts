import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger, createRedactor } from '#kernel/log';
import { fingerprintOf, readConfigFolder } from './config-folder.ts';
import { createFolderWatch } from './folder-watch.ts';

let folder: string;
const closers: (() => void)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'settings-'));
  closers.push(() => rmSync(folder, { recursive: true, force: true }));
});
afterEach(() => {
  for (const close of closers.splice(0).reverse()) close();
});

const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);

describe('a folder of settings', () => {
  const values = () => readConfigFolder(folder, { HOME: '/home' }).map(({ entries }) => [...entries.keys()]);

  it('is read file by file in the order of their names, without what is no file of settings', () => {
    put('20.env', 'B=1');
    put('10.env', 'A=${HOME}');
    put('10.env.bak', 'C=1');
    mkdirSync(join(folder, 'sub.env'));
    symlinkSync(join(folder, 'missing'), join(folder, 'gone.env'));
    expect(values()).toEqual([['A'], ['B']]);
    expect(readConfigFolder(folder, { HOME: '/home' })[0]?.entries.get('A')?.value).toBe('/home');
  });

  it('has its bounds', () => {
    put('big.env', 'x'.repeat(1_048_577));
    expect(values).toThrow('bytes');
    rmSync(join(folder, 'big.env'));
    for (let index = 0; index < 101; index++) put(`${index}.env`, '');
    expect(values).toThrow('more than 100 files');
  });

  it('has another fingerprint when what counts in it is another, and the reason when it cannot be read', () => {
    put('a.env', 'A=1');
    const before = fingerprintOf(folder);
    put('note.txt', 'x');
    expect(fingerprintOf(folder)).toBe(before);
    put('a.env', 'A=2');
    expect(fingerprintOf(folder)).not.toBe(before);
    expect(fingerprintOf(join(folder, 'missing'))).toContain('ENOENT');
  });
});

describe('a watched folder', () => {
  const log = createLogger({ level: 'silent', redact: createRedactor([]) });

  /** Watches, and notes the fingerprint of each change that counts. */
  function watched(options: { notify: boolean; interval: number; grace: number }): string[] {
    const seen: string[] = [];
    const fingerprint = () => fingerprintOf(folder);
    const onChange = () => void seen.push(fingerprint());
    const watch = createFolderWatch({ folder, fingerprint, onChange, log, ...options });
    watch.start();
    closers.push(() => watch.stop());
    return seen;
  }
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  // Of the two ways one is so slow that it does not come into it.
  const byEvents = { notify: true, interval: 3_600_000, grace: 20 };
  const byLooking = { notify: false, interval: 20, grace: 20 };

  it.each([
    ['that the file system tells of', byEvents],
    ['that is looked for', byLooking],
  ])('is heeded once at the start, and after each change %s', async (_, options) => {
    put('a.env', 'A=1');
    const seen = watched(options);
    expect(seen).toEqual([fingerprintOf(folder)]);
    put('a.env', 'A=2');
    await until(() => seen.at(-1) === fingerprintOf(folder));
    put('b.env', 'B=1');
    await until(() => seen.at(-1) === fingerprintOf(folder));
    rmSync(join(folder, 'b.env'));
    await until(() => seen.at(-1) === fingerprintOf(folder));
    // A file may be seen when it is empty still, but no state twice in a row.
    for (const [index, state] of seen.entries()) expect(seen[index + 1]).not.toBe(state);
  });

  it('that is put in the place of another is watched as well', async () => {
    const seen = watched({ notify: true, interval: 30, grace: 10 });
    const other = mkdtempSync(join(tmpdir(), 'settings-'));
    writeFileSync(join(other, 'a.env'), 'A=1');
    rmSync(folder, { recursive: true });
    await until(() => seen.at(-1)?.includes('ENOENT') === true);
    renameSync(other, folder);
    await until(() => seen.at(-1) === fingerprintOf(folder));
    put('a.env', 'A=2');
    await until(() => seen.at(-1) === fingerprintOf(folder));
  });
});
