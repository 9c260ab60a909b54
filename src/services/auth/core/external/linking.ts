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
  /** Whether somebody has the address the account would be made with. */
  readonly isTaken: boolean;
}

/** Addresses by which accounts are joined: only those the provider itself says it has checked. */
export const verifiedAddresses = (emails: readonly ProviderEmail[]): readonly string[] => [
  ...new Set(emails.filter(({ verified }) => verified).map(({ email }) => email.toLowerCase())),
];

/** Single sign-on keeps to itself; everybody else is in one domain. */
export const mayLink = (provider: string): boolean => !provider.startsWith('sso:') && provider !== 'web3';

/**
 * Decides whose account an identity belongs to (GoTrue, "Identity linking"). Accounts are joined by checked addresses
 * only, whatever settings say of confirming; an address that somebody else has is not given to a new account.
 */
export function decideAccount(facts: LinkingFacts): AccountDecision {
  const { provider, subject, emails, holder, sameAddress, isTaken } = facts;
  const identity = holder?.identities.find((own) => own.provider === provider && own.provider_id === subject);
  if (holder && identity) return { kind: 'known', user: holder, identity };
  if (mayLink(provider)) {
    if (sameAddress.length > 1) return { kind: 'ambiguous' };
    if (sameAddress[0]) return { kind: 'link', user: sameAddress[0] };
  }
  const email = candidateEmail(emails);
  return { kind: 'create', email: email && !isTaken ? email : undefined };
}
