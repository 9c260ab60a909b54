import { invalid } from '../../errors.ts';
import type { AuthSettings } from '../../settings.ts';
import type { AuthContext } from '../context.ts';
import { serviceUrl } from '../external-url.ts';
import { type ExternalProviderName, externalProviders } from '../settings/external.ts';
import { findCustomProvider } from './custom.ts';
import type { ExternalProvider } from './provider.ts';
import { type ProviderRow, providerRows } from './table.ts';

/** Whether a text names one of the built-in providers. */
export const isProviderName = (name: string): name is ExternalProviderName =>
  (externalProviders as readonly string[]).includes(name);

const unsupported = (reason: string): Error => invalid(`Unsupported provider: ${reason}`);

/** A built-in provider as the settings have it, whether or not it is switched on. */
export function configuredProvider(
  settings: AuthSettings,
  name: ExternalProviderName,
  callbackBase: string,
): ExternalProvider {
  const row: ProviderRow = providerRows[name];
  const own = settings[`externalUrl_${name}`];
  const base = own ?? row.base;
  const ownApi = own === undefined ? undefined : own + (row.ownApiPath ?? '');
  const api = settings[`externalApiUrl_${name}`] ?? ownApi ?? row.api ?? row.base;
  const endpoint = (path: string, below: string): string => (path.startsWith('https://') ? path : below + path);
  return {
    name,
    clientIds: settings[`externalClientIds_${name}`],
    secret: settings[`externalSecret_${name}`] ?? '',
    redirectUri: settings[`externalRedirectUri_${name}`] ?? `${serviceUrl(callbackBase)}/callback`,
    authorizeEndpoint: endpoint(row.authorize, base),
    tokenEndpoint: endpoint(row.token, row.tokenOnApi ? api : base),
    api,
    base,
    scopes: row.scopes,
    clientAuth: row.clientAuth ?? 'body',
    pkce: row.pkce ?? false,
    oauth1: row.oauth1 ?? false,
    extra: row.extra ?? {},
    emailOptional: settings[`externalEmailOptional_${name}`] || row.withoutEmail === true,
    skipNonce: settings[`externalSkipNonce_${name}`],
    byOperator: true,
    profile: row.profile,
  };
}

/**
 * The provider that a request names, ready for sign-in by redirects.
 *
 * @throws validation_failed when there is none of that name, it is off, or it lacks what it needs
 */
export async function findProvider(context: AuthContext, given: string): Promise<ExternalProvider> {
  const name = given.toLowerCase();
  if (name.startsWith('custom:')) {
    const custom = await findCustomProvider(context, name);
    if (!custom) throw unsupported(`Provider ${JSON.stringify(name)} could not be found`);
    return custom;
  }
  if (!isProviderName(name)) throw unsupported(`Provider ${JSON.stringify(given)} could not be found`);
  if (!context.settings[`external_${name}`]) throw unsupported('provider is not enabled');
  const provider = configuredProvider(context.settings, name, context.externalBase());
  if (provider.clientIds.length === 0) throw unsupported('missing OAuth client ID');
  if (provider.secret === '') throw unsupported('missing OAuth secret');
  if (provider.base === '') throw unsupported('missing provider URL');
  return name === 'vercel_marketplace' ? discovered(context, provider) : provider;
}

async function discovered(context: AuthContext, provider: ExternalProvider): Promise<ExternalProvider> {
  const { authorizationEndpoint, tokenEndpoint } = await context.oidc.discover(provider.base, provider.byOperator);
  if (authorizationEndpoint === '' || tokenEndpoint === '') throw unsupported('it signs in by ID tokens only');
  return { ...provider, authorizeEndpoint: authorizationEndpoint, tokenEndpoint };
}
