import { accessSync, constants, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StartupError } from '#kernel/errors';

const libc: Readonly<Record<string, string>> = { linux: '-glibc' };

/** The npm package that holds Deno for a platform. Its install scripts are not needed: the binary lies in it. */
export const denoPackage = (platform: string, arch: string): string =>
  `@deno/${platform}-${arch}${libc[platform] ?? ''}`;

/**
 * Path of the Deno binary.
 *
 * @param configured a path somebody chose
 * @throws StartupError when there is none
 */
export function findDeno(configured: string | undefined): string {
  if (configured !== undefined) {
    if (!existsSync(configured)) throw new StartupError(`there is no Deno at ${configured}`, 'FUNCTIONS_DENO');
    return configured;
  }
  const name = denoPackage(process.platform, process.arch);
  try {
    const path = join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'deno');
    accessSync(path, constants.X_OK);
    return path;
  } catch (error) {
    throw new StartupError(`Deno (${name}) is not installed: run npm install, or name one`, 'FUNCTIONS_DENO', error);
  }
}
