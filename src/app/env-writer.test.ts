import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { appendToEnvFile, replaceInEnvFile } from './env-writer.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'env-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('makes a private file and keeps what stands in it', () => {
  const path = join(folder, '.env');
  appendToEnvFile(path, 'made', new Map([['A', '1']]));
  expect(statSync(path).mode & 0o777).toBe(0o600);
  writeFileSync(path, '# mine\nA=own');
  appendToEnvFile(path, 'made', new Map([['B', '2']]));
  expect(readFileSync(path, 'utf8')).toBe('# mine\nA=own\n\n# made\nB=2\n');
});

it('writes nothing when there is nothing to write', () => {
  const path = join(folder, '.env');
  appendToEnvFile(path, 'made', new Map());
  expect(() => statSync(path)).toThrow();
});

it('replaces values in place and keeps the old file', () => {
  const path = join(folder, '.env');
  writeFileSync(path, '# keys\nexport KEY=old\nOTHER=x\n');
  replaceInEnvFile(
    path,
    'made',
    new Map([
      ['KEY', 'new'],
      ['MORE', 'y'],
    ]),
  );
  expect(readFileSync(path, 'utf8')).toBe('# keys\nKEY=new\nOTHER=x\n\n# made\nMORE=y\n');
  expect(readFileSync(`${path}.old`, 'utf8')).toBe('# keys\nexport KEY=old\nOTHER=x\n');
});
