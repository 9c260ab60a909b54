import { StartupError } from '#kernel/errors';
import { authError } from '../../errors.ts';
import type { AuthSettings } from '../../settings.ts';
import { serviceUrl } from '../external-url.ts';
import type { SamlAssertion } from './assertion.ts';
import { readSamlKey, type SamlKey } from './certificate.ts';
import { type IdpMetadata, serviceMetadata } from './metadata.ts';

/** The service provider, as identity providers know it. */
export interface SamlParty {
  readonly entityId: string;
  readonly acsUrl: string;
  /** PEM of the key that signs requests. */
  readonly signingKey: string;
  /** PEM of the key that opens encrypted assertions; undefined where they are not taken. */
  readonly decryptionKey: string | undefined;
}

/** The protocol, as `wire/saml.ts` speaks it. */
export interface SamlProtocol {
  requestUrl(
    party: SamlParty,
    idp: IdpMetadata,
    requestId: string,
    relayState: string,
    nameIdFormat: string | null,
  ): Promise<string>;
  claimedIssuer(response: string): Promise<string>;
  readResponse(party: SamlParty, idp: IdpMetadata, response: string): Promise<SamlAssertion>;
}

/** Single sign-on by SAML 2.0, where it is on. */
export interface Saml {
  readonly protocol: SamlProtocol;
  party(): SamlParty;
  /** The metadata that identity providers are given. */
  metadata(): string;
}

/**
 * Sets single sign-on up; undefined where it is off.
 *
 * @param base external URL, asked for each time
 * @throws StartupError naming the key that cannot be used
 */
export function createSaml(settings: AuthSettings, protocol: SamlProtocol, base: () => string): Saml | undefined {
  if (!settings.samlEnabled) return undefined;
  const key = readKey(settings.samlPrivateKey, 'GOTRUE_SAML_PRIVATE_KEY');
  const next =
    settings.samlPrivateKeyNext === undefined
      ? undefined
      : readKey(settings.samlPrivateKeyNext, 'GOTRUE_SAML_PRIVATE_KEY_NEXT');
  const address = (path: string): string => `${serviceUrl(settings.samlExternalUrl ?? base())}/sso/saml/${path}`;
  const party = (): SamlParty => ({
    entityId: address('metadata'),
    acsUrl: address('acs'),
    signingKey: key.pem,
    decryptionKey: settings.samlEncrypted ? key.pem : undefined,
  });
  return {
    protocol,
    party,
    metadata() {
      const { entityId, acsUrl } = party();
      const certificates = [key, ...(next ? [next] : [])].map(({ certificate }) => certificate);
      return serviceMetadata(entityId, acsUrl, certificates, settings.samlEncrypted);
    },
  };
}

function readKey(text: string | undefined, setting: string): SamlKey {
  if (text === undefined) throw new StartupError('SAML needs a private key', setting);
  try {
    return readSamlKey(text, 'SAML 2.0 service provider');
  } catch (error) {
    throw new StartupError(`the key cannot be used: ${(error as Error).message}`, setting);
  }
}

/** @throws saml_provider_disabled */
export function samlOf(context: { readonly saml: Saml | undefined }): Saml {
  if (!context.saml) throw authError('saml_provider_disabled');
  return context.saml;
}
