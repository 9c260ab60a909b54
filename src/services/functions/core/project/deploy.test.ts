import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { changePlaces } from './deploy.ts';

test('a folder whose successor cannot come stays', () => {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-'));
  try {
    const target = join(folder, 'one');
    const draft = join(folder, '.draft');
    const put = (path: string, text: string) => {
      mkdirSync(path);
      writeFileSync(join(path, 'index.ts'), text);
    };
    const text = () => readFileSync(join(target, 'index.ts'), 'utf8');
    put(target, 'old');
    put(draft, 'new');
    const failing: typeof renameSync = (from, to) => {
      if (from === draft) throw new Error('no space');
      renameSync(from, to);
    };
    expect(() => changePlaces(draft, target, failing)).toThrow('no space');
    expect(text()).toBe('old');
    changePlaces(draft, target);
    expect([text(), existsSync(`${draft}.old`)]).toEqual(['new', false]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
