import { restError } from '../../errors.ts';
import type { Resource } from './resource.ts';

/** What a request wants done. */
export type Action =
  | { readonly kind: 'read'; readonly table: string; readonly headersOnly: boolean }
  | { readonly kind: 'insert' | 'update' | 'upsert' | 'delete'; readonly table: string }
  | {
      readonly kind: 'call';
      readonly routine: string;
      /** Arguments come from the query string, and nothing may be written. */
      readonly byQuery: boolean;
      readonly headersOnly: boolean;
    }
  | { readonly kind: 'describe'; readonly headersOnly: boolean }
  | { readonly kind: 'options'; readonly resource: Resource };

/** Methods whose schema is chosen by `Accept-Profile`; the others go by `Content-Profile`. */
export const readsByProfile = (method: string): boolean =>
  method === 'GET' || method === 'HEAD' || method === 'OPTIONS';

/** Joins method and resource. @throws PGRST101 or PGRST117 for a method that means nothing there */
export function actionOf(method: string, resource: Resource): Action {
  if (method === 'OPTIONS') return { kind: 'options', resource };
  const reads = method === 'GET' || method === 'HEAD';
  const headersOnly = method === 'HEAD';
  switch (resource.kind) {
    case 'root':
      if (reads) return { kind: 'describe', headersOnly };
      break;
    case 'routine':
      if (reads || method === 'POST') return { kind: 'call', routine: resource.name, byQuery: reads, headersOnly };
      throw restError('PGRST101', { message: `Cannot use the ${method} method on RPC` });
    case 'relation':
      if (reads) return { kind: 'read', table: resource.name, headersOnly };
      if (method === 'POST') return { kind: 'insert', table: resource.name };
      if (method === 'PATCH') return { kind: 'update', table: resource.name };
      if (method === 'PUT') return { kind: 'upsert', table: resource.name };
      if (method === 'DELETE') return { kind: 'delete', table: resource.name };
      break;
  }
  throw restError('PGRST117', { message: `Unsupported HTTP method: ${method}` });
}
