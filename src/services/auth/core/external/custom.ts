import { type CustomProviderRow, getCustomProvider } from '../../sql/custom-providers.ts';
import type { AuthContext } from '../context.ts';
import { serviceUrl } from '../external-url.ts';
import { at, type Json, textAt } from './json.ts';
import type { Profile } from './profile.ts';
import type { ExternalProvider, ProfileSource } from './provider.ts';
import { claimsProfile } from './token-profiles.ts';

/**
 * The provider of that identifier that administrators have added, ready for use; undefined where there is none, it is
 * off, or the feature is.
 *
 * @throws Error when its discovery document cannot be had
 */
export async function findCustomProvider(
  context: AuthContext,
  identifier: string,
): Promise<ExternalProvider | undefined> {
  if (!context.settings.customOauthEnabled) return undefined;
  const row = await getCustomProvider(context.db, identifier);
  if (!row?.enabled) return undefined;
  const found =
    row.provider_type === 'oidc'
      ? await context.oidc.discover(row.issuer ?? '', false, row.discovery_url || undefined)
      : undefined;
  const callbackBase = context.settings.customOauthUrl ?? context.externalBase();
  const params = Object.entries(row.authorization_params).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return {
    name: row.identifier,
    clientIds: [row.client_id, ...row.acceptable_client_ids],
    secret: context.columns.open(row.id, row.client_secret).plain.toString(),
    redirectUri: `${serviceUrl(callbackBase)}/callback`,
    authorizeEndpoint: found?.authorizationEndpoint ?? row.authorization_url ?? '',
    tokenEndpoint: found?.tokenEndpoint ?? row.token_url ?? '',
    api: '',
    base: row.issuer ?? '',
    scopes: found ? [...new Set(['openid', ...row.scopes])] : row.scopes,
    clientAuth: 'body',
    pkce: row.pkce_enabled,
    oauth1: false,
    extra: Object.fromEntries(params),
    emailOptional: row.email_optional,
    skipNonce: row.skip_nonce_check,
    byOperator: false,
    profile: (source) => (found ? oidcProfile(row, source, found.userinfoEndpoint) : oauth2Profile(row, source)),
  };
}

async function oidcProfile(row: CustomProviderRow, source: ProfileSource, userinfo: string): Promise<Profile> {
  const claims = await source.idToken((issuer) => issuer === row.issuer, row.issuer ?? '');
  if (userinfo === '' || textAt(claims, 'email') !== '') return mappedProfile(row, claims);
  const more = await source.get(userinfo);
  // OpenID Connect Core 1.0 §5.3.2: an answer about somebody else must not be used.
  if (textAt(more, 'sub') !== textAt(claims, 'sub'))
    throw new Error('the userinfo endpoint answered for somebody else');
  return mappedProfile(row, { ...(more as object), ...claims });
}

async function oauth2Profile(row: CustomProviderRow, source: ProfileSource): Promise<Profile> {
  const claims = await source.get(row.userinfo_url ?? '');
  return mappedProfile(row, claims);
}

/** Standard claims under the names a provider gives them, and the claims that are to be kept as they are. */
export function mappedProfile(
  row: Pick<CustomProviderRow, 'attribute_mapping' | 'custom_claims_allowlist' | 'issuer' | 'identifier'>,
  claims: Json,
): Profile {
  const mapped: Record<string, unknown> = { ...(claims as object) };
  if (textAt(claims, 'sub') === '') mapped.sub = textAt(claims, 'id') || textAt(claims, 'user_id');
  for (const [target, source] of Object.entries(row.attribute_mapping))
    if (typeof source === 'string')
      mapped[target] = (claims as Record<string, unknown> | null)?.[source] ?? at(claims, source);
  const custom = row.custom_claims_allowlist
    .map((name) => [name, (claims as Record<string, unknown> | null)?.[name]] as const)
    .filter(([, value]) => value !== undefined && value !== null);
  const profile = claimsProfile(mapped, row.issuer ?? row.identifier, Object.fromEntries(custom));
  const userName = textAt(mapped, 'user_name');
  const picture = textAt(mapped, 'picture') || textAt(mapped, 'avatar_url');
  return { ...profile, picture, ...(userName !== '' && { userName }) };
}
