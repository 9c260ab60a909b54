import { join } from 'node:path';
import { build } from './build.mjs';
import { buildIsFresh, installIsFresh, installStamp, lockHash, readJson, studioIsFresh } from './fresh.mjs';
import { adopt, install } from './install.mjs';
import { withLock } from './lock.mjs';

/**
 * Installs and builds what is not fresh. Only one process does so at a time; whoever waited finds the work done.
 *
 * @returns the exit code
 */
export async function repair(root, wanted) {
  return withLock(join(root, '.bootstrap.lock'), async (recordChild) => {
    const hash = lockHash(root);
    // A tree that a developer works in keeps its development packages when it is started.
    const mode = readJson(installStamp(root))?.mode === 'dev' ? 'dev' : wanted;
    if (!installIsFresh(root, hash, mode) && !adopt(root, hash, mode)) {
      const code = await install(root, hash, mode, recordChild);
      if (code !== 0) return code;
    }
    const stale = { server: !buildIsFresh(root, hash), studio: !studioIsFresh(root, hash) };
    return stale.server || stale.studio ? build(root, hash, recordChild, stale) : 0;
  });
}
