import { expect, test } from 'vitest';
import { isMissingChunk, mayReload, noteReload } from './missing-chunk.ts';

test('a chunk that cannot be loaded is told from a page that failed, in every browser', () => {
  for (const message of [
    'Failed to fetch dynamically imported module: http://localhost:8000/assets/page-Bx1.js',
    'error loading dynamically imported module: http://localhost:8000/assets/page-Bx1.js',
    'Importing a module script failed.',
    'Unable to preload CSS for /assets/page-Bx1.css',
  ])
    expect(isMissingChunk(new TypeError(message)), message).toBe(true);
  for (const other of [new TypeError('Failed to fetch'), new Error('x is not a function'), 'Importing', undefined])
    expect(isMissingChunk(other)).toBe(false);
});

test('loading anew is offered once for each chunk', () => {
  const kept = new Map<string, string>();
  const notes = () => ({
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
  });
  const [first, second] = [new Error('the first'), new Error('the second')];
  expect(mayReload(first, notes)).toBe(true);
  noteReload(first, notes);
  expect(mayReload(first, notes)).toBe(false);
  expect(mayReload(second, notes)).toBe(true);
});

test('a browser that keeps nothing is offered it all the same', () => {
  const notes = (): never => {
    throw new Error('SecurityError');
  };
  noteReload(new Error('x'), notes);
  expect(mayReload(new Error('x'), notes)).toBe(true);
});
