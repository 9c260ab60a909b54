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
