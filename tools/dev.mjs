// `npm run dev`: runs the program, and again after every change of its sources. The data stays: the database's folder is
// the same one, and it is shut down properly before the next start.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createUpdater } from './dev/update.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const runFile = join(process.env.VOLUMES_DIR ?? join(root, 'volumes'), 'stack.json');
// Whoever edits waits for the restart, so requests that hang are not waited for.
const env = { STACK_DRAIN_TIMEOUT: '100ms', ...process.env };
const update = createUpdater(root);

let child;
let restarting = false;
let debounce;
const changed = new Set();

launch();
watch(join(root, 'src'), { recursive: true }, (_event, name) => {
  if (name === null || !/\.(ts|sql|json|html|control)$/.test(name) || /\.test\.ts$|\/testing\//.test(name)) return;
  changed.add(name);
  clearTimeout(debounce);
  debounce = setTimeout(() => void restart(), 30);
});
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    restarting = true;
    if (hasEnded()) process.exit(0);
    child.once('exit', (code) => process.exit(code ?? 0));
    child.kill(signal);
  });

function launch() {
  const args = ['--enable-source-maps', join(root, 'dist', 'main.js'), 'start', ...process.argv.slice(2)];
  child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env });
  child.once('exit', (code) => {
    if (!restarting) console.error(`dev: ended with code ${code}; waiting for a change`);
  });
}

async function restart() {
  if (restarting) return;
  restarting = true;
  while (changed.size > 0) {
    const began = performance.now();
    const names = [...changed];
    changed.clear();
    const problems = names.flatMap((name) => update(name));
    if (problems.length > 0) {
      console.error(`dev: ${problems.join('\ndev: ')}`);
      continue;
    }
    await end();
    launch();
    if (await serves())
      console.error(
        `dev: ${names.join(', ')} changed, serving again after ${Math.round(performance.now() - began)} ms`,
      );
  }
  restarting = false;
}

function hasEnded() {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end() {
  if (hasEnded()) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await exited;
  clearTimeout(patience);
}

// The program says where it serves in a file, once it does.
async function serves() {
  while (!hasEnded() && changed.size === 0) {
    if (existsSync(runFile) && readFileSync(runFile, 'utf8').includes(`"pid": ${child.pid},`)) return true;
    await sleep(10);
  }
  return false;
}
