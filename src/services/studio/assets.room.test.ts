import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../../../test/support/database.ts';
import { type StudioUnderTest, startStudio } from './testing/studio-under-test.ts';

const folder = mkdtempSync(join(tmpdir(), 'studio-assets-'));
let database: TestDatabase;
let studio: StudioUnderTest;

function build(name: string): void {
  rmSync(join(folder, 'assets'), { recursive: true, force: true });
  mkdirSync(join(folder, 'assets'));
  for (const [file, text] of [
    [`assets/${name}`, `/* ${name} */`],
    [`assets/${name}.br`, 'brotli'],
    ['index.html', `<!doctype html><script src="/assets/${name}" nonce="__NONCE__"></script>`],
  ] as const)
    writeFileSync(join(folder, file), text);
}

beforeAll(async () => {
  build('page-old.js');
  database = await testDatabase();
  studio = await startStudio(database.connection('supabase_admin'), Date.UTC(2026, 0, 1), {}, folder);
});
afterAll(async () => {
  await studio?.stop();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

const ask = (path: string, method = 'GET') =>
  fetch(`${studio.url}${path}`, { method, headers: { 'accept-encoding': 'identity' } });

test('a file is sent for ever, with its length', async () => {
  const answer = await ask('/assets/page-old.js');
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable']);
  expect(await answer.text()).toBe('/* page-old.js */');
  const head = await ask('/assets/page-old.js', 'HEAD');
  expect([head.status, head.headers.get('content-length')]).toEqual([200, '17']);
});

test('of a build that took the place of the one at the start, its files are served; those before are not found', async () => {
  // A file alone that is gone: the folder as it was looked at does not have it any more.
  rmSync(join(folder, 'assets/page-old.js'));
  for (const method of ['GET', 'HEAD']) expect((await ask('/assets/page-old.js', method)).status).toBe(404);
  build('page-new.js');
  expect((await ask('/assets/page-old.js')).status).toBe(404);
  const page = await (await ask('/')).text();
  expect(page).toContain('/assets/page-new.js');
  expect(await (await ask('/assets/page-new.js')).text()).toBe('/* page-new.js */');
});
