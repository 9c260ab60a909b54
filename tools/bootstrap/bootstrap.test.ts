import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

// Stands for npm: notes its arguments, takes a moment, then "installs" a compiler that copies sources.
const fakeNpm = `
const { appendFileSync, mkdirSync, rmSync, writeFileSync, existsSync } = require('node:fs');
appendFileSync('calls', process.argv.slice(2, 4).join(' ') + '\\n');
if (existsSync('npm-fails')) { console.error('no network'); process.exit(7); }
rmSync('node_modules', { recursive: true, force: true });
mkdirSync('node_modules/typescript-compiler/bin', { recursive: true });
writeFileSync('node_modules/half', '');
setTimeout(() => {
  rmSync('node_modules/half');
  writeFileSync('node_modules/typescript-compiler/bin/tsc', ${JSON.stringify(`
    const { cpSync, readdirSync, appendFileSync } = require('node:fs');
    const out = process.argv[process.argv.indexOf('--outDir') + 1];
    appendFileSync('calls', 'build\\n');
    cpSync('src', out, { recursive: true, filter: (name) => !name.endsWith('.sql') });
    for (const name of readdirSync(out)) require('node:fs').renameSync(out + '/' + name, out + '/' + name.replace('.ts', '.js'));
  `)});
  mkdirSync('node_modules/rolldown', { recursive: true });
  writeFileSync('node_modules/rolldown/index.js', ${JSON.stringify(`
    exports.rolldown = async ({ input }) => ({
      write: async ({ dir }) => require('node:fs').cpSync(input.program, dir + '/program.js'),
      close: async () => {},
    });
  `)});
  const { packages } = JSON.parse(require('node:fs').readFileSync('package-lock.json', 'utf8'));
  for (const [name, { dev }] of Object.entries(packages)) {
    if (dev && process.argv[3] === '--omit=dev') delete packages[name];
    else if (name) { mkdirSync(name, { recursive: true }); writeFileSync(name + '/package.json', '{}'); }
  }
  writeFileSync('node_modules/.package-lock.json', JSON.stringify({ packages }));
}, Number(process.env.NPM_TAKES ?? 0));
`;

const lock = (version = '6.0.0') =>
  JSON.stringify({
    packages: {
      '': {},
      'node_modules/typescript-compiler': { version },
      'node_modules/a-test-runner': { version, dev: true },
      'node_modules/for-another-machine': { version, optional: true, os: ['plan9'] },
    },
  });

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'bootstrap-'));
  const tools = fileURLToPath(new URL('..', import.meta.url));
  cpSync(join(tools, 'bootstrap.mjs'), join(root, 'tools', 'bootstrap.mjs'));
  cpSync(join(tools, 'bootstrap'), join(root, 'tools', 'bootstrap'), { recursive: true });
  put('package.json', '{"bin":{"the-command":"dist/main.js"}}');
  put('package-lock.json', lock());
  put('tsconfig.build.json', '{}');
  put('npm.js', fakeNpm);
  put('src/main.ts', 'one');
  put('src/tables.sql', 'select 1;');
  put('src/main.test.ts', 'a test');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const calls = () =>
  existsSync(join(root, 'calls')) ? readFileSync(join(root, 'calls'), 'utf8').trim().split('\n') : [];

function launch(mode: 'start' | 'test', npmTakes = 0): ChildProcess & { readonly output: () => string } {
  const env = { ...process.env, npm_execpath: join(root, 'npm.js'), NPM_TAKES: String(npmTakes) };
  const child = spawn(process.execPath, ['tools/bootstrap.mjs', mode], { cwd: root, env });
  let output = '';
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  return Object.assign(child, { output: () => output });
}

async function run(mode: 'start' | 'test', npmTakes = 0): Promise<{ code: number; output: string }> {
  const child = launch(mode, npmTakes);
  const code = await ended(child);
  return { code, output: child.output() };
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve) => child.once('close', (code) => resolve(code ?? -1)));
}

test('installs and builds once; a development install serves production too', async () => {
  expect((await run('start')).code).toBe(0);
  expect(calls()).toEqual(['ci --omit=dev', 'build']);
  expect(await run('start')).toEqual({ code: 0, output: '' });
  expect(calls()).toHaveLength(2);
  await run('test');
  expect(calls().slice(2)).toEqual(['ci --include=dev']);
  await run('start');
  expect(calls()).toHaveLength(3);
});

test('a changed lockfile installs anew, in the mode there was', async () => {
  await run('test');
  put('package-lock.json', lock('6.0.1'));
  await run('start');
  expect(calls()).toEqual(['ci --include=dev', 'build', 'ci --include=dev', 'build']);
});

test('a changed source is built anew; what is gone from the source is gone from the build', async () => {
  put('src/old.ts', 'old');
  await run('start');
  expect(readFileSync(join(root, 'dist/tables.sql'), 'utf8')).toBe('select 1;');
  expect(existsSync(join(root, 'dist/old.js'))).toBe(true);
  put('src/main.ts', 'two!');
  put('src/main.test.ts', 'another test');
  rmSync(join(root, 'src/old.ts'));
  await run('start');
  expect(calls()).toEqual(['ci --omit=dev', 'build', 'build']);
  expect(readFileSync(join(root, 'dist/main.js'), 'utf8')).toBe('two!');
  expect(existsSync(join(root, 'dist/old.js'))).toBe(false);
  put('src/main.test.ts', 'tests are no part of the build');
  expect(await run('start')).toEqual({ code: 0, output: '' });
});

test('the message of a failed install is seen, and the next start tries again', async () => {
  put('npm-fails', '');
  const { code, output } = await run('start');
  expect(code).toBe(7);
  expect(output).toContain('no network');
  rmSync(join(root, 'npm-fails'));
  expect((await run('start')).code).toBe(0);
  expect(calls()).toEqual(['ci --omit=dev', 'ci --omit=dev', 'build']);
});

test('of two at once one installs and the other waits', async () => {
  const both = await Promise.all([run('start', 500), run('start', 500)]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(both.map(({ output }) => output).join()).toContain('waiting');
  expect(calls()).toEqual(['ci --omit=dev', 'build']);
});

test('a half-finished install is done again', async () => {
  const first = launch('start', 60_000);
  while (!existsSync(join(root, 'node_modules/half'))) await sleep(20);
  const held = JSON.parse(readFileSync(join(root, '.bootstrap.lock'), 'utf8'));
  first.kill('SIGKILL');
  process.kill(held.child, 'SIGKILL');
  await ended(first);
  expect((await run('start')).code).toBe(0);
  expect(calls()).toEqual(['ci --omit=dev', 'ci --omit=dev', 'build']);
  expect(existsSync(join(root, '.bootstrap.lock'))).toBe(false);
});

test('an npm that outlives its parent is waited for, and its work is used', async () => {
  const first = launch('start', 1_500);
  while (!existsSync(join(root, 'node_modules/half'))) await sleep(20);
  first.kill('SIGKILL');
  await ended(first);
  expect((await run('start')).code).toBe(0);
  expect(calls()).toEqual(['ci --omit=dev', 'build']);
});

test('a lock without a heartbeat is left over, whoever has its process id now', async () => {
  put('.bootstrap.lock', JSON.stringify({ pid: process.pid, host: 'elsewhere' }));
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(join(root, '.bootstrap.lock'), longAgo, longAgo);
  expect((await run('start')).code).toBe(0);
});

test('an install made by hand is recognised', async () => {
  await run('start');
  rmSync(join(root, 'node_modules/.stack-install.json'));
  await run('start');
  expect(calls()).toEqual(['ci --omit=dev', 'build']);
  rmSync(join(root, 'node_modules/.stack-install.json'));
  rmSync(join(root, 'node_modules/typescript-compiler/package.json'));
  await run('start');
  expect(calls()).toEqual(['ci --omit=dev', 'build', 'ci --omit=dev']);
});

test('the own command can be run by npx', async () => {
  await run('start');
  expect(readFileSync(join(root, 'node_modules/.bin/the-command'), 'utf8')).toBe('one');
});
