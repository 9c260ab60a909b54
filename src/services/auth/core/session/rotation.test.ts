import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideCounting } from './rotation.ts';

const now = 1_000_000;
const strict = { interval: 0, always: false };

describe('a counted refresh token', () => {
  it('leads to the next one only when it is the last', () => {
    fc.assert(
      fc.property(fc.nat(1_000), fc.nat(1_000), (presented, last) => {
        const { kind } = decideCounting(presented, last, strict, now - 60_000, now);
        const behind = last - presented;
        expect(kind).toBe(behind < 0 ? 'unknown' : behind === 0 ? 'next' : behind === 1 ? 'again' : 'stolen');
      }),
    );
  });

  it('may come again within the interval, or always, and says why', () => {
    const causes = (presented: number, rules: typeof strict, refreshedAt: number) => {
      const counting = decideCounting(presented, 9, rules, refreshedAt, now);
      return counting.kind === 'again' ? counting.causes : counting.kind;
    };
    const lenient = { interval: 10_000, always: false };
    expect(causes(3, lenient, now - 9_999)).toEqual(['concurrent-refresh']);
    expect(causes(3, lenient, now - 10_000)).toBe('stolen');
    expect(causes(8, lenient, now - 5_000)).toEqual(['concurrent-refresh', 'fail-to-save']);
    expect(causes(0, { interval: 0, always: true }, 0)).toEqual(['always-allow']);
    expect(causes(10, { interval: 10_000, always: true }, now)).toBe('unknown');
  });
});
