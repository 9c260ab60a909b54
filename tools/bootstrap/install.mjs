import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installStamp, readJson } from './fresh.mjs';
import { showProgress } from './progress.mjs';

const npmRecord = (root) => join(root, 'node_modules', '.package-lock.json');

/**
 * Recognises an install made by hand (`npm ci`, `npm install`), so that it is not done twice nor the network needed.
 *
 * @returns whether what is installed is what the lockfile says
 */
export function adopt(root, hash, mode) {
  const wanted = readJson(join(root, 'package-lock.json'))?.packages;
  const installed = readJson(npmRecord(root))?.packages;
  if (!wanted || !installed) return false;
  const holds = (name) =>
    installed[name]?.version === wanted[name].version && existsSync(join(root, name, 'package.json'));
  const names = Object.keys(wanted).filter((name) => name !== '' && !wanted[name].link);
  const missing = names.filter((name) => !holds(name) && !mayBeLeftOut(wanted[name]));
  const onlyDevelopment = missing.every((name) => wanted[name].dev || wanted[name].devOptional);
  if (missing.length > 0 && (mode === 'dev' || !onlyDevelopment)) return false;
  finish(root, hash, missing.length === 0 ? 'dev' : 'prod');
  return true;
}

// npm skips optional packages made for other systems, and with them what only those need. The other optional packages
// (the embedded server among them) have to be there.
function mayBeLeftOut({ optional, os, cpu, libc }) {
  if (!optional) return false;
  if (!os && !cpu && !libc) return true;
  const excludes = (list, value) =>
    list !== undefined && (list.includes(`!${value}`) || !(list.includes(value) || list[0]?.startsWith('!')));
  const ownLibc = () => (process.report?.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl');
  return excludes(os, process.platform) || excludes(cpu, process.arch) || (libc && excludes(libc, ownLibc()));
}

/**
 * Runs `npm ci`.
 *
 * @param recordChild is told npm's process id
 * @returns npm's exit code
 */
export async function install(root, hash, mode, recordChild) {
  // Without these two an interrupted run cannot be taken for a finished one.
  rmSync(installStamp(root), { force: true });
  rmSync(npmRecord(root), { force: true });
  const packages = Object.values(readJson(join(root, 'package-lock.json'))?.packages ?? {});
  const total = packages.filter((entry) => !mayBeLeftOut(entry) && (mode === 'dev' || !entry.dev)).length;
  const stopProgress = showProgress(
    `installing about ${total} packages${mode === 'dev' ? ' (with development tools)' : ''}`,
    () => `${countFolders(join(root, 'node_modules'))} folders`,
  );
  const code = await runNpm(root, recordChild, [
    'ci',
    mode === 'dev' ? '--include=dev' : '--omit=dev',
    '--include=optional',
    '--prefer-offline',
    '--no-audit',
    '--no-fund',
    '--no-progress',
    '--loglevel=error',
  ]);
  stopProgress(code === 0 ? 'packages installed' : `npm ci ended with code ${code}; its message stands above`);
  if (code === 0) finish(root, hash, mode);
  return code;
}

function runNpm(root, recordChild, args) {
  const cli = process.env.npm_execpath;
  const [command, first] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []];
  return new Promise((resolve) => {
    const child = spawn(command, [...first, ...args], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    if (child.pid !== undefined) recordChild(child.pid);
    child.once('error', (error) => {
      console.error(`cannot run npm: ${error.message}`);
      resolve(1);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

function countFolders(folder) {
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).filter((name) => !name.startsWith('.')).length;
}

function finish(root, hash, mode) {
  linkOwnCommand(root);
  writeFileSync(installStamp(root), JSON.stringify({ hash, mode }));
}

// npm links the commands of dependencies, not the project's own; with this `npx pmoves-supabase` works in the clone.
function linkOwnCommand(root) {
  if (process.platform === 'win32') return;
  const folder = join(root, 'node_modules', '.bin');
  mkdirSync(folder, { recursive: true });
  for (const [name, target] of Object.entries(readJson(join(root, 'package.json'))?.bin ?? {})) {
    rmSync(join(folder, name), { force: true });
    symlinkSync(join('..', '..', target), join(folder, name));
  }
}
