import { deno, replace } from './deno.ts';

/** Functions of the namespace that take a path, with the number of paths each takes. */
const pathFunctions: Readonly<Record<string, number>> = {
  chmod: 1,
  copyFile: 2,
  create: 1,
  link: 2,
  lstat: 1,
  mkdir: 1,
  open: 1,
  readDir: 1,
  readFile: 1,
  readLink: 1,
  readTextFile: 1,
  realPath: 1,
  remove: 1,
  rename: 2,
  stat: 1,
  symlink: 2,
  truncate: 1,
  utime: 1,
  writeFile: 1,
  writeTextFile: 1,
};

/**
 * Leads paths in `/tmp` to the worker's private folder, so that functions share nothing there.
 *
 * @param kept what lies in `/tmp` and is meant all the same
 */
export function privateTemporaryFolder(folder: string, kept: readonly string[]): void {
  const isKept = (path: string) => [folder, ...kept].some((own) => path === own || path.startsWith(`${own}/`));
  const inFolder = (path: unknown): unknown => {
    const text = path instanceof URL && path.protocol === 'file:' ? decodeURIComponent(path.pathname) : path;
    if (typeof text !== 'string' || !/^\/tmp(\/|$)/.test(text) || isKept(text)) return path;
    return folder + text.slice('/tmp'.length);
  };
  const namespace = deno as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>;
  for (const [name, paths] of Object.entries(pathFunctions))
    for (const each of [name, `${name}Sync`]) {
      const original = namespace[each];
      if (original === undefined) continue;
      replace(deno, each, (...args: unknown[]) =>
        original.call(deno, ...args.map((argument, index) => (index < paths ? inFolder(argument) : argument))),
      );
    }
}
