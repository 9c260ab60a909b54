import { authError, invalid } from '../../errors.ts';
import { clearOneTimeTokens } from '../../sql/one-time-tokens.ts';
import type { Sql, User } from '../../sql/rows.ts';
import {
  findUserByEmail,
  findUserByPhone,
  findUserByToken,
  findUserChangingPhone,
  findUsersChangingEmail,
  isEmailTaken,
  lockUser,
  type TokenType,
  updateUser,
} from '../../sql/users.ts';
import { audit } from '../audit.ts';
import { type AuthContext, nowOf } from '../context.ts';
import { millisecondsOf } from '../instant.ts';
import { notifyUser } from '../mail/letters.ts';
import { standInHash } from '../password-stand-in.ts';
import { confirmEmail, confirmPhone, finishEmailChange, finishPhoneChange } from '../user/confirm.ts';
import { sealHash } from '../user/password-column.ts';
import { isBanned, isConfirmed } from '../user-view.ts';
import { countMiss, countMissOfNobody } from './miss.ts';

/** Types whose code comes by mail, with the tokens they may be. */
const tokensOf: Readonly<Record<string, readonly TokenType[]>> = {
  signup: ['confirmation_token'],
  invite: ['confirmation_token'],
  recovery: ['recovery_token'],
  magiclink: ['recovery_token'],
  email: ['confirmation_token', 'recovery_token'],
  email_change: ['email_change_token_new', 'email_change_token_current'],
};

/** A user who proved to have a code. */
export interface Proof {
  readonly user: User;
  readonly token: TokenType;
  /** True: the code was sent to a phone. */
  readonly byPhone?: boolean;
}

/** What came of a proof. `half` is the first of two confirmations of a change of address. */
export type Verified =
  | { readonly kind: 'user'; readonly user: User; readonly formerEmail?: string | null }
  | { readonly kind: 'half' };

const gone = (message: string): Error => authError('otp_expired', { message });

/**
 * Finds whom a link's token belongs to. Unknown, used, superseded and expired ones are not told apart. The user's row is
 * locked, so that of two requests with one link only one gets through.
 *
 * @throws otp_expired, user_banned, validation_failed for a type that has no links
 */
export async function proveByHash(context: AuthContext, sql: Sql, type: string, hash: string): Promise<Proof> {
  const message = 'Email link is invalid or has expired';
  const tokens = tokensOf[type];
  if (!tokens) throw invalid('Invalid email verification type');
  const candidate = await findUserByToken(sql, hash, tokens);
  if (!candidate) throw gone(message);
  await lockUser(sql, candidate.id);
  const user = await findUserByToken(sql, hash, tokens);
  const token = user && tokens.find((name) => user[name] === hash);
  if (!user || !token) throw gone(message);
  if (isBanned(user, context.clock.now())) throw authError('user_banned');
  if (isExpired(context, user, token)) throw gone(message);
  return { user, token };
}

/**
 * Finds whom a code belongs to that was sent to an email address. A wrong code is counted in the transaction, which has to
 * be committed although the answer is a refusal.
 *
 * @returns undefined when the code is wrong, expired, used, superseded, or nobody's
 * @throws user_banned, validation_failed for a type that has no codes
 */
export async function proveByEmail(
  context: AuthContext,
  sql: Sql,
  type: string,
  email: string,
  code: string,
  aud: string,
): Promise<Proof | undefined> {
  const tokens = tokensOf[type];
  if (!tokens) throw invalid('Invalid email verification type');
  const found =
    type === 'email_change'
      ? await findUsersChangingEmail(sql, email, aud)
      : [await findUserByEmail(sql, email, aud)].filter((user) => user !== undefined);
  for (const candidate of found) {
    const proof = await proveAs(context, sql, candidate.id, tokens, email, code);
    if (proof) return proof;
  }
  if (found.length === 0) await countMissOfNobody(context, sql, { address: email, kinds: tokens });
  return undefined;
}

/**
 * Finds whom a code belongs to that was sent to a phone, like `proveByEmail`.
 *
 * @param told what the provider says of the code, where it checks codes itself
 */
export async function proveByPhone(
  context: AuthContext,
  sql: Sql,
  type: string,
  phone: string,
  code: string,
  aud: string,
  told: boolean | undefined,
): Promise<Proof | undefined> {
  if (type !== 'sms' && type !== 'phone_change') throw invalid('Invalid sms verification type');
  const isChange = type === 'phone_change';
  const found = isChange ? await findUserChangingPhone(sql, phone, aud) : await findUserByPhone(sql, phone, aud);
  const token: TokenType = isChange ? 'phone_change_token' : 'confirmation_token';
  const verdict = context.sms.testCodes.fits(phone, code, context.clock.now()) || told;
  if (!found) await countMissOfNobody(context, sql, { address: phone, kinds: [token] });
  const proof =
    found &&
    (verdict === undefined
      ? await proveAs(context, sql, found.id, [token], phone, code)
      : await proveByVerdict(context, sql, found.id, token, verdict));
  return proof && { ...proof, byPhone: true };
}

// Fixed codes work without having been sent; a provider's word counts for codes that were asked for.
async function proveByVerdict(
  context: AuthContext,
  sql: Sql,
  userId: string,
  token: TokenType,
  isRight: boolean,
): Promise<Proof | undefined> {
  const user = isRight ? await lockUser(sql, userId) : undefined;
  if (user && isBanned(user, context.clock.now())) throw authError('user_banned');
  return user && { user, token };
}

async function proveAs(
  context: AuthContext,
  sql: Sql,
  userId: string,
  tokens: readonly TokenType[],
  address: string,
  code: string,
): Promise<Proof | undefined> {
  const user = await lockUser(sql, userId);
  if (!user) return undefined;
  const token = tokens.find((name) => context.codes.fits(user[name], address, code));
  if (token) {
    if (isExpired(context, user, token, /^\d+$/.test(address))) return undefined;
    // Told only to who has the code, as with passwords.
    if (isBanned(user, context.clock.now())) throw authError('user_banned');
    return { user, token };
  }
  await countMiss(context, sql, user, { address, kinds: tokens });
  return undefined;
}

function isExpired(context: AuthContext, user: User, token: TokenType, byPhone = false): boolean {
  const sentAt = {
    confirmation_token: user.confirmation_sent_at,
    recovery_token: user.recovery_sent_at,
    reauthentication_token: user.reauthentication_sent_at,
    email_change_token_new: user.email_change_sent_at,
    email_change_token_current: user.email_change_sent_at,
    phone_change_token: user.phone_change_sent_at,
  }[token];
  const life = byPhone ? context.settings.smsOtpExpiry : context.settings.otpExpiry;
  return sentAt === null || millisecondsOf(sentAt) + life < context.clock.now();
}

/** Does what a proved code is good for. */
export async function applyProof(context: AuthContext, sql: Sql, { user, token, byPhone }: Proof): Promise<Verified> {
  switch (token) {
    case 'confirmation_token':
      await (byPhone ? acceptPhone(context, sql, user) : acceptSignUp(context, sql, user));
      break;
    case 'recovery_token':
      await acceptRecovery(context, sql, user);
      break;
    case 'phone_change_token':
      await audit(context, sql, user, 'user_modified');
      return { kind: 'user', user: await finishPhoneChange(context, sql, user, user.phone_change) };
    default:
      return acceptEmailChange(context, sql, user, token);
  }
  return { kind: 'user', user: (await lockUser(sql, user.id)) ?? user };
}

async function acceptSignUp(context: AuthContext, sql: Sql, user: User): Promise<void> {
  await audit(context, sql, user, 'user_signedup', { provider: user.email === null ? 'phone' : 'email' });
  if (user.email === null) await confirmPhone(context, sql, user);
  else await confirmEmail(context, sql, user);
  await settleInvited(context, sql, user);
}

async function acceptPhone(context: AuthContext, sql: Sql, user: User): Promise<void> {
  const isKnown = user.phone_confirmed_at !== null;
  await audit(context, sql, user, isKnown ? 'login' : 'user_signedup', { provider: 'phone' });
  await confirmPhone(context, sql, user);
}

async function acceptRecovery(context: AuthContext, sql: Sql, user: User): Promise<void> {
  await updateUser(sql, user.id, { recovery_token: '' }, nowOf(context));
  await clearOneTimeTokens(sql, user.id, ['recovery_token']);
  if (isConfirmed(user)) await audit(context, sql, user, 'login');
  else {
    await audit(context, sql, user, 'user_signedup', { provider: 'email' });
    await confirmEmail(context, sql, user);
  }
}

async function acceptEmailChange(context: AuthContext, sql: Sql, user: User, token: TokenType): Promise<Verified> {
  const isFirstOfTwo =
    context.settings.secureEmailChange && user.email_change_confirm_status === 0 && Boolean(user.email);
  if (isFirstOfTwo) {
    await updateUser(sql, user.id, { email_change_confirm_status: 1, [token]: '' }, nowOf(context));
    await clearOneTimeTokens(sql, user.id, [token]);
    return { kind: 'half' };
  }
  if (await isEmailTaken(sql, user.email_change, user.aud, user.id)) throw authError('email_exists');
  await audit(context, sql, user, 'user_modified');
  const changed = await finishEmailChange(context, sql, user, user.email_change);
  return { kind: 'user', user: changed, formerEmail: user.email };
}

/** What follows a proof once it is committed: a notice for a former address. */
export async function settleProof(context: AuthContext, verified: Verified & { readonly kind: 'user' }): Promise<void> {
  const { user, formerEmail } = verified;
  if (formerEmail)
    await notifyUser(context, user, 'email_changed_notification', { OldEmail: formerEmail, SendingTo: formerEmail });
}

// People who accepted an invitation have a password nobody knows, until they choose one.
async function settleInvited(context: AuthContext, sql: Sql, user: User): Promise<void> {
  if (user.encrypted_password || user.invited_at === null) return;
  const stored = sealHash(context.columns, user.id, standInHash());
  await updateUser(sql, user.id, { encrypted_password: stored }, nowOf(context));
}
