import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSnippets, partsOf, type Snippets } from './snippets.ts';

let base: string;
let folder: string;
let snippets: Snippets;
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'snippets-'));
  folder = join(base, 'snippets');
  snippets = createSnippets(folder, { count: 3, size: 100 });
});
afterEach(() => rmSync(base, { recursive: true }));

const codeOf = async (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error) => error.code,
  );

test('what is written is read again, moved and removed, and is a plain file', async () => {
  expect(await snippets.list()).toEqual([]);
  await snippets.write('reports/Übersicht 1', 'select 1');
  expect(readFileSync(join(folder, 'reports', 'Übersicht 1.sql'), 'utf8')).toBe('select 1');
  await snippets.write('reports/Übersicht 1', 'select 2');
  expect(await snippets.read('reports/Übersicht 1')).toBe('select 2');
  expect(await snippets.list()).toMatchObject([{ path: 'reports/Übersicht 1', bytes: 8 }]);
  await snippets.write('other', 'select 3');
  expect(await codeOf(snippets.move('reports/Übersicht 1', 'other'))).toBe('name_taken');
  await snippets.move('reports/Übersicht 1', 'first');
  expect(readdirSync(folder).sort()).toEqual(['first.sql', 'other.sql']);
  await snippets.remove('first');
  expect(await codeOf(snippets.read('first'))).toBe('not_found');
  expect(await codeOf(snippets.remove('first'))).toBe('not_found');
  expect(await codeOf(snippets.move('first', 'second'))).toBe('not_found');
});

test('number and size are bounded', async () => {
  for (const name of ['a', 'b', 'c']) await snippets.write(name, '');
  expect(await codeOf(snippets.write('d', ''))).toBe('too_many_snippets');
  expect(await codeOf(snippets.write('a', 'x'.repeat(100)))).toBe('done');
  expect(await codeOf(snippets.write('a', 'x'.repeat(101)))).toBe('invalid_request');
  writeFileSync(join(folder, 'b.sql'), 'x'.repeat(101));
  expect(await codeOf(snippets.read('b'))).toBe('invalid_request');
});

describe('there is no way out of the folder', () => {
  test('links are not followed', async () => {
    writeFileSync(join(base, 'secret.sql'), 'secret');
    mkdirSync(folder);
    symlinkSync(base, join(folder, 'out'));
    symlinkSync(join(base, 'secret.sql'), join(folder, 'link.sql'));
    expect(await codeOf(snippets.read('out/secret'))).toBe('not_found');
    expect(await codeOf(snippets.write('out/secret', 'changed'))).toBe('not_found');
    expect(await codeOf(snippets.remove('out/secret'))).toBe('not_found');
    expect(await codeOf(snippets.move('link', 'seen'))).toBe('not_found');
    expect(await codeOf(snippets.read('link'))).toBe('not_found');
    expect(await snippets.list()).toEqual([]);
    // A write replaces the link, not what it leads to.
    await snippets.write('link', 'mine');
    expect(readFileSync(join(base, 'secret.sql'), 'utf8')).toBe('secret');
  });

  test.each([
    '',
    '.',
    '..',
    '../a',
    'a/../b',
    'a/b/c',
    '/a',
    'a/',
    '.hidden',
    'a\\b',
    'a\0b',
    'a\nb',
    'a.',
    'a ',
    'NUL',
    'a:b',
    `a/${'x'.repeat(81)}`,
    undefined,
    7,
  ])('%j is no path', (path) => expect(() => partsOf(path)).toThrow());

  test('whatever is taken as a path stays inside', () =>
    fc.assert(
      fc.property(fc.array(fc.constantFrom('.', '/', '\\', 'a', ' ', '%2e', '\0', 'ü')), (pieces) => {
        let parts: readonly string[];
        try {
          parts = partsOf(pieces.join(''));
        } catch {
          return;
        }
        expect(join('/base', ...parts).startsWith('/base/')).toBe(true);
        expect(join('/base', ...parts).split('/').length).toBe(2 + parts.length);
      }),
    ));
});
