import { existsSync, renameSync, rmSync } from 'node:fs';

/** Puts what was built in `<target>.tmp` in its place. */
export function replaceFolder(target) {
  const old = `${target}.old`;
  rmSync(old, { recursive: true, force: true });
  if (existsSync(target)) renameSync(target, old);
  renameSync(`${target}.tmp`, target);
  rmSync(old, { recursive: true, force: true });
}
