import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedirectPolicy } from './redirect.ts';

const policy = createRedirectPolicy('https://example.com', [
  'http://localhost:8000/*',
  'http://*.localhost:8000/*',
  'http://*:12345/*',
  'http://**:12345/*',
  'com.app://**',
  'exp://**',
]);

describe('redirect addresses', () => {
  it.each([
    'http://localhost:8000/path',
    'http://localhost:8000/path?param=1',
    'http://127.0.0.1:12345/path',
    'http://[0:0:0:0:0:0:0:1]:12345/path',
    'http://[::1]:12345/path',
    'https://example.com/dashboard',
    'https://example.com:443/dashboard',
    'https://example.com',
    'http://bob.localhost:8000/path#fragment/with.separators',
    'com.app://callback',
    'com.app://callback/deep/link.html?x=1',
    'exp://localhost:19000/--/auth',
  ])('%s is allowed', (candidate) => {
    expect(policy.isAllowed(candidate)).toBe(true);
  });

  it.each([
    '',
    'http://localhost:8000',
    'http://localhost:8000/path/to/page',
    'http://localhost:3000',
    'http://123?.localhost:8000/path',
    'http://123.123.123.123?localhost:8000/path',
    'http://2001:db8:3333:4444:5555:6666:7777:8888:12345/path',
    'http://[2001:db8:3333:4444:5555:6666:7777:8888]:12345/path',
    'http://2130706433:12345/path',
    'http://0x7f000001:12345/path',
    'http://0177.0.0.1:12345/path',
    'http://169.254.169.254:12345/path',
    'http://example.com/dashboard',
    'https://example.com:8443/dashboard',
    'https://example.com.evil.test/dashboard',
    'https://evil.test/https://example.com',
    'https://example.com@evil.test/',
    'https://user@example.com/dashboard',
    'https:\\\\example.com/dashboard',
    'https://example.com\\@evil.test/',
    'https:example.com',
    '//example.com/dashboard',
    '/dashboard',
    'javascript:alert(1)',
    'data:text/html,x',
    ' https://example.com/dashboard',
    'https://exa\tmple.com/dashboard',
    'https://example.com/dash\nboard',
    'https://ex\u00e4mple.com/dashboard',
    'https://example\u3002com/dashboard',
    'https://example.com:443abc/',
    'http://a_b.localhost:8000/path',
    `https://example.com/${'a'.repeat(9_000)}`,
  ])('%s is not', (candidate) => {
    expect(policy.isAllowed(candidate)).toBe(false);
  });

  it('leaves the port out of account on this machine', () => {
    const local = createRedirectPolicy('http://localhost:3000', []);
    expect(local.isAllowed('http://localhost:5173/x')).toBe(true);
    expect(local.isAllowed('https://localhost:3000/x')).toBe(false);
    expect(local.isAllowed('http://127.0.0.1:3000/x')).toBe(false);
  });

  it('takes the first allowed candidate, else the site', () => {
    expect(policy.choose([undefined, 'https://evil.test', 'com.app://a', 'https://example.com/b'])).toBe('com.app://a');
    expect(policy.choose(['https://evil.test', undefined])).toBe('https://example.com');
  });

  it('names the pattern that cannot be read', () => {
    expect(() => createRedirectPolicy('https://example.com', ['https://[a'])).toThrow('https://[a');
  });

  it('never lets a browser end up on another host', () => {
    const hosts = fc.constantFrom('example.com', 'evil.test', 'example.com.evil.test', '127.0.0.1', '');
    const glue = fc.constantFrom(
      '/',
      '\\',
      '@',
      ':',
      '?',
      '#',
      '.',
      '%2e',
      '%00',
      '\t',
      ' ',
      '//',
      ';',
      ':443',
      '\u2028',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(hosts, glue, fc.string({ maxLength: 3 })), { maxLength: 8 }), (parts) => {
        const candidate = `https://${parts.join('')}`;
        if (policy.isAllowed(candidate)) expect(new URL(candidate).host).toBe('example.com');
      }),
      { numRuns: 2_000 },
    );
  });
});
