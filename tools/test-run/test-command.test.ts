import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

// Stands for vitest: writes the report it is told to, with the tests named in the script.
const runner = `
const [, , tests, code, ...options] = process.argv;
const path = options.find((option) => option.startsWith('--outputFile.json=')).split('=')[1];
const assertionResults = tests.split(',').filter(Boolean).map((each) => {
  const [fullName, status] = each.split(':');
  return { fullName, status };
});
if (tests !== 'dies') require('node:fs').writeFileSync(path, JSON.stringify({ testResults: [{ status: 'x', assertionResults }] }));
process.exit(Number(code));
`;

const checks = ['check:format', 'check:types', 'check:walls', 'check:dead', 'check:docs'];

let root: string;
const scripts: Record<string, string> = {};
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'test-command-'));
  const tools = fileURLToPath(new URL('..', import.meta.url));
  mkdirSync(join(root, 'tools'));
  cpSync(join(tools, 'test.mjs'), join(root, 'tools/test.mjs'));
  cpSync(join(tools, 'test-run'), join(root, 'tools/test-run'), { recursive: true });
  writeFileSync(join(root, 'runner.cjs'), runner);
  for (const name of [...checks, 'prepare:system']) scripts[name] = `node -e "console.log('ran ${name}')"`;
  for (const name of ['test:unit', 'test:room', 'test:conformance'])
    scripts[name] = 'node runner.cjs one:passed,two:passed 0';
});
afterEach(() => rmSync(root, { recursive: true }));

function run(changes: Record<string, string>, options: { readonly allowed?: object[]; readonly ci?: boolean } = {}) {
  writeFileSync(join(root, 'package.json'), JSON.stringify({ scripts: { ...scripts, ...changes } }));
  writeFileSync(join(root, 'tools/expected-skips.json'), JSON.stringify(options.allowed ?? []));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['tools/test.mjs'], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, CI: options.ci ? 'true' : '' },
  });
  return { status, text: stdout + stderr, last: stdout.trim().split('\n').at(-1) };
}

test('runs every step in order, with its time, and ends with the sum', () => {
  const { status, text, last } = run({});
  expect(status).toBe(0);
  expect(last).toBe('6 passed, 0 failed, 0 skipped');
  const steps = [...text.matchAll(/^── (\S+) passed in \d+\.\d s$/gm)].map((match) => match[1]);
  expect(steps).toEqual([...checks, 'test:unit', 'prepare:system', 'test:room', 'test:conformance']);
});

test('stops at the first check that fails', () => {
  const { status, text, last } = run({ 'check:walls': 'node -e "process.exit(3)"' });
  expect(status).toBe(1);
  expect(last).toBe('0 passed, 1 failed, 0 skipped');
  expect(text).toContain('── check:walls FAILED in');
  expect(text).not.toContain('check:dead');
});

test.each([
  ['a failed test', 'node runner.cjs a:passed,b:failed 1', '3 passed, 1 failed, 0 skipped'],
  ['a runner that dies', 'node runner.cjs dies 1', '2 passed, 1 failed, 0 skipped'],
  ['a runner that finds nothing', 'node runner.cjs "" 0', '2 passed, 1 failed, 0 skipped'],
  ['an error outside of any test', 'node runner.cjs a:passed 1', '3 passed, 1 failed, 0 skipped'],
  ['a skip without leave', 'node runner.cjs a:passed,b:pending 0', '3 passed, 1 failed, 0 skipped'],
])('%s is a failure', (_name, command, summary) => {
  const { status, last } = run({ 'test:room': command });
  expect(status).toBe(1);
  expect(last).toBe(summary);
});

test('a skip with leave is counted and named, and in CI it is a failure', () => {
  const changes = { 'test:room': 'node runner.cjs a:passed,b:pending 0' };
  const allowed = [{ test: 'b', reason: 'needs a browser' }];
  const outside = run(changes, { allowed });
  expect(outside).toMatchObject({ status: 0, last: '5 passed, 0 failed, 1 skipped' });
  expect(outside.text).toContain('skipped: b');
  expect(run(changes, { allowed, ci: true })).toMatchObject({ status: 1, last: '3 passed, 1 failed, 0 skipped' });
});
