import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockHash, sourceFiles, sourceFingerprint } from './fresh.mjs';
import { joinModules } from './join.mjs';
import { showProgress } from './progress.mjs';

/**
 * Compiles `src` into `dist` with plain `tsc`, copies what is no TypeScript (SQL, pages) and joins the modules for a quick
 * start. Types are not checked here, that is what `npm run check:types` is for. The result is made beside `dist` and put in its place when complete, so
 * that an interrupted build leaves the old one and outputs of deleted sources never linger.
 *
 * @returns the exit code
 */
export async function build(root, hash, recordChild = () => {}) {
  // Taken before the compiler reads: what is edited meanwhile makes the result stale again.
  const fingerprint = sourceFingerprint(root, hash);
  const fresh = join(root, 'dist.tmp');
  const old = join(root, 'dist.old');
  const target = join(root, 'dist');
  rmSync(fresh, { recursive: true, force: true });
  const stopProgress = showProgress('building');
  const code = await compile(root, fresh, recordChild);
  if (code !== 0) {
    stopProgress('the build failed; the messages stand above');
    return code;
  }
  for (const name of sourceFiles(root)) {
    if (/\.[cm]?ts$/.test(name)) continue;
    const copy = join(fresh, name.slice('src/'.length));
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(join(root, name), copy);
  }
  try {
    await joinModules(root, fresh);
  } catch (error) {
    stopProgress(`the build failed: ${error.message}`);
    return 1;
  }
  chmodSync(join(fresh, 'program.js'), 0o755);
  writeFileSync(join(fresh, '.stack-build.json'), JSON.stringify({ fingerprint }));
  rmSync(old, { recursive: true, force: true });
  if (existsSync(target)) renameSync(target, old);
  renameSync(fresh, target);
  rmSync(old, { recursive: true, force: true });
  stopProgress('built');
  return 0;
}

function compile(root, outDir, recordChild) {
  const compiler = join(root, 'node_modules', 'typescript', 'lib', 'tsc.js');
  const args = [compiler, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', outDir];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 2, 2] });
    if (child.pid !== undefined) recordChild(child.pid);
    child.once('error', (error) => {
      console.error(`cannot run the compiler: ${error.message}`);
      resolve(1);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  process.exitCode = await build(root, lockHash(root));
}
