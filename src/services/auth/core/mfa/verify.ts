import { authError } from '../../errors.ts';
import {
  type ChallengeRow,
  deleteChallenge,
  deleteUnverified,
  type FactorSecrets,
  lockChallenge,
  meetChallenge,
  verifyFactor,
} from '../../sql/challenges.ts';
import { factorMethods, lockSession, raiseSession } from '../../sql/factors.ts';
import { findActiveToken, findAmr, rotateToken } from '../../sql/refresh-tokens.ts';
import type { FactorRow, SessionRow, Sql, User } from '../../sql/rows.ts';
import { lockUser } from '../../sql/users.ts';
import { audit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { judgeFactor } from '../hooks/verdict.ts';
import { millisecondsOf } from '../instant.ts';
import type { Rate } from '../limits/rate.ts';
import { notifyUser } from '../mail/letters.ts';
import { newRefreshToken } from '../secret-values.ts';
import { claimsWithin } from '../session/access-token.ts';
import { type Grant, type SignedIn, signedIn } from '../session/issue.ts';
import { leapToken } from '../session/signed-form.ts';
import { isUuid } from '../uuid.ts';
import type { FactorHolder } from './access.ts';
import { addressOf } from './challenge.ts';

/** What checking an answer brought to light. */
export interface Check {
  readonly valid: boolean;
  /** Written when the answer was right, in the transaction that raises the session. */
  readonly settle?: (sql: Sql) => Promise<void>;
  /** Step of an authenticator app's code. */
  readonly step?: number;
}

/** An answer to a challenge: whose, to which, and how it is checked. */
export interface FactorAnswer {
  readonly factor: FactorRow;
  readonly challengeId: string;
  /** Told when the answer is wrong. */
  readonly failure: string;
  readonly check: (sql: Sql, challenge: ChallengeRow, secrets: FactorSecrets) => Promise<Check>;
}

type Outcome =
  | { readonly kind: 'right'; readonly grant: Grant; readonly isFirst: boolean }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'expired' };

/**
 * Takes an answer to a challenge and raises the session by it (GoTrue, "MFA"): the session reaches the second level and
 * gets another refresh token, and the user's sessions at the first level end.
 *
 * @throws mfa_factor_not_found, mfa_ip_address_mismatch, mfa_challenge_expired, mfa_verification_failed,
 *   mfa_verification_rejected, over_request_rate_limit
 */
export async function answerChallenge(
  context: AuthContext,
  caller: Caller,
  holder: FactorHolder,
  answer: FactorAnswer,
): Promise<SignedIn> {
  const { user } = holder;
  const { factor } = answer;
  // Six digits must not be tried out: a right answer gives its turn back, wrong ones use them up.
  const turns: Rate = { amount: 1, period: 60_000, burst: context.settings.otpAttempts };
  if (!(await context.limits.takeWithin(context.db, 'factor', factor.id, turns, 1)))
    throw authError('over_request_rate_limit', { headers: { 'retry-after': '60' } });
  const attempt = { user, factorId: factor.id, factorType: factor.factor_type, ip: caller.ip };
  // A server must not be asked inside the transaction, and its refusal must undo what a right answer does. So it is asked
  // before that is written, about an answer that was checked and not yet taken.
  if (context.hooks.at('mfa_verification_attempt') !== undefined) {
    const preview = await context.db.transaction((sql) => examine(context, sql, caller, answer));
    if (preview.kind === 'checked') await judgeFactor(context, { ...attempt, valid: preview.check.valid });
  }
  const outcome = await context.db.transaction((sql) => settle(context, sql, caller, holder, answer));
  if (outcome.kind === 'expired')
    throw authError('mfa_challenge_expired', {
      message: `MFA challenge ${answer.challengeId} has expired, verify against another challenge or create a new challenge.`,
    });
  if (outcome.kind === 'wrong') throw authError('mfa_verification_failed', { message: answer.failure });
  await context.limits.giveBack('factor', factor.id, turns);
  if (outcome.isFirst)
    await notifyUser(context, outcome.grant.user, 'mfa_factor_enrolled_notification', {
      FactorType: factor.factor_type,
    });
  return signedIn(context, outcome.grant);
}

type Examined =
  | { readonly kind: 'expired' }
  | { readonly kind: 'checked'; readonly challenge: ChallengeRow; readonly check: Check };

async function examine(context: AuthContext, sql: Sql, caller: Caller, answer: FactorAnswer): Promise<Examined> {
  const { challengeId, factor } = answer;
  const found = isUuid(challengeId) ? await lockChallenge(sql, challengeId, factor.id) : undefined;
  if (!found)
    throw authError('mfa_factor_not_found', {
      status: 422,
      message: 'MFA factor with the provided challenge ID not found',
    });
  const { challenge, secrets } = found;
  // As upstream has it, a challenge that was met already is told like one from elsewhere.
  if (challenge.verified_at !== null || !isSameAddress(challenge.ip_address, addressOf(caller)))
    throw authError('mfa_ip_address_mismatch');
  if (millisecondsOf(challenge.created_at) + context.settings.mfaChallengeExpiry < context.clock.now()) {
    await deleteChallenge(sql, challenge.id);
    return { kind: 'expired' };
  }
  return { kind: 'checked', challenge, check: await answer.check(sql, challenge, secrets) };
}

/** Whether two addresses are one; PostgreSQL may write an IPv6 one shorter, and with the length of its prefix. */
function isSameAddress(stored: string, present: string): boolean {
  return canonical(stored) === canonical(present);
}

function canonical(address: string): string {
  const bare = address.replace(/\/\d+$/, '');
  const host = bare.includes(':') ? `[${bare}]` : bare;
  return URL.canParse(`http://${host}/`) ? new URL(`http://${host}/`).hostname : bare;
}

async function settle(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  holder: FactorHolder,
  answer: FactorAnswer,
): Promise<Outcome> {
  const examined = await examine(context, sql, caller, answer);
  if (examined.kind === 'expired') return examined;
  const { challenge, check } = examined;
  if (!check.valid) return { kind: 'wrong' };
  const { factor } = answer;
  const now = nowOf(context);
  const traits = { factor_id: factor.id, challenge_id: challenge.id, factor_type: factor.factor_type };
  await audit(context, sql, holder.user, 'verification_attempted', traits, caller.ip ?? '');
  await meetChallenge(sql, challenge.id, now, check.step);
  await check.settle?.(sql);
  const isFirst = factor.status !== 'verified';
  if (isFirst) await verifyFactor(sql, factor.id, now);
  return { kind: 'right', isFirst, grant: await raise(context, sql, caller, holder, factor) };
}

/**
 * Raises a session to the second level by a factor that was proved, in the transaction that proved it; the user's sessions at
 * the first level end.
 *
 * @throws session_not_found
 */
export async function raise(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  { user, session }: FactorHolder,
  factor: FactorRow,
): Promise<Grant> {
  const locked = session && (await lockSession(sql, session.id));
  if (!locked) throw authError('session_not_found');
  await raiseSession(sql, locked, factor, nowOf(context));
  await deleteUnverified(sql, user.id, factor.factor_type);
  const fresh = (await lockUser(sql, user.id)) ?? user;
  return regrant(context, sql, caller, fresh, locked, factor);
}

/** The same session with another refresh token, as of now. */
async function regrant(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  user: User,
  session: SessionRow,
  factor: FactorRow,
): Promise<Grant> {
  const handout =
    (await leapToken(context, sql, session, caller)) ?? (await replaceToken(context, sql, caller, user, session));
  const amr = await findAmr(sql, session.id);
  const subject = { user, session, amr, method: factorMethods[factor.factor_type], ip: caller.ip };
  const { refreshToken, counter } = handout;
  return { ...subject, refreshToken, counter, claims: await claimsWithin(context, subject, sql) };
}

async function replaceToken(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  user: User,
  session: SessionRow,
): Promise<Pick<Grant, 'refreshToken' | 'counter'>> {
  const refreshToken = newRefreshToken();
  const active = await findActiveToken(sql, session.id);
  await rotateToken(sql, refreshToken, { token: active ?? { token: '' }, session, user }, nowOf(context), caller);
  return { refreshToken };
}
