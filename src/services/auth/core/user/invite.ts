import { authError, invalid } from '../../errors.ts';
import { putOneTimeToken } from '../../sql/one-time-tokens.ts';
import type { Metadata, Sql, User } from '../../sql/rows.ts';
import { findUser, findUserByEmail, isEmailTaken, updateUser } from '../../sql/users.ts';
import { normaliseEmail } from '../addresses.ts';
import { type Actor, audit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import { announceUser, reportUser } from '../hooks/new-user.ts';
import { type ActionKind, dispatch, linkFor } from '../mail/letters.ts';
import { prepareInvite, storeToken } from '../one-time/send.ts';
import { newCode } from '../one-time-code.ts';
import { assertStrong } from '../password-rules.ts';
import { standInHash } from '../password-stand-in.ts';
import { userView, type WireObject } from '../user-view.ts';
import { type Creation, createUser } from './create.ts';
import { mergeMetadata } from './metadata.ts';

async function findOrMake(context: AuthContext, sql: Sql, creation: Creation): Promise<User> {
  const known = await findUserByEmail(sql, creation.email ?? '', creation.aud);
  if (known?.email_confirmed_at) throw authError('email_exists');
  return known ?? createUser(context, sql, creation);
}

const invitation = (caller: Caller, email: string, data: Metadata): Creation => ({
  aud: caller.aud,
  email,
  phone: null,
  passwordHash: null,
  data,
  mirrorIdentity: false,
});

/** Whom a link is for, should they be new: users that are announced have an id, so it tells later who was made. */
async function newcomer(
  context: AuthContext,
  caller: Caller,
  request: LinkRequest & { readonly passwordHash: string | null },
  known: User | undefined,
): Promise<Creation> {
  const invited = invitation(caller, request.email, request.data);
  if (known || (request.type !== 'signup' && request.type !== 'invite')) return invited;
  const { passwordHash } = request;
  return announceUser(
    context,
    caller,
    request.type === 'signup' ? { ...invited, passwordHash, mirrorIdentity: true } : invited,
  );
}

/** Invites somebody by mail; who has not confirmed yet is invited again. @returns the invited user */
export async function invite(
  context: AuthContext,
  caller: Caller,
  actor: Actor,
  request: { readonly email: string; readonly data: Metadata },
): Promise<User> {
  const email = normaliseEmail(request.email);
  await context.assertMailable(email, context.log);
  const known = await findUserByEmail(context.db, email, caller.aud);
  const creation = invitation(caller, email, request.data);
  const announced = known ? creation : await announceUser(context, caller, creation);
  const { letter, id } = await context.db.transaction(async (sql) => {
    const user = await findOrMake(context, sql, announced);
    await audit(context, sql, actor, 'user_invited', { user_id: user.id, user_email: user.email });
    return { id: user.id, letter: await prepareInvite(context, sql, caller, user) };
  });
  await dispatch(context, [letter]);
  const user = await findUser(context.db, id);
  if (!user) throw authError('user_not_found');
  if (user.id === announced.id) await reportUser(context, caller, user);
  return user;
}

/** What an admin wants a link for; absent texts are empty. */
export interface LinkRequest {
  readonly type: string;
  readonly email: string;
  readonly newEmail: string;
  readonly password: string;
  readonly data: Metadata;
}

const kinds: Readonly<Record<string, ActionKind>> = {
  signup: 'confirmation',
  invite: 'invite',
  magiclink: 'magic_link',
  recovery: 'recovery',
  email_change_current: 'email_change',
  email_change_new: 'email_change',
};

/** Makes the link of a mail without sending it, for applications that write their own mails. */
export async function generateLink(
  context: AuthContext,
  caller: Caller,
  actor: Actor,
  request: LinkRequest,
): Promise<WireObject> {
  const email = normaliseEmail(request.email);
  const known = await findUserByEmail(context.db, email, caller.aud);
  const type = effectiveType(request.type, known);
  const kind = kinds[type] as ActionKind;
  const asked = { ...request, type, email, passwordHash: await passwordFor(context, type, known, request) };
  const plan = { ...asked, creation: await newcomer(context, caller, asked, known) };
  const code = newCode(context.settings.otpLength);
  const { user, stored } = await context.db.transaction((sql) => prepareLink(context, sql, caller, actor, plan, code));
  if (user.id === plan.creation.id) await reportUser(context, caller, user);
  return {
    ...userView(user),
    action_link: linkFor(context, caller, kind, stored),
    email_otp: code,
    hashed_token: stored,
    verification_type: type,
    redirect_to: caller.redirectTo,
  };
}

function effectiveType(type: string, known: User | undefined): string {
  if (!Object.hasOwn(kinds, type)) throw invalid(`Invalid email action link type requested: ${type}`);
  if (known || type === 'signup' || type === 'invite') return type;
  if (type === 'magiclink') return 'signup';
  throw authError('user_not_found', { message: 'User with this email not found' });
}

async function passwordFor(
  context: AuthContext,
  type: string,
  known: User | undefined,
  request: LinkRequest,
): Promise<string | null> {
  if (type !== 'signup' || known) return null;
  if (request.password === '' && request.type === 'signup') throw invalid('Signup requires a valid password');
  if (request.password === '') return standInHash();
  await assertStrong(request.password, context);
  return context.passwords.hash(request.password);
}

async function prepareLink(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  actor: Actor,
  plan: LinkRequest & { readonly creation: Creation },
  code: string,
): Promise<{ user: User; stored: string }> {
  const { type, email } = plan;
  const now = nowOf(context);
  const stored = context.codes.hash(email, code);
  const finish = async (id: string, token = stored): Promise<{ user: User; stored: string }> => {
    const user = await findUser(sql, id);
    if (!user) throw authError('user_not_found');
    return { user, stored: token };
  };
  const known = await findUserByEmail(sql, email, caller.aud);

  if (type === 'invite') {
    const user = await findOrMake(context, sql, plan.creation);
    await audit(context, sql, actor, 'user_invited', { user_id: user.id, user_email: user.email });
    const sent = { confirmation_sent_at: now, invited_at: now };
    await storeToken(context, sql, user, 'confirmation_token', stored, email, sent);
    return finish(user.id);
  }
  if (type === 'signup') {
    if (known?.email_confirmed_at) throw authError('email_exists');
    const user = known ?? (await createUser(context, sql, plan.creation));
    if (known)
      await updateUser(sql, user.id, { raw_user_meta_data: mergeMetadata(user.raw_user_meta_data, plan.data) }, now);
    await storeToken(context, sql, user, 'confirmation_token', stored, email, { confirmation_sent_at: now });
    return finish(user.id);
  }
  if (!known) throw authError('user_not_found', { message: 'User with this email not found' });
  if (type === 'magiclink' || type === 'recovery') {
    await audit(context, sql, known, 'user_recovery_requested');
    await storeToken(context, sql, known, 'recovery_token', stored, email, { recovery_sent_at: now });
    return finish(known.id);
  }
  return finish(known.id, await prepareChangeLink(context, sql, known, plan, code));
}

async function prepareChangeLink(
  context: AuthContext,
  sql: Sql,
  user: User,
  plan: LinkRequest,
  code: string,
): Promise<string> {
  const isCurrent = plan.type === 'email_change_current';
  if (isCurrent && !context.settings.secureEmailChange)
    throw invalid('Enable secure email change to generate link for current email');
  const newEmail = normaliseEmail(plan.newEmail);
  if (await isEmailTaken(sql, newEmail, user.aud, user.id)) throw authError('email_exists');
  const address = isCurrent ? plan.email : newEmail;
  const stored = context.codes.hash(address, code);
  const token = isCurrent ? 'email_change_token_current' : 'email_change_token_new';
  const now = nowOf(context);
  // The other address's link, if there is one already, goes on working.
  const changes = {
    email_change: newEmail,
    email_change_sent_at: now,
    email_change_confirm_status: 0,
    [token]: stored,
  };
  await updateUser(sql, user.id, changes, now);
  await putOneTimeToken(sql, user.id, token, stored, address, now);
  return stored;
}
