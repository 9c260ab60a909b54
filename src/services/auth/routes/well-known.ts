import type { KeySet } from '#kernel/jwt';
import type { AuthContext } from '../core/context.ts';
import { serviceUrl } from '../core/external-url.ts';
import type { Route } from './route.ts';

/** Headers of documents that may be kept for a while. */
export const discoveryHeaders = { 'cache-control': 'public, max-age=600' };

/** Public keys of the installation; empty while tokens are signed with the shared secret. */
export const jwksGet = (keys: KeySet): Route => ({
  method: 'GET',
  path: '/.well-known/jwks.json',
  head: true,
  access: 'public',
  handle: () => ({ body: { keys: keys.publicJwks }, headers: discoveryHeaders }),
});

/** Discovery document (OpenID Connect Discovery 1.0); served whether or not the OAuth server is on. */
export const openidConfigurationGet: Route = {
  method: 'GET',
  path: '/.well-known/openid-configuration',
  head: true,
  access: 'public',
  handle: ({ context }) => ({ body: discovery(context), headers: discoveryHeaders }),
};

/** What is published of the OAuth server. */
export function discovery({ settings, externalBase }: AuthContext): Readonly<Record<string, unknown>> {
  const issuer = settings.jwtIssuer ?? serviceUrl(externalBase());
  const base = issuer.replace(/\/+$/, '');
  return {
    issuer,
    authorization_endpoint: `${base}/oauth/authorize`,
    token_endpoint: `${base}/oauth/token`,
    jwks_uri: `${base}/.well-known/jwks.json`,
    userinfo_endpoint: `${base}/oauth/userinfo`,
    ...(settings.oauthServerEnabled &&
      settings.oauthServerRegistration && { registration_endpoint: `${base}/oauth/clients/register` }),
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'HS256', 'ES256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    code_challenge_methods_supported: ['S256', 'plain'],
    scopes_supported: ['openid', 'profile', 'email', 'phone', 'offline_access'],
  };
}
