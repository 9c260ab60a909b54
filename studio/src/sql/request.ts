import { quoteName } from './quote.ts';
import type { Attempt } from './simulate.ts';

/** Methods of the REST API for rows, with what they attempt. */
export const requestMethods = {
  GET: 'select',
  POST: 'insert',
  PATCH: 'update',
  DELETE: 'delete',
} as const satisfies Readonly<Record<string, Attempt>>;

/** One of them. */
export type RequestMethod = keyof typeof requestMethods;

/** Whether it leaves everything as it is. */
export const reads = (method: RequestMethod): boolean => method === 'GET';

/** The path of a table in the API, to begin with: few rows of it, or none for what changes them, until somebody says which. */
export const pathOf = (table: string, method: RequestMethod): string => {
  const name = encodeURIComponent(table);
  if (method === 'GET') return `/${name}?select=*&limit=10`;
  return method === 'POST' ? `/${name}` : `/${name}?id=eq.`;
};

/** The headers of a request for a table: its schema where that is not the first one, and what is preferred. */
export function headersOf(
  method: RequestMethod,
  schema: string,
  prefer: string,
): readonly (readonly [name: string, value: string])[] {
  return [
    ...(schema === 'public' ? [] : [[reads(method) ? 'accept-profile' : 'content-profile', schema] as const]),
    ...(prefer.trim() === '' ? [] : [['prefer', prefer.trim()] as const]),
  ];
}

/** Whether a path is about a table itself, so that its policies are those that decide. */
export const isAbout = (path: string, table: string): boolean => {
  const [, name = ''] = /^\/([^/?]*)(\?|$)/.exec(path) ?? [];
  try {
    return decodeURIComponent(name).replace(/^"(.*)"$/, '$1') === table || name === quoteName(table);
  } catch {
    return false;
  }
};
