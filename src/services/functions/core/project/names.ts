/** Folder names that are no functions: the original's own entry point and everything that begins with `_` or `.`. */
const reserved = new Set(['main', 'node_modules']);

const pattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/** Whether a folder of this name can be a function. */
export const isFunctionName = (name: string): boolean => pattern.test(name) && !reserved.has(name);

/** Name and rest of a request's path: `/hello/world` is `hello`. @returns undefined without a name */
export function nameInPath(path: string): string | undefined {
  const end = path.indexOf('/', 1);
  const first = path.slice(1, end < 0 ? undefined : end);
  if (first === '' || !path.startsWith('/')) return undefined;
  if (!first.includes('%')) return first;
  try {
    return decodeURIComponent(first);
  } catch {
    return first;
  }
}
