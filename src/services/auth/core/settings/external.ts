import { boolean, duration, integer, list, oneOf, string, url } from '#kernel/config';
import { family } from './family.ts';

/** Social providers, as they stand in setting names and in `/authorize?provider=`. */
export const externalProviders = [
  'apple',
  'azure',
  'bitbucket',
  'discord',
  'facebook',
  'figma',
  'fly',
  'github',
  'gitlab',
  'google',
  'kakao',
  'keycloak',
  'linkedin',
  'linkedin_oidc',
  'notion',
  'slack',
  'slack_oidc',
  'snapchat',
  'spotify',
  'twitch',
  'twitter',
  'vercel_marketplace',
  'workos',
  'x',
  'zoom',
] as const;

/** One of the social providers. */
export type ExternalProviderName = (typeof externalProviders)[number];

// The compose file has lines of its own for these.
const standardProviders: readonly string[] = ['google', 'github', 'azure'];
const standardKeys: readonly string[] = ['ENABLED', 'CLIENT_ID', 'SECRET'];

function names(provider: string, key: string): { readonly name: string; readonly original?: readonly string[] } {
  const original = `GOTRUE_EXTERNAL_${provider.toUpperCase()}_${key}`;
  if (!standardProviders.includes(provider) || !standardKeys.includes(key)) return { name: original };
  return { name: `${provider.toUpperCase()}_${key}`, original: [original] };
}

/** Settings of sign-in with providers. */
export const externalSettings = {
  bindSignIns: oneOf({
    name: 'STACK_AUTH_BIND_SIGN_INS',
    values: ['browsers', 'all', 'off'],
    default: 'browsers',
    help: 'Sign-ins with a provider, also by single sign-on, that end only where they began if they end in tokens or add an identity: those that a browser begins; all, which refuses those that begin elsewhere; none.',
  }),
  ...family('external_', externalProviders, (provider) =>
    boolean({ ...names(provider, 'ENABLED'), default: false, help: `Sign-in with ${provider}.` }),
  ),
  ...family('externalClientIds_', externalProviders, (provider) =>
    list({
      ...names(provider, 'CLIENT_ID'),
      default: [],
      help: `Client ids at ${provider}; the first is used for sign-in, tokens may be for any.`,
    }),
  ),
  ...family('externalSecret_', externalProviders, (provider) =>
    string({ ...names(provider, 'SECRET'), secret: true, help: `Client secret at ${provider}.` }),
  ),
  ...family('externalRedirectUri_', externalProviders, (provider) =>
    url({
      ...names(provider, 'REDIRECT_URI'),
      protocols: ['http', 'https'],
      help: `Callback that ${provider} is told; default is /callback below the external URL.`,
    }),
  ),
  ...family('externalUrl_', externalProviders, (provider) =>
    url({
      ...names(provider, 'URL'),
      protocols: ['http', 'https'],
      help: `Base URL of ${provider}, where it is not the public one.`,
    }),
  ),
  ...family('externalApiUrl_', externalProviders, (provider) =>
    url({
      ...names(provider, 'API_URL'),
      protocols: ['http', 'https'],
      help: `Base URL of the API of ${provider}, where it differs from the base URL.`,
    }),
  ),
  ...family('externalEmailOptional_', externalProviders, (provider) =>
    boolean({
      ...names(provider, 'EMAIL_OPTIONAL'),
      default: false,
      help: `Let people without an email at ${provider} in.`,
    }),
  ),
  ...family('externalSkipNonce_', externalProviders, (provider) =>
    boolean({
      ...names(provider, 'SKIP_NONCE_CHECK'),
      default: false,
      help: `Take ID tokens of ${provider} without looking at their nonce.`,
    }),
  ),
  externalRedirectUrl: url({
    name: 'GOTRUE_EXTERNAL_REDIRECTURL',
    original: ['GOTRUE_EXTERNAL_REDIRECT_URL'],
    help: 'Where everybody goes who comes back from a provider, whatever address the sign-in was begun with.',
  }),
  ownDomainProviders: list({
    name: 'GOTRUE_EXPERIMENTAL_PROVIDERS_WITH_OWN_LINKING_DOMAIN',
    default: [],
    help: 'Providers whose people never get into accounts of other providers by their address.',
  }),
  providerDomains: list({
    name: 'GOTRUE_EXPERIMENTAL_PROVIDER_LINKING_DOMAINS',
    default: [],
    item: [/^[^\s:=][^\s=]*[:=][\w.-]+$/, 'must be provider=domain, several divided by commas'],
    help: 'Linking domains of providers, as provider=domain; accounts are joined by addresses within a domain only.',
  }),
  emailIdentityOnPassword: boolean({
    name: 'GOTRUE_EXPERIMENTAL_CREATE_EMAIL_IDENTITY_ON_PASSWORD_SET_ENABLED',
    default: false,
    help: 'Give users an identity of their address when they set a password and have none, as those from providers.',
  }),
  externalIosBundleId: string({
    name: 'GOTRUE_EXTERNAL_IOS_BUNDLE_ID',
    help: 'Another audience that ID tokens of Apple may have.',
  }),
  externalIdTokenIssuers: list({
    name: 'GOTRUE_EXTERNAL_ALLOWED_ID_TOKEN_ISSUERS',
    default: ['https://appleid.apple.com', 'https://accounts.google.com'],
    help: 'Issuers whose ID tokens are taken when a request names issuer and client id in place of a provider.',
  }),
  externalOidcCacheTtl: duration({
    name: 'GOTRUE_EXTERNAL_OIDC_PROVIDER_CACHE_TTL',
    default: 3_600_000,
    min: 1_000,
    help: 'Time that discovery documents and keys of providers are remembered.',
  }),
  externalTimeout: duration({
    name: 'STACK_AUTH_PROVIDER_TIMEOUT',
    original: ['GOTRUE_INTERNAL_HTTP_TIMEOUT'],
    default: 8_000,
    min: 100,
    help: 'Time one request to a provider may take.',
  }),
  customOauthEnabled: boolean({
    name: 'GOTRUE_CUSTOM_OAUTH_ENABLED',
    default: true,
    help: 'Providers that administrators add at run time.',
  }),
  customOauthMax: integer({
    name: 'GOTRUE_CUSTOM_OAUTH_MAX_PROVIDERS',
    default: 0,
    min: 0,
    help: 'Providers that administrators may add; 0 is no limit.',
  }),
  customOauthUrl: url({
    name: 'GOTRUE_CUSTOM_OAUTH_EXTERNAL_URL',
    protocols: ['http', 'https'],
    help: 'Base URL of the callback that added providers are told; default is the external URL.',
  }),
  web3Solana: boolean({
    name: 'GOTRUE_EXTERNAL_WEB3_SOLANA_ENABLED',
    default: false,
    help: 'Sign-in with a Solana wallet.',
  }),
  web3SolanaValidity: duration({
    name: 'GOTRUE_EXTERNAL_WEB3_SOLANA_MAXIMUM_VALIDITY_DURATION',
    default: 600_000,
    min: 1_000,
    help: 'Age of a signed Solana message at most.',
  }),
  web3Ethereum: boolean({
    name: 'GOTRUE_EXTERNAL_WEB3_ETHEREUM_ENABLED',
    default: false,
    help: 'Sign-in with an Ethereum wallet.',
  }),
  web3EthereumValidity: duration({
    name: 'GOTRUE_EXTERNAL_WEB3_ETHEREUM_MAXIMUM_VALIDITY_DURATION',
    default: 600_000,
    min: 1_000,
    help: 'Age of a signed Ethereum message at most.',
  }),
  samlEnabled: boolean({ name: 'GOTRUE_SAML_ENABLED', default: false, help: 'Single sign-on by SAML 2.0.' }),
  samlPrivateKey: string({
    name: 'GOTRUE_SAML_PRIVATE_KEY',
    secret: true,
    help: 'RSA key of the service provider: base64 of PKCS #1 DER, at least 2048 bits.',
  }),
  samlPrivateKeyNext: string({
    name: 'GOTRUE_SAML_PRIVATE_KEY_NEXT',
    secret: true,
    help: 'Key that is going to follow; its certificate is published already.',
  }),
  samlEncrypted: boolean({
    name: 'GOTRUE_SAML_ALLOW_ENCRYPTED_ASSERTIONS',
    default: false,
    help: 'Take encrypted assertions.',
  }),
  samlRelayState: duration({
    name: 'GOTRUE_SAML_RELAY_STATE_VALIDITY_PERIOD',
    default: 120_000,
    min: 1_000,
    help: 'Time in which an identity provider has to answer.',
  }),
  samlExternalUrl: url({
    name: 'GOTRUE_SAML_EXTERNAL_URL',
    protocols: ['http', 'https'],
    help: 'Base URL of SAML addresses; default is the external URL.',
  }),
  oauthServerEnabled: boolean({
    name: 'GOTRUE_OAUTH_SERVER_ENABLED',
    default: false,
    help: 'Let other applications sign users in by OAuth 2.1.',
  }),
  oauthServerRegistration: boolean({
    name: 'GOTRUE_OAUTH_SERVER_ALLOW_DYNAMIC_REGISTRATION',
    default: false,
    help: 'Let applications register themselves (RFC 7591).',
  }),
  oauthServerPath: string({
    name: 'GOTRUE_OAUTH_SERVER_AUTHORIZATION_PATH',
    default: '',
    help: 'Page of the site that asks for consent; authorization_id is added.',
  }),
  oauthServerTtl: duration({
    name: 'GOTRUE_OAUTH_SERVER_AUTHORIZATION_TTL',
    default: 600_000,
    min: 10_000,
    help: 'Time in which a user decides and the code is exchanged.',
  }),
  oauthServerScope: string({
    name: 'GOTRUE_OAUTH_SERVER_DEFAULT_SCOPE',
    default: 'email',
    help: 'Scope of requests that name none.',
  }),
};
