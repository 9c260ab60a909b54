import { randomUUID } from 'node:crypto';
import { authError, invalid } from '../errors.ts';
import type { Metadata, Sql, User } from '../sql/rows.ts';
import { findUser, findUserByEmail, findUserByPhone } from '../sql/users.ts';
import { normaliseEmail, normalisePhone } from './addresses.ts';
import { audit } from './audit.ts';
import { type AuthContext, type Caller, nowOf } from './context.ts';
import { announceUser, reportUser } from './hooks/new-user.ts';
import { dispatch, type PreparedLetter } from './mail/letters.ts';
import { noteMail } from './one-time/frequency.ts';
import { prepareConfirmation } from './one-time/send.ts';
import { prepareText } from './one-time/send-sms.ts';
import { assertStrong } from './password-rules.ts';
import { standInHash } from './password-stand-in.ts';
import type { CodeChallenge } from './pkce.ts';
import { type Grant, type SignedIn, signedIn, startSession } from './session/issue.ts';
import { deliver, type PreparedText } from './sms/deliver.ts';
import { confirmEmail, confirmPhone } from './user/confirm.ts';
import { type Creation, createUser, RivalSignUp } from './user/create.ts';
import { isPasswordOf } from './user/password-column.ts';
import { userView, type WireObject } from './user-view.ts';

/** What a sign-up asks for; absent texts are empty. */
export interface SignUpRequest {
  readonly email: string;
  readonly phone: string;
  /** Undefined where nobody chooses one, as with codes. */
  readonly password: string | undefined;
  readonly data: Metadata;
  readonly challenge: CodeChallenge | undefined;
  /** How a code gets to a phone. */
  readonly channel: string;
}

/** A session, or a user that has to confirm an address first. */
export type SignUpResult =
  | { readonly kind: 'session'; readonly signedIn: SignedIn }
  | { readonly kind: 'user'; readonly user: WireObject; readonly messageId?: string | undefined };

type Outcome =
  | { readonly kind: 'grant'; readonly grant: Grant; readonly made: User | undefined }
  | {
      readonly kind: 'user';
      readonly user: WireObject;
      readonly letter?: PreparedLetter;
      readonly text?: PreparedText;
      readonly made?: User | undefined;
    };

/** @throws signup_disabled */
export function assertSignUpsAllowed(context: AuthContext): void {
  if (context.settings.disableSignup) throw authError('signup_disabled');
}

/**
 * Signs somebody up with a password (GoTrue, "Sign-up"). Without autoconfirm a confirmed user's second sign-up gets the
 * same answer as a first one, made up.
 */
export async function signUp(context: AuthContext, caller: Caller, request: SignUpRequest): Promise<SignUpResult> {
  assertSignUpsAllowed(context);
  if (request.password === '') throw invalid('Signup requires a valid password');
  if (request.password !== undefined) await assertStrong(request.password, context);
  if (request.email !== '' && request.phone !== '')
    throw invalid('Only an email address or phone number should be provided on signup.');
  const address = readAddress(context, request);
  if (address.email !== '' && !context.settings.autoconfirm) await context.assertMailable(address.email, context.log);
  const { isNew, mayClaim } = await lookAhead(context, caller, address, request.password);
  const { password } = request;
  const passwordHash = password === undefined ? standInHash() : await context.passwords.hash(password);
  const creation: Creation = {
    aud: caller.aud,
    email: address.email || null,
    phone: address.phone || null,
    passwordHash,
    data: request.data,
    mirrorIdentity: address.email !== '',
  };
  const plan: Plan = {
    ...request,
    ...address,
    creation: isNew ? await announceUser(context, caller, creation) : creation,
    mayClaim,
  };
  const attempt = (): Promise<Outcome> => context.db.transaction((sql) => signUpWithin(context, sql, caller, plan));
  let outcome: Outcome;
  try {
    outcome = await attempt();
  } catch (error) {
    // Two sign-ups at once: the one that lost finds a user now.
    if (!(error instanceof RivalSignUp)) throw error;
    outcome = await attempt();
  }
  let messageId: string | undefined;
  if (outcome.kind === 'user') {
    await dispatch(context, [outcome.letter]);
    if (outcome.text) messageId = await deliver(context, outcome.text);
  }
  if (outcome.made) await reportUser(context, caller, outcome.made);
  if (outcome.kind === 'grant') return { kind: 'session', signedIn: await signedIn(context, outcome.grant) };
  return { kind: 'user', user: outcome.user, messageId };
}

function readAddress(context: AuthContext, request: SignUpRequest): { email: string; phone: string } {
  const { settings } = context;
  if (request.phone !== '') {
    if (!settings.phoneEnabled)
      throw authError('phone_provider_disabled', { status: 400, message: 'Phone signups are disabled' });
    if (request.challenge) throw invalid('PKCE not supported for phone signups');
    context.sms.readChannel(request.channel);
    return { email: '', phone: normalisePhone(request.phone) };
  }
  if (!settings.emailEnabled)
    throw authError('email_provider_disabled', { status: 400, message: 'Email signups are disabled' });
  return { email: normaliseEmail(request.email), phone: '' };
}

interface Plan extends SignUpRequest {
  readonly creation: Creation;
  readonly mayClaim: boolean;
}

type Address = Pick<SignUpRequest, 'email' | 'phone'>;

const autoconfirms = ({ settings }: AuthContext, { email }: Address): boolean =>
  email ? settings.autoconfirm : settings.phoneAutoconfirm;

const findKnown = (sql: Sql, { email, phone }: Address, aud: string): Promise<User | undefined> =>
  email ? findUserByEmail(sql, email, aud) : findUserByPhone(sql, phone, aud);

// With autoconfirm a sign-up to an unconfirmed account would be let in. Only who knows its password is: the account may
// be an admin's making. Asked before the transaction, which must wait neither for a password hash nor for a hook.
async function lookAhead(
  context: AuthContext,
  caller: Caller,
  address: Address,
  password: string | undefined,
): Promise<{ isNew: boolean; mayClaim: boolean }> {
  const autoconfirm = autoconfirms(context, address);
  if (!autoconfirm && context.hooks.at('before_user_created') === undefined) return { isNew: false, mayClaim: false };
  const known = await findKnown(context.db, address, caller.aud);
  if (!known) return { isNew: true, mayClaim: false };
  return {
    isNew: false,
    mayClaim: autoconfirm && password !== undefined && (await isPasswordOf(context, known, password)),
  };
}

async function signUpWithin(context: AuthContext, sql: Sql, caller: Caller, plan: Plan): Promise<Outcome> {
  const { settings } = context;
  const { email } = plan;
  const known = await findKnown(sql, plan, caller.aud);
  const isKnownConfirmed = known && (email ? known.email_confirmed_at : known.phone_confirmed_at) !== null;
  const autoconfirm = autoconfirms(context, plan);
  if (known && isKnownConfirmed) {
    if (settings.autoconfirm || settings.phoneAutoconfirm) throw authError('user_already_exists');
    await audit(context, sql, known, 'user_repeated_signup', { provider: email ? 'email' : 'phone' });
    if (email) await noteMail(context, sql, 'signup', email);
    return { kind: 'user', user: inventedUser(context, caller, plan) };
  }
  if (known && autoconfirm && !plan.mayClaim) throw authError('user_already_exists');
  const user = known ?? (await createUser(context, sql, plan.creation));
  const made = known ? undefined : user;
  if (autoconfirm)
    return {
      kind: 'grant',
      made,
      grant: await confirmAndSignIn(context, sql, caller, user, email ? 'email' : 'phone'),
    };
  await audit(context, sql, user, 'user_confirmation_requested', { provider: email ? 'email' : 'phone' });
  const message = await prepareProof(context, sql, caller, user, plan);
  const fresh = (await findUser(sql, user.id)) ?? user;
  return { kind: 'user', user: viewAfterSignUp(fresh), ...message, made: made && fresh };
}

/** What the new user confirms their address with: a mail, or a text message. */
async function prepareProof(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  user: User,
  { email, phone, channel, challenge, password }: Plan,
): Promise<{ readonly letter: PreparedLetter } | { readonly text: PreparedText }> {
  // Where codes are asked for, the application is asked for known addresses, too, and both wait for it.
  const unseen = password !== undefined;
  if (email) return { letter: await prepareConfirmation(context, sql, caller, user, challenge, { unseen }) };
  const message = { phone, purpose: 'confirmation', channel: context.sms.readChannel(channel) } as const;
  return { text: await prepareText(context, sql, caller, user, message) };
}

async function confirmAndSignIn(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  user: User,
  provider: 'email' | 'phone',
): Promise<Grant> {
  await audit(context, sql, user, 'user_signedup', { provider });
  if (provider === 'email') await confirmEmail(context, sql, user);
  else await confirmPhone(context, sql, user);
  await audit(context, sql, user, 'login', { provider });
  return startSession(context, sql, user, 'password', caller);
}

// Whoever signs up to an invitation must not learn what the invitation holds.
function viewAfterSignUp(user: User): WireObject {
  const view = userView(user);
  return user.invited_at === null ? view : { ...view, app_metadata: {}, user_metadata: {}, identities: [] };
}

/** A user that does not exist, for those who sign up with somebody else's address. */
function inventedUser(context: AuthContext, caller: Caller, { email, phone, data }: SignUpRequest): WireObject {
  const now = nowOf(context);
  const provider = email ? 'email' : 'phone';
  return {
    id: randomUUID(),
    aud: caller.aud,
    role: '',
    email,
    phone,
    confirmation_sent_at: now,
    app_metadata: { provider, providers: [provider] },
    user_metadata: data,
    identities: [],
    created_at: now,
    updated_at: now,
    is_anonymous: false,
  };
}

/** Makes a user without any address and signs them in. @throws anonymous_provider_disabled */
export async function signUpAnonymously(context: AuthContext, caller: Caller, data: Metadata): Promise<SignedIn> {
  if (!context.settings.anonymousEnabled) throw authError('anonymous_provider_disabled');
  assertSignUpsAllowed(context);
  const creation = await announceUser(context, caller, {
    aud: caller.aud,
    email: null,
    phone: null,
    passwordHash: null,
    data,
    mirrorIdentity: false,
  });
  const grant = await context.db.transaction(async (sql) =>
    startSession(context, sql, await createUser(context, sql, creation), 'anonymous', caller),
  );
  await reportUser(context, caller, grant.user);
  return signedIn(context, grant);
}
