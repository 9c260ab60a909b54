import { generateKeyPairSync } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { SignedXml } from 'xml-crypto';
import { encrypt } from 'xml-encryption';
import { readSamlKey } from '../core/sso/certificate.ts';

/** An RSA key as operators give it to the room: base64 of PKCS #1 DER. */
export const newSamlKey = (modulusLength = 2_048): string =>
  generateKeyPairSync('rsa', { modulusLength }).privateKey.export({ format: 'der', type: 'pkcs1' }).toString('base64');

/** What an answer says; what is left out has a fitting value. */
export interface AnswerOptions {
  readonly acs: string;
  readonly audience: string;
  readonly inResponseTo?: string;
  readonly nameId?: string;
  readonly nameIdFormat?: string;
  readonly attributes?: Readonly<Record<string, readonly string[]>>;
  readonly issuer?: string;
  readonly recipient?: string;
  /** Milliseconds from now until it ends. */
  readonly life?: number;
  readonly sessionEnd?: string;
  readonly id?: string;
  /** Changes the XML before it is signed. */
  readonly before?: (xml: string) => string;
}

/** An identity provider that signs for real. */
export interface SamlIdp {
  readonly entityId: string;
  readonly metadata: string;
  /** An answer, signed; base64. */
  answer(options: AnswerOptions): string;
  /** Signs the assertion in an XML. */
  sign(xml: string): string;
  /** An answer whose assertion only the holder of a certificate can read. */
  encryptedAnswer(options: AnswerOptions, certificate: string): Promise<string>;
}

/** The XML of a request in an address, with its ID. */
export function requestIn(url: string): { readonly id: string; readonly xml: string; readonly relayState: string } {
  const query = new URL(url).searchParams;
  const xml = inflateRawSync(Buffer.from(query.get('SAMLRequest') ?? '', 'base64')).toString();
  return { xml, id: / ID="([^"]+)"/.exec(xml)?.[1] ?? '', relayState: query.get('RelayState') ?? '' };
}

/** Certificate (base64) with the lines of PEM around it. */
export const pemOf = (certificate: string): string =>
  `-----BEGIN CERTIFICATE-----\n${certificate.replace(/(.{64})/g, '$1\n')}\n-----END CERTIFICATE-----\n`;

const names = 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"';

/** Creates an identity provider. */
export function createSamlIdp(entityId: string): SamlIdp {
  const key = readSamlKey(newSamlKey(), 'idp');
  let serial = 0;

  function compose(options: AnswerOptions): string {
    const { acs, audience, inResponseTo, nameId = 'person-1', life = 300_000, issuer = entityId } = options;
    const { nameIdFormat = 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', recipient = acs } = options;
    const attributes = options.attributes ?? { email: ['person@corp.test'] };
    const at = (shift: number): string => new Date(Date.now() + shift).toISOString();
    const answers = inResponseTo === undefined ? '' : ` InResponseTo="${inResponseTo}"`;
    const statement = Object.entries(attributes).map(
      ([name, values]) =>
        `<saml:Attribute Name="${name}">${values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('')}</saml:Attribute>`,
    );
    const session = options.sessionEnd === undefined ? '' : ` SessionNotOnOrAfter="${options.sessionEnd}"`;
    return (
      `<samlp:Response ${names} ID="r${++serial}" Version="2.0" IssueInstant="${at(0)}" Destination="${acs}"${answers}>` +
      `<saml:Issuer>${issuer}</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
      `<saml:Assertion ${names} ID="${options.id ?? `a${serial}`}" Version="2.0" IssueInstant="${at(0)}"><saml:Issuer>${issuer}</saml:Issuer>` +
      `<saml:Subject><saml:NameID Format="${nameIdFormat}">${nameId}</saml:NameID>` +
      `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="${at(life)}" Recipient="${recipient}"${answers}/></saml:SubjectConfirmation></saml:Subject>` +
      `<saml:Conditions NotBefore="${at(-300_000)}" NotOnOrAfter="${at(life)}"><saml:AudienceRestriction><saml:Audience>${audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
      `<saml:AuthnStatement AuthnInstant="${at(0)}"${session}><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>` +
      `<saml:AttributeStatement>${statement.join('')}</saml:AttributeStatement></saml:Assertion></samlp:Response>`
    );
  }

  function sign(xml: string): string {
    const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
    const signed = new SignedXml({
      privateKey: key.pem,
      signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
      canonicalizationAlgorithm: exclusive,
    });
    const assertion = "//*[local-name(.)='Assertion']";
    signed.addReference({
      xpath: assertion,
      digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
      transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', exclusive],
    });
    signed.computeSignature(xml, {
      location: { reference: `${assertion}/*[local-name(.)='Issuer']`, action: 'after' },
    });
    return signed.getSignedXml();
  }

  const signedXml = (options: AnswerOptions): string => sign((options.before ?? ((xml) => xml))(compose(options)));
  return {
    entityId,
    metadata:
      `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="${entityId}"><IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
      `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${key.certificate}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>` +
      `<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${entityId}/post"/>` +
      `<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${entityId}/sso"/></IDPSSODescriptor></EntityDescriptor>`,
    answer: (options) => Buffer.from(signedXml(options)).toString('base64'),
    sign,
    async encryptedAnswer(options, certificate) {
      const xml = signedXml(options);
      const assertion = /<saml:Assertion .*<\/saml:Assertion>/s.exec(xml)?.[0] ?? '';
      const sealed = await new Promise<string>((resolve, reject) =>
        encrypt(
          assertion,
          {
            rsa_pub: pemOf(certificate),
            pem: pemOf(certificate),
            encryptionAlgorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
            keyEncryptionAlgorithm: 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p',
          } as never,
          (error, result) => (error ? reject(error) : resolve(String(result))),
        ),
      );
      const wrapped = `<saml:EncryptedAssertion>${sealed}</saml:EncryptedAssertion>`;
      return Buffer.from(xml.replace(assertion, () => wrapped)).toString('base64');
    },
  };
}
