import type { RefreshTokenRow } from '../../sql/rows.ts';
import { millisecondsOf } from '../instant.ts';

/** What becomes of a refresh token that was presented. */
export type Rotation =
  /** It is the active one: it is used up and a child takes its place. */
  | { readonly kind: 'rotate' }
  /** Its child was never used, so the answer that carried it was probably lost: the child is handed out again. */
  | { readonly kind: 'repeat'; readonly active: RefreshTokenRow }
  /** It was used moments ago: another child is made. */
  | { readonly kind: 'reuse' }
  /** It comes back long after its child went into use: somebody has a copy. */
  | { readonly kind: 'stolen' };

/**
 * Decides on a presented token.
 *
 *   active ──────────────────────────────► rotate
 *   revoked ─ parent of the active token ─► repeat   (at any time)
 *          ├─ within the reuse interval ──► reuse
 *          └─ otherwise ──────────────────► stolen
 *
 * @param active the token of the session that has not been used yet
 * @param reuseInterval in milliseconds
 * @param now milliseconds
 */
export function decideRotation(
  token: RefreshTokenRow,
  active: RefreshTokenRow | undefined,
  reuseInterval: number,
  now: number,
): Rotation {
  if (!token.revoked) return { kind: 'rotate' };
  if (active && active.parent === token.token) return { kind: 'repeat', active };
  if (reuseInterval > 0 && now <= millisecondsOf(token.updated_at) + reuseInterval) return { kind: 'reuse' };
  return { kind: 'stolen' };
}

/** What becomes of a refresh token of form 2. */
export type Counting =
  /** It is the one handed out last: the next one takes its place. */
  | { readonly kind: 'next' }
  /** It may come again: the one handed out last is handed out once more. @see causes */
  | { readonly kind: 'again'; readonly causes: readonly string[] }
  /** Nobody here ever handed it out. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'stolen' };

/** When a refresh token of form 2 may come again. */
export interface ReuseRules {
  /** In milliseconds. */
  readonly interval: number;
  readonly always: boolean;
}

/**
 * Decides on a refresh token of form 2 by its place in the session.
 *
 * @param last counter of the token handed out last
 * @param refreshedAt when that was, milliseconds
 * @param now milliseconds
 */
export function decideCounting(
  presented: number,
  last: number,
  rules: ReuseRules,
  refreshedAt: number,
  now: number,
): Counting {
  if (presented > last) return { kind: 'unknown' };
  if (presented === last) return { kind: 'next' };
  const causes = [
    // Tabs and servers that refresh at the same moment.
    ...(Math.abs(now - refreshedAt) < rules.interval ? ['concurrent-refresh'] : []),
    // The answer that carried the next one was probably lost.
    ...(presented === last - 1 ? ['fail-to-save'] : []),
    ...(rules.always ? ['always-allow'] : []),
  ];
  return causes.length > 0 ? { kind: 'again', causes } : { kind: 'stolen' };
}
