import type { ManagementRoute } from './route.ts';

/** The route of a request with its parameters, or what of it is not known. */
export function matchRoute(
  routes: readonly ManagementRoute[],
  method: string,
  path: string,
): { readonly route: ManagementRoute; readonly params: Record<string, string> } | 'path' | 'method' {
  let isKnown = false;
  for (const route of routes) {
    const params = paramsOf(route.path, path);
    if (params === undefined) continue;
    isKnown = true;
    if (route.method === method) return { route, params };
  }
  return isKnown ? 'method' : 'path';
}

function paramsOf(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.replace(/\/$/, '').split('/');
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index];
    if (part.startsWith('*')) {
      const rest = given.slice(index).map(decoded);
      if (rest.length === 0 || rest.some((each) => each === undefined)) return undefined;
      params[part.slice(1)] = rest.join('/');
      return params;
    }
    if (value === undefined) return undefined;
    if (!part.startsWith(':')) {
      if (part !== value) return undefined;
      continue;
    }
    const text = decoded(value);
    if (!text) return undefined;
    params[part.slice(1)] = text;
  }
  return given.length === wanted.length ? params : undefined;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
