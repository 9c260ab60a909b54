import { restError } from '../../errors.ts';
import { decodeComponent } from '../grammar/query-string.ts';

/** What a path names. */
export type Resource =
  | { readonly kind: 'root' }
  | { readonly kind: 'relation'; readonly name: string }
  | { readonly kind: 'routine'; readonly name: string };

const root: Resource = { kind: 'root' };

/** Reads a path without query. @throws PGRST125 for one that names nothing */
export function resourceOf(path: string): Resource {
  if (path === '/' || path === '') return root;
  const slash = path.indexOf('/', 1);
  if (slash < 0) return { kind: 'relation', name: decodeComponent(path.slice(1), false) };
  const rest = path.slice(slash + 1);
  if (path.slice(1, slash) !== 'rpc' || rest === '' || rest.includes('/')) throw restError('PGRST125');
  return { kind: 'routine', name: decodeComponent(rest, false) };
}
