import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chooseCoding, createAssets } from './assets.ts';

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
    const look = createAssets(folder);
    expect(look()).toBeUndefined();
    mkdirSync(join(folder, 'assets'));
    for (const name of ['a.js', 'a.js.br', 'a.js.gz', 'b.css', 'c.map'])
      writeFileSync(join(folder, 'assets', name), name);
    writeFileSync(join(folder, 'index.html'), '<!doctype html>');
    const assets = look();
    expect([...(assets?.files.keys() ?? [])].sort()).toEqual(['a.js', 'b.css']);
    expect(assets?.files.get('a.js')?.sizes).toEqual({ br: 7, gzip: 7, identity: 4 });
    expect(assets?.files.get('b.css')?.sizes).toEqual({ identity: 5 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('a build in the meantime is noticed, and what it took away is gone', () => {
  const folder = mkdtempSync(join(tmpdir(), 'assets-'));
  const build = (name: string, time: number) => {
    rmSync(join(folder, 'assets'), { recursive: true, force: true });
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'assets', name), name);
    writeFileSync(join(folder, 'index.html'), `<script src="/assets/${name}">`);
    for (const path of ['index.html', 'assets']) utimesSync(join(folder, path), time, time);
  };
  try {
    const look = createAssets(folder);
    build('page-1.js', 1_000);
    const first = look();
    expect([...(first?.files.keys() ?? [])]).toEqual(['page-1.js']);
    expect(look()).toBe(first);
    build('page-2.js', 2_000);
    expect([...(look()?.files.keys() ?? [])]).toEqual(['page-2.js']);
    expect(look()?.page).toContain('page-2.js');
    rmSync(join(folder, 'index.html'));
    expect(look()).toBeUndefined();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
