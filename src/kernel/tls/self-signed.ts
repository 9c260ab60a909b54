import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its key as PEM texts. */
export interface CertificatePair {
  readonly certificate: string;
  readonly key: string;
}

/**
 * Makes a certificate for names and addresses, signed by its own key (RFC 5280; P-256, SHA-256).
 *
 * @param names what it is for; the first one is its subject
 * @param years from the beginning of the year of `now` on
 */
export function selfSignedCertificate(
  names: readonly [string, ...string[]] = ['localhost', '127.0.0.1', '::1'],
  years = 100,
  now = new Date(),
): CertificatePair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = sequence(Buffer.from('06082a8648ce3d040302', 'hex'));
  // Name: one relative distinguished name with commonName (2.5.4.3).
  const name = sequence(tlv(0x31, sequence(Buffer.from('0603550403', 'hex'), tlv(0x0c, Buffer.from(names[0])))));
  const time = (year: number) => tlv(0x18, Buffer.from(`${year}0101000000Z`));
  const from = now.getUTCFullYear();
  const body = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    name,
    sequence(time(from), time(from + years)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(0xa3, sequence(subjectAlternativeNames(names), basicConstraints)),
  );
  const signature = sign('sha256', body, privateKey);
  const certificate = sequence(body, ecdsaWithSha256, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = certificate
    .toString('base64')
    .replace(/(.{64})/g, '$1\n')
    .trimEnd();
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

// Extensions (RFC 5280 §4.2): identifier, criticality where it is true, value.
function subjectAlternativeNames(names: readonly string[]): Buffer {
  const entries = names.map((name) => {
    const kind = isIP(name);
    return kind === 0 ? tlv(0x82, Buffer.from(name)) : tlv(0x87, kind === 4 ? ipv4(name) : ipv6(name));
  });
  return sequence(Buffer.from('0603551d11', 'hex'), tlv(0x04, sequence(...entries)));
}

/** It may stand in a list of trusted authorities, for itself alone. */
const basicConstraints: Buffer = sequence(
  Buffer.from('0603551d13', 'hex'),
  tlv(0x01, Buffer.from([0xff])),
  tlv(0x04, sequence(tlv(0x01, Buffer.from([0xff])))),
);

const ipv4 = (address: string): Buffer => Buffer.from(address.split('.').map(Number));

function ipv6(address: string): Buffer {
  const [left = '', right = ''] = address.split('::');
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const head = groups(left);
  const tail = groups(right);
  const zeros = address.includes('::') ? new Array<string>(8 - head.length - tail.length).fill('0') : [];
  const bytes = Buffer.alloc(16);
  for (const [index, group] of [...head, ...zeros, ...tail].entries())
    bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2);
  return bytes;
}

// DER (X.690 §8): tag, length, value.
function tlv(tag: number, value: Buffer): Buffer {
  const size = value.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), value]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}
