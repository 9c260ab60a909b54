import type { SamlConfig } from '@node-saml/node-saml';
import { at, listAt, textAt } from '../core/external/json.ts';
import type { SamlAssertion } from '../core/sso/assertion.ts';
import { hasDoctype, type IdpMetadata } from '../core/sso/metadata.ts';
import type { SamlParty, SamlProtocol } from '../core/sso/service.ts';

/** Milliseconds that clocks may differ. */
const skew = 60_000;

// The library is large and most installations do without it, so it is read when it is first used.
async function open(party: SamlParty, idp: IdpMetadata, more: Partial<SamlConfig> = {}) {
  const { SAML, ValidateInResponseTo } = await import('@node-saml/node-saml');
  return new SAML({
    issuer: party.entityId,
    callbackUrl: party.acsUrl,
    entryPoint: idp.ssoUrl,
    idpCert: [...idp.certificates],
    privateKey: party.signingKey,
    signatureAlgorithm: 'sha256',
    digestAlgorithm: 'sha256',
    audience: party.entityId,
    wantAssertionsSigned: true,
    wantAuthnResponseSigned: false,
    disableRequestedAuthnContext: true,
    acceptedClockSkewMs: skew,
    identifierFormat: null,
    // Answers are matched with requests by the caller, who knows them on every node.
    validateInResponseTo: ValidateInResponseTo.never,
    ...(party.decryptionKey !== undefined && { decryptionPvk: party.decryptionKey }),
    ...more,
  });
}

/** The address of an identity provider with a signed request (SAML 2.0 Bindings §3.4). */
async function requestUrl(
  party: SamlParty,
  idp: IdpMetadata,
  requestId: string,
  relayState: string,
  nameIdFormat: string | null,
): Promise<string> {
  const saml = await open(party, idp, { generateUniqueId: () => requestId, identifierFormat: nameIdFormat });
  return saml.getAuthorizeUrlAsync(relayState, undefined, {});
}

/** Who claims to have sent an answer; only good for finding whose keys to check it with. Empty when unreadable. */
async function claimedIssuer(response: string): Promise<string> {
  const xml = Buffer.from(response, 'base64').toString('utf8');
  if (hasDoctype(xml)) return '';
  const { DOMParser } = await import('@xmldom/xmldom');
  const quiet = { warning: () => {}, error: () => {}, fatalError: () => {} };
  try {
    const document = new DOMParser({ errorHandler: quiet }).parseFromString(xml, 'text/xml');
    const [issuer] = Array.from(document.getElementsByTagNameNS('urn:oasis:names:tc:SAML:2.0:assertion', 'Issuer'));
    return issuer?.textContent?.trim() ?? '';
  } catch {
    return '';
  }
}

/**
 * Checks an answer's signature, audience and times, and reads its assertion from what was signed.
 *
 * @param response base64 of the XML
 * @throws Error that says why it is refused
 */
async function readResponse(party: SamlParty, idp: IdpMetadata, response: string): Promise<SamlAssertion> {
  if (hasDoctype(Buffer.from(response, 'base64').toString('utf8'))) throw new Error('it declares a document type');
  const saml = await open(party, idp);
  const { profile } = await saml.validatePostResponseAsync({ SAMLResponse: response });
  if (!profile?.getAssertion) throw new Error('it has no assertion');
  const assertion = at(profile.getAssertion(), 'Assertion');
  const attributes = new Map<string, readonly string[]>();
  for (const statement of listAt(assertion, 'AttributeStatement'))
    for (const attribute of listAt(statement, 'Attribute')) {
      const values = listAt(attribute, 'AttributeValue')
        .map((value) => (typeof value === 'string' ? value : textAt(value, '_')))
        .filter((value) => value !== '');
      for (const name of [textAt(attribute, '$.FriendlyName'), textAt(attribute, '$.Name')])
        if (name !== '') attributes.set(name, values);
    }
  const confirmations = listAt(assertion, 'Subject.0.SubjectConfirmation')
    .filter((one) => textAt(one, '$.Method') === 'urn:oasis:names:tc:SAML:2.0:cm:bearer')
    .map((one) => ({
      inResponseTo: textAt(one, 'SubjectConfirmationData.0.$.InResponseTo'),
      recipient: textAt(one, 'SubjectConfirmationData.0.$.Recipient'),
      notOnOrAfter: textAt(one, 'SubjectConfirmationData.0.$.NotOnOrAfter'),
    }));
  return {
    id: textAt(assertion, '$.ID'),
    issuer: profile.issuer,
    nameId: profile.nameID ?? '',
    nameIdFormat: profile.nameIDFormat ?? '',
    attributes,
    confirmations,
    sessionEnd: textAt(assertion, 'AuthnStatement.0.$.SessionNotOnOrAfter'),
  };
}

/** SAML 2.0 by the library. */
export const samlProtocol: SamlProtocol = { requestUrl, claimedIssuer, readResponse };
