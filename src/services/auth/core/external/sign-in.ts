import { randomUUID } from 'node:crypto';
import { asDatabaseError } from '#kernel/sql';
import { authError } from '../../errors.ts';
import { deleteFactors } from '../../sql/factors.ts';
import { deleteUncheckedIdentities, insertIdentity, refreshIdentity } from '../../sql/identities.ts';
import { clearOneTimeTokens } from '../../sql/one-time-tokens.ts';
import type { Sql, User } from '../../sql/rows.ts';
import { deleteSessions } from '../../sql/sessions.ts';
import {
  findUser,
  findUserByIdentity,
  findUsersByAddresses,
  isEmailTaken,
  lockUser,
  updateUser,
} from '../../sql/users.ts';
import { audit } from '../audit.ts';
import { type AuthContext, type Caller, nowOf } from '../context.ts';
import type { PreparedLetter } from '../mail/letters.ts';
import { prepareConfirmation } from '../one-time/send.ts';
import type { CodeChallenge } from '../pkce.ts';
import { assertSignUpsAllowed } from '../sign-up.ts';
import { confirmEmail } from '../user/confirm.ts';
import { type Creation, createUser, RivalSignUp, refreshProviders } from '../user/create.ts';
import { mergeMetadata } from '../user/metadata.ts';
import { isBanned, isConfirmed } from '../user-view.ts';
import { type AccountDecision, decideAccount, linkingDomains, mayLink, verifiedAddresses } from './linking.ts';
import { candidateEmail, identityClaims, type Profile, type ProviderEmail } from './profile.ts';

/** Somebody whom a provider has vouched for. */
export interface Arrival {
  /** Name of the provider, as identities have it. */
  readonly provider: string;
  readonly profile: Profile;
  /** Accounts may do without an address. */
  readonly emailOptional: boolean;
  /** Challenge of the flow, for the mail that an unchecked address needs. */
  readonly challenge: CodeChallenge | undefined;
}

/** Who it is, or why they are not let in; a refusal is told after what led to it is committed. */
export type Arrived =
  | ({ readonly kind: 'user'; readonly user: User } & Change)
  | ({ readonly kind: 'refused'; readonly error: Error; readonly letter?: PreparedLetter } & Change);

/** What finding the account changed: a new user, or the present one that another identity was added to. */
interface Change {
  readonly made?: User;
  readonly joined?: User;
}

/**
 * Runs `work` again when somebody else made the same user or identity at the same moment: the second time it finds them.
 */
export async function againOnRivalry<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const database = asDatabaseError(error) ?? asDatabaseError((error as Error).cause);
    if (error instanceof RivalSignUp || database?.code === '23505') return work();
    throw error;
  }
}

/**
 * Finds or makes the account of somebody whom a provider vouched for.
 *
 * @param announced what the application was told a new user would be
 */
export async function arrive(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  arrival: Arrival,
  announced: Creation | undefined,
): Promise<Arrived> {
  const candidate = candidateEmail(arrival.profile.emails);
  const { user, how } = await settleAccount(context, sql, caller, arrival, announced);
  if (isBanned(user, context.clock.now())) throw authError('user_banned');
  const arrived = await admit(context, sql, caller, arrival, user, candidate);
  if (how === 'known') return arrived;
  const changed = arrived.kind === 'user' ? arrived.user : user;
  return how === 'create' ? { ...arrived, made: changed } : { ...arrived, joined: changed };
}

async function admit(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  arrival: Arrival,
  user: User,
  candidate: ProviderEmail | undefined,
): Promise<Arrived> {
  const { provider } = arrival;
  if (!mayNeedEmail(arrival, candidate) || isConfirmed(user)) {
    await audit(context, sql, user, 'login', { provider });
    return { kind: 'user', user };
  }
  return acceptUnconfirmed(context, sql, caller, arrival, user, candidate);
}

const mayNeedEmail = ({ provider, emailOptional }: Arrival, candidate: ProviderEmail | undefined): boolean =>
  provider !== 'web3' && !(emailOptional && candidate === undefined);

async function decide(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  { provider, profile }: Arrival,
): Promise<AccountDecision> {
  const candidate = candidateEmail(profile.emails);
  const joins = mayLink(provider);
  return decideAccount({
    domainOf: linkingDomains(context.settings),
    provider,
    subject: profile.subject,
    emails: profile.emails,
    holder: await findUserByIdentity(sql, provider, profile.subject),
    sameAddress: joins ? await findUsersByAddresses(sql, verifiedAddresses(profile.emails), caller.aud) : [],
    isTaken: joins && candidate !== undefined && (await isEmailTaken(sql, candidate.email, caller.aud)),
  });
}

function creationOf(caller: Caller, { provider, profile }: Arrival, email: ProviderEmail | undefined): Creation {
  const data = identityClaims(profile);
  return {
    aud: caller.aud,
    email: email?.email ?? null,
    phone: null,
    passwordHash: null,
    data,
    appMetadata: { provider, providers: [provider] },
    external: { provider, providerId: profile.subject, data },
    mirrorIdentity: false,
  };
}

/** What a new user would be made from, where one is going to be made. @throws signup_disabled */
export async function foreseeCreation(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  arrival: Arrival,
): Promise<Creation | undefined> {
  const decision = await decide(context, sql, caller, arrival);
  if (decision.kind !== 'create') return undefined;
  assertSignUpsAllowed(context);
  return creationOf(caller, arrival, decision.email);
}

async function settleAccount(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  arrival: Arrival,
  announced: Creation | undefined,
): Promise<{ readonly user: User; readonly how: 'known' | 'link' | 'create' }> {
  const data = identityClaims(arrival.profile);
  const decision = await decide(context, sql, caller, arrival);
  switch (decision.kind) {
    case 'known': {
      // The user before the identity, as all who add one do: the other way round, two sign-ins wait for each other.
      const user = (await lockUser(sql, decision.user.id)) ?? decision.user;
      await refreshIdentity(sql, decision.identity.id, data, nowOf(context));
      return { user: await mirror(context, sql, user, data), how: decision.kind };
    }
    case 'link': {
      const { user } = decision;
      await lockUser(sql, user.id);
      await addIdentity(context, sql, user.id, arrival);
      const traits = { provider: arrival.provider, provider_id: arrival.profile.subject };
      await audit(context, sql, user, 'identity_linked', traits, caller.ip ?? '');
      return { user: await mirror(context, sql, user, data), how: decision.kind };
    }
    case 'create': {
      assertSignUpsAllowed(context);
      const id = announced?.id;
      const creation = { ...creationOf(caller, arrival, decision.email), ...(id !== undefined && { id }) };
      return { user: await createUser(context, sql, creation), how: decision.kind };
    }
    default:
      throw authError('unexpected_failure', {
        message: 'Multiple accounts with the same email address in the same linking domain detected',
      });
  }
}

async function mirror(
  context: AuthContext,
  sql: Sql,
  user: User,
  data: Readonly<Record<string, unknown>>,
): Promise<User> {
  const metadata = mergeMetadata(user.raw_user_meta_data, data);
  await updateUser(sql, user.id, { raw_user_meta_data: metadata }, nowOf(context));
  return refreshProviders(context, sql, user.id);
}

/** Gives a user another way to sign in. */
export async function addIdentity(
  context: AuthContext,
  sql: Sql,
  userId: string,
  { provider, profile }: Pick<Arrival, 'provider' | 'profile'>,
): Promise<void> {
  const row = {
    id: randomUUID(),
    provider_id: profile.subject,
    user_id: userId,
    identity_data: identityClaims(profile),
    provider,
  };
  await insertIdentity(sql, row, nowOf(context));
}

// Somebody else may have signed up with this address before, to wait for its owner. Whoever the provider vouches for gets
// the account without what that person left: password, unchecked identities, second factors, sessions.
async function acceptUnconfirmed(
  context: AuthContext,
  sql: Sql,
  caller: Caller,
  { provider, profile, challenge }: Arrival,
  found: User,
  candidate: ProviderEmail | undefined,
): Promise<Arrived> {
  const { settings } = context;
  const now = nowOf(context);
  const isOwn = candidate !== undefined && (found.email === null || found.email.toLowerCase() === candidate.email);
  if (isOwn && candidate.verified) {
    await deleteUncheckedIdentities(sql, found.id, { provider, subject: profile.subject });
    await deleteSessions(sql, found.id);
    await deleteFactors(sql, found.id);
    await clearOneTimeTokens(sql, found.id);
    await updateUser(
      sql,
      found.id,
      {
        ...(found.email === null && { email: await freeAddress(sql, found, candidate.email) }),
        encrypted_password: null,
        confirmation_token: '',
        recovery_token: '',
        raw_user_meta_data: identityClaims(profile),
      },
      now,
    );
    const user = await refreshProviders(context, sql, found.id);
    // In a linking domain of its own an account does without the address that one of another domain has.
    if (user.email === null && linkingDomains(settings)(provider) === undefined) return refused(provider);
    return confirmAndEnter(context, sql, user, provider);
  }
  // Confirming is switched off, so that a new account's address counts; it joins no other account by that.
  if (isOwn && settings.autoconfirm && found.email !== null && found.identities.length <= 1)
    return confirmAndEnter(context, sql, found, provider);
  if (settings.allowUnverifiedEmail) {
    await audit(context, sql, found, 'login', { provider });
    return { kind: 'user', user: found };
  }
  if (!isOwn || found.email === null) return refused(provider);
  return { ...refused(provider, true), letter: await prepareConfirmation(context, sql, caller, found, challenge) };
}

async function freeAddress(sql: Sql, user: User, email: string): Promise<string | null> {
  return (await isEmailTaken(sql, email, user.aud, user.id)) ? null : email;
}

async function confirmAndEnter(context: AuthContext, sql: Sql, user: User, provider: string): Promise<Arrived> {
  await audit(context, sql, user, 'user_signedup', { provider });
  await confirmEmail(context, sql, user);
  return { kind: 'user', user: (await findUser(sql, user.id)) ?? user };
}

function refused(provider: string, isSent = false): Arrived & { readonly kind: 'refused' } {
  const what = isSent
    ? `A confirmation email has been sent to your ${provider} email`
    : `Verify the email with ${provider} in order to sign in`;
  return {
    kind: 'refused',
    error: authError('provider_email_needs_verification', { message: `Unverified email with ${provider}. ${what}` }),
  };
}
