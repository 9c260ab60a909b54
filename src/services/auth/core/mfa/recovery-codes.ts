import { randomUUID } from 'node:crypto';
import { authError, invalid } from '../../errors.ts';
import { verifyFactor } from '../../sql/challenges.ts';
import {
  deleteFactor,
  downgradeFactorSessions,
  insertFactor,
  lockFactorSecret,
  storeFactorSecret,
} from '../../sql/factors.ts';
import type { FactorRow, Sql, User } from '../../sql/rows.ts';
import { findUser, lockUser } from '../../sql/users.ts';
import { audit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { judgeFactor } from '../hooks/verdict.ts';
import { notifyUser } from '../mail/letters.ts';
import { type Grant, type SignedIn, signedIn } from '../session/issue.ts';
import type { WireObject } from '../user-view.ts';
import { type FactorHolder, mayVerify } from './access.ts';
import {
  decodeRecoverySet,
  encodeRecoverySet,
  newRecoverySet,
  normaliseRecoveryCode,
  type RecoveryAttempt,
  type RecoverySet,
  remainingOf,
  tryRecoveryCode,
} from './recovery-set.ts';
import { raise } from './verify.ts';

// Recovery codes as Supabase Auth has them after 2.196: a factor of its own kind, verified from the start, which never
// stands alone. The codes are kept where other factors have their secret.

/** Name of the factor where the user gives none. */
const standardName = 'Recovery codes';

/** A user's recovery codes, if they have any. */
const factorOf = ({ factors }: Pick<User, 'factors'>): FactorRow | undefined =>
  factors.find(({ factor_type }) => factor_type === 'recovery_code');

function existing(user: Pick<User, 'factors'>): FactorRow {
  const factor = factorOf(user);
  if (!factor) throw authError('mfa_factor_not_found');
  return factor;
}

function assertSecondLevel({ session }: FactorHolder, purpose: string): void {
  if (session?.aal !== 'aal2')
    throw authError('insufficient_aal', { status: 403, message: `AAL2 required to ${purpose} recovery codes` });
}

function assertMayEnroll({ settings }: AuthContext): void {
  if (!settings.mfaRecoveryEnroll) throw authError('mfa_recovery_codes_enroll_not_enabled');
}

/** How many codes there are and how many are left; never the codes. @throws mfa_factor_not_found */
export async function recoveryStatus(context: AuthContext, user: User): Promise<WireObject> {
  const factor = existing(user);
  const set = await context.db.transaction((sql) => read(context, sql, factor));
  return { id: factor.id, type: 'recovery_code', total: set.codes.length, remaining: remainingOf(set) };
}

/**
 * Makes codes, which are shown this once.
 *
 * @throws mfa_recovery_codes_enroll_not_enabled, insufficient_aal, mfa_verified_factor_exists,
 *   mfa_recovery_codes_sole_factor, too_many_enrolled_mfa_factors, mfa_factor_name_conflict
 */
export async function generateRecoveryCodes(
  context: AuthContext,
  caller: Caller,
  holder: FactorHolder,
  wantedName: string,
): Promise<WireObject> {
  assertMayEnroll(context);
  assertSecondLevel(holder, 'generate');
  const { user } = holder;
  const id = randomUUID();
  const friendlyName = wantedName.trim() === '' ? standardName : wantedName;
  const { set, codes } = newSet(context, id);
  await context.db.transaction(async (sql) => {
    // Of two at the same time the later one finds what the earlier one made.
    await lockUser(sql, user.id);
    assertRoom(context, (await findUser(sql, user.id))?.factors ?? [], friendlyName);
    const secret = context.columns.seal(id, encodeRecoverySet(set));
    const factor = { id, userId: user.id, friendlyName, type: 'recovery_code', secret, phone: null } as const;
    await insertFactor(sql, factor, nowOf(context));
    await verifyFactor(sql, id, nowOf(context));
    await audit(
      context,
      sql,
      user,
      'recovery_codes_generated',
      { factor_id: id, count: codes.length },
      caller.ip ?? '',
    );
  });
  await notifyUser(context, user, 'mfa_factor_enrolled_notification', { FactorType: 'recovery_code' });
  return { id, type: 'recovery_code', friendly_name: friendlyName, total: codes.length, codes: [...codes] };
}

function assertRoom(context: AuthContext, factors: readonly FactorRow[], name: string): void {
  if (factorOf({ factors }))
    throw authError('mfa_verified_factor_exists', {
      message: 'Recovery codes already exist, regenerate them or remove them to continue',
    });
  if (!factors.some((factor) => isUsable(context, factor))) throw authError('mfa_recovery_codes_sole_factor');
  const verified = factors.filter(({ status }) => status === 'verified').length;
  const { mfaMaxEnrolled, mfaMaxVerified } = context.settings;
  if (factors.length >= mfaMaxEnrolled || verified >= mfaMaxVerified) throw authError('too_many_enrolled_mfa_factors');
  if (factors.some(({ friendly_name }) => friendly_name === name))
    throw authError('mfa_factor_name_conflict', {
      message: `A factor with the friendly name ${JSON.stringify(name)} for this user already exists`,
    });
}

/** Puts new codes in the place of all there are, and lifts a lock. @throws mfa_factor_not_found, insufficient_aal */
export async function regenerateRecoveryCodes(
  context: AuthContext,
  caller: Caller,
  holder: FactorHolder,
): Promise<WireObject> {
  assertMayEnroll(context);
  assertSecondLevel(holder, 'regenerate');
  const factor = existing(holder.user);
  const { set, codes } = newSet(context, factor.id);
  await context.db.transaction(async (sql) => {
    await read(context, sql, factor);
    await store(context, sql, factor, set);
    const traits = { factor_id: factor.id, count: codes.length };
    await audit(context, sql, holder.user, 'recovery_codes_regenerated', traits, caller.ip ?? '');
  });
  const { id, friendly_name } = factor;
  return { id, type: 'recovery_code', friendly_name, total: codes.length, codes: [...codes] };
}

/** Removes the codes; sessions raised by one of them go back to the first level. @returns the factor's id */
export async function deleteRecoveryCodes(context: AuthContext, caller: Caller, holder: FactorHolder): Promise<string> {
  assertSecondLevel(holder, 'delete');
  const { user } = holder;
  const factor = existing(user);
  await context.db.transaction(async (sql) => {
    await audit(context, sql, user, 'recovery_codes_deleted', { factor_id: factor.id }, caller.ip ?? '');
    await downgradeFactorSessions(sql, factor.id, factor.factor_type, nowOf(context));
    await deleteFactor(sql, factor.id, user.id);
  });
  await notifyUser(context, user, 'mfa_factor_unenrolled_notification', { FactorType: 'recovery_code' });
  return factor.id;
}

/**
 * Takes a code and raises the session by it. A user without codes is told what a wrong code is told.
 *
 * @throws mfa_recovery_codes_verify_not_enabled, validation_failed, mfa_verification_failed, mfa_recovery_codes_locked,
 *   mfa_verification_rejected
 */
export async function verifyRecoveryCode(
  context: AuthContext,
  caller: Caller,
  holder: FactorHolder,
  typed: string,
): Promise<SignedIn> {
  if (!mayVerify(context, 'recovery_code')) throw authError('mfa_recovery_codes_verify_not_enabled');
  const code = normaliseRecoveryCode(typed);
  if (code === '') throw invalid('code is required');
  const { user } = holder;
  const factor = factorOf(user);
  if (!factor) throw wrong();
  // Like other factors: the application is asked outside of the transaction, before anything is written.
  if (context.hooks.at('mfa_verification_attempt') !== undefined) {
    const { outcome } = await context.db.transaction((sql) => attempt(context, sql, factor, code));
    if (outcome === 'locked') throw authError('mfa_recovery_codes_locked');
    const facts = { user, factorId: factor.id, factorType: factor.factor_type, ip: caller.ip };
    await judgeFactor(context, { ...facts, valid: outcome === 'right' });
  }
  const settled = await context.db.transaction((sql) => settle(context, sql, caller, holder, factor, code));
  if (settled === 'locked') throw authError('mfa_recovery_codes_locked');
  if (settled === 'wrong') throw wrong();
  return signedIn(context, settled);
}

const wrong = () => authError('mfa_verification_failed', { message: 'Invalid recovery code entered' });

/** A wrong code is counted in the transaction that compared it, under a lock: guesses sent at once get no further. */
async function settle(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  holder: FactorHolder,
  factor: FactorRow,
  code: string,
): Promise<Grant | 'wrong' | 'locked'> {
  const { outcome, set } = await attempt(context, sql, factor, code);
  if (outcome === 'locked') return 'locked';
  await store(context, sql, factor, set);
  if (outcome === 'wrong') return 'wrong';
  const traits = { factor_id: factor.id, remaining: remainingOf(set) };
  await audit(context, sql, holder.user, 'recovery_codes_verified', traits, caller.ip ?? '');
  return raise(context, sql, caller, holder, factor);
}

async function attempt(context: AuthContext, sql: Sql, factor: FactorRow, code: string): Promise<RecoveryAttempt> {
  const { mfaRecoveryAttempts: attempts, mfaRecoveryLockout: lockout } = context.settings;
  const set = await read(context, sql, factor);
  return tryRecoveryCode(set, factor.id, code, context.clock.now(), { attempts, lockout });
}

/** Whether a factor can be used to sign in, so that recovery codes are not the only way. */
export const isUsable = (context: AuthContext, { status, factor_type }: FactorRow): boolean =>
  status === 'verified' && factor_type !== 'recovery_code' && mayVerify(context, factor_type);

/**
 * Recovery codes must not be all that is left when a factor is removed; call it in the transaction that does.
 *
 * @throws mfa_recovery_codes_sole_factor; validation_failed for the codes themselves, which are removed in their own way
 */
export async function assertNotStranding(context: AuthContext, sql: Sql, user: User, factor: FactorRow): Promise<void> {
  if (factor.factor_type === 'recovery_code')
    throw invalid('Recovery codes are removed by DELETE /factors/recovery-codes', 422);
  await lockUser(sql, user.id);
  const factors = (await findUser(sql, user.id))?.factors ?? [];
  if (!factorOf({ factors }) || !isUsable(context, factor)) return;
  if (!factors.some((other) => other.id !== factor.id && isUsable(context, other)))
    throw authError('mfa_recovery_codes_sole_factor');
}

const newSet = ({ settings }: AuthContext, factorId: string) =>
  newRecoverySet(factorId, settings.mfaRecoveryCount, settings.mfaRecoveryLength);

/** The codes of a factor, which stays locked. @throws mfa_factor_not_found */
async function read(context: AuthContext, sql: Sql, factor: FactorRow): Promise<RecoverySet> {
  const secret = await lockFactorSecret(sql, factor.id);
  if (secret === undefined) throw authError('mfa_factor_not_found');
  return decodeRecoverySet(context.columns.open(factor.id, secret).plain.toString());
}

const store = (context: AuthContext, sql: Sql, factor: FactorRow, set: RecoverySet): Promise<void> =>
  storeFactorSecret(sql, factor.id, context.columns.seal(factor.id, encodeRecoverySet(set)));
