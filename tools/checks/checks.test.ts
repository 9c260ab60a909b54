import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { advisoryLocks } from './advisory-locks.ts';
import { docComments } from './doc-comments.ts';
import { fileSize } from './file-size.ts';
import { treeOf } from './in-memory-tree.ts';
import { lockfile } from './lockfile.ts';
import { machinePaths } from './machine-paths.ts';
import { markdownLinks } from './markdown.ts';
import { moduleState } from './module-state.ts';
import { names } from './names.ts';
import { readmeTable } from './readme.ts';
import { changelog, decisionRecords } from './records.ts';
import { rooms } from './rooms.ts';
import { openTree } from './tree.ts';
import { unfinished } from './unfinished.ts';

const lines = (count: number) => 'x;\n'.repeat(count);

describe('file size', () => {
  const tree = treeOf({ 'src/a.ts': lines(600), 'src/b.ts': lines(601), 'docs/long.md': lines(900) });

  test('reports code over the limit', () => {
    expect(fileSize({})(tree)).toEqual(['src/b.ts has 601 lines, more than 600']);
  });

  test('an exception holds until it can shrink', () => {
    expect(fileSize({ 'src/b.ts': 601 })(tree)).toEqual([]);
    expect(fileSize({ 'src/b.ts': 700 })(tree)).toEqual([
      'src/b.ts shrank to 601 lines; let its exception shrink with it',
    ]);
    expect(fileSize({ 'src/a.ts': 650, 'src/b.ts': 601 })(tree)).toEqual([
      'src/a.ts no longer needs its exception; take it off the list',
    ]);
  });
});

test.each([
  ['src/kernel/utils/text.ts', 1],
  ['src/services/rest/core/string-helpers.ts', 1],
  ['test/support/common.ts', 1],
  ['src/services/rest/core/commonality.ts', 0],
  ['docs/utils/page.md', 0],
])('%s has %d nameless parts', (path, count) => {
  expect(names(treeOf({ [path]: '' }))).toHaveLength(count);
});

describe('rooms', () => {
  const whole = {
    'package.json': '{"imports":{"#services/rest":{}}}',
    'src/services/rest/README.md': '',
    'src/services/rest/index.ts':
      "export { a } from './create.ts';\nexport type { B } from './ports.ts';\nexport {\n  c,\n} from './core/c.ts';\n",
    'src/services/rest/create.ts': '',
    'src/services/rest/core/a/b.ts': '',
    'src/services/rest/sql/migrations/1.sql': '',
    'src/services/rest/rest.test.ts': '',
  };

  test('the one shape passes', () => {
    expect(rooms(treeOf(whole))).toEqual([]);
  });

  test.each([
    ['src/services/rest/lib/x.ts', 'src/services/rest/lib/x.ts is no part of a room'],
    ['src/services/rest/server.ts', 'src/services/rest/server.ts is no part of a room'],
    ['src/services/auth/index.ts', 'src/services/auth has no README.md'],
    ['src/services/auth/README.md', 'src/services/auth has no index.ts'],
    ['src/services/auth/README.md', 'package.json has no door #services/auth'],
  ])('%s is reported', (path, problem) => {
    expect(rooms(treeOf({ ...whole, [path]: '' }))).toContain(problem);
  });

  test.each(['export const a = 1;\n', "import { a } from './a.ts';\nexport { a };\n"])(
    'a face only re-exports',
    (face) => {
      expect(rooms(treeOf({ ...whole, 'src/services/rest/index.ts': face }))).toEqual([
        'src/services/rest/index.ts does more than re-export',
      ]);
    },
  );
});

test.each([
  ["import '/ho" + "me/somebody/x.ts';", 1],
  ['see /wo' + 'rk/main for it', 1],
  ['C:' + '\\Users\\me', 1],
  ['a 0700 home/ folder', 0],
  ['https://example.com/root/path', 0],
])('machine path in %j', (text, count) => {
  expect(machinePaths(treeOf({ 'src/a.ts': text }))).toHaveLength(count);
});

describe('advisory locks', () => {
  const first = 'const lock = 7_000_001;';
  test.each([
    ['const lockKey = 7000001;', 1],
    ['const electionLock = 7_000_001;', 1],
    ["query('select pg_advisory_xact_lock(7000001)')", 1],
    ['const lock = 7_000_002;', 0],
    ['const block = 3;', 0],
  ])('%s beside another', (text, count) => {
    expect(advisoryLocks(treeOf({ 'src/a.ts': first, 'src/b.ts': text }))).toHaveLength(count);
  });
  test('one file may lock and unlock, and two numbers are a key of their own', () => {
    const [take, give] = ['select pg_try_advisory_lock(7, 1)', 'select pg_advisory_unlock(7, 1)'];
    expect(advisoryLocks(treeOf({ 'src/a.ts': `${take};${give}`, 'src/b.ts': 'pg_advisory_lock(7)' }))).toEqual([]);
    expect(advisoryLocks(treeOf({ 'src/a.ts': take, 'src/b.ts': give }))).toHaveLength(1);
  });
});

describe('Markdown links', () => {
  const tree = (text: string) =>
    treeOf({ 'docs/a.md': text, 'docs/b.md': '# One `two` & three\n\n## Same\n## Same\n' });
  test.each([
    '[b](b.md)',
    '[b](./b.md#one-two--three)',
    '[b](b.md#same-1)',
    '[up](../docs/b.md "title")',
    '[out](https://example.com/x)',
    '[mail](mailto:a@b.c)',
    '`[code](nowhere.md)`',
    '```\n[code](nowhere.md)\n```',
    '[folder](../docs)',
  ])('%s holds', (text) => {
    expect(markdownLinks(tree(text))).toEqual([]);
  });
  test.each(['[x](c.md)', '[x](b.md#four)', '![x](../../outside.png)', '[x](#nothing)'])('%s is reported', (text) => {
    expect(markdownLinks(tree(text))).toHaveLength(1);
  });
});

test('decision records have every section and no gap', () => {
  const record = '## Context\n\n## Decision\n\n## Consequence\n';
  expect(decisionRecords(treeOf({ 'docs/decisions/0001-a.md': record, 'docs/decisions/0002-b.md': record }))).toEqual(
    [],
  );
  expect(decisionRecords(treeOf({}))).toHaveLength(1);
  expect(
    decisionRecords(treeOf({ 'docs/decisions/0001-a.md': '## Context\n', 'docs/decisions/0003-b.md': record })),
  ).toHaveLength(3);
});

test('the changelog speaks of the version', () => {
  const manifest = { 'package.json': '{"version":"1.2.0"}' };
  expect(changelog(treeOf(manifest))).toHaveLength(1);
  expect(changelog(treeOf({ ...manifest, 'CHANGELOG.md': '## 1.1.0\n' }))).toHaveLength(1);
  expect(changelog(treeOf({ ...manifest, 'CHANGELOG.md': '## 1.2.0 — today\n' }))).toEqual([]);
  expect(changelog(treeOf({ ...manifest, 'CHANGELOG.md': '## Unreleased\n' }))).toEqual([]);
});

test('every room has a row in the README', () => {
  const tree = (readme: string) => treeOf({ 'README.md': readme, 'src/services/rest/index.ts': '' });
  expect(readmeTable(tree('| `auth` | x |\n'))).toEqual(['README.md has no row for the service rest']);
  expect(readmeTable(tree('| [`rest`](src/services/rest/README.md) | x |\n'))).toEqual([]);
});

test.each([
  ['let counter = 0;', 1],
  ['export let counter = 0;', 1],
  ['const cache = new Map<string, number>();', 1],
  ['const seen: Set<string> = new Set();', 1],
  ['const seen: string[] = [];', 1],
  ['const none: readonly string[] = [];', 0],
  ["const known = new Set(['a']);", 0],
  ['  let inside = 0;', 0],
])('module state in %j', (text, count) => {
  expect(moduleState(treeOf({ 'src/a.ts': text }))).toHaveLength(count);
});

test.each([
  ['/** Does. */\nexport function a() {}', []],
  ['/** Is. */\nexport const a = 1;', []],
  ['export function a() {}', ['a']],
  ['// Not one.\nexport const a = 1, b = 2;', ['a', 'b']],
  ['/* Not one. */\nexport interface A {}', ['A']],
  ['/** Says. */\nexport function a(x: 1): 1;\nexport function a(x: unknown) {}', []],
  ["/** Of the import. */\nimport x from 'x';\nexport type A = 1;", ['A']],
  ["export const userGet: Route = { path: '/user' };", []],
  ["export { a } from './a.ts';\nfunction own() {}", []],
])('exports without a doc comment in %j', (text, names) => {
  const found = docComments(treeOf({ 'src/a.ts': text, 'src/a.test.ts': 'export const t = 1;' })) as string[];
  expect(found.map((problem) => /exports (\w+)/.exec(problem)?.[1])).toEqual(names);
});

test('nothing is left for later', () => {
  expect(unfinished(treeOf({ 'src/a.ts': `// ${'TO' + 'DO'}: later`, 'src/b.ts': 'const todo = 1;' }))).toHaveLength(1);
});

describe('lockfile', () => {
  const tree = (packages: object) =>
    treeOf({
      'package.json': '{"dependencies":{"pg":"^8"}}',
      'package-lock.json': JSON.stringify({ packages: { '': { dependencies: { pg: '^8' } }, ...packages } }),
    });

  test('a whole one passes', () => {
    expect(lockfile(tree({ 'node_modules/pg': { version: '8.0.0' } }))).toEqual([]);
  });

  test.each([
    [{ '': { dependencies: {} } }, 'package-lock.json was not made from the dependencies of package.json'],
    [
      { 'node_modules/a': { optionalDependencies: { 'a-linux-x64': '1.0.0' } } },
      'package-lock.json lacks a-linux-x64; `npm run lockfile` adds it',
    ],
    [{ 'node_modules/pg': { resolved: 'https://registry' } }, 'package-lock.json names a registry for node_modules/pg'],
  ])('%j is reported', (packages, problem) => {
    expect(lockfile(tree(packages))).toEqual([problem]);
  });

  test('an optional package may be installed further up', () => {
    const packages = {
      'node_modules/a/node_modules/b': { optionalDependencies: { c: '1.0.0' } },
      'node_modules/a/node_modules/c': {},
    };
    expect(lockfile(tree(packages))).toEqual([]);
  });
});

test('a tree leaves out what is installed, built or planted', () => {
  const root = mkdtempSync(join(tmpdir(), 'tree-'));
  try {
    for (const folder of ['src', 'node_modules', 'dist', 'planted']) {
      mkdirSync(join(root, folder));
      writeFileSync(join(root, folder, 'a.ts'), 'text');
    }
    const tree = openTree(root);
    expect(tree.files).toEqual(['src/a.ts']);
    expect(tree.read('src/a.ts')).toBe('text');
    expect(tree.list('src')).toEqual(['a.ts']);
    expect(tree.list('nowhere')).toEqual([]);
  } finally {
    rmSync(root, { recursive: true });
  }
});
