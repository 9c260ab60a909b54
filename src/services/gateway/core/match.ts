import type { Route } from './route-table.ts';

/** A route with the path its mount will see. */
export interface Match {
  readonly route: Route;
  readonly path: string;
}

/**
 * Finds routes by their longest matching prefix. A prefix ends at a segment: `/mcp` does not match `/mcpx`.
 *
 * @param table routes in any order
 * @returns a function from a path (no query) to its match
 */
export function createMatcher(table: readonly Route[]): (path: string) => Match | undefined {
  const ordered = [...table].sort(
    (a, b) => b.prefix.length - a.prefix.length || Number(b.exact ?? false) - Number(a.exact ?? false),
  );
  return (path) => {
    for (const route of ordered) {
      const { prefix } = route;
      if (prefix.endsWith('/')) {
        if (route.exact ? path === prefix : path.startsWith(prefix))
          return { route, path: route.target + path.slice(prefix.length) };
        if (path.length === prefix.length - 1 && prefix.startsWith(path)) return { route, path: route.target };
      } else if (path.startsWith(prefix)) {
        const next = path[prefix.length];
        if (next === undefined || (next === '/' && !route.exact))
          return { route, path: route.target + path.slice(prefix.length) };
      }
    }
    return undefined;
  };
}

/**
 * Brings a path into one spelling: unreserved characters unescaped (RFC 3986 §6.2.2.2), `.` and `..` segments resolved
 * (§5.2.4), doubled slashes at the start removed, so that none reaches a mount past the route that guards it.
 *
 * @returns undefined when the path climbs above the root or holds a backslash or a NUL
 */
export function normalisePath(path: string): string | undefined {
  if (/\\|%00/.test(path)) return undefined;
  if (path.includes('%')) return resolveDots(path.replace(/%[0-9a-f]{2}/gi, unescapeUnreserved));
  return /^\/\/|\/\./.test(path) ? resolveDots(path) : path;
}

function unescapeUnreserved(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return /[A-Za-z0-9\-._~]/.test(character) ? character : escaped;
}

function resolveDots(path: string): string | undefined {
  const out: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === '..') {
      if (out.length === 0) return undefined;
      out.pop();
    } else if (segment !== '.') {
      out.push(segment);
      continue;
    }
    if (last) out.push('');
  }
  return `/${out.join('/')}`.replace(/^\/+/, '/');
}
