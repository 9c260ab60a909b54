import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chooseCoding, readAssets } from './assets.ts';

test('the smallest copy that is taken', () => {
  const sizes = { br: 1, gzip: 2, identity: 3 };
  expect(chooseCoding('gzip, deflate, br, zstd', sizes)).toBe('br');
  expect(chooseCoding('gzip', sizes)).toBe('gzip');
  expect(chooseCoding('br;q=0, gzip;q=0.5', sizes)).toBe('gzip');
  expect(chooseCoding('*', sizes)).toBe('br');
  expect(chooseCoding('br', { identity: 3 })).toBe('identity');
  for (const header of [undefined, '', 'identity', 'br;q=0, *;q=0'])
    expect(chooseCoding(header, sizes)).toBe('identity');
});

test('serves what it knows the type of, and no copy by its own name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assets-'));
  try {
    expect(readAssets(folder)).toBeUndefined();
    mkdirSync(join(folder, 'assets'));
    for (const name of ['a.js', 'a.js.br', 'a.js.gz', 'b.css', 'c.map'])
      writeFileSync(join(folder, 'assets', name), name);
    writeFileSync(join(folder, 'index.html'), '<!doctype html>');
    const assets = readAssets(folder);
    expect([...(assets?.files.keys() ?? [])].sort()).toEqual(['a.js', 'b.css']);
    expect(assets?.files.get('a.js')?.sizes).toEqual({ br: 7, gzip: 7, identity: 4 });
    expect(assets?.files.get('b.css')?.sizes).toEqual({ identity: 5 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
