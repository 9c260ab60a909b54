import type { Json } from './json.ts';
import type { Profile } from './profile.ts';

/** What a provider's token endpoint answered (RFC 6749 §5.1). */
export interface ProviderTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken: string;
  /** The whole answer. */
  readonly raw: Json;
}

/** What a profile is read from. */
export interface ProfileSource {
  readonly tokens: ProviderTokens;
  readonly provider: ExternalProvider;
  /** A JSON answer of the provider, asked for with the access token. @param path below the API, or a whole URL */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Json>;
  /** The claims of the ID token, verified. @param accepts whether an issuer is the provider's */
  idToken(accepts: (issuer: string) => boolean, keysOf?: string): Promise<Readonly<Record<string, unknown>>>;
}

/** A provider that somebody can sign in with, as this installation has it configured. */
export interface ExternalProvider {
  readonly name: string;
  readonly clientIds: readonly string[];
  readonly secret: string;
  readonly redirectUri: string;
  /** Where browsers are sent. */
  readonly authorizeEndpoint: string;
  readonly tokenEndpoint: string;
  /** Base of the API. */
  readonly api: string;
  /** Base of pages, as configured. */
  readonly base: string;
  readonly scopes: readonly string[];
  readonly clientAuth: 'basic' | 'body';
  /** Proof of possession towards the provider (RFC 7636). */
  readonly pkce: boolean;
  readonly oauth1: boolean;
  /** Parameters that are always sent along to the authorization endpoint. */
  readonly extra: Readonly<Record<string, string>>;
  readonly emailOptional: boolean;
  readonly skipNonce: boolean;
  /** Its addresses stand in the settings, not in a table that administrators fill over the network. */
  readonly byOperator: boolean;
  readonly profile: (source: ProfileSource) => Promise<Profile>;
}
