/** What is used of an identity provider's metadata. */
export interface IdpMetadata {
  readonly entityId: string;
  /** Where users are sent, by HTTP-Redirect. */
  readonly ssoUrl: string;
  /** Certificates it signs with, base64 of DER. */
  readonly certificates: readonly string[];
}

const saml = 'urn:oasis:names:tc:SAML:2.0:metadata';
const dsig = 'http://www.w3.org/2000/09/xmldsig#';
const redirect = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect';

/** Whether a text declares a document type: entities expand and reach outside, and SAML needs none. */
export const hasDoctype = (xml: string): boolean => /<!(doctype|entity)/i.test(xml);

/** Reads an identity provider's metadata (SAML 2.0 Metadata §2). @throws Error that says what is wrong with it */
export async function parseMetadata(xml: string): Promise<IdpMetadata> {
  if (xml.length > 1_048_576) throw new Error('it is larger than 1 MiB');
  if (hasDoctype(xml)) throw new Error('it declares a document type');
  const { DOMParser } = await import('@xmldom/xmldom');
  const faults: string[] = [];
  const fail = (message: string): void => void faults.push(message);
  const document = new DOMParser({
    errorHandler: { warning: () => {}, error: fail, fatalError: fail },
  }).parseFromString(xml, 'text/xml') as Document | undefined;
  if (faults.length > 0 || !document?.documentElement) throw new Error('it is no well-formed XML');
  const entities = all(document, saml, 'EntityDescriptor').filter(
    (one) => all(one, saml, 'IDPSSODescriptor').length > 0,
  );
  const [entity] = entities;
  if (!entity || entities.length > 1) throw new Error('it has to describe one identity provider');
  const [idp] = all(entity, saml, 'IDPSSODescriptor') as [Element];
  const entityId = entity.getAttribute('entityID') ?? '';
  if (entityId === '' || entityId.length > 1_024) throw new Error('it has no entityID');
  const service = all(idp, saml, 'SingleSignOnService').find((one) => one.getAttribute('Binding') === redirect);
  const ssoUrl = service?.getAttribute('Location') ?? '';
  if (!/^https?:\/\/[^\s\\]+$/.test(ssoUrl) || !URL.canParse(ssoUrl))
    throw new Error('it has no single sign-on service for HTTP-Redirect');
  const certificates = all(idp, saml, 'KeyDescriptor')
    .filter((one) => one.getAttribute('use') !== 'encryption')
    .flatMap((one) => all(one, dsig, 'X509Certificate'))
    .map((one) => (one.textContent ?? '').replace(/\s/g, ''))
    .filter((text) => /^[A-Za-z0-9+/]+=*$/.test(text));
  if (certificates.length === 0) throw new Error('it has no certificate for signatures');
  return { entityId, ssoUrl, certificates };
}

const all = (node: Document | Element, namespace: string, name: string): Element[] =>
  Array.from(node.getElementsByTagNameNS(namespace, name));

const escapeXml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** The service provider's own metadata. @param certificates base64 of DER, the present key's first */
export function serviceMetadata(
  entityId: string,
  acsUrl: string,
  certificates: readonly string[],
  encryption: boolean,
): string {
  const key = (use: string) => (certificate: string) =>
    `<KeyDescriptor use="${use}"><KeyInfo xmlns="${dsig}"><X509Data><X509Certificate>${certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`;
  const formats = ['2.0:nameid-format:persistent', '1.1:nameid-format:emailAddress'].map(
    (format) => `<NameIDFormat>urn:oasis:names:tc:SAML:${format}</NameIDFormat>`,
  );
  return [
    '<?xml version="1.0" encoding="UTF-8"?>\n',
    `<EntityDescriptor xmlns="${saml}" entityID="${escapeXml(entityId)}">`,
    `<SPSSODescriptor AuthnRequestsSigned="true" WantAssertionsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">`,
    ...certificates.map(key('signing')),
    ...(encryption ? certificates.slice(0, 1).map(key('encryption')) : []),
    ...formats,
    `<AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${escapeXml(acsUrl)}" index="1" isDefault="true"/>`,
    '</SPSSODescriptor></EntityDescriptor>',
  ].join('');
}
