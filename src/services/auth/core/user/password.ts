import { authError } from '../../errors.ts';
import { clearOneTimeTokens } from '../../sql/one-time-tokens.ts';
import { findAmr } from '../../sql/refresh-tokens.ts';
import type { Sql, User } from '../../sql/rows.ts';
import { deleteOtherSessions, deleteSessions } from '../../sql/sessions.ts';
import { lockUser, type UserChanges, updateUser } from '../../sql/users.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { millisecondsOf } from '../instant.ts';
import { countMiss } from '../one-time/miss.ts';
import { isCheckedElsewhere } from '../sms/deliver.ts';
import { sealHash } from './password-column.ts';

/** Columns of codes that wait to be used. */
const noTokens: UserChanges = {
  confirmation_token: '',
  recovery_token: '',
  email_change_token_new: '',
  email_change_token_current: '',
  phone_change_token: '',
  reauthentication_token: '',
};

/**
 * Gives a user another password. Codes under way become useless and sessions end, all but one.
 *
 * @param keepSession the session that stays; undefined ends all
 */
export async function setPassword(
  context: AuthContext,
  sql: Sql,
  userId: string,
  passwordHash: string,
  keepSession: string | undefined,
): Promise<void> {
  const stored = sealHash(context.columns, userId, passwordHash);
  await updateUser(sql, userId, { ...noTokens, encrypted_password: stored }, nowOf(context));
  await clearOneTimeTokens(sql, userId);
  if (keepSession === undefined) await deleteSessions(sql, userId);
  else await deleteOtherSessions(sql, userId, keepSession);
}

/** Age from which a session no longer stands for the user being there, in milliseconds. */
const freshness = 86_400_000;

/**
 * Whether changing the password needs a code sent by mail.
 *
 * @param startedAt when the session began; undefined for tokens without one
 */
export const needsNonce = (context: AuthContext, startedAt: string | undefined): boolean =>
  context.settings.reauthenticatePassword &&
  (startedAt === undefined || millisecondsOf(startedAt) + freshness < context.clock.now());

/**
 * Checks the nonce for changing a password. The change itself uses it up, with all other codes.
 *
 * @throws reauthentication_needed, reauthentication_not_valid
 */
export async function assertNonce(context: AuthContext, user: User, nonce: string): Promise<void> {
  if (nonce === '') throw authError('reauthentication_needed');
  const address = user.email || user.phone || '';
  const isOurs = Boolean(user.email) || isLate(context, user) || !isCheckedElsewhere(context, address);
  const fits = isOurs
    ? await context.db.transaction((sql) => fitsStored(context, sql, user.id, address, nonce))
    : await context.sms.check(address, nonce);
  if (!fits || isLate(context, user)) throw authError('reauthentication_not_valid');
}

function isLate({ settings, clock }: AuthContext, user: User): boolean {
  const sentAt = user.reauthentication_sent_at;
  const life = user.email ? settings.otpExpiry : settings.smsOtpExpiry;
  return sentAt === null || millisecondsOf(sentAt) + life < clock.now();
}

// The user is locked while a nonce is compared and counted.
async function fitsStored(
  context: AuthContext,
  sql: Sql,
  userId: string,
  address: string,
  nonce: string,
): Promise<boolean> {
  const user = await lockUser(sql, userId);
  if (!user) return false;
  if (context.codes.fits(user.reauthentication_token, address, nonce)) return true;
  await countMiss(context, sql, user, { address, kinds: ['reauthentication_token'] });
  return false;
}

const recoveryMethods: ReadonlySet<string> = new Set(['otp', 'magiclink', 'recovery', 'invite']);

/** Whether a session was begun by somebody who need not know their password. */
export async function isRecovery(context: AuthContext, sessionId: string | undefined): Promise<boolean> {
  if (sessionId === undefined) return false;
  return (await findAmr(context.db, sessionId)).some(({ method }) => recoveryMethods.has(method));
}
