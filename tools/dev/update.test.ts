import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createUpdater } from './update.mjs';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'update-'));
  mkdirSync(join(root, 'src'));
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    rewriteRelativeImportExtensions: true,
    verbatimModuleSyntax: true,
  };
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
});
afterEach(() => rmSync(root, { recursive: true }));

const put = (name: string, text: string) => writeFileSync(join(root, 'src', name), text);
const built = (name: string) => readFileSync(join(root, 'dist', name), 'utf8');

test('a source is compiled alone, its imports as the build writes them', () => {
  put('a.ts', "import type { B } from './b.ts';\nimport { c } from './c.ts';\nexport const a: B = c;\n");
  expect(createUpdater(root)('a.ts')).toEqual([]);
  const text = built('a.js');
  expect(text).toMatch(/^import \{ c \} from ["']\.\/c\.js["'];\nexport const a = c;\n/);
  expect(text).toContain('sourceMappingURL=data:');
});

test('other files are copied, and what is gone is removed', () => {
  const update = createUpdater(root);
  put('a.sql', 'select 1');
  update('a.sql');
  expect(built('a.sql')).toBe('select 1');
  rmSync(join(root, 'src/a.sql'));
  update('a.sql');
  expect(existsSync(join(root, 'dist/a.sql'))).toBe(false);
});

test('a file that cannot be read as TypeScript is reported and the build left as it was', () => {
  put('a.ts', 'export const a = 1;');
  const update = createUpdater(root);
  update('a.ts');
  put('a.ts', '\nexport const a = ;');
  expect(update('a.ts')).toEqual(['src/a.ts:2 Expression expected.']);
  expect(built('a.js')).toContain('a = 1');
});
