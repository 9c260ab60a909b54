// `npm run dev`: runs the program from its sources, and again after every change. The data stays: the database's folder
// is the same one, and it is shut down properly before the next start.
import { spawn } from 'node:child_process';
import { readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const runFile = join(process.env.VOLUMES_DIR ?? join(root, 'volumes'), 'stack.json');
const flags = ['--conditions', 'source', '--enable-source-maps', ...(stripsTypes() ? [] : ['--import', 'tsx'])];
// Whoever edits waits for the restart, so requests that hang are not waited for.
const env = { STACK_DRAIN_TIMEOUT: '100ms', ...process.env };

let child;
let restarting = false;
let changedMeanwhile = false;

launch();
let debounce;
watch(join(root, 'src'), { recursive: true }, (_event, name) => {
  if (name === null || /\.test\.ts$|\.md$|~$|\.sw.$/.test(name)) return;
  clearTimeout(debounce);
  debounce = setTimeout(() => void restart(name), 30);
});
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    restarting = true;
    child.kill(signal);
    child.once('exit', (code) => process.exit(code ?? 0));
  });

// Node 22.18 and later run TypeScript as it is.
function stripsTypes() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

function launch() {
  const args = [...flags, join(root, 'src', 'main.ts'), 'start', ...process.argv.slice(2)];
  child = spawn(process.execPath, args, { cwd: root, stdio: 'inherit', env });
  child.once('exit', (code) => {
    if (!restarting) console.error(`dev: ended with code ${code}; waiting for a change`);
  });
}

async function restart(name) {
  if (restarting) {
    changedMeanwhile = true;
    return;
  }
  restarting = true;
  const began = performance.now();
  do {
    changedMeanwhile = false;
    await end();
    launch();
    await serving();
  } while (changedMeanwhile);
  restarting = false;
  console.error(`dev: ${name} changed, serving again after ${Math.round(performance.now() - began)} ms`);
}

async function end() {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await exited;
  clearTimeout(patience);
}

// The program says where it serves in a file once it does.
async function serving() {
  while (child.exitCode === null && child.signalCode === null && !changedMeanwhile) {
    try {
      if (JSON.parse(readFileSync(runFile, 'utf8')).pid === child.pid) return;
    } catch {
      // Not there yet, or half written.
    }
    await sleep(10);
  }
}
