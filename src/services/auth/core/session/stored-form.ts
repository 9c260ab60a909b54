import { authError } from '../../errors.ts';
import type { AuthSettings } from '../../settings.ts';
import {
  deleteRefreshToken,
  findActiveToken,
  findRefreshToken,
  hasNewerToken,
  hasRefreshToken,
  lockRefreshToken,
  revokeFamily,
  rotateAtOnce,
  rotateToken,
  type StoredRefreshable,
  touchSession,
  useUpToken,
} from '../../sql/refresh-tokens.ts';
import type { Sql } from '../../sql/rows.ts';
import { audit, auditEntries, logAudit } from '../audit.ts';
import { nowOf } from '../context.ts';
import { newRefreshToken } from '../secret-values.ts';
import { assertNotBanned } from '../user-view.ts';
import { decideRotation } from './rotation.ts';
import { newSessionKey, openSessionKey } from './session-key.ts';
import { count } from './signed-form.ts';
import { writeSignedToken } from './signed-token.ts';
import { type Handout, type Presentation, reused, rotated, type TokenForm } from './token-form.ts';

/** Refresh tokens of form 1: short random texts, each a row that names the one before. */
export function storedForm(presentation: Presentation, token: string): TokenForm<StoredRefreshable> {
  const { context, caller } = presentation;
  const { db, settings } = context;
  return {
    async find() {
      const found = await findRefreshToken(db, token);
      if (!found) throw authError('refresh_token_not_found');
      assertNotBanned(found.user, context.clock.now());
      const { session } = found;
      if (session) return { ...found, session };
      await deleteRefreshToken(db, found.token.id);
      throw authError('session_not_found', { status: 400, message: 'Invalid Refresh Token: No Valid Session Found' });
    },
    async advanceAtOnce(found) {
      if (found.token.revoked || isUpgraded(settings, found.session.id)) return undefined;
      const child = newRefreshToken();
      const entries = auditEntries(found.user, ['token_revoked', 'token_refreshed']);
      const kept = settings.auditWithoutPostgres ? [] : entries;
      if (!(await rotateAtOnce(db, child, found, nowOf(context), caller, kept))) return undefined;
      logAudit(context, entries);
      return { refreshToken: child, headers: rotated };
    },
    lock: (sql) => lockRefreshToken(sql, token),
    isThere: () => hasRefreshToken(db, token),
    advance: (sql, locked) => advance(presentation, sql, locked),
  };
}

async function advance(presentation: Presentation, sql: Sql, locked: StoredRefreshable): Promise<Handout | Error> {
  const { context, caller } = presentation;
  const { settings } = context;
  const { token, session, user } = locked;
  if (token.revoked && openSessionKey(context.columns, session)) {
    // The session has gone over to form 2: its last token of form 1 stands right before the first of form 2.
    const place = (await hasNewerToken(sql, session.id, token)) ? -2 : -1;
    return count(presentation, sql, locked, place);
  }
  const active = token.revoked ? await findActiveToken(sql, session.id) : undefined;
  const rotation = decideRotation(token, active, settings.refreshReuseInterval * 1_000, context.clock.now());
  const now = nowOf(context);
  if (rotation.kind === 'stolen') {
    if (settings.refreshRotation) await revokeFamily(sql, session.id, now);
    return authError('refresh_token_already_used');
  }
  if (rotation.kind === 'repeat') {
    await touchSession(sql, session.id, now, caller);
    await audit(context, sql, user, 'token_refreshed');
    return { refreshToken: rotation.active.token, headers: reused('parent_of_active') };
  }
  if (rotation.kind === 'rotate' && isUpgraded(settings, session.id)) return upgrade(presentation, sql, locked, now);
  const child = newRefreshToken();
  await rotateToken(sql, child, locked, now, caller);
  const isReuse = rotation.kind === 'reuse';
  await audit(context, sql, user, isReuse ? 'token_refreshed' : ['token_revoked', 'token_refreshed']);
  return { refreshToken: child, headers: { ...rotated, ...(isReuse && reused('reuse_interval')) } };
}

/** Whether a session goes over to form 2 when it is next refreshed: a share of all, always the same ones. */
export function isUpgraded({ refreshAlgorithm, refreshUpgradePercentage }: AuthSettings, sessionId: string): boolean {
  const place = Number.parseInt(sessionId.slice(-8), 16) / 2 ** 32;
  return refreshAlgorithm === '2' && place * 100 < refreshUpgradePercentage;
}

async function upgrade(
  { context, caller }: Presentation,
  sql: Sql,
  { token, session, user }: StoredRefreshable,
  now: string,
): Promise<Handout> {
  const { key, stored } = newSessionKey(context.columns, session.id);
  await useUpToken(sql, token, now);
  await touchSession(sql, session.id, now, caller, { counter: 0, key: stored });
  await audit(context, sql, user, ['token_revoked', 'token_refreshed']);
  return { refreshToken: writeSignedToken({ sessionId: session.id, counter: 0 }, key), counter: 0, headers: rotated };
}
