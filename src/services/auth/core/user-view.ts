import { authError } from '../errors.ts';
import type { FactorRow, IdentityRow, User } from '../sql/rows.ts';
import { isAfter, wireTime } from './instant.ts';

/** A JSON object on its way to a client. */
export type WireObject = Readonly<Record<string, unknown>>;

// Keys without a value are left out, as upstream's encoder does.
const filled = (entries: Readonly<Record<string, string | null>>): Record<string, string> =>
  Object.fromEntries(Object.entries(entries).filter((entry): entry is [string, string] => Boolean(entry[1])));

const time = (instant: string | null): string | null => (instant === null ? null : wireTime(instant));

/** A user as clients see it. The order of keys is upstream's. */
export function userView(user: User): WireObject {
  return {
    id: user.id,
    aud: user.aud,
    role: user.role,
    email: user.email ?? '',
    ...filled({ email_confirmed_at: time(user.email_confirmed_at), invited_at: time(user.invited_at) }),
    phone: user.phone ?? '',
    ...filled({
      phone_confirmed_at: time(user.phone_confirmed_at),
      confirmation_sent_at: time(user.confirmation_sent_at),
      confirmed_at: time(user.confirmed_at),
      recovery_sent_at: time(user.recovery_sent_at),
      new_email: user.email_change,
      email_change_sent_at: time(user.email_change_sent_at),
      new_phone: user.phone_change,
      phone_change_sent_at: time(user.phone_change_sent_at),
      reauthentication_sent_at: time(user.reauthentication_sent_at),
      last_sign_in_at: time(user.last_sign_in_at),
    }),
    app_metadata: user.raw_app_meta_data,
    user_metadata: user.raw_user_meta_data,
    ...(user.factors.length > 0 && { factors: user.factors.map(factorView) }),
    identities: user.identities.map(identityView),
    created_at: wireTime(user.created_at ?? '0001-01-01T00:00:00'),
    updated_at: wireTime(user.updated_at ?? '0001-01-01T00:00:00'),
    ...filled({ banned_until: time(user.banned_until), deleted_at: time(user.deleted_at) }),
    is_anonymous: user.is_anonymous,
  };
}

/** An identity as clients see it: `id` is the provider's name for the user, `identity_id` the row's. */
export function identityView(identity: IdentityRow): WireObject {
  return {
    identity_id: identity.id,
    id: identity.provider_id,
    user_id: identity.user_id,
    identity_data: identity.identity_data,
    provider: identity.provider,
    ...filled({ last_sign_in_at: time(identity.last_sign_in_at) }),
    ...filled({ created_at: time(identity.created_at), updated_at: time(identity.updated_at), email: identity.email }),
  };
}

/** A factor as clients see it; what it is checked with never leaves. */
export function factorView(factor: FactorRow): WireObject {
  return {
    id: factor.id,
    created_at: wireTime(factor.created_at),
    updated_at: wireTime(factor.updated_at),
    status: factor.status,
    ...filled({ friendly_name: factor.friendly_name }),
    factor_type: factor.factor_type,
    phone: factor.phone,
    ...filled({ last_challenged_at: time(factor.last_challenged_at), web_authn_aaguid: factor.web_authn_aaguid }),
    ...(factor.last_webauthn_challenge_data && { last_webauthn_challenge_data: factor.last_webauthn_challenge_data }),
  };
}

/** Whether any address of a user has been confirmed. */
export const isConfirmed = (user: User): boolean => user.email_confirmed_at !== null;

/** Whether a user is locked out. @param now milliseconds */
export const isBanned = (user: User, now: number): boolean => isAfter(user.banned_until, now);

/** Refuses to refresh a session of somebody who is banned. @throws user_banned */
export function assertNotBanned(user: User, now: number): void {
  if (isBanned(user, now))
    throw authError('user_banned', { status: 400, message: 'Invalid Refresh Token: User Banned' });
}

/** Whether a user has a second factor. */
export const hasSecondFactor = (user: User): boolean => user.factors.some(({ status }) => status === 'verified');
