// `npm run lockfile`: npm leaves platform packages out of the lockfile that it could not see when it wrote it
// (npm/cli issue 4828), and `npm ci` then fails everywhere. This adds them. Run after each change of dependencies.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Optional dependencies that a locked package names and the lockfile does not hold.
 *
 * @param lockfile parsed package-lock.json
 * @returns `{ name, version, dev }` each
 */
export function missingOptionals({ packages }) {
  const missing = [];
  for (const [place, entry] of Object.entries(packages))
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {}))
      if (!isLocked(packages, place, name)) missing.push({ name, version, dev: entry.dev === true });
  return missing;
}

// Node's own search: in the package's folder, then in each one above.
function isLocked(packages, place, name) {
  for (let base = place; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    if (packages[base === '' ? `node_modules/${name}` : `${base}/node_modules/${name}`]) return true;
    if (base === '') return false;
  }
}

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32'];
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];

/**
 * The entry of a platform package, its platform read from its name (`cli-linux-x64-musl`).
 *
 * @throws Error when the name says no platform, or the version is a range: then it has to be looked up
 */
export function platformEntry({ name, version, dev }) {
  const words = name.replace('windows', 'win32').split(/[-/]/);
  const os = systems.filter((word) => words.includes(word));
  const cpu = processors.filter((word) => words.includes(word));
  if (os.length !== 1 || cpu.length !== 1) throw new Error(`cannot tell the platform of ${name}`);
  if (!/^\d/.test(version)) throw new Error(`${name} is wanted as ${version}, which is not one version`);
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : words.includes('gnu') ? ['glibc'] : undefined;
  return { version, cpu, ...(dev && { dev }), ...(libc && { libc }), optional: true, os };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = join(fileURLToPath(new URL('../..', import.meta.url)), 'package-lock.json');
  const lockfile = JSON.parse(readFileSync(path, 'utf8'));
  const missing = missingOptionals(lockfile);
  for (const entry of missing) lockfile.packages[`node_modules/${entry.name}`] = platformEntry(entry);
  const sorted = Object.entries(lockfile.packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  lockfile.packages = Object.fromEntries(sorted);
  writeFileSync(path, `${JSON.stringify(lockfile, null, 2)}\n`);
  console.log(`${missing.length} platform packages added`);
}
