import type { IdentityRow, Metadata } from '../../sql/rows.ts';

/** Merges changes at the top level; a value of null removes its key. */
export function mergeMetadata(present: Metadata, changes: Metadata): Metadata {
  const merged = new Map([...Object.entries(present), ...Object.entries(changes)]);
  // Entries, not assignment: a key `__proto__` is a key like any other.
  return Object.fromEntries([...merged].filter(([, value]) => value !== null));
}

/** `app_metadata` with its list of providers as the identities have it; the first provider stays the first. */
export function withProviders(appMetadata: Metadata, identities: readonly Pick<IdentityRow, 'provider'>[]): Metadata {
  const providers = [...new Set(identities.map(({ provider }) => provider))];
  if (providers.length === 0) return appMetadata;
  const first = appMetadata.provider;
  const provider = typeof first === 'string' && providers.includes(first) ? first : providers[0];
  return { ...appMetadata, provider, providers };
}

/** What the identity of an email or phone user tells; what the client sent along cannot replace the facts. */
export function identityData(
  userId: string,
  facts: { readonly email?: string; readonly phone?: string },
  data: Metadata = {},
): Metadata {
  return { ...data, sub: userId, ...facts, email_verified: false, phone_verified: false };
}
