import type { Scope } from '../sql/scope.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-5][0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Both columns that say whose an object or bucket is: the older one takes UUIDs only. */
export interface Owner {
  readonly owner: string | null;
  readonly ownerId: string | null;
}

/** The owner columns for a `sub`. */
export function ownerOf(sub: unknown): Owner {
  if (typeof sub !== 'string' || sub === '') return { owner: null, ownerId: null };
  return { owner: uuid.test(sub) ? sub : null, ownerId: sub };
}

/** Those of what a scope makes. */
export const ownerOfScope = (scope: Scope): Owner => ownerOf(scope.claims.sub);
