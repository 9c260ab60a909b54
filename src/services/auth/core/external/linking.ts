import type { AuthSettings } from '../../settings.ts';
import type { IdentityRow, User } from '../../sql/rows.ts';
import { candidateEmail, type ProviderEmail } from './profile.ts';

/** What is to become of somebody who comes from a provider. */
export type AccountDecision =
  | { readonly kind: 'known'; readonly user: User; readonly identity: IdentityRow }
  | { readonly kind: 'link'; readonly user: User }
  | { readonly kind: 'create'; readonly email: ProviderEmail | undefined }
  | { readonly kind: 'ambiguous' };

/** What a decision is made from. */
export interface LinkingFacts {
  readonly provider: string;
  readonly subject: string;
  readonly emails: readonly ProviderEmail[];
  /** The user that has the identity already. */
  readonly holder: User | undefined;
  /** Users outside single sign-on who have one of the verified addresses. */
  readonly sameAddress: readonly User[];
  readonly domainOf: LinkingDomains;
  /** Whether somebody has the address the account would be made with. */
  readonly isTaken: boolean;
}

/** Addresses by which accounts are joined: only those the provider itself says it has checked. */
export const verifiedAddresses = (emails: readonly ProviderEmail[]): readonly string[] => [
  ...new Set(emails.filter(({ verified }) => verified).map(({ email }) => email.toLowerCase())),
];

/** Single sign-on and wallets keep to themselves, each identity to its account. */
export const mayLink = (provider: string): boolean => !provider.startsWith('sso:') && provider !== 'web3';

/** The linking domain of a provider: accounts are joined within one only. Undefined is the domain of everybody else. */
export type LinkingDomains = (provider: string) => string | undefined;

/** Linking domains as settings have them: providers that share one by name, and providers that have one for themselves. */
export function linkingDomains({
  providerDomains,
  ownDomainProviders,
}: Pick<AuthSettings, 'providerDomains' | 'ownDomainProviders'>): LinkingDomains {
  const named = new Map(
    providerDomains.map((entry) => {
      // Names of added providers have a colon of their own.
      const divider = entry.includes('=') ? entry.indexOf('=') : entry.lastIndexOf(':');
      return [entry.slice(0, divider).trim(), entry.slice(divider + 1).trim()] as const;
    }),
  );
  return (provider) => {
    const domain = named.get(provider) ?? (ownDomainProviders.includes(provider) ? provider : 'default');
    return domain === 'default' ? undefined : domain;
  };
}

// Within a domain of its own only an identity of that domain tells that an address is the account's.
function isWithin({ domainOf, provider, emails }: LinkingFacts, user: User): boolean {
  const domain = domainOf(provider);
  if (domain === undefined)
    return user.identities.length === 0 || user.identities.some((own) => domainOf(own.provider) === undefined);
  const addresses = verifiedAddresses(emails);
  return user.identities.some(
    (own) =>
      domainOf(own.provider) === domain &&
      own.identity_data.email_verified === true &&
      addresses.includes(own.email ?? ''),
  );
}

/**
 * Decides whose account an identity belongs to (GoTrue, "Identity linking"). Accounts are joined by checked addresses
 * only, whatever settings say of confirming; an address that somebody else has is not given to a new account.
 */
export function decideAccount(facts: LinkingFacts): AccountDecision {
  const { provider, subject, emails, holder, isTaken } = facts;
  const identity = holder?.identities.find((own) => own.provider === provider && own.provider_id === subject);
  if (holder && identity) return { kind: 'known', user: holder, identity };
  if (mayLink(provider)) {
    const sameAddress = facts.sameAddress.filter((user) => isWithin(facts, user));
    if (sameAddress.length > 1) return { kind: 'ambiguous' };
    if (sameAddress[0]) return { kind: 'link', user: sameAddress[0] };
  }
  const email = candidateEmail(emails);
  return { kind: 'create', email: email && !isTaken ? email : undefined };
}
