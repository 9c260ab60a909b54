import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseEnvFile } from '#kernel/config';
import { appendToEnvFile, renderEnvFile, replaceInEnvFile } from './env-writer.ts';

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

it('writes values that are read as they were, whatever they are', () => {
  const awkward = fc.string({ unit: fc.constantFrom(...'ab \\"\'$`{}#=\n\r\t:-', '${A}', '$$', 'é', '🙂') });
  fc.assert(
    fc.property(awkward, awkward, (first, second) => {
      const entries = new Map([
        ['A', first],
        ['B', second],
      ]);
      const read = parseEnvFile('x.env', renderEnvFile('made', entries), () => 'from elsewhere');
      expect(read.malformed).toEqual([]);
      expect([...read.entries].map(([name, { value }]) => [name, value])).toEqual([...entries]);
    }),
  );
});
