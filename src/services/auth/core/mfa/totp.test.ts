import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase32, matchTotp, newTotpSecret, totpCode, totpStep, totpUri } from './totp.ts';

describe('codes of authenticator apps', () => {
  const key = Buffer.from('12345678901234567890');

  // RFC 6238, appendix B (SHA-1).
  it.each([
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ])('at %i are %s', (seconds, code) => {
    expect(totpCode(key, totpStep(seconds * 1_000), 8)).toBe(code);
    expect(totpCode(key, totpStep(seconds * 1_000))).toBe(code.slice(2));
  });

  it('have secrets of 160 bits in base32 that decode to what they were', () => {
    const seen = new Set(Array.from({ length: 50 }, newTotpSecret));
    expect(seen.size).toBe(50);
    for (const secret of seen) {
      expect(secret).toMatch(/^[A-Z2-7]{32}$/);
      expect(decodeBase32(secret)).toHaveLength(20);
    }
    expect(decodeBase32('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ').toString()).toBe('12345678901234567890');
    expect(decodeBase32('gezdgnbvgy======').toString()).toBe('123456');
    expect(() => decodeBase32('not base32!')).toThrow();
  });

  it('fit one step early and one step late, and never again', () => {
    const secret = newTotpSecret();
    fc.assert(
      fc.property(fc.integer({ min: 3, max: 100_000_000 }), fc.integer({ min: -3, max: 3 }), (step, offset) => {
        const key = decodeBase32(secret);
        const code = totpCode(key, step + offset);
        // Two steps may have one code by chance.
        const near = [step - 1, step, step + 1].filter((other) => totpCode(key, other) === code);
        const now = step * 30_000 + 15_000;
        const match = matchTotp(secret, code, -1, now);
        expect(match).toBe(near[0]);
        if (Math.abs(offset) <= 1) expect(near).toContain(step + offset);
        if (match !== undefined) expect(matchTotp(secret, code, match, now)).toBe(near[1]);
        expect(matchTotp(secret, code, step + 1, now)).toBeUndefined();
      }),
    );
  });

  it('that are none never fit', () => {
    const secret = newTotpSecret();
    fc.assert(
      fc.property(fc.string(), (code) => {
        fc.pre(!/^\d{6}$/.test(code));
        expect(matchTotp(secret, code, -1, Date.now())).toBeUndefined();
      }),
    );
  });

  it('name issuer and account whatever is in them', () => {
    const uri = totpUri('SECRET', 'My & App', 'a:b@example.com');
    expect(uri).toBe(
      'otpauth://totp/My%20%26%20App:a%3Ab%40example.com?algorithm=SHA1&digits=6&issuer=My%20%26%20App&period=30&secret=SECRET',
    );
  });
});
