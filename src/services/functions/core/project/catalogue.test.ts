import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createCatalogueReader } from './catalogue.ts';

const folder = mkdtempSync(join(tmpdir(), 'functions-catalogue-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a folder that has come since the last look is found at once, and nothing is looked at for names without one', async () => {
  const reader = createCatalogueReader({
    folder,
    configFile: join(folder, 'config.toml'),
    verifyJwt: true,
    maxFiles: 100,
    env: () => undefined,
    onProblem: () => {},
    // No time passes, so that every look counts as fresh.
    now: () => 0,
  });
  const before = reader.read();
  expect([...(await before).functions]).toEqual([]);
  expect(await reader.find('late')).toBeUndefined();
  expect(reader.read()).toBe(before);

  mkdirSync(join(folder, 'late'));
  writeFileSync(join(folder, 'late/readme.md'), '');
  expect(await reader.find('late')).toBeUndefined();
  expect(reader.read()).toBe(before);

  writeFileSync(join(folder, 'late/index.ts'), '');
  const found = await Promise.all([reader.find('late'), reader.find('late'), reader.find('../late')]);
  expect(found).toMatchObject([{ name: 'late', verifyJwt: true }, { name: 'late' }, undefined]);
  const after = reader.read();
  expect(await reader.find('late')).toMatchObject({ name: 'late' });
  expect(reader.read()).toBe(after);
});
