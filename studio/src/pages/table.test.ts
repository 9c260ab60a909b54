import { expect, test } from 'vitest';
import { pageOf, pages } from './table.ts';

test('paths, titles and shortcuts are unlike each other', () => {
  for (const of of [
    pages.map(({ path }) => path),
    pages.map(({ title }) => title),
    pages.flatMap(({ shortcut }) => shortcut ?? []),
  ])
    expect(new Set(of).size).toBe(of.length);
});

test('addresses below a page are its own, those that only begin alike are not', () => {
  expect(pageOf('/')?.title).toBe('Home');
  expect(pageOf('/connect/database')?.title).toBe('Connect');
  expect(pageOf('/editor/public/todos')?.title).toBe('Tables');
  expect(pageOf('/connected')).toBeUndefined();
  expect(pageOf('/nowhere')).toBeUndefined();
});
