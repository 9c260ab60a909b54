// `npm test`: every check and test of the repository, cheap ones first, up to the first failure. Each step is an npm
// script of its own, to be run alone as `npm run <step>`.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reachableTree } from './test-run/reachable.mjs';
import { countTests, unexpectedSkips } from './test-run/report.mjs';

const steps = [
  'check:format',
  'check:types',
  'check:walls',
  'check:dead',
  'check:docs',
  'test:unit',
  'prepare:system',
  'test:room',
  'test:conformance',
];

const tree = reachableTree(fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, ''));
const root = tree.folder;
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const allowed = JSON.parse(readFileSync(join(root, 'tools', 'expected-skips.json'), 'utf8'));
const inCi = !['', '0', 'false'].includes(process.env.CI ?? '');
const scratch = mkdtempSync(join(tmpdir(), 'test-run-'));
const total = { passed: 0, failed: 0, skipped: 0 };
const began = performance.now();

try {
  for (const step of steps) if (!(await pass(step))) break;
} finally {
  rmSync(scratch, { recursive: true, force: true });
  tree.remove();
}
console.log(`\nall steps took ${seconds(began)}`);
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;

async function pass(step) {
  console.log(`\n── ${step}`);
  const start = performance.now();
  const ok = step.startsWith('test:') ? await runTests(step) : await runCheck(step);
  console.log(`── ${step} ${ok ? 'passed' : 'FAILED'} in ${seconds(start)}`);
  return ok;
}

async function runCheck(step) {
  const ok = (await run(scripts[step])) === 0;
  if (!ok) total.failed++;
  return ok;
}

async function runTests(step) {
  const report = join(scratch, `${step.replace(':', '-')}.json`);
  const code = await run(`${scripts[step]} --reporter=default --reporter=json --outputFile.json=${report}`);
  const tests = countTests(report);
  const skips = unexpectedSkips(tests, allowed, inCi);
  for (const name of tests.skipped) console.log(`skipped: ${name}`);
  for (const name of skips) console.error(`skipped without leave: ${name}`);
  // A file that does not even load, or a runner that dies, has no failed test to its name.
  const nameless = tests.failed === 0 && (code !== 0 || tests.passed === 0) ? 1 : 0;
  total.passed += tests.passed;
  total.failed += tests.failed + skips.length + nameless;
  total.skipped += tests.skipped.length - skips.length;
  return code === 0 && tests.passed > 0 && tests.failed === 0 && skips.length === 0;
}

function run(command) {
  const PATH = `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`;
  return new Promise((resolve) => {
    const child = spawn(command, { cwd: root, shell: true, stdio: 'inherit', env: { ...process.env, PATH } });
    child.once('error', (error) => {
      console.error(error.message);
      resolve(1);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function seconds(since) {
  return `${((performance.now() - since) / 1_000).toFixed(1)} s`;
}
