import { X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect as connectTls, createServer } from 'node:tls';
import { expect, test } from 'vitest';
import { selfSignedCertificate } from './self-signed.ts';

test('the certificate is for its names and addresses, and fits its key', () => {
  const pair = selfSignedCertificate(['db.example', '127.0.0.1', '2001:db8::1'], 10, new Date('2026-05-01'));
  const certificate = new X509Certificate(pair.certificate);
  expect(certificate.subject).toBe('CN=db.example');
  expect(certificate.checkHost('db.example')).toBe('db.example');
  expect(certificate.checkHost('other.example')).toBeUndefined();
  expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(certificate.checkIP('2001:db8::1')).toBe('2001:db8::1');
  expect(certificate.ca).toBe(true);
  expect(certificate.verify(certificate.publicKey)).toBe(true);
  expect(new Date(certificate.validTo).getUTCFullYear()).toBe(2036);
});

test('a client that trusts it connects with full verification, one that does not is kept from it', async () => {
  const { certificate, key } = selfSignedCertificate();
  const server = createServer({ cert: certificate, key }, (socket) => socket.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const attempt = (ca?: string) =>
    new Promise<string>((resolve) => {
      const socket = connectTls({ port, host: '127.0.0.1', ...(ca && { ca }) });
      socket.once('secureConnect', () => resolve('secure')).once('error', (error) => resolve(error.message));
      socket.on('data', () => {});
    });
  expect(await attempt(certificate)).toBe('secure');
  expect(await attempt()).toMatch(/self-signed certificate/);
  server.close();
});
