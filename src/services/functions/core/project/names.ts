/** Folder names that are no functions: the original's own entry point and everything that begins with `_` or `.`. */
const reserved = new Set(['main', 'node_modules']);

const pattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;

/** Whether a folder of this name can be a function. */
export const isFunctionName = (name: string): boolean => pattern.test(name) && !reserved.has(name);

/** Name and rest of a request's path: `/hello/world` is `hello`. @returns undefined without a name */
export function nameInPath(path: string): string | undefined {
  const [, first = ''] = path.split('/', 2);
  if (first === '') return undefined;
  try {
    return decodeURIComponent(first);
  } catch {
    return first;
  }
}
