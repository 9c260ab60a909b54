import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertMayWriteTo, normaliseEmail, normalisePhone } from './addresses.ts';
import { parseGoDuration } from './duration.ts';
import { actionLink, externalUrl, joinExternal, serviceUrl } from './external-url.ts';
import { isAfter, millisecondsOf, wireTime } from './instant.ts';

describe('instants', () => {
  it.each([
    ['2024-01-31T12:00:00.123456+00:00', '2024-01-31T12:00:00.123456Z'],
    ['2024-01-31T12:00:00.12', '2024-01-31T12:00:00.12Z'],
    ['2024-01-31T12:00:00+02:00', '2024-01-31T10:00:00Z'],
    ['2024-01-01T00:30:00.000001+05:30', '2023-12-31T19:00:00.000001Z'],
    ['2023-12-31T23:30:00-01', '2024-01-01T00:30:00Z'],
    ['infinity', 'infinity'],
  ])('%s is %s on the wire', (instant, wire) => {
    expect(wireTime(instant)).toBe(wire);
  });

  it('keeps the moment whatever zone the server writes', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }),
        fc.integer({ min: -12, max: 14 }),
        (date, hours) => {
          const shifted = new Date(date.getTime() + hours * 3_600_000).toISOString().slice(0, 23);
          const zone = `${hours < 0 ? '-' : '+'}${String(Math.abs(hours)).padStart(2, '0')}:00`;
          expect(millisecondsOf(shifted + zone)).toBe(date.getTime());
        },
      ),
    );
  });

  it('compares with the clock', () => {
    expect(isAfter('infinity', Date.now())).toBe(true);
    expect(isAfter('2000-01-01T00:00:00Z', Date.now())).toBe(false);
    expect(isAfter(null, 0)).toBe(false);
  });
});

describe('durations', () => {
  it.each([
    ['24h', 86_400_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
    ['.5s', 500],
    ['-10m', -600_000],
    ['0', 0],
    ['100us', 0.1],
    ['', undefined],
    ['24', undefined],
    ['1d', undefined],
    ['none', undefined],
    ['9999999999h', undefined],
  ])('%s is %s ms', (text, expected) => {
    expect(parseGoDuration(text)).toBe(expected);
  });
});

describe('addresses', () => {
  it('lower-cases emails and refuses what is none', () => {
    expect(normaliseEmail('Some.One+tag@Example.COM')).toBe('some.one+tag@example.com');
    for (const bad of ['a', 'a@', '@b', 'a b@c.d', 'a@b\r\nBcc: c@d', '"a"@b.c', 'a@-b.c', ' a@b.c'])
      expect(() => normaliseEmail(bad)).toThrow(/^Unable to validate email address.*invalid format$/);
    expect(() => normaliseEmail('')).toThrow('required');
    expect(() => normaliseEmail(`${'a'.repeat(251)}@b.cd`)).toThrow('too long');
  });

  it('strips phone numbers to digits', () => {
    expect(normalisePhone('+49 151 234567')).toBe('49151234567');
    for (const bad of ['', '0123', '1', '++491', '49-151', '1234567890123456'])
      expect(() => normalisePhone(bad)).toThrow('Invalid phone number format (E.164 required)');
  });

  it('writes to listed addresses only, labels aside', () => {
    expect(() => assertMayWriteTo('a+x@b.c', ['A@b.c'])).not.toThrow();
    expect(() => assertMayWriteTo('d@b.c', ['a@b.c'])).toThrow('not authorized');
    expect(() => assertMayWriteTo('d@b.c', [])).not.toThrow();
  });
});

describe('external address', () => {
  const options = { base: 'https://api.example.com', hosts: ['auth.example.org', 'localhost', 'localhost:9999'] };

  it.each([
    [undefined, 'api.internal', 'https', 'https://api.example.com'],
    ['evil.test', 'auth.example.org', 'https', 'https://api.example.com'],
    ['auth.example.org', 'x', 'http', 'https://auth.example.org'],
    [undefined, 'auth.example.org', undefined, 'https://auth.example.org'],
    ['localhost:9999', 'x', 'http', 'http://localhost:9999'],
    ['localhost', 'x', 'https', 'https://localhost'],
    ['auth.example.org.evil.test', 'x', 'https', 'https://api.example.com'],
  ])('forwarded %s, host %s, %s gives %s', (forwarded, host, protocol, expected) => {
    expect(externalUrl(options, forwarded, host, protocol)).toBe(expected);
  });

  it.each([
    ['http://localhost:8000', '/auth/v1/verify', 'http://localhost:8000/auth/v1/verify'],
    ['https://x.test/auth/v1', '/auth/v1/verify', 'https://x.test/auth/v1/verify'],
    ['https://x.test/auth/v1', '/verify', 'https://x.test/auth/v1/verify'],
    ['http://localhost:9999', '/verify', 'http://localhost:9999/verify'],
    ['https://x.test/base/', 'verify', 'https://x.test/base/verify'],
  ])('%s and %s make %s', (base, path, expected) => {
    expect(joinExternal(base, path)).toBe(expected);
  });

  it('knows what clients call the service', () => {
    expect(serviceUrl('http://localhost:8000')).toBe('http://localhost:8000/auth/v1');
    expect(serviceUrl('https://x.test/auth/v1')).toBe('https://x.test/auth/v1');
  });

  it('encodes the target of a link only where it must', () => {
    const link = (target: string) => actionLink('http://h', '/v', 'abc', 'signup', target);
    expect(link('http://a.test/b')).toBe('http://h/v?token=abc&type=signup&redirect_to=http://a.test/b');
    expect(link('http://a.test/b?c=d&e')).toContain('&redirect_to=http%3A%2F%2Fa.test%2Fb%3Fc%3Dd%26e');
  });
});
