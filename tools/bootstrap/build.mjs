import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lockHash, sourceFiles, sourceFingerprint, studioIsFresh } from './fresh.mjs';
import { joinModules } from './join.mjs';
import { showProgress } from './progress.mjs';
import { replaceFolder } from './replace-folder.mjs';

/**
 * Builds what is stale: the server into `dist`, the dashboard into `studio/dist`. Each result is made beside its place and
 * put there when complete, so that an interrupted build leaves the old one and outputs of deleted sources never linger.
 *
 * @param stale which of them to build; default: the server, and the dashboard where its sources changed
 * @returns the exit code
 */
export async function build(
  root,
  hash,
  recordChild = () => {},
  stale = { server: true, studio: !studioIsFresh(root, hash) },
) {
  const stopProgress = showProgress('building');
  try {
    const [code, loaded] = await Promise.all([
      stale.server ? buildServer(root, hash, recordChild) : 0,
      stale.studio ? import('./studio.mjs').then(({ buildStudio }) => buildStudio(root, hash)) : undefined,
    ]);
    stopProgress(code !== 0 ? 'the build failed; the messages stand above' : loaded ? `built; ${loaded}` : 'built');
    return code;
  } catch (error) {
    stopProgress(`the build failed: ${error.message}`);
    return 1;
  }
}

// Plain `tsc`, then what is no TypeScript (SQL, pages) is copied and the modules joined for a quick start. Types are not
// checked here, that is what `npm run check:types` is for.
async function buildServer(root, hash, recordChild) {
  // Taken before the compiler reads: what is edited meanwhile makes the result stale again.
  const fingerprint = sourceFingerprint(root, hash);
  const fresh = join(root, 'dist.tmp');
  rmSync(fresh, { recursive: true, force: true });
  const code = await compile(root, fresh, recordChild);
  if (code !== 0) return code;
  for (const name of sourceFiles(root)) {
    if (/\.[cm]?ts$/.test(name)) continue;
    const copy = join(fresh, name.slice('src/'.length));
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(join(root, name), copy);
  }
  await joinModules(root, fresh);
  chmodSync(join(fresh, 'program.js'), 0o755);
  writeFileSync(join(fresh, '.stack-build.json'), JSON.stringify({ fingerprint }));
  replaceFolder(join(root, 'dist'));
  return 0;
}

function compile(root, outDir, recordChild) {
  const compiler = join(root, 'node_modules', 'typescript-compiler', 'bin', 'tsc');
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
