import { authError, invalid } from '../../errors.ts';
import {
  findRefreshableSession,
  hasSession,
  lockRefreshableSession,
  type Refreshable,
  touchAtOnce,
  touchSession,
} from '../../sql/refresh-tokens.ts';
import type { SessionRow, Sql } from '../../sql/rows.ts';
import { deleteSession } from '../../sql/sessions.ts';
import { audit, auditEntries, logAudit } from '../audit.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { assertNotBanned } from '../user-view.ts';
import { decideCounting } from './rotation.ts';
import { openSessionKey, type SessionKey } from './session-key.ts';
import { isSignedWith, type PresentedToken, writeSignedToken } from './signed-token.ts';
import { type Handout, type Presentation, reused, rotated, type TokenForm } from './token-form.ts';
import { lastUse } from './validity.ts';

/** Refresh tokens of form 2: signed with a key of the session, which counts them. */
export function signedForm(presentation: Presentation, token: PresentedToken): TokenForm {
  const { context, caller } = presentation;
  const { db, settings } = context;
  return {
    async find() {
      const found = await findRefreshableSession(db, token.sessionId);
      const key = found && openSessionKey(context.columns, found.session);
      if (!found || !key) throw authError('refresh_token_not_found');
      if (!isSignedWith(token, key.key)) throw invalid('Refresh token is not valid');
      assertNotBanned(found.user, context.clock.now());
      return found;
    },
    async advanceAtOnce(found) {
      const key = openSessionKey(context.columns, found.session);
      if (!key || token.counter !== found.session.refresh_token_counter) return undefined;
      const counter = token.counter + 1;
      const entries = auditEntries(found.user, 'token_refreshed');
      const kept = settings.auditWithoutPostgres ? [] : entries;
      const state = { counter, key: key.stored };
      if (!(await touchAtOnce(db, found, nowOf(context), caller, state, kept))) return undefined;
      logAudit(context, entries);
      return handout(found.session, key, counter, { ...rotated, 'sb-auth-refresh-token-reuse': 'false' });
    },
    lock: (sql) => lockRefreshableSession(sql, token.sessionId),
    isThere: () => hasSession(db, token.sessionId),
    advance: (sql, locked) => count(presentation, sql, locked, token.counter),
  };
}

function handout(
  { id }: Pick<SessionRow, 'id'>,
  { key }: SessionKey,
  counter: number,
  headers: Readonly<Record<string, string>>,
): Handout {
  return { refreshToken: writeSignedToken({ sessionId: id, counter }, key), counter, headers };
}

/** Decides on a token by its place among those of its session, which is locked. What is stolen ends the session. */
export async function count(
  { context, caller }: Presentation,
  sql: Sql,
  { session, user }: Refreshable,
  presented: number,
): Promise<Handout | Error> {
  const { settings, clock } = context;
  const key = openSessionKey(context.columns, session);
  if (!key) return authError('refresh_token_not_found');
  const last = session.refresh_token_counter ?? 0;
  const rules = { interval: settings.refreshReuseInterval * 1_000, always: settings.refreshAllowReuse };
  const counting = decideCounting(presented, last, rules, lastUse(session), clock.now());
  if (counting.kind === 'unknown') return invalid('Invalid Refresh Token: Not Issued By This Server');
  if (counting.kind === 'stolen') {
    if (settings.refreshRotation) await deleteSession(sql, session.id);
    return authError('refresh_token_already_used');
  }
  const isNext = counting.kind === 'next';
  const counter = isNext ? last + 1 : last;
  await touchSession(sql, session.id, nowOf(context), caller, { counter, key: key.stored });
  await audit(context, sql, user, 'token_refreshed');
  const headers = isNext ? { ...rotated, 'sb-auth-refresh-token-reuse': 'false' } : reused(counting.causes.join(','));
  return handout(session, key, counter, headers);
}

/**
 * The next token for a session that was raised by a second factor. One place is left out, so that the token before, which
 * was made at the lower level, does not count as the one whose successor was lost.
 */
export async function leapToken(
  context: AuthContext,
  sql: Sql,
  session: SessionRow,
  caller: Presentation['caller'],
): Promise<Handout | undefined> {
  const key = openSessionKey(context.columns, session);
  if (!key) return undefined;
  const counter = (session.refresh_token_counter ?? 0) + 2;
  await touchSession(sql, session.id, nowOf(context), caller, { counter, key: key.stored });
  return handout(session, key, counter, {});
}
