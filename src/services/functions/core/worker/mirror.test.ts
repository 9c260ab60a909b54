import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { FunctionDefinition } from '../project/definition.ts';
import { openMirror } from './mirror.ts';

let root = '';

afterEach(() => rmSync(root, { recursive: true, force: true }));

test('a revision is copied once, to the same place at every start, and goes with its last worker', () => {
  root = mkdtempSync(join(tmpdir(), 'mirror-'));
  const functions = join(root, 'functions');
  const copies = join(root, 'copies');
  mkdirSync(join(functions, 'one'), { recursive: true });
  mkdirSync(join(copies, 'left-by-a-killed-program'), { recursive: true });
  const entry = join(functions, 'one/index.ts');
  const definition = (revision: string, text: string): FunctionDefinition => {
    writeFileSync(entry, text);
    const folder = join(functions, 'one');
    return { name: 'one', folder, entry, readable: [folder, '/elsewhere'], revision } as unknown as FunctionDefinition;
  };
  const mirror = openMirror(copies, functions);
  expect(readdirSync(copies)).toEqual(['left-by-a-killed-program']);
  const first = mirror.lend(definition('1', 'first'));
  const again = mirror.lend(definition('1', 'not looked at'));
  expect(readdirSync(copies)).toHaveLength(1);
  expect(again.definition).toEqual(first.definition);
  expect(first.definition).toMatchObject({
    entry: join(first.folder, 'one/index.ts'),
    readable: [join(first.folder, 'one'), '/elsewhere'],
  });
  expect(readFileSync(first.definition.entry, 'utf8')).toBe('first');
  again.release();

  const second = mirror.lend(definition('2', 'second'));
  expect(readFileSync(second.definition.entry, 'utf8')).toBe('second');
  expect(readFileSync(first.definition.entry, 'utf8')).toBe('first');
  first.release();
  expect(existsSync(first.folder)).toBe(false);
  // Without a worker it stays, for the next one.
  second.release();
  expect(existsSync(second.folder)).toBe(true);

  const later = openMirror(copies, functions).lend(definition('2', 'second'));
  expect(later.definition.entry).toBe(second.definition.entry);
});
