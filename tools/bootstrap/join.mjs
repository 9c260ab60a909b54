import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/**
 * Joins the modules of a build into `program.js` and a chunk for each part that is loaded later. Node takes about a
 * millisecond for every module it has to find, read and link; joined, the program is loaded in half the time. Packages
 * stay outside, but for those that every start loads. The modules themselves stay too: `main.js` is the same program, to be watched and profiled by file.
 *
 * @param root folder of the clone, whose `package.json` says what names with `#` mean
 * @param folder absolute path of the build
 */
export async function joinModules(root, folder) {
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    cwd: root,
    input: { program: join(folder, 'main.js') },
    platform: 'node',
    external: (id, importer) => /^[^./#]/.test(id) && !isJoined(id, importer),
    plugins: [internalNames(root, folder), urlsOfModules(folder)],
    // Comments with the path of each module, for those who read a stack trace.
    experimental: { attachDebugInfo: 'simple' },
    logLevel: 'warn',
  });
  await bundle.write({ dir: folder, format: 'esm', chunkFileNames: 'program-[hash].js' });
  await bundle.close();
}

/** Packages that every start loads; what they import is joined with them. Drivers of theirs that are not installed stay out. */
const eager = ['fastify', 'pg', 'pino', 'ws'];
const absent = ['pg-native', 'bufferutil', 'utf-8-validate'];

function isJoined(id, importer = '') {
  if (id.startsWith('node:') || absent.includes(id)) return false;
  return eager.includes(id) || importer.includes(`${sep}node_modules${sep}`);
}

// package.json leads to `dist`; what is being built stands elsewhere until it is complete.
function internalNames(root, folder) {
  const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return {
    name: 'internal-names',
    resolveId: (id) => (id.startsWith('#') ? join(folder, relative('dist', imports[id].default)) : undefined),
  };
}

// A module finds the files beside it by its own address. All chunks lie at the top of the build.
function urlsOfModules(folder) {
  return {
    name: 'urls-of-modules',
    transform(code, id) {
      if (!code.includes('import.meta.url')) return undefined;
      const url = `new URL(${JSON.stringify(`./${relative(folder, id)}`)}, import.meta.url).href`;
      return { code: code.replaceAll('import.meta.url', url), map: null };
    },
  };
}
