import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backOff, describeFailure, judgeFailure } from './delivery-failure.ts';
import { createSeal } from './seal.ts';

describe('failures of a mail server', () => {
  it.each([
    [{ code: 'ECONNECTION', command: 'CONN' }, 'server'],
    [{ code: 'EAUTH', responseCode: 535, command: 'AUTH PLAIN' }, 'server'],
    [{ code: 'EENVELOPE', responseCode: 421, command: 'RCPT TO' }, 'server'],
    [{ code: 'EENVELOPE', responseCode: 550, command: 'MAIL FROM' }, 'server'],
    [{ code: 'EENVELOPE', responseCode: 450, command: 'RCPT TO' }, 'later'],
    [{ code: 'EENVELOPE', responseCode: 550, command: 'RCPT TO' }, 'never'],
    [{ code: 'EMESSAGE', responseCode: 554, command: 'DATA' }, 'never'],
    [new Error('what else'), 'server'],
  ])('%j is a matter of %s', (error, kind) => {
    expect(judgeFailure(error)).toBe(kind);
  });

  it('are told without what the server wrote', () => {
    const error = Object.assign(new Error('550 ann@example.com'), { code: 'EENVELOPE', responseCode: 550 });
    expect(describeFailure(error)).toBe('EENVELOPE 550');
    expect(describeFailure(new TypeError('x'))).toBe('TypeError');
  });

  it('make pauses that double up to the longest, less a quarter by chance', () => {
    expect([1, 2, 3, 9].map((tries) => backOff(tries, 100, 1_000, () => 0))).toEqual([100, 200, 400, 1_000]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000 }), fc.double({ min: 0, max: 1, noNaN: true }), (tries, chance) => {
        const pause = backOff(tries, 100, 5_000, () => chance);
        expect(pause).toBeGreaterThanOrEqual(75);
        expect(pause).toBeLessThanOrEqual(5_000);
      }),
    );
  });
});

describe('sealed letters', () => {
  const seal = createSeal('a-secret-of-at-least-thirty-two-characters', 'test');

  it('open to what they were, and never look alike', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const value: unknown = JSON.parse(text);
        const closed = seal.close(value);
        expect(seal.open(closed)).toEqual(value);
        expect(seal.close(value).equals(closed)).toBe(false);
      }),
    );
  });

  it('do not open when changed, cut, or under another secret or purpose', () => {
    const closed = seal.close({ code: '123456' });
    for (const index of [0, 13, 29, closed.length - 1]) {
      const changed = Buffer.from(closed);
      changed[index] = (changed[index] as number) ^ 1;
      expect(() => seal.open(changed)).toThrow();
    }
    expect(() => seal.open(closed.subarray(0, 20))).toThrow();
    expect(() => createSeal('a-secret-of-at-least-thirty-two-characters', 'other').open(closed)).toThrow();
    expect(() => createSeal('another-secret-of-thirty-two-characters', 'test').open(closed)).toThrow();
  });
});
