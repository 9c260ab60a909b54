import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deriveKey, readEncryptedConnection } from './connection.ts';

const fallback = { host: 'db', port: 5432, database: 'postgres', user: 'postgres', sslMode: 'prefer' } as const;

/** What CryptoJS's `AES.encrypt(text, passphrase).toString()` makes. */
function encrypt(text: string, passphrase: string): string {
  const salt = Buffer.from('0123456789abcdef', 'hex');
  const { key, iv } = deriveKey(Buffer.from(passphrase), salt);
  const cipher = createCipheriv('aes-256-cbc', key, iv);
  return Buffer.concat([Buffer.from('Salted__'), salt, cipher.update(text, 'utf8'), cipher.final()]).toString('base64');
}

const read = (text: string) => readEncryptedConnection(encrypt(text, 'key'), 'key', fallback);

it('derives key and IV as OpenSSL does', () => {
  // openssl enc -aes-256-cbc -md md5 -P -k key -S 0123456789abcdef
  const { key, iv } = deriveKey(Buffer.from('key'), Buffer.from('0123456789abcdef', 'hex'));
  expect(key.toString('hex')).toBe('0ad7594592c89498395efdb4925d2a19df498787bfd81ec025e6cdba862dd392');
  expect(iv.toString('hex')).toBe('847c33b81d427f4a78a282136d3e73c6');
});

describe('the connection in the header', () => {
  it('is the URL', () =>
    expect(read(' postgres://u:p%40@host:6543/name ')).toMatchObject({
      host: 'host',
      port: 6543,
      database: 'name',
      user: 'u',
      password: 'p@',
      sslMode: 'prefer',
    }));

  it.each([
    ['disable', 'disable'],
    ['require', 'require'],
    ['prefer', 'require'],
    ['verify-full', 'verify-full'],
  ])('sslmode=%s', (mode, effective) =>
    expect(read(`postgres://u@h/d?sslmode=${mode}&sslrootcert=/etc/passwd`).sslMode).toBe(effective),
  );

  it.each(['', '   '])('blank: %j', (text) =>
    expect(() => read(text)).toThrow('failed to get upstream connection details'),
  );

  it('no URL', () => expect(() => read('mysql://x')).toThrow('failed to process upstream connection details'));

  it('another key', () =>
    expect(() => readEncryptedConnection(encrypt('postgres://u@h/d', 'other'), 'key', fallback)).toThrow(
      /failed to (get|process) upstream connection details/,
    ));

  it('whatever is sent, one of the two messages is the answer', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (header) => {
        expect(() => readEncryptedConnection(header, 'key', fallback)).toThrow(/failed to (get|process) upstream/);
      }),
    );
  });
});
