import { flagAt, type Json, textAt } from './json.ts';
import { oneEmail, type Profile } from './profile.ts';
import type { ProfileSource } from './provider.ts';

const appleIssuers: ReadonlySet<string> = new Set(['https://appleid.apple.com', 'https://account.apple.com']);

/** Whether an ID token's issuer is Apple. */
export const isAppleIssuer = (issuer: string): boolean => appleIssuers.has(issuer);

const azureIssuer =
  /^https:\/\/(?:login\.microsoftonline\.com|[a-z0-9-]+\.ciamlogin\.com)\/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\/v2\.0\/?$/;

/** Tenant of an issuer that is Microsoft's; undefined for any other. The whole text counts, not how it begins. */
export const azureTenant = (issuer: string): string | undefined => azureIssuer.exec(issuer)?.[1];

/** Tenant of personal Microsoft accounts, whose addresses Microsoft has checked. */
const personalTenant = '9188040d-6c67-4c5b-b112-36a304b66dad';

/** The tenant that a configured URL names; undefined where it stands for many (`common`, `organizations`, `consumers`). */
export const configuredTenant = (base: string): string | undefined =>
  /\/([0-9a-f]{8}-[0-9a-f-]{27})\/?$/i.exec(base)?.[1]?.toLowerCase();

/**
 * Whether Microsoft vouches for the address in a token. Owners of a tenant can write any address into it, so that without
 * the claim `xms_edov` only the one tenant that the operator chose is believed, and personal accounts.
 */
export function isAzureEmailVerified(claims: Json, base: string): boolean {
  const edov = (claims as { xms_edov?: unknown } | null)?.xms_edov;
  if (edov !== undefined) return flagAt(claims, 'xms_edov');
  const tenant = azureTenant(textAt(claims, 'iss'));
  return tenant === personalTenant || (tenant !== undefined && tenant === configuredTenant(base));
}

/** Whether an issuer may speak for users of the configured Azure URL. */
export function isAzureIssuerFor(base: string, issuer: string): boolean {
  const tenant = azureTenant(issuer);
  const only = configuredTenant(base);
  return tenant !== undefined && (only === undefined || only === tenant);
}

/** A profile of Azure's ID token; there is no other source. */
export async function azureProfile(source: ProfileSource): Promise<Profile> {
  const { base } = source.provider;
  const claims = await source.idToken((issuer) => isAzureIssuerFor(base, issuer));
  return azureClaims(claims, base);
}

/** A profile of claims that Azure has signed. */
export function azureClaims(claims: Json, base: string): Profile {
  const profile = claimsProfile(claims, '', { tid: textAt(claims, 'tid') });
  return { ...profile, emails: oneEmail(textAt(claims, 'email'), isAzureEmailVerified(claims, base)) };
}

/** A profile of OpenID Connect standard claims. @param issuer where the claims do not name it */
export function claimsProfile(claims: Json, issuer: string, custom: Readonly<Record<string, unknown>> = {}): Profile {
  const name = textAt(claims, 'name') || [textAt(claims, 'given_name'), textAt(claims, 'family_name')].join(' ').trim();
  return {
    subject: textAt(claims, 'sub'),
    issuer: textAt(claims, 'iss') || issuer,
    emails: oneEmail(textAt(claims, 'email'), flagAt(claims, 'email_verified')),
    name,
    preferredUserName: textAt(claims, 'preferred_username'),
    picture: textAt(claims, 'picture'),
    ...(Object.keys(custom).length > 0 && { custom }),
  };
}
