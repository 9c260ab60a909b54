import { createHash, createPrivateKey, createPublicKey, createSign, type KeyObject } from 'node:crypto';

/** The service provider's key with the certificate that identity providers get. */
export interface SamlKey {
  readonly privateKey: KeyObject;
  /** PKCS #8, PEM. */
  readonly pem: string;
  /** Base64 of DER, without line breaks. */
  readonly certificate: string;
}

/**
 * Reads a key and makes its certificate. It says nothing but the key and is signed by it; of one key the same one comes
 * out each time, on every node.
 *
 * @param text base64 of PKCS #1 DER
 * @param name common name
 * @throws Error that says what is wrong with the key
 */
export function readSamlKey(text: string, name: string): SamlKey {
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: Buffer.from(text, 'base64'), format: 'der', type: 'pkcs1' });
  } catch {
    throw new Error('it is not the base64 of an RSA key in PKCS #1 DER');
  }
  const { modulusLength = 0, publicExponent } = privateKey.asymmetricKeyDetails ?? {};
  if (modulusLength < 2_048) throw new Error('it has less than 2048 bits');
  if (publicExponent !== 65_537n) throw new Error('its public exponent is not 65537');
  return {
    privateKey,
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    certificate: selfSigned(privateKey, name).toString('base64'),
  };
}

// X.690 (DER): tag, length, content.
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 128) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const hex = content.length.toString(16);
  const length = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);

// sha256WithRSAEncryption, with its NULL parameters.
const algorithm = sequence(der(0x06, Buffer.from('2a864886f70d01010b', 'hex')), der(0x05));
const commonName = der(0x06, Buffer.from('550403', 'hex'));

// RFC 5280 §4.1. The dates are fixed: what ends a key is its being replaced.
function selfSigned(privateKey: KeyObject, name: string): Buffer {
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const serial = createHash('sha256').update(publicKey).digest().subarray(0, 16);
  serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
  const subject = sequence(der(0x31, sequence(commonName, der(0x0c, Buffer.from(name.slice(0, 64))))));
  const validity = sequence(der(0x17, Buffer.from('240101000000Z')), der(0x18, Buffer.from('21240101000000Z')));
  const version = der(0xa0, der(0x02, Buffer.from([2])));
  const body = sequence(version, der(0x02, serial), algorithm, subject, validity, subject, publicKey);
  return sequence(body, algorithm, bits(createSign('sha256').update(body).sign(privateKey)));
}
