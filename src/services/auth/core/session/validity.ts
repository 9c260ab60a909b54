import type { AuthSettings } from '../../settings.ts';
import type { AmrRow, SessionRow, User } from '../../sql/rows.ts';
import { millisecondsOf } from '../instant.ts';
import { hasSecondFactor } from '../user-view.ts';
import { assuranceOf } from './claims.ts';

/** Why a session has ended; `undefined` while it has not. */
export type SessionEnd = 'expired' | 'timebox' | 'inactivity' | 'low-aal' | undefined;

/** When a session was last used, in milliseconds. */
export const lastUse = (session: SessionRow): number => millisecondsOf(session.refreshed_at ?? session.created_at);

/** Whether limits have ended a session. @param now milliseconds */
export function sessionEnd(settings: AuthSettings, session: SessionRow, now: number): SessionEnd {
  const { sessionTimebox, sessionInactivity } = settings;
  if (session.not_after !== null && millisecondsOf(session.not_after) < now) return 'expired';
  if (sessionTimebox !== undefined && millisecondsOf(session.created_at) + sessionTimebox < now) return 'timebox';
  if (sessionInactivity !== undefined && lastUse(session) + sessionInactivity < now) return 'inactivity';
  return undefined;
}

/** Whether a user with a second factor has gone without it for too long. */
export function isLowAalOver(
  settings: AuthSettings,
  user: User,
  session: SessionRow,
  amr: readonly AmrRow[],
  now: number,
): boolean {
  const { sessionLowAal } = settings;
  if (sessionLowAal === undefined || !hasSecondFactor(user) || assuranceOf(amr) !== 'aal1') return false;
  return millisecondsOf(session.created_at) + sessionLowAal < now;
}

/** Sessions of different tags live side by side; one without a known tag counts as the first. */
function tagOf(settings: AuthSettings, session: SessionRow): string {
  const { sessionTags } = settings;
  return session.tag !== null && sessionTags.includes(session.tag) ? session.tag : (sessionTags[0] ?? '');
}

/** Whether another valid session of the user was used more recently, where only one may live. */
export function isSuperseded(
  settings: AuthSettings,
  session: SessionRow,
  others: readonly SessionRow[],
  now: number,
): boolean {
  if (!settings.sessionSinglePerUser) return false;
  return others.some(
    (other) =>
      other.id !== session.id &&
      tagOf(settings, other) === tagOf(settings, session) &&
      sessionEnd(settings, other, now) === undefined &&
      lastUse(other) > lastUse(session),
  );
}
