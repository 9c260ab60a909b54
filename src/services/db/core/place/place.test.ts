import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { canReach, currentUser, parsePasswd, permits } from '#kernel/system';
import { repairLibraryLinks } from './binaries.ts';
import { commonFolder } from './distribution-tree.ts';
import { readRecord, recordPath, writeRecord } from './record.ts';
import { longestSocketPath, openRuntimeDir, runtimeName } from './runtime-dir.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'place-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a file’s mode is read for owner, group and others, and root may do anything', () => {
  const file = { mode: 0o100_710, uid: 10, gid: 20 };
  expect(permits(file, { uid: 10, gid: 99 }, 'read')).toBe(true);
  expect(permits(file, { uid: 11, gid: 20 }, 'search')).toBe(true);
  expect(permits(file, { uid: 11, gid: 20 }, 'read')).toBe(false);
  expect(permits(file, { uid: 11, gid: 21 }, 'search')).toBe(false);
  expect(permits({ ...file, mode: 0 }, { uid: 0, gid: 0 }, 'write')).toBe(true);
});

test('one closed folder on the way keeps a user out', () => {
  const stranger = { name: 'stranger', uid: 64_000, gid: 64_000 };
  const deep = join(folder, 'a/b');
  mkdirSync(deep, { recursive: true });
  chmodSync(folder, 0o755);
  expect(canReach(deep, stranger)).toBe(true);
  chmodSync(folder, 0o700);
  expect(canReach(deep, stranger)).toBe(false);
  expect(canReach(join(folder, 'missing'), currentUser())).toBe(false);
});

test('the record survives being written, and damage is not taken for its absence', () => {
  expect(readRecord(folder)).toBeUndefined();
  writeRecord(folder, { kind: 'embedded', base: '.' });
  expect(readRecord(folder)).toEqual({ kind: 'embedded', base: '.' });
  writeRecord(folder, { kind: 'external', host: 'pg.example' });
  expect(readRecord(folder)).toEqual({ kind: 'external', host: 'pg.example' });
  for (const damaged of ['', '{', '{}', '{"kind":"embedded"}', 'null']) {
    writeFileSync(recordPath(folder), damaged);
    expect(() => readRecord(folder)).toThrow(/is damaged/);
  }
});

test('the runtime folder is closed, ours, and never somebody else’s', () => {
  const user = currentUser();
  const first = openRuntimeDir([folder], '/data', user);
  expect(first).toBe(join(folder, runtimeName('/data', user.uid)));
  expect(lstatSync(first).mode & 0o777).toBe(0o700);
  expect(openRuntimeDir([folder], '/data', user)).toBe(first);

  rmSync(first, { recursive: true });
  symlinkSync('/', first);
  expect(openRuntimeDir([folder], '/data', user)).toBe(`${first}-1`);
  rmSync(`${first}-1`, { recursive: true });
  mkdirSync(`${first}-1`);
  chmodSync(`${first}-1`, 0o777);
  expect(openRuntimeDir([folder], '/data', user)).toBe(`${first}-2`);
});

test('a path too long for a socket is passed over', () => {
  const deep = join(folder, 'x'.repeat(longestSocketPath));
  mkdirSync(deep);
  expect(openRuntimeDir([deep, folder], '/data', currentUser())).toMatch(new RegExp(`^${folder}/pmoves`));
  expect(() => openRuntimeDir([deep], '/data', currentUser())).toThrow(/no folder for the database's socket/);
});

test('library links are made where they are missing, and only there', () => {
  const root = join(folder, 'native');
  mkdirSync(join(root, 'lib'), { recursive: true });
  writeFileSync(join(root, 'lib/libpq.so.5.18'), '');
  writeFileSync(
    join(root, 'pg-symlinks.json'),
    JSON.stringify([
      { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
      { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so' },
      { source: 'native/lib/gone.so.1', target: 'native/lib/gone.so' },
    ]),
  );
  symlinkSync('libpq.so.5.18', join(root, 'lib/libpq.so'));
  expect(repairLibraryLinks(root)).toBe(true);
  expect(readlinkSync(join(root, 'lib/libpq.so.5'))).toBe('libpq.so.5.18');
  expect(existsSync(join(root, 'lib/gone.so'))).toBe(false);
  expect(repairLibraryLinks(root)).toBe(true);
});

test('reads a password file and leaves out what is none', () => {
  expect(parsePasswd('root:x:0:0:root:/root:/bin/sh\n+::::::\nnonsense\npostgres:x:101:104::/:/bin/sh\n')).toEqual([
    { name: 'root', uid: 0, gid: 0 },
    { name: 'postgres', uid: 101, gid: 104 },
  ]);
});

test('the common folder holds both paths', () => {
  expect(commonFolder('/usr/lib/postgresql/15/bin', '/usr/share/postgresql/15')).toBe('/usr');
  expect(commonFolder('/opt/pg/bin', '/srv/share')).toBe('/');
  const path = fc.array(fc.constantFrom('a', 'b', 'ab'), { minLength: 1 }).map((parts) => `/${parts.join('/')}`);
  fc.assert(
    fc.property(path, path, (a, b) => {
      const common = commonFolder(a, b);
      for (const one of [a, b])
        expect(one === common || one.startsWith(common === '/' ? '/' : `${common}/`)).toBe(true);
    }),
  );
});
