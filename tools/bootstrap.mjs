// Run by npm before `npm start` and `npm test`: installs and builds what is missing or stale, and otherwise costs
// a few milliseconds. Everything slow is imported only when there is something to do.
import { fileURLToPath } from 'node:url';
import { buildIsFresh, installIsFresh, lockHash, studioIsFresh } from './bootstrap/fresh.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const mode = process.argv[2] === 'test' ? 'dev' : 'prod';
const hash = lockHash(root);

if (!installIsFresh(root, hash, mode) || !buildIsFresh(root, hash) || !studioIsFresh(root, hash)) {
  const { repair } = await import('./bootstrap/repair.mjs');
  process.exitCode = await repair(root, mode);
}
