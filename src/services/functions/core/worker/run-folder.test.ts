import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeRunFolder } from './run-folder.ts';

test('folders of processes that are gone are removed, and no others', () => {
  const parent = mkdtempSync(join(tmpdir(), 'run-folder-'));
  try {
    const own = makeRunFolder(parent);
    const owner = JSON.parse(readFileSync(join(own, 'owner'), 'utf8'));
    expect(owner.pid).toBe(process.pid);
    const put = (name: string, text: string | undefined): string => {
      const folder = join(parent, `pmoves-fn-${name}`);
      mkdirSync(join(folder, 'worker'), { recursive: true });
      if (text !== undefined) writeFileSync(join(folder, 'owner'), text);
      return folder;
    };
    // No kernel gives out a number as high as this one.
    const gone = put('gone', JSON.stringify({ pid: 2 ** 30, since: '1' }));
    const reused = put('reused', JSON.stringify({ pid: process.pid, since: 'another time' }));
    const unknown = put('unknown', undefined);
    const broken = put('broken', '{"pid":-1}');
    const elsewhere = mkdtempSync(join(tmpdir(), 'run-folder-'));
    symlinkSync(elsewhere, join(parent, 'pmoves-fn-link'));
    writeFileSync(join(elsewhere, 'owner'), JSON.stringify({ pid: 2 ** 30, since: '1' }));
    const second = makeRunFolder(parent);
    const isLinux = process.platform === 'linux';
    expect([own, gone, reused, unknown, broken, elsewhere, second].map((path) => existsSync(path))).toEqual([
      true,
      false,
      // Only there the time of a start can be told.
      !isLinux,
      true,
      true,
      true,
      true,
    ]);
    rmSync(elsewhere, { recursive: true });
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
});
