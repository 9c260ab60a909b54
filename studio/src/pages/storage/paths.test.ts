import { expect, test } from 'vitest';
import { encodePath, entriesOf, folderOf, joinPath, movedPath, readSize, sizeText, stepsTo } from './paths.ts';

test('paths are joined, parted and moved', () => {
  expect(joinPath('', 'a')).toBe('a');
  expect(joinPath('a/b', 'c')).toBe('a/b/c');
  expect(folderOf('a/b/c')).toBe('a/b');
  expect(folderOf('c')).toBe('');
  expect(movedPath('old/x/y', 'old', 'new/er')).toBe('new/er/x/y');
  expect(movedPath('y', '', 'new')).toBe('new/y');
  expect(encodePath('a b/ü#?/100%')).toBe('a%20b/%C3%BC%23%3F/100%25');
  expect(stepsTo('a/b')).toEqual([
    { name: 'a', path: 'a' },
    { name: 'b', path: 'a/b' },
  ]);
  expect(stepsTo('')).toEqual([]);
});

test('what has no id is a folder', () => {
  const listed = [
    { name: 'photos', id: null, updated_at: null, metadata: null },
    { name: 'a.png', id: '1', updated_at: '2026-01-01T00:00:00Z', metadata: { size: 5, mimetype: 'image/png' } },
  ];
  expect(entriesOf(listed, 'top')).toMatchObject([
    { path: 'top/photos', isFolder: true },
    { path: 'top/a.png', isFolder: false, size: 5, type: 'image/png' },
  ]);
});

test('sizes are written and read', () => {
  expect([0, 1023, 1024, 1536, 52_428_800, 1024 ** 5].map(sizeText)).toEqual([
    '0 B',
    '1023 B',
    '1.0 kB',
    '1.5 kB',
    '50.0 MB',
    '1024 TB',
  ]);
  expect([readSize('50 MB'), readSize('1.5kb'), readSize('7'), readSize(' ')]).toEqual([52_428_800, 1536, 7, null]);
  expect(() => readSize('much')).toThrow(/Write a size/);
});
