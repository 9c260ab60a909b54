import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Stamp of a finished install; gone while one is running. */
export const installStamp = (root) => join(root, 'node_modules', '.stack-install.json');

/** Stamp of a finished build; part of what the build puts in place in one rename. */
export const buildStamp = (root) => join(root, 'dist', '.stack-build.json');

/** The same of the dashboard, which is built apart: a change of the server leaves it as it is. */
export const studioStamp = (root) => join(root, 'studio', 'dist', '.stack-build.json');

/** Digest of the lockfile together with the platform, whose binaries differ. */
export function lockHash(root) {
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}\n`);
  return hash.update(readFileSync(join(root, 'package-lock.json'))).digest('hex');
}

/** The parsed JSON of a file, or undefined where there is none or it is broken. */
export function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Whether the installed packages are those of the lockfile. A development install serves production too. */
export function installIsFresh(root, hash, mode) {
  const stamp = readJson(installStamp(root));
  return stamp?.hash === hash && (stamp.mode === 'dev' || mode === 'prod');
}

/** Whether `dist` was built from the sources as they are. */
export function buildIsFresh(root, hash) {
  const stamp = readJson(buildStamp(root));
  return stamp !== undefined && stamp.fingerprint === sourceFingerprint(root, hash);
}

/** Whether the dashboard was built from its sources as they are. */
export function studioIsFresh(root, hash) {
  return !hasStudio(root) || readJson(studioStamp(root))?.fingerprint === studioFingerprint(root, hash);
}

/** Path, size and modification time of everything that goes into a build of the server, as one digest. */
export function sourceFingerprint(root, hash) {
  const settings = readdirSync(root).filter((name) => /^tsconfig.*\.json$/.test(name));
  return fingerprint(root, hash, [...settings, ...sourceFiles(root)]);
}

/** The same for the dashboard. */
export const studioFingerprint = (root, hash) => fingerprint(root, hash, sourceFiles(root, 'studio'));

const hasStudio = (root) => existsSync(join(root, 'studio', 'package.json'));

function fingerprint(root, hash, names) {
  const digest = createHash('sha256').update(hash);
  for (const name of names) {
    const { size, mtimeMs } = statSync(join(root, name));
    digest.update(`${name}\0${size}\0${mtimeMs}\n`);
  }
  return digest.digest('hex');
}

const left = new Set(['testing', 'node_modules', 'dist', 'dist.tmp', 'dist.old']);

/** Files below a folder that belong to the program, by their path from the root; tests and fakes do not. */
export function sourceFiles(root, top = 'src') {
  const files = [];
  const visit = (folder) => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) {
        if (!left.has(entry.name)) visit(name);
      } else if (!/\.test\.tsx?$|\.md$|^\./.test(entry.name)) files.push(name);
    }
  };
  visit(top);
  return files;
}
