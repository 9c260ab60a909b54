import { randomUUID } from 'node:crypto';
import { insertFlowState } from '../../sql/flow-states.ts';
import { putOneTimeToken } from '../../sql/one-time-tokens.ts';
import type { Sql, User } from '../../sql/rows.ts';
import { lockUser, type TokenType, type UserChanges, updateUser } from '../../sql/users.ts';
import { assertMayWriteTo } from '../addresses.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { actionLetter, actionMessage, keepLetter, type PreparedLetter, restoring } from '../mail/letters.ts';
import type { RequestedMail } from '../mail/mail.ts';
import { newCode, pkcePrefix } from '../one-time-code.ts';
import type { CodeChallenge } from '../pkce.ts';
import { assertPause, noteMail } from './frequency.ts';

/** How a mail is let through. */
export interface Admission {
  /** The request has passed pause and limit before, and waited since. */
  readonly admitted?: boolean;
  /** No answer may wait for whoever sends it. */
  readonly unseen?: boolean;
}

async function admit(
  context: AuthContext,
  sql: Sql,
  { admitted = false }: Admission,
  mail: {
    readonly wants: RequestedMail;
    readonly email: string;
    readonly sentAt: string | null;
    readonly count: number;
  },
): Promise<void> {
  if (admitted) return;
  assertPause(mail.sentAt, context.settings.smtpMaxFrequency, context.clock.now());
  await noteMail(context, sql, mail.wants, mail.email);
  await context.post.reserve(sql, mail.count);
}

/** A fresh code with what is stored of it. */
export interface Code {
  readonly code: string;
  /** Token of links; marked when the flow began with a code challenge. */
  readonly stored: string;
}

/** Makes a code for an address. */
export function makeCode(context: AuthContext, address: string, challenge?: CodeChallenge): Code {
  const code = newCode(context.settings.otpLength);
  const hash = context.codes.hash(address, code);
  return { code, stored: challenge ? pkcePrefix + hash : hash };
}

/** Begins the flow that a link of this kind will end in an authorization code. */
export async function beginFlow(
  context: AuthContext,
  sql: Sql,
  userId: string,
  method: string,
  challenge: CodeChallenge | undefined,
): Promise<void> {
  if (!challenge) return;
  await insertFlowState(
    sql,
    {
      id: randomUUID(),
      userId,
      authCode: randomUUID(),
      challenge: challenge.challenge,
      challengeMethod: challenge.method,
      method,
    },
    nowOf(context),
  );
}

/** Stores a token with the user and among the one-time tokens. */
export async function storeToken(
  context: AuthContext,
  sql: Sql,
  user: User,
  type: Exclude<TokenType, 'phone_change_token'>,
  stored: string,
  relatesTo: string,
  changes: UserChanges,
): Promise<void> {
  const now = nowOf(context);
  await updateUser(sql, user.id, { [type]: stored, ...changes }, now);
  await putOneTimeToken(sql, user.id, type, stored, relatesTo, now);
}

// Of requests at the same time the later ones have to see when the first one's mail went out.
const lock = async (sql: Sql, found: User): Promise<User> => (await lockUser(sql, found.id)) ?? found;

/** Prepares the mail that confirms an address after sign-up. */
export async function prepareConfirmation(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  found: User,
  challenge: CodeChallenge | undefined,
  admission: Admission = {},
): Promise<PreparedLetter> {
  const user = await lock(sql, found);
  const email = user.email ?? '';
  assertMayWriteTo(email, context.settings.authorizedAddresses);
  await admit(context, sql, admission, { wants: 'signup', email, sentAt: user.confirmation_sent_at, count: 1 });
  const { code, stored } = makeCode(context, email, challenge);
  await beginFlow(context, sql, user.id, 'email/signup', challenge);
  await storeToken(context, sql, user, 'confirmation_token', stored, email, { confirmation_sent_at: nowOf(context) });
  const prepared = {
    letter: actionLetter(context, caller, user, 'confirmation', code, stored),
    message: actionMessage(caller, user, 'confirmation', code, stored),
    failure: 'Error sending confirmation email',
    undo: restoring(context, user.id, { confirmation_sent_at: user.confirmation_sent_at }),
  };
  return keepLetter(context, sql, prepared, admission.unseen);
}

/** Prepares an invitation. There is no pause between two: only admins send them. */
export async function prepareInvite(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  found: User,
): Promise<PreparedLetter> {
  const user = await lock(sql, found);
  const email = user.email ?? '';
  assertMayWriteTo(email, context.settings.authorizedAddresses);
  await context.post.reserve(sql, 1);
  const { code, stored } = makeCode(context, email);
  const now = nowOf(context);
  await storeToken(context, sql, user, 'confirmation_token', stored, email, {
    confirmation_sent_at: now,
    invited_at: now,
  });
  return keepLetter(context, sql, {
    letter: actionLetter(context, caller, user, 'invite', code, stored),
    message: actionMessage(caller, user, 'invite', code, stored),
    failure: 'Error sending invite email',
  });
}

/** Prepares a mail that lets somebody in without a password; recovery and magic links share token and pause. */
export async function prepareRecovery(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  found: User,
  kind: 'recovery' | 'magic_link',
  challenge: CodeChallenge | undefined,
  admission: Admission = {},
): Promise<PreparedLetter> {
  const user = await lock(sql, found);
  const email = user.email ?? '';
  assertMayWriteTo(email, context.settings.authorizedAddresses);
  await admit(context, sql, admission, { wants: 'recovery', email, sentAt: user.recovery_sent_at, count: 1 });
  const { code, stored } = makeCode(context, email, challenge);
  await beginFlow(context, sql, user.id, kind === 'recovery' ? 'recovery' : 'magiclink', challenge);
  await storeToken(context, sql, user, 'recovery_token', stored, email, { recovery_sent_at: nowOf(context) });
  return keepLetter(context, sql, {
    letter: actionLetter(context, caller, user, kind, code, stored),
    message: actionMessage(caller, user, kind, code, stored),
    failure: kind === 'recovery' ? 'Error sending recovery email' : 'Error sending magic link email',
    undo: restoring(context, user.id, { recovery_sent_at: user.recovery_sent_at }),
  });
}

/** Prepares the mail with the nonce for changing a password. */
export async function prepareReauthentication(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  found: User,
): Promise<PreparedLetter> {
  const user = await lock(sql, found);
  const email = user.email ?? '';
  assertPause(user.reauthentication_sent_at, context.settings.smtpMaxFrequency, context.clock.now());
  assertMayWriteTo(email, context.settings.authorizedAddresses);
  await context.post.reserve(sql, 1);
  const { code, stored } = makeCode(context, email);
  await storeToken(context, sql, user, 'reauthentication_token', stored, email, {
    reauthentication_sent_at: nowOf(context),
  });
  return keepLetter(context, sql, {
    letter: {
      kind: 'reauthentication',
      to: email,
      variables: { SiteURL: context.settings.siteUrl, Email: email, Token: code, Data: user.raw_user_meta_data },
    },
    message: {
      user,
      ip: caller.ip,
      data: {
        email_action_type: 'reauthentication',
        token: code,
        token_hash: stored,
        redirect_to: caller.redirectTo,
        site_url: caller.externalUrl,
      },
    },
    failure: 'Error sending reauthentication email',
    undo: restoring(context, user.id, { reauthentication_sent_at: user.reauthentication_sent_at }),
  });
}

/**
 * Prepares the mails that confirm a change of address: one to the new address and, with secure change, one to the present
 * one.
 */
export async function prepareEmailChange(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  found: User,
  newEmail: string,
  challenge: CodeChallenge | undefined,
  admission: Admission = {},
): Promise<PreparedLetter[]> {
  const user = await lock(sql, found);
  const { settings } = context;
  const email = user.email ?? '';
  const both = settings.secureEmailChange && email !== '';
  assertMayWriteTo(newEmail, settings.authorizedAddresses);
  if (both) assertMayWriteTo(email, settings.authorizedAddresses);
  const sentAt = user.email_change_sent_at;
  await admit(context, sql, admission, { wants: 'email_change', email, sentAt, count: both ? 2 : 1 });
  await beginFlow(context, sql, user.id, 'email_change', challenge);
  const now = nowOf(context);
  const toNew = makeCode(context, newEmail, challenge);
  const toCurrent = both ? makeCode(context, email, challenge) : undefined;
  const changes: UserChanges = {
    email_change: newEmail,
    email_change_sent_at: now,
    email_change_confirm_status: 0,
    email_change_token_current: toCurrent?.stored ?? '',
  };
  await storeToken(context, sql, user, 'email_change_token_new', toNew.stored, newEmail, changes);
  if (toCurrent) await putOneTimeToken(sql, user.id, 'email_change_token_current', toCurrent.stored, email, now);
  const undo = restoring(context, user.id, { email_change_sent_at: user.email_change_sent_at });
  const letter = ({ code, stored }: Code, to: string): Promise<PreparedLetter> =>
    keepLetter(context, sql, {
      letter: actionLetter(context, caller, user, 'email_change', code, stored, { NewEmail: newEmail, SendingTo: to }),
      failure: 'Error sending email change email',
      undo,
    });
  // As upstream has it, the code for one address stands beside the hash for the other.
  const message = toCurrent
    ? actionMessage(caller, user, 'email_change', toCurrent.code, toNew.stored, {
        token_new: toNew.code,
        token_hash_new: toCurrent.stored,
      })
    : actionMessage(caller, user, 'email_change', toNew.code, toNew.stored);
  return [{ ...(await letter(toNew, newEmail)), message }, ...(toCurrent ? [await letter(toCurrent, email)] : [])];
}
