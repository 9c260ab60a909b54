import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  decodeRecoverySet,
  encodeRecoverySet,
  newRecoverySet,
  normaliseRecoveryCode,
  remainingOf,
  tryRecoveryCode,
} from './recovery-set.ts';

const bounds = { attempts: 3, lockout: 60_000 };

it('makes as many different codes as wanted, and keeps none of them', () => {
  const { set, codes } = newRecoverySet('f1', 16, 13);
  expect(new Set(codes).size).toBe(16);
  for (const code of codes) {
    expect(code).toMatch(/^[a-z2-7]{13}$/);
    expect(encodeRecoverySet(set)).not.toContain(code);
  }
  expect(decodeRecoverySet(encodeRecoverySet(set))).toEqual(set);
  expect(() => decodeRecoverySet('{}')).toThrow();
});

it('takes codes as people type them', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(' ', '-', '\t', '\n'), { maxLength: 5 }), fc.boolean(), (blanks, upper) => {
      const typed = `${blanks.join('')}ab${blanks.join('')}27`;
      expect(normaliseRecoveryCode(upper ? typed.toUpperCase() : typed)).toBe('ab27');
    }),
  );
});

it('takes each code once, whatever is tried in between, and for its owner alone', () => {
  const { set, codes } = newRecoverySet('f1', 4, 13);
  expect(tryRecoveryCode(set, 'f2', codes[0] as string, 0, bounds).outcome).toBe('wrong');
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.constant(-1)), { maxLength: 30 }),
      fc.integer({ min: 1, max: 40_000 }),
      (tries, pause) => {
        let kept = set;
        let now = 0;
        let failures = 0;
        let lockedUntil: number | undefined;
        const used = new Set<number>();
        for (const which of tries) {
          now += pause;
          const { outcome, set: next } = tryRecoveryCode(kept, 'f1', codes[which] ?? 'x'.repeat(13), now, bounds);
          if (lockedUntil !== undefined && now < lockedUntil) {
            expect([outcome, next]).toEqual(['locked', kept]);
            continue;
          }
          if (lockedUntil !== undefined) [lockedUntil, failures] = [undefined, 0];
          const fits = which >= 0 && !used.has(which);
          expect(outcome).toBe(fits ? 'right' : 'wrong');
          if (fits) {
            used.add(which);
            failures = 0;
          } else if (++failures >= bounds.attempts) lockedUntil = now + bounds.lockout;
          expect(remainingOf(next)).toBe(4 - used.size);
          kept = next;
        }
      },
    ),
  );
});
