import { expect, test } from 'vitest';
import { firstLoad, firstLoadBudget } from './studio.mjs';

const manifest = {
  'index.html': { file: 'assets/index.js', isEntry: true, imports: ['_a.js', '_b.js'], dynamicImports: ['page.tsx'] },
  '_a.js': { file: 'assets/a.js', imports: ['_b.js'] },
  '_b.js': { file: 'assets/b.js', imports: ['_a.js'] },
  'page.tsx': { file: 'assets/page.js', imports: ['_a.js'] },
  'style.css': { file: 'assets/style.css' },
};

test('a first visit loads the entry and what it imports, once each, and no page that is loaded later', () => {
  const sizes: Record<string, number> = { 'assets/index.js': 1, 'assets/a.js': 10, 'assets/b.js': 100 };
  const asked: string[] = [];
  const sizeOf = (file: string) => {
    asked.push(file);
    return sizes[file] ?? Number.NaN;
  };
  expect(firstLoad(manifest, sizeOf)).toBe(111);
  expect(asked.sort()).toEqual(Object.keys(sizes).sort());
});

test('the budget is what the product promises', () => expect(firstLoadBudget).toBe(358_400));
