/** A path of a file in a URL: each part escaped. */
export const encodeFilePath = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** What is wrong with a name for a function; undefined: nothing. */
export function nameProblem(name: string, taken: readonly string[]): string | undefined {
  if (!/^[a-z][a-z0-9_-]*$/i.test(name)) return 'Letters, digits, - and _, a letter first';
  if (name === 'main') return 'main is reserved';
  return taken.includes(name) ? 'There is a function of that name' : undefined;
}
