import { expect, test } from 'vitest';
import { headersOf, isAbout, pathOf } from './request.ts';

test('a request begins with few rows, or with none where it changes them', () => {
  expect(pathOf('my table', 'GET')).toBe('/my%20table?select=*&limit=10');
  expect(pathOf('todos', 'POST')).toBe('/todos');
  expect(pathOf('todos', 'DELETE')).toBe('/todos?id=eq.');
});

test('another schema is named as reading and writing have it', () => {
  expect(headersOf('GET', 'public', ' ')).toEqual([]);
  expect(headersOf('GET', 'shop', '')).toEqual([['accept-profile', 'shop']]);
  expect(headersOf('PATCH', 'shop', ' return=representation ')).toEqual([
    ['content-profile', 'shop'],
    ['prefer', 'return=representation'],
  ]);
});

test('which table a path is about', () => {
  for (const path of ['/todos', '/todos?select=*', pathOf('todos', 'GET')]) expect(isAbout(path, 'todos')).toBe(true);
  expect(isAbout('/my%20table', 'my table')).toBe(true);
  for (const path of ['/rpc/todos', '/todos2', 'todos', '/', '/%zz']) expect(isAbout(path, 'todos')).toBe(false);
});
