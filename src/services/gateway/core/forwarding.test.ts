import { describe, expect, it } from 'vitest';
import { clientAddress, createProxyTrust } from './forwarding.ts';

describe('createProxyTrust', () => {
  it('trusts nobody by default', () => expect(createProxyTrust([])('127.0.0.1')).toBe(false));
  it('knows addresses and ranges of both families, mapped ones included', () => {
    const trusts = createProxyTrust(['10.0.0.0/8', '::1', '192.168.1.7']);
    expect(['10.1.2.3', '::ffff:10.1.2.3', '::1', '192.168.1.7'].map(trusts)).toEqual([true, true, true, true]);
    expect(['11.0.0.1', '192.168.1.8', 'nonsense', ''].map(trusts)).toEqual([false, false, false, false]);
  });
  it('names what it cannot read', () => expect(() => createProxyTrust(['proxy.local'])).toThrow('proxy.local'));
});

describe('clientAddress', () => {
  const trusts = createProxyTrust(['10.0.0.0/8']);
  it.each([
    ['an untrusted peer is the client', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['a trusted peer names the client', '10.0.0.1', '198.51.100.1', '198.51.100.1'],
    [
      'invented hops before the first untrusted one do not count',
      '10.0.0.1',
      '1.2.3.4, 198.51.100.1, 10.0.0.2',
      '198.51.100.1',
    ],
    ['nonsense falls back to the peer', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['no chain', '10.0.0.1', undefined, '10.0.0.1'],
  ])('%s', (_name, peer, chain, expected) => expect(clientAddress(peer, chain, trusts)).toBe(expected));
});
