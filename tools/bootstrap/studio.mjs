import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip, gzipSync } from 'node:zlib';
import { readJson, studioFingerprint } from './fresh.mjs';
import { replaceFolder } from './replace-folder.mjs';

/** Bytes of script, gzipped, that a first visit may load. */
export const firstLoadBudget = 350 * 1024;

/**
 * Builds the dashboard into `studio/dist` and compresses what is served, so that the server only ever sends files.
 *
 * @returns a word about its size
 * @throws Error when the scripts of a first visit are larger than the budget
 */
export async function buildStudio(root, hash) {
  const fingerprint = studioFingerprint(root, hash);
  const base = join(root, 'studio');
  const target = join(base, 'dist');
  const fresh = `${target}.tmp`;
  rmSync(fresh, { recursive: true, force: true });
  const { build } = await import('vite');
  await build({
    root: base,
    configFile: join(base, 'vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: fresh, emptyOutDir: true },
  });
  const manifest = readJson(join(fresh, '.vite', 'manifest.json'));
  const loaded = firstLoad(manifest, (file) => gzipSync(readFileSync(join(fresh, file))).length);
  if (loaded > firstLoadBudget)
    throw new Error(`the dashboard loads ${kib(loaded)} of script at first, more than ${kib(firstLoadBudget)}`);
  await compressFiles(join(fresh, 'assets'));
  writeFileSync(join(fresh, '.stack-build.json'), JSON.stringify({ fingerprint, firstLoad: loaded }));
  replaceFolder(target);
  return `the dashboard loads ${kib(loaded)} of script at first`;
}

const kib = (bytes) => `${Math.round(bytes / 1024)} KiB`;

/**
 * Sum of the scripts that the entry and everything it imports statically come to.
 *
 * @param manifest Vite's: key → `{ file, imports, isEntry }`
 * @param sizeOf bytes of a file
 */
export function firstLoad(manifest, sizeOf) {
  const seen = new Set();
  const visit = (key) => {
    if (seen.has(key)) return;
    seen.add(key);
    for (const next of manifest[key].imports ?? []) visit(next);
  };
  for (const [key, { isEntry }] of Object.entries(manifest)) if (isEntry) visit(key);
  const scripts = [...seen].map((key) => manifest[key].file).filter((file) => file.endsWith('.js'));
  return scripts.reduce((sum, file) => sum + sizeOf(file), 0);
}

// Below this a compressed copy saves less than the look-up costs.
const worthwhile = 1024;

async function compressFiles(folder) {
  const zip = promisify(gzip);
  const brotli = promisify(brotliCompress);
  const params = { [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT, [constants.BROTLI_PARAM_QUALITY]: 9 };
  await Promise.all(
    readdirSync(folder)
      .filter((name) => /\.(js|css|svg)$/.test(name))
      .map(async (name) => {
        const path = join(folder, name);
        const content = readFileSync(path);
        if (content.length < worthwhile) return;
        const [br, gz] = await Promise.all([brotli(content, { params }), zip(content, { level: 9 })]);
        writeFileSync(`${path}.br`, br);
        writeFileSync(`${path}.gz`, gz);
      }),
  );
}
