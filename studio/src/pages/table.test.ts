import { expect, test } from 'vitest';
import { pageOf, pages, pagesFor } from './table.ts';

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

test('what a role may not see is not shown, and what the project does not have neither', () => {
  const titles = (...of: Parameters<typeof pagesFor>) => pagesFor(...of).map(({ title }) => title);
  expect(titles('owner', { graphql: true })).toEqual(pages.map(({ title }) => title));
  expect(titles('owner', undefined)).not.toContain('GraphQL');
  expect(titles('developer', { graphql: false })).not.toContain('GraphQL');
  expect(titles('read-only', { graphql: true })).not.toContain('GraphQL');
  expect(titles('developer', undefined)).not.toContain('Team');
});
