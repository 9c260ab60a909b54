import type { Metadata } from '../../sql/rows.ts';

/** An address a provider has of somebody. */
export interface ProviderEmail {
  readonly email: string;
  /** True only where the provider says that it has checked it. */
  readonly verified: boolean;
  readonly primary: boolean;
}

/** What a provider tells of somebody. Absent texts are empty. */
export interface Profile {
  /** The provider's own name for the person; never empty once `asProfile` has seen it. */
  readonly subject: string;
  readonly issuer: string;
  readonly emails: readonly ProviderEmail[];
  readonly name?: string;
  readonly userName?: string;
  readonly preferredUserName?: string;
  readonly picture?: string;
  /** Further standard claims of the provider. */
  readonly claims?: Metadata;
  /** What does not fit standard claims. */
  readonly custom?: Metadata;
}

/** One address, the primary one; none where it is empty. */
export const oneEmail = (email: string, verified: boolean): readonly ProviderEmail[] =>
  email === '' ? [] : [{ email, verified, primary: true }];

/**
 * Refuses a profile that names nobody: an answer of an unexpected shape must never become somebody's account.
 *
 * @throws Error when the subject is missing
 */
export function asProfile(profile: Profile): Profile {
  if (profile.subject === '') throw new Error('the provider did not say who this is');
  const emails = profile.emails
    .map((entry) => ({ ...entry, email: entry.email.trim().toLowerCase() }))
    .filter(({ email }) => email !== '' && email.length <= 255 && email.includes('@'));
  return { ...profile, emails };
}

/** The address an account is made with: the primary one, preferably one that was checked. */
export function candidateEmail(emails: readonly ProviderEmail[]): ProviderEmail | undefined {
  return emails.find(({ primary }) => primary) ?? emails.find(({ verified }) => verified) ?? emails[0];
}

/** A profile as it is kept with the identity and in `user_metadata`. */
export function identityClaims(profile: Profile): Metadata {
  const email = candidateEmail(profile.emails);
  const custom = Object.entries(profile.custom ?? {}).filter(([, value]) => value !== undefined && value !== '');
  return {
    ...profile.claims,
    ...(profile.issuer && { iss: profile.issuer }),
    sub: profile.subject,
    provider_id: profile.subject,
    ...(profile.name && { name: profile.name, full_name: profile.name }),
    ...(profile.userName && { user_name: profile.userName }),
    ...(profile.preferredUserName && { preferred_username: profile.preferredUserName }),
    ...(profile.picture && { picture: profile.picture, avatar_url: profile.picture }),
    ...(email && { email: email.email }),
    email_verified: email?.verified ?? false,
    phone_verified: false,
    ...(custom.length > 0 && { custom_claims: Object.fromEntries(custom) }),
  };
}
