import { expect, test } from 'vitest';
import { deploymentForm, fileOf, pathProblem, withDraft } from './deploy.ts';

test('a deployment has the files that were not changed as they are, and drafts in place of the others', async () => {
  const files = new FormData();
  files.append('file', new Blob(['old']), 'index.ts');
  files.append('file', new Blob([new Uint8Array([0, 255])]), 'assets/logo.png');
  const drafts = withDraft(withDraft(new Map(), 'index.ts', 'new'), 'lib/a.ts', 'added');
  const form = deploymentForm(files, drafts, { entrypoint_path: 'index.ts', import_map_path: undefined });
  expect(form.get('metadata')).toBe('{"entrypoint_path":"index.ts"}');
  const sent = form.getAll('file') as File[];
  expect(sent.map(({ name }) => name)).toEqual(['assets/logo.png', 'index.ts', 'lib/a.ts']);
  expect(new Uint8Array(await (sent[0] as File).arrayBuffer())).toEqual(new Uint8Array([0, 255]));
  expect(await (sent[1] as File).text()).toBe('new');
});

test('drafts are kept beside one another, and taken back', () => {
  const both = withDraft(withDraft(new Map(), 'a', '1'), 'b', '');
  expect([...both]).toEqual([
    ['a', '1'],
    ['b', ''],
  ]);
  expect([...withDraft(both, 'a', undefined)]).toEqual([['b', '']]);
});

test('which file a URL means', () => {
  const paths = ['index.ts', 'src/index.ts', 'deno.json'];
  expect(fileOf('file:///srv/functions/hello/index.ts', 'hello', paths)).toBe('index.ts');
  expect(fileOf('file:///srv/hello/functions/hello/src/index.ts', 'hello', paths)).toBe('src/index.ts');
  expect(fileOf('file:///srv/functions/hello/hello/a.ts', 'hello', ['a.ts', 'hello/a.ts'])).toBe('hello/a.ts');
  expect(fileOf('file:///srv/functions/deno.json', 'hello', paths)).toBeUndefined();
  expect(fileOf(undefined, 'hello', paths)).toBeUndefined();
});

test('paths of new files', () => {
  for (const path of ['lib/mail.ts', 'deno.json', '.env', 'a b.txt'])
    expect(pathProblem(path, ['index.ts'])).toBeUndefined();
  for (const path of ['/etc/passwd', '../other/index.ts', 'a//b', 'a/', '.', 'a\\b', 'x'.repeat(256)])
    expect(pathProblem(path, [])).toMatch(/below the folder/);
  expect(pathProblem('index.ts', ['index.ts'])).toMatch(/of that name/);
  expect(pathProblem('index.ts/a', ['index.ts'])).toMatch(/folder as well/);
  expect(pathProblem('lib', ['lib/a.ts'])).toMatch(/folder as well/);
  expect(pathProblem('', [])).toMatch(/needed/);
});
