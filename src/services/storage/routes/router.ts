import { storageError } from '../errors.ts';
import type { Matched, Route } from './route.ts';

interface Compiled {
  readonly route: Route;
  readonly segments: readonly string[];
  readonly isOpen: boolean;
}

/**
 * Finds routes; the first that fits wins. HEAD is answered by GET where it has no route of its own.
 *
 * @returns a function from method and raw path (no query) to the route. It throws InvalidKey for escapes that are none.
 */
export function createRouter(routes: readonly Route[]): (method: string, path: string) => Matched | undefined {
  const byMethod = new Map<string, Compiled[]>();
  for (const route of routes) {
    const segments = route.path.split('/').slice(1);
    const isOpen = segments.at(-1) === '*';
    const compiled = { route, segments: isOpen ? segments.slice(0, -1) : segments, isOpen };
    byMethod.set(route.method, [...(byMethod.get(route.method) ?? []), compiled]);
  }
  const find = (method: string, given: readonly string[]): Matched | undefined => {
    for (const compiled of byMethod.get(method) ?? []) {
      const params = fitting(compiled, given);
      if (params) return { route: compiled.route, params };
    }
    return undefined;
  };
  return (method, path) => {
    const given = path.split('/').slice(1);
    return find(method, given) ?? (method === 'HEAD' ? find('GET', given) : undefined);
  };
}

function fitting({ segments, isOpen }: Compiled, given: readonly string[]): Record<string, string> | undefined {
  // A slash at the end belongs to an object's name and to nothing else.
  const length = !isOpen && given.at(-1) === '' && given.length > 1 ? given.length - 1 : given.length;
  if (isOpen ? length <= segments.length : length !== segments.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const actual = given[index] as string;
    if (segment.startsWith(':')) {
      if (actual === '') return undefined;
      params[segment.slice(1)] = decode(actual);
    } else if (segment !== actual) return undefined;
  }
  if (isOpen) {
    const rest = given.slice(segments.length).join('/');
    if (rest === '') return undefined;
    params.name = decode(rest);
  }
  return params;
}

function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw storageError('InvalidKey', { message: `Invalid key: ${text}`, cause: error });
  }
}
